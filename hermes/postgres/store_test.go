package postgres_test

import (
	"database/sql"
	"flag"
	"os"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestMain makes the tests that compare stores try fewer sequences than they usually do, unless the
// flag is given: each takes longer here, and hermes/sqlite and internal/test/model try many.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "30"); err != nil {
		panic(err)
	}
	os.Exit(pgtest.Run(m))
}

// noFsync is for tests that do not depend on the data surviving a power cut.
var noFsync = pgtest.Options{NoFsync: true}

func TestStore(t *testing.T) {
	db := pgtest.New(t, noFsync)
	store := mustOpen(t, db, nil)
	session := db.Session(t)
	storetest.Run(t, func(t *testing.T) storetest.Fixture { return fixture(t, session, store) })
}

// TestNew runs the suite on another driver.
func TestNew(t *testing.T) {
	db := pgtest.New(t, noFsync)
	store := mustNew(t, mustOpenPgx(t, db))
	mustMigrate(t, store)
	session := db.Session(t)
	storetest.Run(t, func(t *testing.T) storetest.Fixture { return fixture(t, session, store) })
}

// fixture empties the database of the session, when the test before has left nothing to be written.
func fixture(t *testing.T, session *pgtest.Session, store *postgres.Store) storetest.Fixture {
	t.Helper()
	store.Flush()
	session.Clear(t)
	return storetest.Fixture{
		Store: store,
		Serve: func(t *testing.T, domains ...string) {
			for _, d := range domains {
				session.Exec(t, "INSERT INTO domain (domain) VALUES ($1)", d)
			}
		},
		Kamailio: &storetest.KamailioRows{
			AddSubscriber: func(t *testing.T, username, domain, password, ha1, ha1b string) {
				session.Exec(t, "INSERT INTO subscriber (username, domain, password, ha1, ha1b) VALUES ($1, $2, $3, $4, $5)", username, domain, password, ha1, ha1b)
			},
			RemoveSubscriber: func(t *testing.T, username, domain string) {
				session.Exec(t, "DELETE FROM subscriber WHERE username = $1 AND domain = $2", username, domain)
			},
			AddAlias: func(t *testing.T, aliasUsername, aliasDomain, username, domain string) {
				session.Exec(t, "INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ($1, $2, $3, $4)", aliasUsername, aliasDomain, username, domain)
			},
			AddGroup: func(t *testing.T, username, domain, name string) {
				session.Exec(t, "INSERT INTO grp (username, domain, grp) VALUES ($1, $2, $3)", username, domain, name)
			},
		},
	}
}

// mustOpen opens a store and migrates its schema.
func mustOpen(t *testing.T, db *pgtest.DB, opts *postgres.Options) *postgres.Store {
	t.Helper()
	store := mustOpenUnmigrated(t, db, opts)
	mustMigrate(t, store)
	return store
}

func mustOpenUnmigrated(t *testing.T, db *pgtest.DB, opts *postgres.Options) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), db.URL(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func mustMigrate(t *testing.T, store *postgres.Store) {
	t.Helper()
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func mustOpenPgx(t *testing.T, db *pgtest.DB) *sql.DB {
	t.Helper()
	pool, err := sql.Open("pgx", db.URL())
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	t.Cleanup(func() { pool.Close() })
	return pool
}

func mustNew(t *testing.T, db *sql.DB) *postgres.Store {
	t.Helper()
	store, err := postgres.New(t.Context(), db, nil)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func mustInTx(t *testing.T, tx *sql.Tx) *postgres.Store {
	t.Helper()
	store, err := postgres.InTx(t.Context(), tx, nil)
	if err != nil {
		t.Fatal(err)
	}
	return store
}
