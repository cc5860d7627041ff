package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

func TestStore(t *testing.T) { storetest.Run(t, fixture) }

func fixture(t *testing.T) storetest.Fixture {
	path := filepath.Join(t.TempDir(), "hermes.db")
	store := mustOpen(t, path, nil)
	other := newOtherTool(t, path)
	return storetest.Fixture{
		Store: store,
		Serve: func(t *testing.T, domains ...string) {
			for _, d := range domains {
				other(t, "INSERT INTO domain (domain) VALUES (?)", d)
			}
		},
		Kamailio: &storetest.KamailioRows{
			AddSubscriber: func(t *testing.T, username, domain, password, ha1, ha1b string) {
				other(t, "INSERT INTO subscriber (username, domain, password, ha1, ha1b) VALUES (?, ?, ?, ?, ?)", username, domain, password, ha1, ha1b)
			},
			RemoveSubscriber: func(t *testing.T, username, domain string) {
				other(t, "DELETE FROM subscriber WHERE username = ? AND domain = ?", username, domain)
			},
			AddAlias: func(t *testing.T, aliasUsername, aliasDomain, username, domain string) {
				other(t, "INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES (?, ?, ?, ?)", aliasUsername, aliasDomain, username, domain)
			},
			AddGroup: func(t *testing.T, username, domain, name string) {
				other(t, "INSERT INTO grp (username, domain, grp) VALUES (?, ?, ?)", username, domain, name)
			},
		},
	}
}

func mustOpen(t *testing.T, path string, opts *sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// newOtherTool returns a function that runs a statement on a connection of its own, as Kamailio
// and kamctl have.
func newOtherTool(t *testing.T, path string) func(t *testing.T, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return func(t *testing.T, query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
}
