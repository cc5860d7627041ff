package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// nodeCount is the number of servers of PostgreSQL. One of them may fail while another one waits to
// come back.
const nodeCount = 3

// patroniCluster is a running cluster.
type patroniCluster struct {
	folder *testserver.Folder
	nodes  []*node
}

// node is one machine of the cluster: a supervisor, its Patroni and Patroni's PostgreSQL.
type node struct {
	name       string
	addr       string // of PostgreSQL
	rest       string // of Patroni
	supervisor *testserver.Process
}

// supervisorScript runs Patroni as the service manager of a machine does: it starts Patroni again
// some time after its end, and is the parent of the processes that Patroni leaves behind.
const supervisorScript = `
import ctypes, os, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
while True:
    patroni = os.spawnv(os.P_NOWAIT, sys.argv[1], ["patroni", sys.argv[2]])
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    time.sleep(float(sys.argv[3]))
`

// python is the interpreter that Debian's Patroni runs on.
const python = "/usr/bin/python3"

// restartAfter is how long a machine is away that was killed: longer than the lease of the leader.
const restartAfter = 8 * time.Second

// patroniConfig is the configuration of a node. The times are the shortest that work: by default a
// leader has 30 s to renew its lease. Patroni 3.0.2 uses version 2 of etcd's API: with version 3 a
// leader that was frozen can no longer name a synchronous standby, because its copy of the key
// stays old.
const patroniConfig = `
scope: hermes
name: %[1]s
restapi: {listen: '%[2]s', connect_address: '%[2]s'}
etcd: {host: '%[3]s'}
bootstrap:
  dcs:
    ttl: 5
    loop_wait: 1
    retry_timeout: 2
    primary_start_timeout: 0
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {wal_log_hints: 'on', max_connections: 100, fsync: 'off', wal_keep_size: 256MB}
  initdb: [{encoding: UTF8}, {locale: C.UTF-8}, {auth: trust}, no-sync]
  pg_hba: [local all all trust, host all all 127.0.0.1/32 trust, host replication all 127.0.0.1/32 trust]
postgresql:
  listen: '%[4]s'
  connect_address: '%[4]s'
  data_dir: %[5]s/%[1]s
  bin_dir: %[6]s
  pgpass: %[5]s/%[1]s.pass
  authentication:
    superuser: {username: postgres, password: unused}
    replication: {username: replicator, password: unused}
  parameters: {unix_socket_directories: '%[5]s'}
`

// startCluster starts etcd and the nodes, and waits until all of them are in use. They are removed
// when the test ends.
func startCluster(t *testing.T) *patroniCluster {
	t.Helper()
	patroni := testserver.RequireProgram(t, "patroni", "patroni")
	etcd := testserver.RequireProgram(t, "etcd", "etcd-server")
	bin, err := pgtest.FindBin()
	if err != nil {
		testserver.SkipOrFail(t, err)
	}
	folder, err := testserver.NewFolder("cluster-", syscall.SIGTERM, "postgres", "daemon")
	if err != nil {
		t.Fatal(err)
	}
	c := &patroniCluster{folder: folder}
	t.Cleanup(func() { c.remove(t) })
	first, err := testserver.FreePorts(2 + 2*nodeCount)
	if err != nil {
		t.Fatal(err)
	}
	port := first.Port()
	next := func() string {
		port++
		return fmt.Sprintf("127.0.0.1:%d", port-1)
	}
	client, peer := next(), next()
	if _, err := folder.Start(folder.Command(etcd, "--data-dir=etcd", "--enable-v2",
		"--listen-client-urls=http://"+client, "--advertise-client-urls=http://"+client, "--listen-peer-urls=http://"+peer,
		"--initial-advertise-peer-urls=http://"+peer, "--initial-cluster=default=http://"+peer), folder.Join("etcd.log")); err != nil {
		t.Fatal(err)
	}
	for i := range nodeCount {
		n := &node{name: fmt.Sprintf("node%d", i+1), rest: next(), addr: next()}
		config := fmt.Sprintf(patroniConfig, n.name, n.rest, client, n.addr, folder.Path(), bin)
		if err := folder.WriteFile(n.name+".yml", []byte(config)); err != nil {
			t.Fatal(err)
		}
		cmd := folder.Command(python, "-c", supervisorScript, patroni, n.name+".yml", fmt.Sprint(restartAfter.Seconds()))
		if n.supervisor, err = folder.Start(cmd, folder.Join(n.name+".log")); err != nil {
			t.Fatal(err)
		}
		c.nodes = append(c.nodes, n)
	}
	c.waitHealthy(t)
	return c
}

