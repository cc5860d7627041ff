package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// Mode is the way in which a server is ended.
type Mode syscall.Signal

const (
	// Fast rolls back open transactions, writes a checkpoint and ends the server.
	Fast = Mode(syscall.SIGINT)
	// Immediate ends the server at once: the next start recovers from the write-ahead log.
	Immediate = Mode(syscall.SIGQUIT)
	// Kill is kill -9 of the postmaster.
	Kill = Mode(syscall.SIGKILL)
)

// ClusterOptions configures a cluster. The zero value is PostgreSQL's default configuration.
type ClusterOptions struct {
	// NoFsync makes the server faster by not waiting for the disk: data may be lost in a power cut.
	NoFsync bool
	// Settings are parameters for postgresql.conf, such as shared_preload_libraries.
	Settings map[string]string
	// Files are written into the data folder before the start, such as server.key or pg_hba.conf.
	// Only the server can read them.
	Files map[string][]byte

	standbyOf *server // see NewStandby
}

// Cluster is a PostgreSQL server and the databases in it. It is safe for concurrent use, except for
// [Cluster.Stop], [Cluster.Start] and [Cluster.Restart].
type Cluster struct {
	srv *server

	mu        sync.Mutex
	templates map[string]string // ICU locale → name of the database that holds Kamailio's tables
	databases int
}

// shared holds the clusters of this process, by NoFsync. It is package state because they belong to
// the process: the tests of a binary have nothing else in common.
var shared struct {
	mu       sync.Mutex
	clusters map[bool]*Cluster
}

// sharedCluster returns the process's cluster, which it starts at the first call.
func sharedCluster(tb testing.TB, noFsync bool) *Cluster {
	tb.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if c := shared.clusters[noFsync]; c != nil {
		return c
	}
	c := mustCluster(tb, ClusterOptions{NoFsync: noFsync})
	if shared.clusters == nil {
		shared.clusters = map[bool]*Cluster{}
	}
	shared.clusters[noFsync] = c
	return c
}

// Run runs the tests as [leaktest.Run] does, removes the process's clusters and returns the exit
// code, for TestMain. Without it the clusters are removed just after the process has ended.
func Run(m *testing.M) int {
	return leaktest.Run(func() int { return max(m.Run(), removeShared()) })
}

// removeShared removes the process's clusters. It returns 1 if that fails, and otherwise 0.
func removeShared() (code int) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	for _, c := range shared.clusters {
		if err := c.srv.remove(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = 1
		}
	}
	clear(shared.clusters)
	return code
}

// NewCluster starts a cluster for this test alone, which may stop and start it. The cluster is
// removed when the test ends.
func NewCluster(tb testing.TB, opts ClusterOptions) *Cluster {
	tb.Helper()
	c := mustCluster(tb, opts)
	tb.Cleanup(func() {
		if err := c.srv.remove(); err != nil {
			tb.Errorf("pgtest: remove the cluster: %v", err)
		}
	})
	return c
}

// Start starts a cluster for a program that is not a test, such as internal/bench. The caller must
// call [Cluster.Remove].
func Start(opts ClusterOptions) (*Cluster, error) {
	bin, err := FindBin()
	if err != nil {
		return nil, err
	}
	return newCluster(bin, opts)
}

// Remove ends the server of a cluster of [Start] and removes its folder.
func (c *Cluster) Remove() error { return c.srv.remove() }

// Program returns the path of one of PostgreSQL's programs, such as pgbench, of the version of the
// server. It may not be installed.
func (c *Cluster) Program(name string) string { return filepath.Join(c.srv.bin, name) }

func mustCluster(tb testing.TB, opts ClusterOptions) *Cluster {
	tb.Helper()
	bin, err := FindBin()
	if err != nil {
		testserver.SkipOrFail(tb, err)
	}
	c, err := newCluster(bin, opts)
	if err != nil {
		tb.Fatalf("pgtest: start PostgreSQL: %v", err)
	}
	return c
}

// newCluster starts a server and makes the template while fsync is still off. If Kamailio's tables
// are not installed it makes no template: a test may do without.
func newCluster(bin string, opts ClusterOptions) (*Cluster, error) {
	srv, err := newServer(bin, opts)
	if err != nil {
		return nil, err
	}
	c := &Cluster{srv: srv, templates: map[string]string{}}
	if opts.standbyOf != nil {
		return c, nil
	}
	if ddl, notInstalled := kamailioDDL(); notInstalled == nil {
		_, err = c.template(ddl, "")
	}
	if err == nil && !opts.NoFsync {
		err = c.exec("postgres", "ALTER SYSTEM SET fsync = on", "SELECT pg_reload_conf()")
	}
	if err != nil {
		return nil, errors.Join(err, srv.remove())
	}
	return c, nil
}

// Stop ends the server and waits for its end. A stopped server stays stopped.
func (c *Cluster) Stop(tb testing.TB, mode Mode) {
	tb.Helper()
	c.srv.stop(syscall.Signal(mode))
}

// Start starts a stopped server on the same port and socket, and waits until it answers.
func (c *Cluster) Start(tb testing.TB) {
	tb.Helper()
	if err := c.srv.start(); err != nil {
		tb.Fatalf("pgtest: start PostgreSQL: %v", err)
	}
}

// Restart is Stop and Start.
func (c *Cluster) Restart(tb testing.TB, mode Mode) {
	tb.Helper()
	c.Stop(tb, mode)
	c.Start(tb)
}

// Log returns the server's log since the cluster was made.
func (c *Cluster) Log() string { return c.srv.log() }

// Addr returns the server's loopback address as host:port.
func (c *Cluster) Addr() string { return c.srv.addr.String() }

// SocketURL returns the postgres:// URL of a database at the Unix socket, for the superuser.
func (c *Cluster) SocketURL(database string) string {
	q := url.Values{"host": {c.SocketDir()}, "port": {c.srv.port()}}
	return "postgres://postgres@/" + database + "?" + q.Encode()
}

// SocketDir returns the folder of the server's Unix socket.
func (c *Cluster) SocketDir() string { return c.srv.folder.Path() }

// template returns the name of the database with Kamailio's tables from which the tests' databases
// are copied. It creates that database at the first call for a locale.
func (c *Cluster) template(ddl, icu string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if name, ok := c.templates[icu]; ok {
		return name, nil
	}
	name := fmt.Sprintf("kamailio_%d", len(c.templates))
	if err := c.exec("postgres", createDatabase(name, "template0", icu)); err != nil {
		return "", err
	}
	if err := c.exec(name, ddl); err != nil {
		return "", fmt.Errorf("create Kamailio's tables: %w", err)
	}
	c.templates[icu] = name
	return name, nil
}

func createDatabase(name, template, icu string) string {
	stmt := "CREATE DATABASE " + pgx.Identifier{name}.Sanitize() + " TEMPLATE " + template
	if icu != "" && template == "template0" {
		stmt += " LOCALE_PROVIDER icu ICU_LOCALE '" + icu + "'"
	}
	return stmt
}

// exec runs statements in a database. Each is sent by itself: CREATE DATABASE must not be in a
// transaction with others.
func (c *Cluster) exec(database string, statements ...string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.srv.url(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, stmt := range statements {
		// The simple query protocol is the only one that accepts a file of statements.
		if _, err := conn.PgConn().Exec(ctx, stmt).ReadAll(); err != nil {
			return err
		}
	}
	return nil
}
