package pgtest

import (
	"strconv"
	"testing"

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
	s := db.open(tb)
	defer s.close()
	s.Exec(tb, sql, args...)
}

// Lock keeps everything else from using a table, until the function that it returns is called.
func (db *DB) Lock(tb testing.TB, table string) (release func()) {
	tb.Helper()
	s := db.Session(tb)
	s.Exec(tb, "BEGIN; LOCK TABLE "+table)
	return s.close
}

// Query returns the rows of a statement, each value in PostgreSQL's text format and NULL as "NULL".
func (db *DB) Query(tb testing.TB, sql string, args ...any) [][]string {
	tb.Helper()
	s := db.open(tb)
	defer s.close()
	return s.Query(tb, sql, args...)
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
