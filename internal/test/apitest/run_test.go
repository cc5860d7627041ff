package apitest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// The tests of hermes/api run the same scripts over the memory store, and check their coverage.
const scripts = "../../../hermes/api/testdata/golden"

func TestRun_SQLite(t *testing.T) {
	apitest.Run(t, scripts, func(t *testing.T) hermes.Store {
		t.Parallel()
		store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "hermes.db"), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		return store
	})
}

// TestRun_PostgreSQL empties one database for each script, which is much faster than creating
// databases.
func TestRun_PostgreSQL(t *testing.T) {
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	store, err := postgres.Open(t.Context(), db.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	apitest.Run(t, scripts, func(t *testing.T) hermes.Store {
		for _, table := range db.Query(t, `SELECT schemaname || '.' || tablename FROM pg_tables
			WHERE schemaname IN ('hermes', 'public') AND tablename NOT IN ('migrations', 'version')`) {
			db.Exec(t, "DELETE FROM "+table[0])
		}
		return store
	})
}
