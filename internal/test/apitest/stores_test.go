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

// The memory store plays the scripts in hermes/api, which also writes them.
const scripts = "../../../hermes/api/testdata/golden"

func TestSQLite(t *testing.T) {
	apitest.Play(t, scripts, func(tb testing.TB) hermes.Store {
		store, err := sqlite.Open(tb.Context(), filepath.Join(tb.TempDir(), "hermes.db"), nil)
		return opened(tb, store, err)
	}, false)
}

// TestPostgreSQL empties one database for every script: that is much quicker than to make another.
func TestPostgreSQL(t *testing.T) {
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	store, err := postgres.Open(t.Context(), db.URL(), nil)
	opened(t, store, err)
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	apitest.Play(t, scripts, func(tb testing.TB) hermes.Store {
		for _, table := range db.Query(tb, `SELECT schemaname || '.' || tablename FROM pg_tables
			WHERE schemaname IN ('hermes', 'public') AND tablename NOT IN ('migrations', 'version')`) {
			db.Exec(tb, "DELETE FROM "+table[0])
		}
		return store
	}, false)
}

func opened[S interface {
	hermes.Store
	Close() error
}](tb testing.TB, store S, err error) S {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := store.Close(); err != nil {
			tb.Error(err)
		}
	})
	return store
}
