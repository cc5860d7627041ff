package doctor

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/pgconn"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// TestExaminer_cluster examines a primary and its hot standby.
func TestExaminer_cluster(t *testing.T) {
	t.Parallel()
	primary := pgtest.NewCluster(t, pgtest.ClusterOptions{})
	standby := primary.NewStandby(t, pgtest.ClusterOptions{})
	both := "postgres://postgres@" + primary.Addr() + "," + standby.Addr() + "/postgres"
	replica, err := pgconn.NewReplicaHosts(standby.URL("postgres"))
	must(t, err)
	closed, err := pgconn.NewReplicaHosts("postgres://postgres:tiger@127.0.0.1:1/postgres")
	must(t, err)
	for _, row := range []struct {
		why      string
		url      string
		names    string // synchronous_standby_names
		commit   string // synchronous_commit
		replicas []*pgconn.Hosts
		want     []string // parts of the findings
	}{
		{"a single server", primary.URL("postgres"), "", "on", nil, []string{"ok durability: synchronous_commit is on"}},
		{"it does not wait for the disk", primary.URL("postgres"), "", "off", nil, []string{"warn durability: synchronous_commit is off"}},
		{"a failover loses changes", both, "", "on", []*pgconn.Hosts{replica},
			[]string{"ok hosts: " + primary.Addr() + " accepts changes, and " + standby.Addr() + " follow", "warn durability: db has several hosts",
				"ok db-replica: " + standby.Addr()}},
		{"a synchronous standby", both, "*", "on", nil, []string{"ok hosts: ", "ok durability: synchronous_commit is on, and synchronous_standby_names is *"}},
		{"changes do not wait for it", both, "*", "local", nil, []string{"ok hosts: ", "warn durability: synchronous_commit is local"}},
		{"a server is down", both[:len(both)-len("/postgres")] + ",127.0.0.1:1/postgres", "*", "on", []*pgconn.Hosts{closed},
			[]string{"warn hosts: 127.0.0.1:1 does not answer", "ok durability", "warn db-replica: 127.0.0.1:1 does not answer"}},
	} {
		for _, statement := range []string{
			"ALTER SYSTEM SET synchronous_standby_names = '" + row.names + "'", "ALTER SYSTEM SET synchronous_commit = " + row.commit,
		} {
			must(t, primary.Exec(statement))
		}
		primary.Value(t, "SELECT pg_reload_conf()::text")
		testserver.WaitFor(t, "the settings", func() bool {
			return primary.Value(t, "SHOW synchronous_standby_names") == row.names && primary.Value(t, "SHOW synchronous_commit") == row.commit
		})
		db, err := PostgreSQL(row.url, "")
		must(t, err)
		var got []string
		for _, f := range examine(t, Options{Database: db, Replicas: row.replicas}) {
			if slices.Contains([]string{"hosts", "durability", "db-replica"}, f.Check) {
				got = append(got, string(f.Level)+" "+f.Check+": "+f.Detail)
			}
		}
		must(t, db.Close())
		matches := len(got) == len(row.want) && !strings.Contains(strings.Join(got, ""), "tiger")
		for i := range min(len(got), len(row.want)) {
			matches = matches && strings.HasPrefix(got[i], row.want[i])
		}
		if !matches {
			t.Errorf("%s: %q, want findings that begin like %q", row.why, got, row.want)
		}
	}
}

// TestExaminer_hosts checks findings about servers in states that a healthy cluster does not have.
func TestExaminer_hosts(t *testing.T) {
	t.Parallel()
	primary := pgconn.HostState{Addr: "a:1", Position: 50_000_000, SynchronousCommit: "on"}
	standby := pgconn.HostState{Addr: "b:1", Standby: true, ReadOnly: true, Position: 20_000_000, Age: time.Minute}
	fresh, idle := standby, standby
	fresh.Age = time.Second
	idle.Position = primary.Position
	second := primary
	second.Addr = "c:1"
	for _, row := range []struct {
		why    string
		states []pgconn.HostState
		want   string
	}{
		{"a standby that has stopped", []pgconn.HostState{primary, standby}, "warn b:1 is behind the primary: 30000 kB, and its last change is 1m0s old"},
		{"a standby that follows a busy primary", []pgconn.HostState{primary, fresh}, "ok a:1 accepts changes, and b:1 follow it"},
		{"a standby of an idle primary", []pgconn.HostState{primary, idle}, "ok a:1 accepts changes, and b:1 follow it"},
		{"two primaries", []pgconn.HostState{primary, second}, "fail more than one accepts changes: a:1, c:1"},
		{"one is down", []pgconn.HostState{primary, {Addr: "d:1", Err: errors.New("refused")}}, "warn d:1 does not answer: refused"},
	} {
		var got []string
		e := &examiner{report: func(f Finding) { got = append(got, string(f.Level)+" "+f.Detail) }}
		e.hosts(row.states, primary)
		if len(got) != 1 || got[0] != row.want {
			t.Errorf("%s: %q, want %q", row.why, got, row.want)
		}
	}
}
