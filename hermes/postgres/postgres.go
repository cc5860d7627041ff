// Package postgres implements [hermes.Store] for PostgreSQL 13 or newer, beside Kamailio's tables.
//
//	store, err := postgres.Open(ctx, "postgres://hermes@/kamailio", nil)
//	…
//	defer store.Close()
//	if err := store.Migrate(ctx); err != nil {
//
// Hermes' own tables are in the schema "hermes", which [Store.Migrate] creates. Kamailio's tables
// are in the schema that [Options] names, and are never altered. The database role needs SELECT
// on all of Kamailio's tables; INSERT, UPDATE and DELETE on subscriber, dbaliases and grp, with
// USAGE on their sequences; and a schema "hermes" of its own or the right to create it.
//
// [Open] connects with pools of hardened pgdriver connections. [New] uses a host's own [sql.DB], of
// any driver. [RunInTx] makes statements of the host and changes by Hermes one transaction, and
// [InTx] joins a transaction that the host begins and commits itself:
//
//	err := postgres.RunInTx(ctx, db, nil, func(tx *sql.Tx, store *postgres.Store) error {
//		…
//	})
//
// A store looks up the columns of Kamailio's tables when it is made. It does not notice a later
// ALTER TABLE that adds or removes one.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
)

// Options configure a [Store]. A nil *Options gives the defaults.
type Options struct {
	// KamailioSchema is the schema of Kamailio's tables. Defaults to public.
	KamailioSchema string
	// MaxConns is the greatest number of connections for ordinary statements. Defaults to 16.
	// Open makes 4 more for sessions, 4 for long lists and 4 for ranges of numbers, so that none
	// waits for the others. New, InTx and RunInTx ignore it.
	MaxConns int
	// Lazy makes Open return without connecting, also if the database does not answer. Until it does,
	// the methods of the store fail.
	Lazy bool
	// Replica is set for a hot standby that is one of [hermes.Options].Replicas: nothing is written
	// there, a URL with several hosts prefers those that are standbys, and a server that is silent is
	// left within 5 s, also where the URL has no other.
	Replica bool
	// Logger receives a line when [Store.Migrate] waits for a lock that another transaction has, and
	// then one a minute. If nil, such lines are discarded.
	Logger *slog.Logger
}

const (
	authConns = 4
	bulkConns = 4
	// bulkTime is how long a statement on many rows may take.
	bulkTime = 10 * time.Minute
)

// Open connects to the database that a postgres:// URL names. TLS is verified unless the URL has
// sslmode=disable, or the host is loopback or a Unix socket (host=/folder). Open changes nothing
// in the database; see [Store.Migrate]. The caller closes the store.
//
// The URL may name the servers of a cluster, separated by commas:
//
//	postgres://hermes@db1.example.com,db2.example.com:5433/kamailio
//
// They are tried in turn, and the first one that accepts changes is used. The next one is tried
// where one refuses, does not answer within 2 s, fails TLS, starts or stops, or is a standby. When
// the one in use has gone silent, its connections are closed within 5 s, and what the store does
// then uses the new primary. The parameter target_session_attrs has the meaning that libpq gives
// it, and defaults to read-write for several servers.
func Open(ctx context.Context, url string, opts *Options) (*Store, error) {
	conns, err := connect(url, opts.orDefault())
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s, err := conns.newStore(ctx, opts)
	if err != nil {
		return nil, errors.Join(err, conns.close())
	}
	s.close = conns.close
	return s, nil
}

func (o *Options) orDefault() Options {
	if o == nil {
		return Options{}
	}
	return *o
}

// New uses a host's own database, of any driver, which the host closes. The store is like that of
// [Open], without the hardening of Open's connections.
//
// The host's search_path stays as it is, except that it is pg_catalog while a change by Hermes
// runs, [Store.Tx] included, so that functions and operators which other roles made do not run with
// the rights of the host's role. A trigger's function runs under it, too. Reads depend on
// pg_catalog being first in the host's search_path, which it is unless that names it later; then
// New and [InTx] fail.
func New(ctx context.Context, db *sql.DB, opts *Options) (*Store, error) {
	return pools{data: db, auth: db, bulk: db, events: &events{}}.newStore(ctx, opts)
}

// InTx uses a host's own transaction, which the host ends. After it has committed the transaction
// it calls [Store.Committed]; [RunInTx] does both. All that the store does is part of that
// transaction. Every change, and every call of [Store.Tx], is behind a savepoint, so that
// one that fails undoes its own writes only and the transaction stays usable. A read that fails
// ends the transaction. For the search_path see [New]: it is the host's again after each change.
//
// Nothing is tried again: where a statement or the host's COMMIT fails with SQLSTATE 40001 or
// 40P01, the host has to run the whole transaction again. Locks are kept until the transaction
// ends. The promises of [hermes.Store] about concurrency hold where the transaction is READ
// COMMITTED, which is PostgreSQL's default: the statements of other levels see what was committed
// when the transaction began, and not what other transactions did before they left a lock. The
// store must be used by one goroutine at a time, and not after the transaction has ended.
func InTx(ctx context.Context, tx *sql.Tx, opts *Options) (*Store, error) {
	host := &hostTx{tx: tx}
	s, err := newStore(ctx, bunstore.Options{
		Dialect: pgdialect.New(), Reads: tx, RunTx: host.run, AfterCommit: host.afterCommit, Single: true, IsTooLong: isTooLong,
		KamailioSchema: opts.orDefault().KamailioSchema,
	}, &events{}, opts)
	if err != nil {
		return nil, err
	}
	s.host = host
	return s, nil
}

