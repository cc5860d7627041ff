package apitest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// The tests of hermes/api run the same scripts over the memory store, and check their coverage.
const scripts = "../../../hermes/api/testdata/golden"

func TestRun_SQLite(t *testing.T) {
	apitest.Run(t, scripts, func(t *testing.T) apitest.Fixture {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "hermes.db")
		store, err := sqlite.Open(t.Context(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		return apitest.Fixture{Store: store, Dump: func(t *testing.T) string { return dumpSQLite(t, path) }}
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
	session := db.Session(t)
	dump := dumpPostgreSQL(t, session)
	apitest.Run(t, scripts, func(t *testing.T) apitest.Fixture {
		store.Flush()
		session.Clear(t)
		return apitest.Fixture{Store: store, Dump: dump}
	})
}
