package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
	"github.com/hermes-voip/go-hermes/sip"
)

// Store is a [hermes.Store] in PostgreSQL. It is safe for concurrent use, except for one that
// [InTx] returned.
type Store struct {
	hermes.Store

	db     *bunstore.Store
	pools  pools   // the zero value in a store that InTx returned
	events *events // of the statements
	host   *hostTx // of a store that InTx returned
	logger *slog.Logger
	close  func() error // closes the connections that Open made
}

// Migrate brings Hermes' own tables to the version of this program: it runs the steps that
// [Store.Pending] names, in order, each in a transaction of its own that also records it. A lock in
// the database makes other migrators wait. Finally it creates the index for searches for parts of
// names, unless that exists or the role may not create the extension pg_trgm. Where no step is
// pending it only tries to create that index. It may be called by several processes at once, and
// again after it failed. It fails where the schema has a step that this program does not know,
// because a newer program has migrated it.
//
// It waits for a lock of a table for 2 s at most, since others would wait behind it, and then
// begins the step again, until ctx ends. [Options].Logger is told once and then once a minute.
func (s *Store) Migrate(ctx context.Context) error {
	var told time.Time
	for {
		err := s.db.Migrate(ctx)
		if pgconn.State(err) != lockNotAvailable {
			return err
		}
		if now := time.Now(); now.Sub(told) >= migrateTold {
			told = now
			s.logger.WarnContext(ctx, "migrate: waiting for a lock that another transaction has", "error", err)
		}
		select {
		case <-time.After(migratePause):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

const (
	// lockNotAvailable is the SQLSTATE of a statement that waited for a lock for too long.
	lockNotAvailable = "55P03"
	// migratePause lets those go on that waited behind Migrate.
	migratePause = time.Second
	// migrateTold lies between two lines in the log.
	migrateTold = time.Minute
)

// Pending returns the names of the steps that [Store.Migrate] would run, in order. It is empty
// where the schema is up to date, and fails where the schema has a step that this program does not
// know.
func (s *Store) Pending(ctx context.Context) ([]string, error) { return s.db.Pending(ctx) }

// MigrationSQL returns the SQL that [Store.Migrate] would run, for psql: one transaction for each
// step. It is empty where no step is pending. It changes nothing.
func (s *Store) MigrationSQL(ctx context.Context) (string, error) { return s.db.MigrationSQL(ctx) }

// CreateKamailioTables creates those tables that are missing of the ones that a Kamailio with
// auth_db, alias_db, domain and group needs to start, with their rows in the table version, in one
// transaction. Tables that exist are not changed. It may be called again.
func (s *Store) CreateKamailioTables(ctx context.Context) error {
	return s.db.CreateKamailioTables(ctx)
}

// KamailioSQL returns the SQL that [Store.CreateKamailioTables] would run, for psql. It is empty
// where no table is missing. It changes nothing.
func (s *Store) KamailioSQL(ctx context.Context) (string, error) { return s.db.KamailioSQL(ctx) }

// ServeDomains adds to Kamailio's table of domains those that it does not have in any case, all or
// none. It is meant for a database that belongs to Hermes. A running Kamailio serves them after its
// domain.reload.
func (s *Store) ServeDomains(ctx context.Context, domains []sip.Domain) error {
	return s.db.ServeDomains(ctx, domains)
}

// Ready returns nil where the store can serve: the database answers, no step of [Store.Migrate] is
// pending, and Kamailio's tables subscriber, dbaliases and domain exist. Otherwise the error says
// what is missing. It fails, too, where a column of these by which rows are found takes different
// texts for equal, such as one of the type citext: nothing but sessions works then, since a
// change of bob could be one of Bob.
func (s *Store) Ready(ctx context.Context) error { return s.db.Ready(ctx) }

// Committed tells a store that [InTx] returned that the host has committed its transaction. It
// calls, once, what has to follow the commit, such as [hermes.Options].UserRemoved and the audit
// lines of successes; without it they are not called. It must not be called after a rollback. It
// fails if the transaction has not ended. For other stores it does nothing.
func (s *Store) Committed() error {
	if s.host == nil {
		return nil
	}
	return s.host.committed()
}

// Warnings returns what an operator has to know about Kamailio's tables, each as a line for a log:
// the roles, other than superusers and the role of the connections, that own one of them or may
// make triggers there, and the triggers, rules and policies that there are. Their functions run
// with the rights of the role that writes or reads a row, and so can do all that Hermes may.
func (s *Store) Warnings(ctx context.Context) ([]string, error) { return s.db.Warnings(ctx) }

// Flush waits until the times at which sessions, API keys and phones were last seen have been
// written. Outside a transaction they are written in the background, after the call that saw them
// has returned. Close does the same.
func (s *Store) Flush() { s.db.Flush() }

// Close closes the connections that [Open] made. It does nothing to those of a host. The store must
// not be used after it. It may be called again.
func (s *Store) Close() error {
	s.db.Flush()
	if s.close == nil {
		return nil
	}
	return s.close()
}

func newStore(ctx context.Context, dbOpts bunstore.Options, e *events, opts *Options) (*Store, error) {
	dbOpts.Lazy, dbOpts.Failed = opts.orDefault().Lazy, e.failed
	db, err := bunstore.New(ctx, dbOpts)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	logger := opts.orDefault().Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Store{Store: db, db: db, events: e, logger: logger}, nil
}
