package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Options says what a database holds. The zero value is Kamailio's tables, without rows but those of
// version, in a database that compares text byte-wise.
type Options struct {
	// Empty leaves Kamailio's tables out.
	Empty bool
	// ICULocale is the collation, such as "en-US", by which the database compares text.
	// "" is C.UTF-8, byte-wise.
	ICULocale string
	// NoFsync uses a server that does not wait for the disk.
	NoFsync bool
}

// DB is a database of one test. It is dropped when the test ends.
type DB struct {
	cluster *Cluster
	name    string
}

// New makes a database in the process's cluster.
func New(tb testing.TB, opts Options) *DB {
	tb.Helper()
	return sharedCluster(tb, opts.NoFsync).New(tb, opts)
}

// New makes a database in this cluster; NoFsync is the cluster's own.
func (c *Cluster) New(tb testing.TB, opts Options) *DB {
	tb.Helper()
	template := "template0"
	if !opts.Empty {
		ddl, err := kamailioDDL()
		if err != nil {
			lacking(tb, err)
		}
		if template, err = c.template(ddl, opts.ICULocale); err != nil {
			tb.Fatalf("pgtest: %v", err)
		}
	}
	db := &DB{cluster: c, name: c.nextName()}
	if err := c.admin(createDatabase(db.name, template, opts.ICULocale)); err != nil {
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

// drop removes the database, with whoever is still connected. In a stopped cluster it goes with the rest.
func (db *DB) drop(tb testing.TB) {
	if db.cluster.srv.cmd == nil {
		return
	}
	if err := db.cluster.admin("DROP DATABASE " + db.name + " WITH (FORCE)"); err != nil {
		tb.Errorf("pgtest: %v", err)
	}
}

// Name returns the database's name, which needs no quotes.
func (db *DB) Name() string { return db.name }

// URL returns a postgres:// URL of the database by the loopback port, for the superuser and without TLS.
func (db *DB) URL() string { return db.cluster.srv.url(db.name) }

// SocketURL returns a postgres:// URL of the database by the Unix socket, for the superuser.
func (db *DB) SocketURL() string {
	q := url.Values{"host": {db.cluster.srv.dir}, "port": {strconv.Itoa(db.cluster.srv.port)}}
	return "postgres://postgres@/" + db.name + "?" + q.Encode()
}

// Log returns the log of the whole server: other databases' lines too.
func (db *DB) Log() string { return db.cluster.Log() }

// Exec runs statements, on a connection of their own. Without arguments they may be several, which are then one
// transaction unless they say otherwise.
func (db *DB) Exec(tb testing.TB, sql string, args ...any) {
	tb.Helper()
	db.connect(tb, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql, args...)
		return err
	})
}

// Query returns the rows of a statement, each value as PostgreSQL writes it and NULL as "NULL".
func (db *DB) Query(tb testing.TB, sql string, args ...any) [][]string {
	tb.Helper()
	var out [][]string
	db.connect(tb, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			out = append(out, texts(rows.RawValues()))
		}
		return rows.Err()
	})
	return out
}

// Value returns the only value of the only row.
func (db *DB) Value(tb testing.TB, sql string, args ...any) string {
	tb.Helper()
	rows := db.Query(tb, sql, args...)
	if len(rows) != 1 || len(rows[0]) != 1 {
		tb.Fatalf("pgtest: %q returned %q, wanted one value", sql, rows)
	}
	return rows[0][0]
}

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

// connect runs fn on a connection. It uses pgx, so that what pgdriver does is checked by another driver.
func (db *DB) connect(tb testing.TB, fn func(context.Context, *pgx.Conn) error) {
	tb.Helper()
	ctx := context.Background()
	conf, err := pgx.ParseConfig(db.URL())
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	// Takes several statements and answers in text.
	conf.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, conf)
	if err == nil {
		err = fn(ctx, conn)
		_ = conn.Close(ctx)
	}
	if err != nil {
		tb.Fatalf("pgtest: %v", fmt.Errorf("%s: %w", db.name, err))
	}
}