// remove ends all processes, frozen ones included.
func (c *patroniCluster) remove(t *testing.T) {
	if t.Failed() {
		for _, n := range c.nodes {
			t.Logf("%s:\n%s", n.name, testserver.LogTail(c.folder.Join(n.name+".log")))
		}
	}
	for _, n := range c.nodes {
		_ = testserver.SignalTree(n.supervisor.PID(), syscall.SIGKILL)
	}
	if err := c.folder.Remove(); err != nil {
		t.Error(err)
	}
}

// url returns the URL of the database on all nodes.
func (c *patroniCluster) url() string {
	var addrs []string
	for _, n := range c.nodes {
		addrs = append(addrs, n.addr)
	}
	return "postgres://postgres@" + strings.Join(addrs, ",") + "/postgres"
}

// member is what Patroni says about a node.
type member struct{ Name, Role, State string }

// members returns what Patroni says of all nodes that it knows.
func (c *patroniCluster) members(ctx context.Context) ([]member, error) {
	var errs []error
	for _, n := range c.nodes {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.rest+"/cluster", nil)
		if err != nil {
			return nil, err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		defer res.Body.Close()
		var answer struct{ Members []member }
		return answer.Members, json.NewDecoder(res.Body).Decode(&answer)
	}
	return nil, errors.Join(errs...)
}

// waitHealthy waits until the cluster has a leader, a synchronous standby and another standby.
func (c *patroniCluster) waitHealthy(t *testing.T) {
	t.Helper()
	limit := time.Now().Add(2 * time.Minute)
	for {
		members, err := c.members(t.Context())
		roles := map[string]int{}
		for _, m := range members {
			if m.State == "running" || m.State == "streaming" {
				roles[m.Role]++
			}
		}
		if roles["leader"] == 1 && roles["sync_standby"] == 1 && roles["replica"] == nodeCount-2 {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("the cluster is not healthy: %v, error %v", members, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// inRecovery asks a server of PostgreSQL whether it is a standby.
func (n *node) inRecovery(ctx context.Context) (is bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	conn, err := pgx.Connect(ctx, "postgres://postgres@"+n.addr+"/postgres?sslmode=disable")
	if err != nil {
		return false, err
	}
	defer conn.Close(ctx)
	return is, conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&is)
}

// primary waits for a primary other than old, which may be nil, and returns it.
func (c *patroniCluster) primary(t *testing.T, old *node) *node {
	t.Helper()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		for _, n := range c.nodes {
			if n == old {
				continue
			}
			if is, err := n.inRecovery(t.Context()); err == nil && !is {
				return n
			}
		}
	}
	t.Fatal("there is no new primary after a minute")
	return nil
}

// failure is a way in which a machine fails.
type failure struct {
	name string
	// begin makes it fail, and end lets it come back; nil if it does by itself.
	begin func(t *testing.T, c *patroniCluster, n *node)
	end   func(t *testing.T, n *node)
}

var failures = []failure{
	{name: "freeze", begin: freeze, end: thaw},
	{name: "kill", begin: kill},
	{name: "kill PostgreSQL", begin: killPostgres},
}

// freeze stops all processes of a machine: its connections stay open, and nothing answers.
func freeze(t *testing.T, _ *patroniCluster, n *node) {
	if err := testserver.SignalTree(n.supervisor.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

// thaw continues them: a primary that does not know yet that there is another one.
func thaw(t *testing.T, n *node) {
	if err := testserver.SignalTree(n.supervisor.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// kill kills all processes of a machine but its service manager.
func kill(t *testing.T, _ *patroniCluster, n *node) {
	if err := testserver.SignalChildren(n.supervisor.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// killPostgres kills PostgreSQL alone.
func killPostgres(t *testing.T, c *patroniCluster, n *node) {
	pid, err := postmaster(filepath.Join(c.folder.Path(), n.name))
	if err == nil {
		err = testserver.SignalTree(pid, syscall.SIGKILL)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// postmaster returns the process id of the server in a data folder.
func postmaster(folder string) (int, error) {
	text, err := os.ReadFile(filepath.Join(folder, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(first)
}
