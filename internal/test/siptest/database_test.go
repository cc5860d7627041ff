package siptest_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// database gives tests direct access to a database, as other tools have it. Statements have their
// values as literals.
type database interface {
	URL() string // the form of kamailiotest.Options
	Exec(tb testing.TB, sql string, args ...any)
	Query(tb testing.TB, sql string, args ...any) [][]string
}

// engine is a kind of database. It creates a database with Kamailio's tables and opens it as a
// store of Hermes.
type engine struct {
	tablePrefix string // the prefix of the names of Hermes' own tables
	create      func(*testing.T) database
	open        func(*testing.T, database) hermes.Store
}

// engines returns the engines that Kamailio can read.
func engines() map[string]engine {
	return map[string]engine{
		"PostgreSQL": {
			tablePrefix: "hermes.",
			create:      func(t *testing.T) database { return pgtest.New(t, pgtest.Options{NoFsync: true}) },
			open:        openPostgres,
		},
		"SQLite": {
			tablePrefix: "hermes_",
			create:      newFile,
			open:        func(t *testing.T, db database) hermes.Store { return openSQLite(t, db.(*file).path) },
		},
	}
}

// onEach runs a test in parallel on each engine.
func onEach(t *testing.T, test func(*testing.T, engine)) {
	for name, eng := range engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, eng)
		})
	}
}

func openPostgres(t *testing.T, db database) hermes.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), db.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store
}

func openSQLite(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// file is an SQLite database.
type file struct {
	path string
	db   *sql.DB
}

// newFile creates a file with the tables that Hermes creates in a new file.
func newFile(t *testing.T) database {
	t.Helper()
	f := &file{path: filepath.Join(t.TempDir(), "hermes.db")}
	if err := openSQLite(t, f.path).Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if f.db, err = sql.Open("sqlite", "file:"+f.path+"?_pragma=busy_timeout(10000)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.db.Close() })
	return f
}

func (f *file) URL() string { return "sqlite:" + f.path }

func (f *file) Exec(tb testing.TB, query string, args ...any) {
	tb.Helper()
	if _, err := f.db.Exec(query, args...); err != nil {
		tb.Fatal(err)
	}
}

// Query returns each value as text and NULL as "NULL".
func (f *file) Query(tb testing.TB, query string, args ...any) (all [][]string) {
	tb.Helper()
	rows, err := f.db.Query(query, args...)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		tb.Fatal(err)
	}
	for rows.Next() {
		values, pointers := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := rows.Scan(pointers...); err != nil {
			tb.Fatal(err)
		}
		all = append(all, texts(values))
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return all
}

// texts returns the values of a row as text.
func texts(values []sql.NullString) []string {
	row := make([]string, len(values))
	for i, v := range values {
		row[i] = v.String
		if !v.Valid {
			row[i] = "NULL"
		}
	}
	return row
}
