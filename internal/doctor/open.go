package doctor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
)

// Database is one that is examined. It cannot be written.
type Database struct {
	pool     *sql.DB
	embedded bool
	// run runs fn with what its statements run on.
	run func(ctx context.Context, fn func(context.Context, bunstore.Conn) error) error
	// options are the store's, without the connection.
	options bunstore.Options
}

const (
	// readTime bounds what is read in one go, a page of rows mostly.
	readTime = time.Minute
	// tries is enough for a connection that is dropped.
	tries = 2
)

// byIndex has PostgreSQL look up the rows of a page by the indexes of other tables. It would rather read those whole, for
// every page, where its figures are old, or compile a statement that runs a few milliseconds.
const byIndex = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off; " +
	"SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off"

// PostgreSQL names the database of a URL, as pgconn.ParseURL reads it, where Kamailio's tables are in schema. It
// is read in transactions in which the server refuses to write.
func PostgreSQL(url, schema string) (*Database, error) {
	pool, err := pgconn.Open(pgconn.Options{URL: url, MaxOpen: 1, ReadTimeout: readTime, ApplicationName: "hermes doctor"})
	if err != nil {
		return nil, err
	}
	how := pgconn.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true, Timeout: readTime, Tries: tries}
	return &Database{
		pool: pool, options: bunstore.Options{Dialect: pgdialect.New(), RunTx: refuse, KamailioSchema: schema},
		run: func(ctx context.Context, fn func(context.Context, bunstore.Conn) error) error {
			return pgconn.RunTx(ctx, pool, how, func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, byIndex); err != nil {
					return err
				}
				return fn(ctx, tx)
			})
		},
	}, nil
}

// SQLite opens a file that is there, by a connection that refuses to write. The file itself is open for writing: the last who
// closes one in WAL mode tidies up beside it, and a reader could not.
func SQLite(path string) (*Database, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("the file cannot be opened: %w", err)
	}
	connector, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=rw&_query_only=1&_busy_timeout=10000&_dqs=0")
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1)
	return &Database{
		pool: pool, options: bunstore.Options{Dialect: sqlitedialect.New(), RunTx: refuse}, embedded: true,
		run: func(ctx context.Context, fn func(context.Context, bunstore.Conn) error) error {
			ctx, cancel := context.WithTimeout(ctx, readTime)
			defer cancel()
			return fn(ctx, pool)
		},
	}, nil
}

// Close closes the connections.
func (d *Database) Close() error { return d.pool.Close() }

// Used tells whether the database has principals: somebody has logged in, or will.
func (d *Database) Used(ctx context.Context) (used bool, err error) {
	err = d.read(ctx, func(ctx context.Context, s *bunstore.Store) error {
		all, err := s.Authorizations(ctx)
		used = len(all) > 0
		return err
	})
	return used, err
}

// read runs fn with a store, perhaps more than once.
func (d *Database) read(ctx context.Context, fn func(context.Context, *bunstore.Store) error) error {
	return d.run(ctx, func(ctx context.Context, c bunstore.Conn) error {
		opts := d.options
		opts.Reads = c
		s, err := bunstore.New(ctx, opts)
		if err != nil {
			return err
		}
		return fn(ctx, s)
	})
}

var errReadOnly = errors.New("the doctor changes nothing")

// refuse implements bunstore.RunTx.
func refuse(context.Context, bunstore.TxOptions, func(context.Context, bunstore.Conn) error) error {
	return errReadOnly
}
