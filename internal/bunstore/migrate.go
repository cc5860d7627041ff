package bunstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
)

// files has Hermes' migrations and Kamailio's tables, each in a folder for the database.
//
//go:embed migrations kamailio
var files embed.FS

// mustRead returns a file of the program's own.
func mustRead(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// migrations returns a file of the engine's folder.
func (e engine) migration(name string) string {
	return mustRead(path.Join("migrations", e.folder, name+".sql"))
}

// steps returns the names of all steps, in order.
func (e engine) steps() (names []string) {
	entries, err := files.ReadDir(path.Join("migrations", e.folder))
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); strings.HasPrefix(name, "0") {
			names = append(names, strings.TrimSuffix(name, ".sql"))
		}
	}
	return names
}

// schemaState is how far the migrations are.
type schemaState struct {
	HasSchema     bool `bun:"has_schema"`
	HasMigrations bool `bun:"has_migrations"`

	pending []string // steps
	unknown []string // steps that were applied by a newer program
}

func (s *Store) schemaState(ctx context.Context) (st schemaState, err error) {
	if err := s.get(ctx, s.raw(s.engine.ownTables), &st); err != nil {
		return st, err
	}
	if st.HasMigrations {
		st.unknown, err = list(ctx, s, s.raw("SELECT name FROM ?migrations ORDER BY name"), scanString)
	}
	for _, name := range s.engine.steps() {
		if i := slices.Index(st.unknown, name); i >= 0 {
			st.unknown = slices.Delete(st.unknown, i, i+1)
		} else {
			st.pending = append(st.pending, name)
		}
	}
	return st, err
}

func scanString(rows *sql.Rows) (text string, err error) { return text, rows.Scan(&text) }

// knownState is schemaState that fails where the schema is newer than this program.
func (s *Store) knownState(ctx context.Context) (schemaState, error) {
	st, err := s.schemaState(ctx)
	if err == nil && len(st.unknown) > 0 {
		err = fmt.Errorf("the schema has %q, which this program does not know: want a newer program", st.unknown)
	}
	return st, err
}

// next returns the SQL of the next step, or where none is pending what is worth a try each time.
func (st schemaState) next(s *Store) string {
	if len(st.pending) == 0 {
		return s.engine.search
	}
	var text strings.Builder
	if !st.HasSchema {
		text.WriteString(s.engine.migration("schema"))
	}
	if !st.HasMigrations {
		text.WriteString(s.engine.migration("applied"))
	}
	text.WriteString(s.engine.migration(st.pending[0]))
	text.WriteString(s.raw("INSERT INTO ?migrations (name) VALUES (?);\n", st.pending[0]).text)
	return text.String()
}

// Migrate brings Hermes' own tables to this version. Several may start at once, and it may be
// started again after one that broke off: each step is one transaction. It fails where the schema
// is newer than this program.
func (s *Store) Migrate(ctx context.Context) error {
	for more := true; more; {
		err := s.underLock(ctx, func(in *Store) error {
			st, err := in.knownState(ctx)
			if err != nil {
				return err
			}
			more = len(st.pending) > 0
			return in.command(ctx, st.next(in))
		})
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	return nil
}

// underLock runs fn in a transaction that no other migrator's overlaps. It is READ COMMITTED so
// that fn sees what others did while it waited for the lock. It fails if a lock takes long to get:
// while a statement of fn waits for a table, all that come after it wait too.
func (s *Store) underLock(ctx context.Context, fn func(*Store) error) error {
	return s.write(ctx, TxOptions{Pool: Bulk}, nil, func(in *Store) error {
		if err := in.command(ctx, in.engine.lockMigrations); err != nil {
			return fmt.Errorf("wait for another migrator: %w", err)
		}
		if err := fn(in); err != nil {
			return err
		}
		return in.command(ctx, in.engine.migrated)
	})
}

// command runs SQL without arguments, which may be several statements.
func (s *Store) command(ctx context.Context, text string) error {
	if text == "" {
		return nil
	}
	return s.run(ctx, statement{text: text}, func(ctx context.Context, c runner) error {
		_, err := c.ExecContext(ctx, text)
		return err
	})
}

// Pending returns the names of the steps that Migrate would run. It fails where the schema is
// newer than this program.
func (s *Store) Pending(ctx context.Context) ([]string, error) {
	st, err := s.knownState(ctx)
	return st.pending, err
}

// MigrationSQL returns the SQL that Migrate would run, one transaction a step. It is empty where
// nothing is pending.
func (s *Store) MigrationSQL(ctx context.Context) (string, error) {
	st, err := s.knownState(ctx)
	if err != nil || len(st.pending) == 0 {
		return "", err
	}
	var text strings.Builder
	for len(st.pending) > 0 {
		text.WriteString(s.inTransaction(st.next(s)))
		st = schemaState{HasSchema: true, HasMigrations: true, pending: st.pending[1:]}
	}
	text.WriteString(s.inTransaction(st.next(s)))
	return text.String(), nil
}

// inTransaction returns SQL for a database administrator, whose connection may have any settings.
func (s *Store) inTransaction(text string) string {
	if text == "" {
		return ""
	}
	return "BEGIN;\n" + s.engine.pinPath + text + "COMMIT;\n"
}

// Ready returns nil where the store can serve: the database answers, Kamailio's tables exist, their
// columns tell texts apart (otherwise the error is a *[ColumnError]) and no migration is pending.
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
			return fmt.Errorf("table %s of Kamailio is missing", table)
		}
	}
	return l.refused
}
