// Package postgres is the hermes.Store for PostgreSQL 13 or newer, beside Kamailio's tables.
//
//	store, err := postgres.Open(ctx, "postgres://hermes@/kamailio", nil)
//	…
//	defer store.Close()
//
// Hermes' own tables are in the schema "hermes", which Migrate makes. Kamailio's are where Options says, and are
// never altered. A role needs SELECT on all of Kamailio's, INSERT, UPDATE and DELETE on subscriber, dbaliases and grp with USAGE
// on their sequences, and a schema "hermes" of its own or the right to create it.
//
// Open makes pools of hardened pgdriver connections. New takes a host's own *sql.DB or *sql.Tx, of any
// driver, so that the host's statements and Hermes' changes can be one transaction:
//
//	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
//	…
//	store, err := postgres.InTx(ctx, tx, nil)
//	…
//	err = tx.Commit()
//
// The columns of Kamailio's tables are looked up by Open and New: a store does not notice ALTER TABLE.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
)

// Options configure a Store. A nil *Options gives the defaults. New and InTx use KamailioSchema only.
type Options struct {
	// KamailioSchema is the schema of Kamailio's tables; empty: public.
	KamailioSchema string
	// MaxConns bounds the connections for ordinary statements; 0: 16. There are 4 more for sessions, and 4 for
	// long lists and ranges of numbers, so that neither waits for the others.
	MaxConns int
}

const (
	authConns = 4
	bulkConns = 4
	// bulkTime is how long a statement on many rows may take.
	bulkTime = 10 * time.Minute
)

// Store is a hermes.Store in PostgreSQL. It is safe for concurrent use, except for one in a
// host's transaction.
type Store struct {
	*bunstore.Store
	pools []*sql.DB // those to close
}

// Open connects to the database that a postgres:// URL names. TLS is verified unless the URL says sslmode=disable, or
// the host is loopback or a Unix socket (host=/folder). It changes nothing there: Migrate does.
func Open(ctx context.Context, url string, opts *Options) (*Store, error) {
	s, err := open(ctx, url, opts.orDefault())
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return s, nil
}

func open(ctx context.Context, url string, opts Options) (_ *Store, err error) {
	s := &Store{}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	for _, o := range []pgconn.Options{
		{URL: url, MaxOpen: opts.MaxConns},
		{URL: url, MaxOpen: authConns},
		{URL: url, MaxOpen: bulkConns, ReadTimeout: bulkTime},
	} {
		db, err := pgconn.Open(o)
		if err != nil {
			return nil, err
		}
		s.pools = append(s.pools, db)
	}
	p := pools{data: s.pools[0], auth: s.pools[1], bulk: s.pools[2]}
	s.Store, err = p.store(ctx, opts)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (o *Options) orDefault() Options {
	if o == nil {
		return Options{}
	}
	return *o
}

// New uses a host's own database, of any driver, which the host closes. The store is like Open's, but for the
// hardening that is in Open's connections.
func New(ctx context.Context, db *sql.DB, opts *Options) (*Store, error) {
	s, err := pools{db, db, db}.store(ctx, opts.orDefault())
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return &Store{Store: s}, nil
}

// InTx uses a host's own transaction, which the host ends. All that the store does is part of that transaction. Every
// change, and every Tx, stands behind a savepoint, so that one that fails undoes its own writes only and the
// transaction stays usable; a read that fails ends it.
//
// Nothing is tried again: where a statement or the host's COMMIT fails with SQLSTATE 40001 or 40P01 the host has to run
// the whole transaction anew. The promises of hermes.Store about concurrency hold where the transaction is
// SERIALIZABLE, which is for the host to ask for. Such a store is for one goroutine.
func InTx(ctx context.Context, tx *sql.Tx, opts *Options) (*Store, error) {
	s, err := hostTx{tx}.store(ctx, opts.orDefault())
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return &Store{Store: s}, nil
}

// Close closes the connections that Open made. It leaves a host's alone.
func (s *Store) Close() error {
	var errs []error
	for _, db := range s.pools {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}

// pools are where statements go by what they are for.
type pools struct{ data, auth, bulk *sql.DB }

func (p pools) store(ctx context.Context, opts Options) (*bunstore.Store, error) {
	return bunstore.New(ctx, bunstore.Options{
		Dialect: pgdialect.New(), Reads: p.data, BulkReads: p.bulk, AuthReads: p.auth, RunTx: p.runTx, KamailioSchema: opts.KamailioSchema,
	})
}

// runTx implements bunstore.RunTx.
func (p pools) runTx(ctx context.Context, opts bunstore.TxOptions, fn func(context.Context, bunstore.Conn) error) error {
	pool, how := p.data, pgconn.TxOptions{Isolation: opts.Isolation, Gate: bunstore.Gate}
	switch opts.Pool {
	case bunstore.Bulk:
		pool, how.Timeout, how.Gate = p.bulk, bulkTime, ""
	case bunstore.Auth:
		pool = p.auth
	}
	return outcome(pgconn.RunTx(ctx, pool, how, func(ctx context.Context, tx *sql.Tx) error { return fn(ctx, tx) }))
}

// outcome puts package hermes' word for a commit of unknown outcome beside pgconn's.
func outcome(err error) error {
	if errors.Is(err, pgconn.ErrOutcomeUnknown) {
		return fmt.Errorf("%w: %w", hermes.ErrOutcomeUnknown, err)
	}
	return err
}
