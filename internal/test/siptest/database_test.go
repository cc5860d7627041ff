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

// database is where a test works past Hermes, as other tools do. Statements hold their values as literals.
type database interface {
	URL() string // as kamailiotest.Options takes it
	Exec(tb testing.TB, sql string, args ...any)
	Query(tb testing.TB, sql string, args ...any) [][]string
}

// An engine makes a database with Kamailio's tables, and opens it as Hermes' store.
type engine struct {
	own  string // what the names of Hermes' own tables begin with
	make func(*testing.T) database
	open func(*testing.T, database) hermes.Store
}

// engines are those that Kamailio reads.
func engines() map[string]engine {
	return map[string]engine{
		"PostgreSQL": {
			"hermes.",
			func(t *testing.T) database { return pgtest.New(t, pgtest.Options{NoFsync: true}) },
			openPostgres,
		},
		"SQLite": {
			"hermes_",
			newFile,
			func(t *testing.T, db database) hermes.Store { return openSQLite(t, db.(*file).path) },
		},
	}
}

// onEach runs a test on each engine.
func onEach(t *testing.T, test func(*testing.T, engine)) {
	for name, e := range engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, e)
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

// file is an embedded database.
type file struct {
	path string
	db   *sql.DB
}

// newFile has the tables that Hermes itself makes in a new file.
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
func (f *file) Query(tb testing.TB, query string, args ...any) (out [][]string) {
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
		values, to := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			tb.Fatal(err)
		}
		out = append(out, texts(values))
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return out
}

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