// pools are the connections by the purpose of their statements.
type pools struct {
	data, auth, bulk *sql.DB
	own              bool    // opened by this package, with pgdriver
	copies           *sql.DB // for COPY; nil in a host's own database
	events           *events
}

// connect opens the pools of a store.
func connect(url string, opts Options) (p pools, err error) {
	p.own, p.events = true, &events{}
	newHosts := pgconn.NewHosts
	if opts.Replica {
		newHosts = pgconn.NewReplicaHosts
	}
	hosts, err := newHosts(url)
	if err != nil {
		return p, err
	}
	for _, pool := range []struct {
		db   **sql.DB
		opts pgconn.Options
	}{
		{&p.data, pgconn.Options{Hosts: hosts, MaxOpen: opts.MaxConns}},
		{&p.auth, pgconn.Options{Hosts: hosts, MaxOpen: authConns}},
		{&p.bulk, pgconn.Options{Hosts: hosts, MaxOpen: bulkConns, ReadTimeout: bulkTime}},
		{&p.copies, pgconn.Options{Hosts: hosts, MaxOpen: bulkConns, ReadTimeout: bulkTime, Plain: true}},
	} {
		// No connection is made yet, so that there is nothing to close after an error.
		pool.opts.LeaveSilent = opts.Replica
		if *pool.db, err = pgconn.Open(pool.opts); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p pools) close() error {
	return errors.Join(p.data.Close(), p.auth.Close(), p.bulk.Close(), p.copies.Close())
}

func (p pools) newStore(ctx context.Context, opts *Options) (*Store, error) {
	s, err := newStore(ctx, p.options(opts), p.events, opts)
	if err != nil {
		return nil, err
	}
	s.pools = p
	return s, nil
}

func (p pools) options(opts *Options) bunstore.Options {
	all := bunstore.Options{
		Dialect: pgdialect.New(), Reads: p.data, AuthReads: p.auth, BulkReads: p.bulk, RunTx: p.runTx,
		IsTooLong:      isTooLong,
		KamailioSchema: opts.orDefault().KamailioSchema,
		RunsLast:       p.own,
	}
	if p.copies != nil {
		all.CopyFrom = copyFrom
		all.CopyTo = func(ctx context.Context, w io.Writer, query string, args ...any) error {
			return pgconn.CopyTo(ctx, p.copies, w, query, args...)
		}
	}
	return all
}

// copyFrom implements [bunstore.Options.CopyFrom] on a connection of the pool copies.
func copyFrom(ctx context.Context, c bunstore.Conn, query string, rows io.Reader) error {
	err := pgconn.CopyFrom(ctx, c.(*sql.Conn), query, rows)
	if pgconn.State(err) == uniqueViolation {
		return fmt.Errorf("%w: %w", bunstore.ErrDuplicate, err)
	}
	return err
}

const (
	uniqueViolation = "23505"
	tooLong         = "22001"
)

// isTooLong implements [bunstore.Options.IsTooLong].
func isTooLong(err error) bool { return pgconn.State(err) == tooLong }

// runTx implements [bunstore.RunTx].
func (p pools) runTx(ctx context.Context, opts bunstore.TxOptions, fn func(context.Context, bunstore.Conn) error) error {
	pool, txOpts := p.data, pgconn.TxOptions{
		Locks: opts.Locks, Last: opts.Last, Batch: p.own, PinSearchPath: !p.own, Retried: p.events.retried, Failed: p.events.failed,
	}
	switch opts.Pool {
	case bunstore.Bulk:
		pool, txOpts.Timeout = p.bulk, bulkTime
	case bunstore.Copies:
		pool, txOpts.Timeout = p.copies, bulkTime
	case bunstore.Auth:
		pool = p.auth
	}
	if opts.Serializable {
		txOpts.Isolation, txOpts.LockTable = sql.LevelSerializable, bunstore.SerializableLockTable
	}
	err := pgconn.RunTx(ctx, pool, txOpts, func(ctx context.Context, c *sql.Conn) error { return fn(ctx, c) })
	return outcome(err)
}

// outcome adds [hermes.ErrOutcomeUnknown] to the error of a commit of unknown outcome.
func outcome(err error) error {
	if errors.Is(err, pgconn.ErrOutcomeUnknown) {
		return fmt.Errorf("%w: %w", hermes.ErrOutcomeUnknown, err)
	}
	return err
}
