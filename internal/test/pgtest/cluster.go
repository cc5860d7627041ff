package pgtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Mode is a way for a server to end.
type Mode syscall.Signal

const (
	// Fast rolls back what is open, writes a checkpoint and ends.
	Fast = Mode(syscall.SIGINT)
	// Immediate ends at once, so that the next start recovers from the log.
	Immediate = Mode(syscall.SIGQUIT)
	// Kill is kill -9 of the postmaster.
	Kill = Mode(syscall.SIGKILL)
)

// ClusterOptions says how a cluster is made. The zero value is PostgreSQL's own configuration.
type ClusterOptions struct {
	// NoFsync trades the data's survival of a power cut for speed.
	NoFsync bool
	// Settings are parameters for postgresql.conf.
	Settings map[string]string
	// Files are written into the data folder before the start, readable by the server
	// only: server.key, pg_hba.conf.
	Files map[string][]byte
}

// Cluster is a server and the databases in it. It is safe for concurrent use, except for Stop,
// Start and Restart.
type Cluster struct {
	srv *server

	mu        sync.Mutex
	templates map[string]string // ICU locale → name of the database that holds Kamailio's tables
	databases int
}

// NewCluster starts a cluster for this test alone, which may stop and start it. It is removed when
// the test ends.
func NewCluster(tb testing.TB, opts ClusterOptions) *Cluster {
	tb.Helper()
	c := mustCluster(tb, opts)
	tb.Cleanup(func() {
		if err := c.srv.destroy(); err != nil {
			tb.Errorf("pgtest: remove the cluster: %v", err)
		}
	})
	return c
}

func mustCluster(tb testing.TB, opts ClusterOptions) *Cluster {
	tb.Helper()
	bin, err := findBin()
	if err != nil {
		lacking(tb, err)
	}
	c, err := newCluster(bin, opts)
	if err != nil {
		tb.Fatalf("pgtest: start PostgreSQL: %v", err)
	}
	return c
}

// newCluster starts a server and makes the template while fsync is still off.
func newCluster(bin string, opts ClusterOptions) (_ *Cluster, err error) {
	srv, err := newServer(bin, opts)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, srv.destroy())
		}
	}()
	c := &Cluster{srv: srv, templates: map[string]string{}}
	if ddl, lack := kamailioDDL(); lack == nil {
		if _, err := c.template(ddl, ""); err != nil {
			return nil, err
		}
	}
	if !opts.NoFsync {
		err = c.admin("ALTER SYSTEM SET fsync = on", "SELECT pg_reload_conf()")
	}
	return c, err
}

// Stop ends the server and waits for its end.
func (c *Cluster) Stop(tb testing.TB, mode Mode) {
	tb.Helper()
	c.srv.stop(syscall.Signal(mode))
}

// Start starts a stopped server, on the same port and socket, and waits until it answers.
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

// Addr returns the loopback address, host:port, of the server.
func (c *Cluster) Addr() string { return c.srv.addr() }

// SocketDir returns the folder of the server's Unix socket.
func (c *Cluster) SocketDir() string { return c.srv.dir }

// template returns the name of the database from which those with Kamailio's tables are
// copied, and makes it at the first call for a locale.
func (c *Cluster) template(ddl, icu string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if name, ok := c.templates[icu]; ok {
		return name, nil
	}
	name := fmt.Sprintf("kamailio_%d", len(c.templates))
	if err := c.admin(createDatabase(name, "template0", icu)); err != nil {
		return "", err
	}
	if err := c.exec(name, ddl); err != nil {
		return "", fmt.Errorf("load Kamailio's tables: %w", err)
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

// admin runs statements, each alone, as CREATE DATABASE needs it.
func (c *Cluster) admin(statements ...string) error {
	return c.exec("postgres", statements...)
}

func (c *Cluster) exec(database string, statements ...string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.srv.url(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, stmt := range statements {
		// The protocol's simple query: the only one that takes a file of statements.
		if _, err := conn.PgConn().Exec(ctx, stmt).ReadAll(); err != nil {
			return err
		}
	}
	return nil
}
