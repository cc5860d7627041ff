package audit_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// served are the domains that Kamailio serves.
func served() []sip.Domain {
	return []sip.Domain{sip.MustParseDomain("example.com"), sip.MustParseDomain("example.net")}
}

// onEachStore runs a test in parallel on an empty store of each kind.
func onEachStore(t *testing.T, test func(*testing.T, hermes.Store)) {
	for name, open := range map[string]func(*testing.T) hermes.Store{
		"memory":     func(*testing.T) hermes.Store { return memstore.New(served()...) },
		"SQLite":     openSQLite,
		"PostgreSQL": openPostgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func openSQLite(t *testing.T) hermes.Store {
	t.Helper()
	return openSQLiteFile(t, filepath.Join(t.TempDir(), "hermes.db"))
}

func openSQLiteFile(t *testing.T, path string) hermes.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	must(t, s.ServeDomains(t.Context(), served()))
	return s
}

func openPostgres(t *testing.T) hermes.Store {
	t.Helper()
	return openPostgresDB(t, pgtest.New(t, pgtest.Options{NoFsync: true}))
}

func openPostgresDB(t *testing.T, db *pgtest.DB) hermes.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), db.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	must(t, s.Migrate(t.Context()))
	must(t, s.ServeDomains(t.Context(), served()))
	return s
}

// newClient returns a Client over s that acts as the program itself. All Clients that it returns
// have the same secret key.
func newClient(t *testing.T, s hermes.Store) *hermes.Client {
	t.Helper()
	return newClientWithKey(t, s, "k")
}

// newClientWithKey returns a Client whose secret key is made of a letter.
func newClientWithKey(t *testing.T, s hermes.Store, letter string) *hermes.Client {
	t.Helper()
	key, err := hermes.NewSecretKey(strings.NewReader(strings.Repeat(letter, 32)))
	if err != nil {
		t.Fatal(err)
	}
	c, err := hermes.New(s, &hermes.Options{
		SecretKeys: []hermes.SecretKey{key}, FailedLoginTime: -1,
		Backends: []hermes.Backend{local.New(&local.Options{MemoryKiB: 64, Passes: 1})},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// office is where requests come from.
var office = netip.MustParseAddr("192.0.2.10")

// allEntries is the limit of a page with all entries.
const allEntries = 100_000

// entries returns all entries of a store, the oldest first.
func entries(t *testing.T, s hermes.Store) []hermes.AuditEntry {
	t.Helper()
	all, err := s.AuditEntries(t.Context(), hermes.AuditQuery{Limit: allEntries})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

// keyIDs matches the public ids of API keys, which are random.
var keyIDs = regexp.MustCompile("hek_[0-9A-Za-z]{10}")

// times matches a time, which depends on the clock.
var times = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT[0-9:.]+Z`)

// lines returns what an entry says was changed: the node and the subject, what else was touched,
// and each change.
func lines(t *testing.T, e hermes.AuditEntry) []string {
	t.Helper()
	all := []string{e.Node + " " + e.Subject}
	if e.Also != "" {
		all = append(all, "also "+strings.ReplaceAll(e.Also, "\n", " "))
	}
	changes, err := e.FieldChanges()
	if err != nil {
		t.Errorf("entry %s: %v", e.ID, err)
	}
	for _, f := range changes {
		line := strings.ReplaceAll(fmt.Sprintf("%s: %s > %s", f.Field, f.From, f.To), ":  >", ": >")
		if f.Of != "" {
			line = f.Of + " " + line
		}
		all = append(all, line)
	}
	for i := range all {
		all[i] = strings.TrimSpace(times.ReplaceAllString(keyIDs.ReplaceAllString(all[i], "KEY"), "TIME"))
	}
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
