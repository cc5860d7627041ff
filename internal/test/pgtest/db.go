package pgtest

import (
	"context"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// Options configures a database. The zero value has Kamailio's tables, in which only the table
// version has rows, and compares text byte-wise.
type Options struct {
	// Empty leaves Kamailio's tables out.
	Empty bool
	// ICULocale is the collation, such as "en-US", by which the database compares text. Defaults to
	// the byte-wise C.UTF-8.
	ICULocale string
	// NoFsync uses a server that does not wait for the disk.
	NoFsync bool
}

// DB is the database of one test.
type DB struct {
	cluster *Cluster
	name    string
}

// New creates a database in the process's cluster. The database is dropped when the test ends.
func New(tb testing.TB, opts Options) *DB {
	tb.Helper()
	return sharedCluster(tb, opts.NoFsync).New(tb, opts)
}

// New creates a database in this cluster, whatever its NoFsync is. The database is dropped when the
// test ends.
func (c *Cluster) New(tb testing.TB, opts Options) *DB {
	tb.Helper()
	template := "template0"
	if !opts.Empty {
		ddl, err := kamailioDDL()
		if err != nil {
			testserver.SkipOrFail(tb, err)
		}
		if template, err = c.template(ddl, opts.ICULocale); err != nil {
			tb.Fatalf("pgtest: %v", err)
		}
	}
	db := &DB{cluster: c, name: c.nextName()}
	if err := c.exec("postgres", createDatabase(db.name, template, opts.ICULocale)); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() { db.drop(tb) })
	return db
}

func (c *Cluster) nextName() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.databases++
	return "test_" + strconv.Itoa(c.databases)
}

// drop drops the database and ends its connections. The databases of a stopped cluster are removed
// with its folder.
func (db *DB) drop(tb testing.TB) {
	if db.cluster.srv.proc == nil {
		return
	}
	if err := db.cluster.exec("postgres", "DROP DATABASE "+db.name+" WITH (FORCE)"); err != nil {
		tb.Errorf("pgtest: %v", err)
	}
}

// Name returns the database's name, which needs no quotes.
func (db *DB) Name() string { return db.name }

// URL returns the postgres:// URL of the database at the loopback port, for the superuser and
// without TLS.
func (db *DB) URL() string { return db.cluster.srv.url(db.name) }

// SocketURL returns the postgres:// URL of the database at the Unix socket, for the superuser.
func (db *DB) SocketURL() string {
	return db.cluster.SocketURL(db.name)
}

// Log returns the log of the whole server, which includes the lines of other databases.
func (db *DB) Log() string { return db.cluster.Log() }

// Exec runs a statement on a connection of its own. Without arguments it may be several statements,
// which are one transaction unless they begin and commit their own.
func (db *DB) Exec(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	db.connect(tb, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql, args...)
		return err
	})
}

// Lock keeps everything else from using a table, until the function that it returns is called.
func (db *DB) Lock(tb testing.TB, table string) (release func()) {
	tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, db.URL())
	if err != nil {
		tb.Fatalf("pgtest: %s: %v", db.name, err)
	}
	for _, stmt := range []string{"BEGIN", "LOCK TABLE " + table} {
		if _, err := conn.Exec(ctx, stmt); err != nil {
			tb.Fatalf("pgtest: %s: %v", db.name, err)
		}
	}
	release = sync.OnceFunc(func() { _ = conn.Close(ctx) })
	tb.Cleanup(release)
	return release
}

// Query returns the rows of a statement, each value in PostgreSQL's text format and NULL as "NULL".
func (db *DB) Query(tb testing.TB, sql string, args ...any) [][]string {
	tb.Helper()
	var all [][]string
	db.connect(tb, func(ctx context.Context, conn *pgx.Conn) (err error) {
		all, err = query(ctx, conn, sql, args)
		return err
	})
	return all
}

// query returns the rows of a statement as [DB.Query] does.
func query(ctx context.Context, conn *pgx.Conn, sql string, args []any) (all [][]string, err error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		all = append(all, texts(rows.RawValues()))
	}
	return all, rows.Err()
}

// Value returns the only value of a statement that has one row with one column.
func (db *DB) Value(tb testing.TB, sql string, args ...any) string {
	tb.Helper()
	rows := db.Query(tb, sql, args...)
	if len(rows) != 1 || len(rows[0]) != 1 {
		tb.Fatalf("pgtest: %q returned %q, wanted one value", sql, rows)
	}
	return rows[0][0]
}

// texts returns the values of a row as text.
func texts(raw [][]byte) []string {
	row := make([]string, len(raw))
	for i, v := range raw {
		row[i] = string(v)
		if v == nil {
			row[i] = "NULL"
		}
	}
	return row
}

// connect runs fn on a new connection.
func (db *DB) connect(tb testing.TB, fn func(context.Context, *pgx.Conn) error) {
	tb.Helper()
	ctx := context.Background()
	conn, err := db.open(ctx)
	if err == nil {
		err = fn(ctx, conn)
		_ = conn.Close(ctx)
	}
	if err != nil {
		tb.Fatalf("pgtest: %s: %v", db.name, err)
	}
}

// open opens a connection. It uses pgx so that the effects of pgdriver, Hermes' driver, are checked
// by another driver.
func (db *DB) open(ctx context.Context) (*pgx.Conn, error) {
	conf, err := pgx.ParseConfig(db.URL())
	if err != nil {
		return nil, err
	}
	// The simple protocol accepts several statements and returns values as text.
	conf.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	return pgx.ConnectConfig(ctx, conf)
}

// Session is a connection that stays open until the test ends, for tests that run many statements:
// PostgreSQL starts a process for each connection. It must not be used concurrently.
type Session struct {
	db   *DB
	conn *pgx.Conn
}

// Session opens a session.
func (db *DB) Session(tb testing.TB) *Session {
	tb.Helper()
	conn, err := db.open(context.Background())
	if err != nil {
		tb.Fatalf("pgtest: %s: %v", db.name, err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.Background()) })
	return &Session{db, conn}
}

// Exec runs a statement as [DB.Exec] does, but on the session's connection.
func (s *Session) Exec(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	if _, err := s.conn.Exec(context.Background(), sql, args...); err != nil {
		tb.Fatalf("pgtest: %s: %v", s.db.name, err)
	}
}

// Query returns the rows of a statement as [DB.Query] does, but on the session's connection.
func (s *Session) Query(tb testing.TB, sql string, args ...any) [][]string {
	tb.Helper()
	all, err := query(context.Background(), s.conn, sql, args)
	if err != nil {
		tb.Fatalf("pgtest: %s: %v", s.db.name, err)
	}
	return all
}
