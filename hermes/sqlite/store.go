package sqlite

import (
	"context"
	"errors"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/sip"
)

// Store is a [hermes.Store] in a file. It is safe for concurrent use.
type Store struct {
	hermes.Store

	db      *bunstore.Store
	readers [4]*pool // by bunstore.Pool
	writer  *pool

	failures bunstore.Tally
}

// Migrate brings Hermes' own tables to the version of this program: it runs the steps that
// [Store.Pending] names, in order, each in a transaction of its own that also records it. Where no
// step is pending it does nothing. It may be called by several processes at once, and again after
// it failed. It fails where the schema has a step that this program does not know, because a newer
// program has migrated it.
func (s *Store) Migrate(ctx context.Context) error { return s.db.Migrate(ctx) }

// Pending returns the names of the steps that [Store.Migrate] would run, in order. It is empty
// where the schema is up to date, and fails where the schema has a step that this program does not
// know.
func (s *Store) Pending(ctx context.Context) ([]string, error) { return s.db.Pending(ctx) }

// MigrationSQL returns the SQL that [Store.Migrate] would run, for sqlite3: one transaction for
// each step. It is empty where no step is pending. It changes nothing.
func (s *Store) MigrationSQL(ctx context.Context) (string, error) { return s.db.MigrationSQL(ctx) }

// CreateKamailioTables creates those tables that are missing of the ones that a Kamailio with
// auth_db, alias_db, domain and group needs to start, with their rows in the table version, in one
// transaction. Tables that exist are not changed. It may be called again.
func (s *Store) CreateKamailioTables(ctx context.Context) error {
	return s.db.CreateKamailioTables(ctx)
}

// KamailioSQL returns the SQL that [Store.CreateKamailioTables] would run, for sqlite3. It is empty
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
// texts for equal, such as one of the collation NOCASE: nothing but sessions works then, since a
// change of bob could be one of Bob.
func (s *Store) Ready(ctx context.Context) error { return s.db.Ready(ctx) }

// Warnings returns what an operator has to know about Kamailio's tables, each as a line for a log:
// the triggers that there are, which other tools have made and changes by Hermes run.
func (s *Store) Warnings(ctx context.Context) ([]string, error) { return s.db.Warnings(ctx) }

// Close closes the file. The store must not be used after it. It may be called again.
func (s *Store) Close() error {
	if s.db != nil {
		s.db.Flush()
	}
	var errs []error
	for _, p := range append(s.readers[:], s.writer) {
		if p != nil {
			errs = append(errs, p.db.Close())
		}
	}
	return errors.Join(errs...)
}
