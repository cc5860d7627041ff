package bunstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun/schema"
)

// migrationEngine is what differs in migrations.
type migrationEngine interface {
	// lockMigrations returns the statement that waits for other migrators until the transaction's
	// end; nil where the transaction does so by itself.
	lockMigrations() schema.QueryAppender
	// own returns one row: whether there is the schema for Hermes' tables, and ?migrations.
	own() schema.QueryAppender
	// ddl puts a step's statement into the database's words.
	ddl(statement string) string
	// createSchema is the statement that makes the schema; "" where there are none.
	createSchema() string
	// search returns what makes searches for parts of names fast where the database lends a
	// hand; "" otherwise. It may run again and again, and fails only where the database does.
	search() string
	// there returns one value: whether a table of Kamailio's exists.
	there(table string) schema.QueryAppender
	// kamailioWords returns what stands before the name of a table of Kamailio's, and its column id.
	kamailioWords() (prefix, id string)
}

// state is how far the migrations are.
type state struct {
	Schema bool `bun:"schema"`
	Table  bool `bun:"migrations"`

	pending []step
}

// Migrate brings Hermes' own tables to this version. It is safe for several to start at once, and
// to start again after one that broke off: each step is one transaction. It fails where the schema is
// newer than this program.
func (s *Store) Migrate(ctx context.Context) error {
	for more := true; more; {
		err := s.underLock(ctx, func(in *Store) error {
			st, err := in.state(ctx)
			if err != nil {
				return err
			}
			more = len(st.pending) > 0
			return in.commands(ctx, st.next(s.engine))
		})
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	return nil
}

// underLock runs fn in a transaction that no other migrator's overlaps. It is READ COMMITTED to see what others did
// while it waited for the lock.
func (s *Store) underLock(ctx context.Context, fn func(*Store) error) error {
	return s.write(ctx, TxOptions{Isolation: sql.LevelReadCommitted, Bulk: true}, func(in *Store) error {
		if q := in.engine.lockMigrations(); q != nil {
			var ignored string
			if err := in.one(ctx, q, &ignored); err != nil {
				return err
			}
		}
		return fn(in)
	})
}

func (s *Store) state(ctx context.Context) (st state, err error) {
	if err := s.one(ctx, s.engine.own(), &st); err != nil {
		return st, err
	}
	var applied []string
	if st.Table {
		applied, err = list(ctx, s, 0, raw(`SELECT name FROM ?migrations ORDER BY name`),
			func(rows *sql.Rows) (name string, err error) { return name, rows.Scan(&name) })
	}
	for _, p := range steps {
		if i := slices.Index(applied, p.name); i < 0 {
			st.pending = append(st.pending, p)
		} else {
			applied = slices.Delete(applied, i, i+1)
		}
	}
	if len(applied) > 0 {
		return st, fmt.Errorf("the schema has %q, which this program does not know: want a newer program", applied)
	}
	return st, err
}

// next returns the statements of the next step, or where there is none those that are worth trying each time.
func (st state) next(e engine) (statements []string) {
	if len(st.pending) == 0 {
		if search := e.search(); search != "" {
			return []string{search}
		}
		return nil
	}
	if create := e.createSchema(); create != "" && !st.Schema {
		statements = append(statements, create)
	}
	if !st.Table {
		statements = append(statements, e.ddl(migrationsTable))
	}
	p := st.pending[0]
	for _, statement := range p.sql {
		statements = append(statements, e.ddl(statement))
	}
	return append(statements, e.ddl("INSERT INTO HERMES.migrations (name) VALUES ('"+p.name+"')"))
}

// Pending returns the names of the steps that Migrate would run. It fails where the schema is
// newer than this program.
func (s *Store) Pending(ctx context.Context) ([]string, error) {
	st, err := s.state(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range st.pending {
		names = append(names, p.name)
	}
	return names, nil
}

// MigrationSQL returns what Migrate would run, one transaction a step; "" where nothing is pending.
func (s *Store) MigrationSQL(ctx context.Context) (string, error) {
	st, err := s.state(ctx)
	if err != nil || len(st.pending) == 0 {
		return "", err
	}
	var text strings.Builder
	for len(st.pending) > 0 {
		writeTransaction(&text, st.next(s.engine))
		st = state{Schema: true, Table: true, pending: st.pending[1:]}
	}
	writeTransaction(&text, st.next(s.engine))
	return text.String(), nil
}

func writeTransaction(text *strings.Builder, statements []string) {
	if len(statements) == 0 {
		return
	}
	text.WriteString("BEGIN;\n")
	for _, statement := range statements {
		text.WriteString(statement + ";\n")
	}
	text.WriteString("COMMIT;\n")
}

// Ready tells whether the store can serve: the database answers, Kamailio's tables are there and no
// migration is pending.
func (s *Store) Ready(ctx context.Context) error {
	pending, err := s.Pending(ctx)
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		return fmt.Errorf("migrations are pending: %s", strings.Join(pending, ", "))
	}
	l, err := s.known(ctx)
	if err != nil {
		return err
	}
	for _, table := range []string{"subscriber", "dbaliases", "domain"} {
		if !l.has(table) {
			return fmt.Errorf("Kamailio's table %s is not there", table)
		}
	}
	return nil
}
