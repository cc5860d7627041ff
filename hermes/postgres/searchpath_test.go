package postgres_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestStore_SearchPath calls every method of the store where another role has made functions and
// operators in public. None of them may run, whoever opened the connection.
func TestStore_SearchPath(t *testing.T) {
	for _, row := range []struct {
		name string
		open func(t *testing.T, db *pgtest.DB) *postgres.Store
	}{
		{"Open", func(t *testing.T, db *pgtest.DB) *postgres.Store { return mustOpen(t, db, nil) }},
		{"New", func(t *testing.T, db *pgtest.DB) *postgres.Store {
			store := mustNew(t, mustOpenPgx(t, db))
			mustMigrate(t, store)
			return store
		}},
		{"InTx with pgx", func(t *testing.T, db *pgtest.DB) *postgres.Store { return mustInHostTx(t, db, "pgx") }},
		{"InTx with pgdriver", func(t *testing.T, db *pgtest.DB) *postgres.Store { return mustInHostTx(t, db, "pgdriver") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			db := pgtest.New(t, noFsync)
			db.Exec(t, "ALTER TABLE subscriber ADD email_address varchar(128), ADD rpid varchar(128)")
			db.ShadowBuiltins(t)
			store := row.open(t, db)
			mustWriteAll(t, store)
			v := newValues(t, "shadowed", 2)
			mustWrite(t, store, v)
			mustRead(t, store, v)
			mustRemove(t, store, v)
			if err := store.Ready(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// mustInHostTx returns a store in a transaction of a host whose search_path is the default one.
func mustInHostTx(t *testing.T, db *pgtest.DB, driver string) *postgres.Store {
	t.Helper()
	mustOpen(t, db, nil)
	pool := drivers[driver](t, db)
	tx, err := pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	if _, err := tx.Exec("SET search_path = public"); err != nil {
		t.Fatal(err)
	}
	return mustInTx(t, tx)
}

// TestNew_SearchPath wants a host's path to be refused in which other schemas are before
// pg_catalog.
func TestNew_SearchPath(t *testing.T) {
	db := pgtest.New(t, noFsync)
	for _, row := range []struct{ why, path, want string }{
		{"PostgreSQL's default", `"$user", public`, ""},
		{"nothing", `''`, ""},
		{"pg_catalog is first", "pg_catalog, public", ""},
		{"pg_catalog is last", "public, pg_catalog", `"public" before pg_catalog`},
	} {
		pool := mustOpenPgx(t, db)
		pool.SetMaxOpenConns(1)
		if _, err := pool.Exec("CREATE TEMP TABLE t (x text); SET search_path = " + row.path); err != nil {
			t.Fatal(err)
		}
		_, err := postgres.New(t.Context(), pool, nil)
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.why, err, row.want)
		}
	}
}

// TestInTx_SearchPath wants the host's search_path to be the host's again after each change.
func TestInTx_SearchPath(t *testing.T) {
	for driver := range drivers {
		t.Run(driver, func(t *testing.T) {
			g := newHostStore(t, driver)
			setPath(t, g.tx, "public, hermes")
			want := func(why, want string) {
				t.Helper()
				var got string
				if err := g.tx.QueryRow("SHOW search_path").Scan(&got); err != nil || got != want {
					t.Errorf("search_path %q after %s, %v; want %q", got, why, err, want)
				}
			}
			if err := g.AddUser(t.Context(), local("alice@example.com")); err != nil {
				t.Fatal(err)
			}
			want("a change", "public, hermes")
			if err := g.AddUser(t.Context(), local("alice@example.com")); err == nil {
				t.Error("the same user was added twice")
			}
			want("a change that was refused", "public, hermes")
			setPath(t, g.tx, "hermes, public")
			if err := g.AddUser(t.Context(), local("bob@example.com")); err != nil {
				t.Fatal(err)
			}
			want("a change under another path", "hermes, public")
		})
	}
}

func setPath(t *testing.T, tx *sql.Tx, path string) {
	t.Helper()
	if _, err := tx.Exec("SET LOCAL search_path = " + path); err != nil {
		t.Fatal(err)
	}
}
