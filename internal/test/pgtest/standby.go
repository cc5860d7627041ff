package pgtest

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// NewStandby starts a hot standby of the cluster, for this test alone. It has the databases of the
// cluster and follows its changes, until [Cluster.Promote]. It is removed when the test ends.
func (c *Cluster) NewStandby(tb testing.TB, opts ClusterOptions) *Cluster {
	tb.Helper()
	opts.standbyOf = c.srv
	return NewCluster(tb, opts)
}

// copyFrom makes the data folder a copy of the primary's, which it will follow.
func (s *server) copyFrom(primary *server, opts ClusterOptions) error {
	cmd := s.folder.Command(filepath.Join(s.bin, "pg_basebackup"), "--pgdata=data", "--dbname="+primary.url("postgres"),
		"--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, out)
	}
	return s.configure(opts)
}

// Promote makes a standby a primary of its own.
func (c *Cluster) Promote(tb testing.TB) {
	tb.Helper()
	if err := c.exec("postgres", "SELECT pg_promote(true)"); err != nil {
		tb.Fatalf("pgtest: promote: %v", err)
	}
}

// Freeze stops all processes of the server, by SIGSTOP: its connections stay open, and nothing
// answers, as where the network is lost. Thaw continues them, at the latest when the test ends.
func (c *Cluster) Freeze(tb testing.TB) {
	tb.Helper()
	if err := testserver.SignalTree(c.srv.proc.PID(), syscall.SIGSTOP); err != nil {
		tb.Fatalf("pgtest: freeze: %v", err)
	}
	tb.Cleanup(func() { c.Thaw(tb) })
}

// Thaw ends what Freeze began.
func (c *Cluster) Thaw(tb testing.TB) {
	tb.Helper()
	if c.srv.proc == nil {
		return
	}
	if err := testserver.SignalTree(c.srv.proc.PID(), syscall.SIGCONT); err != nil && !errors.Is(err, syscall.ESRCH) {
		tb.Errorf("pgtest: thaw: %v", err)
	}
}

// URL returns the postgres:// URL of a database at the loopback port, for the superuser and without
// TLS.
func (c *Cluster) URL(database string) string { return c.srv.url(database) }

// Exec runs statements in the database postgres, each by itself.
func (c *Cluster) Exec(statements ...string) error { return c.exec("postgres", statements...) }

// Value returns the only value of a statement that has one row with one column, in the database
// postgres, which a standby has too.
func (c *Cluster) Value(tb testing.TB, sql string, args ...any) string {
	tb.Helper()
	return (&DB{cluster: c, name: "postgres"}).Value(tb, sql, args...)
}
