package postgres_test

import (
	"path/filepath"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestStore_SameAsSQLite(t *testing.T) {
	storetest.Compare(t, postgresFixture(noFsync), sqliteFixture)
}

// TestStore_SameAsSQLiteWithICU compares the stores where the database sorts text by the rules of a
// language: keys have to compare byte-wise there too.
func TestStore_SameAsSQLiteWithICU(t *testing.T) {
	storetest.Compare(t, postgresFixture(pgtest.Options{NoFsync: true, ICULocale: "en-US"}), sqliteFixture)
}

func postgresFixture(opts pgtest.Options) func(t *testing.T) storetest.Fixture {
	return func(t *testing.T) storetest.Fixture {
		db := pgtest.New(t, opts)
		return fixture(t, db.Session(t), mustOpen(t, db, nil))
	}
}

func sqliteFixture(t *testing.T) storetest.Fixture {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "hermes.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return storetest.Fixture{Store: store, Serve: func(t *testing.T, domains ...string) {
		for _, d := range domains {
			if err := store.ServeDomains(t.Context(), []sip.Domain{sip.UncheckedDomain(d)}); err != nil {
				t.Fatal(err)
			}
		}
	}}
}
