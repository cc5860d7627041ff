package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestOpen_NewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hermes.db")
	store := mustOpen(t, path, &sqlite.Options{Domains: []sip.Domain{sip.MustParseDomain("a.example"), sip.MustParseDomain("b.example")}})
	if err := store.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	other := queryFunc(t, path)
	for _, row := range []struct{ query, want, why string }{
		{"PRAGMA journal_mode", "wal", "Kamailio waits for no lock in WAL mode only, and the mode is the file's"},
		{"SELECT count(*) FROM domain WHERE did = domain AND last_modified > '2020'", "2", "Options.Domains are in Kamailio's table"},
		{"SELECT group_concat(table_name || table_version, ' ') FROM version", "version1 subscriber7 dbaliases1 domain2 domain_attrs1 grp2",
			"Kamailio looks at the versions when it starts"},
	} {
		if got := other(row.query); len(got) != 1 || got[0] != row.want {
			t.Errorf("%s: %q, want %q: %s", row.query, got, row.want, row.why)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o007 != 0 {
		t.Errorf("mode %v, %v: want nothing for others", info.Mode(), err)
	}
}

func TestOpen_Again(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hermes.db")
	u := hermes.User{Address: sip.MustParse("alice@example.com"), Type: hermes.Local, DisplayName: "Alice"}
	first := mustOpen(t, path, &sqlite.Options{Domains: []sip.Domain{sip.MustParseDomain("example.com")}})
	if err := first.AddUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := mustOpen(t, path, &sqlite.Options{Domains: []sip.Domain{sip.MustParseDomain("example.com")}})
	if got, err := second.User(t.Context(), u.Address); err != nil || got != u {
		t.Errorf("%+v, %v; want %+v", got, err, u)
	}
	if domains, err := second.Domains(t.Context()); err != nil || len(domains) != 1 {
		t.Errorf("%v, %v; want the one domain", domains, err)
	}
}

// TestOpen_Concurrent opens a file that does not exist several times at once.
func TestOpen_Concurrent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hermes.db")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			store, err := sqlite.Open(t.Context(), path, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := queryFunc(t, path)("SELECT name FROM hermes_migrations ORDER BY name"); !slices.Equal(got, steps) {
		t.Errorf("steps %q, want %q", got, steps)
	}
}

func TestOpen_Paths(t *testing.T) {
	for _, name := range []string{"plain.db", "a b.db", "what?.db", "a#b.db", "100%.db", "%20.db", "a&mode=memory.db", "é.db", "quote'\".db"} {
		folder := t.TempDir()
		mustOpen(t, filepath.Join(folder, name), nil)
		entries, err := os.ReadDir(folder)
		if err != nil || len(entries) == 0 || entries[0].Name() != name {
			t.Errorf("%q: the folder has %v, %v", name, entries, err)
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), name) {
				t.Errorf("%q: a file %q beside it", name, e.Name())
			}
		}
	}
}

// TestOpen_RelativePath checks that a path is relative to the working folder, and that a colon in
// it does not make a scheme.
func TestOpen_RelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, path := range []string{"a:b.db", "./c.db"} {
		mustOpen(t, path, nil)
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%q: %v, %v; want the database there", path, info, err)
		}
	}
}

func TestOpen_Errors(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(t.TempDir(), "hermes.db")
	if err := os.Symlink(filepath.Join(t.TempDir(), "target"), dangling); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ path, why string }{
		{dangling, "a link to nothing"},
		{"", "no path"},
		{" ", "a blank path"},
		{":memory:", "a database in memory"},
		{":memory:?cache=shared", "the same with a parameter"},
		{"file::memory:", "a URI"},
		{filepath.Join(t.TempDir(), "none", "hermes.db"), "the folder does not exist"},
		{t.TempDir(), "a folder"},
		{text, "not a database"},
	} {
		store, err := sqlite.Open(t.Context(), row.path, nil)
		if err == nil || store != nil || !strings.Contains(err.Error(), row.path) {
			t.Errorf("%s: %v; want an error with the path", row.why, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "hermes.db"), nil); err == nil {
		t.Error("Open succeeded with a cancelled context")
	}
}

func TestStore_ServeDomains(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hermes.db")
	store := mustOpen(t, path, nil)
	newOtherTool(t, path)(t, "INSERT INTO domain (domain, did) VALUES ('Mixed.example', 'own')")
	for range 2 {
		err := store.ServeDomains(t.Context(), []sip.Domain{sip.MustParseDomain("mixed.example"), sip.MustParseDomain("new.example")})
		if err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]string{"Mixed.example own", "new.example new.example"}, queryFunc(t, path)("SELECT domain || ' ' || did FROM domain ORDER BY id")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestStore_Ready_Columns wants a store to refuse to work where Bob could be taken for bob.
func TestStore_Ready_Columns(t *testing.T) {
	for _, row := range []struct{ column, want string }{
		{"username VARCHAR(64) COLLATE NOCASE", "subscriber.username compares without regard to case or blanks"},
		{"username VARCHAR(64) COLLATE RTRIM", "subscriber.username compares without regard to case or blanks"},
		{"username VARCHAR(64) COLLATE BINARY", ""},
	} {
		path := filepath.Join(t.TempDir(), "hermes.db")
		mustOpen(t, path, nil)
		newOtherTool(t, path)(t, "DROP TABLE subscriber; CREATE TABLE subscriber (id INTEGER PRIMARY KEY, "+row.column+
			", domain VARCHAR(64), password VARCHAR(64), ha1 VARCHAR(128), ha1b VARCHAR(128), UNIQUE (username, domain))")
		store := mustOpen(t, path, nil)
		err := store.Ready(t.Context())
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.column, err, row.want)
		}
		bob := hermes.User{Address: sip.MustParse("bob@example.com"), Type: hermes.Local, HA1: "1", HA1B: "2"}
		if err := store.AddUser(t.Context(), bob); (err == nil) != (row.want == "") {
			t.Errorf("%s: AddUser returned %v", row.column, err)
		}
	}
}
