package doctor

import (
	"cmp"
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

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
)

// Database is a database to examine. Its connections refuse to write. Use [PostgreSQL] or [SQLite]
// to open one, and Close to close it.
type Database struct {
	pool     *sql.DB
	hosts    *pgconn.Hosts // nil for SQLite
	isSQLite bool          // otherwise it is PostgreSQL
	schema   string        // of Kamailio's tables on PostgreSQL
	// run calls fn with a connection, perhaps more than once.
	run func(ctx context.Context, fn func(context.Context, bunstore.Conn) error) error
	// options are those of a store on the database; Reads is not set.
	options bunstore.Options
}

const (
	// readTimeout bounds each read, which is usually a page of rows.
	readTimeout = time.Minute
	// tries is the number of attempts to read, so that a lost connection is replaced once.
	tries = 2
)

// preferIndexes makes PostgreSQL use the indexes of other tables for the rows of a page. If its
// statistics are old, it would otherwise read these tables completely for each page, or compile a
// statement that runs for a few milliseconds.
const preferIndexes = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; " +
	"SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; " +
	"SET LOCAL jit = off"

// PostgreSQL opens the database of a URL, for which see [pgconn.ParseURL]. schema is the schema of
// Kamailio's tables. PostgreSQL does not connect yet. The database is read in transactions in which
// the server refuses to write.
func PostgreSQL(url, schema string) (*Database, error) {
	hosts, err := pgconn.NewHosts(url)
	if err != nil {
		return nil, err
	}
	pool, err := pgconn.Open(pgconn.Options{
		Hosts: hosts, MaxOpen: 1, ReadTimeout: readTimeout, ApplicationName: "hermes doctor",
	})
	if err != nil {
		return nil, err
	}
	opts := pgconn.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true, Timeout: readTimeout, Tries: tries}
	return &Database{
		pool:    pool,
		hosts:   hosts,
		schema:  cmp.Or(schema, "public"),
		options: bunstore.Options{Dialect: pgdialect.New(), RunTx: refuseTx, KamailioSchema: schema},
		run: func(ctx context.Context, fn func(context.Context, bunstore.Conn) error) error {
			return pgconn.RunTx(ctx, pool, opts, func(ctx context.Context, c *sql.Conn) error {
				if _, err := c.ExecContext(ctx, preferIndexes); err != nil {
					return err
				}
				return fn(ctx, c)
			})
		},
	}, nil
}

// SQLite opens an existing SQLite file, with a connection that refuses to write. The file itself is
// opened for writing, because the last process that closes a file in WAL mode has to merge and
// remove the files beside it.
func SQLite(path string) (*Database, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("the file cannot be opened: %w", err)
	}
	const parameters = "?mode=rw&_query_only=1&_busy_timeout=10000&_dqs=0"
	connector, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + parameters)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1)
	return &Database{
		pool:     pool,
		isSQLite: true,
		options:  bunstore.Options{Dialect: sqlitedialect.New(), RunTx: refuseTx},
		run: func(ctx context.Context, fn func(context.Context, bunstore.Conn) error) error {
			ctx, cancel := context.WithTimeout(ctx, readTimeout)
			defer cancel()
			return fn(ctx, pool)
		},
	}, nil
}

// Close closes the connections.
func (d *Database) Close() error { return d.pool.Close() }

// Used reports whether the database has principals that do not expire, which means that it has been
// in use, or is ready for it. It also serves for the schema of an older version.
func (d *Database) Used(ctx context.Context) (used bool, err error) {
	err = d.read(ctx, func(ctx context.Context, s *bunstore.Store) error {
		used = false
		for access := hermes.LimitedRead; access <= hermes.FullWrite && !used; access++ {
			page, err := s.LastingPrincipals(ctx, hermes.PrincipalQuery{Access: access, Limit: 1})
			if err != nil {
				return err
			}
			used = len(page) > 0
		}
		return nil
	})
	return used, err
}

// read calls fn with a store that reads the database, perhaps more than once.
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

var errReadOnly = errors.New("doctor does not write to the database")

// refuseTx implements bunstore.RunTx, which only writing methods of a store call.
func refuseTx(context.Context, bunstore.TxOptions, func(context.Context, bunstore.Conn) error) error {
	return errReadOnly
}
