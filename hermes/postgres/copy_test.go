package postgres_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestStore_LongPages compares long pages, which are copied, with short ones, after each of the
// entries. Other tools wrote the rows.
func TestStore_LongPages(t *testing.T) {
	db := pgtest.New(t, noFsync)
	store := mustOpen(t, db, nil)
	for _, name := range []string{"", "\t", "\n", "\r\n", "\b\f\v", `\`, `\N`, `\.`, `\t`, "'", "''", "$1", "?1", "--", "/*", "ø", "😀", "\x01", "a"} {
		db.Exec(t, "INSERT INTO subscriber (username, domain) VALUES ($1, 'example.com')", name)
		db.Exec(t, "INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ($1, 'example.com', $1, $1)", name)
		db.Exec(t, `INSERT INTO hermes.users VALUES ($1, 'x', 'remote', '', '', '', 0, '', 0, '', 'name ' || $1, 'name ' || $1, '', '', '', '')`, name)
	}
	name := mustPattern(t, "name*")
	for _, match := range []hermes.Pattern{{}, name} {
		users := func(after sip.Addr, limit int) []hermes.UserEntry {
			page, err := store.Users(t.Context(), hermes.UserQuery{Match: match, After: after, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			return page
		}
		for _, u := range append(users(sip.Addr{}, 100), hermes.UserEntry{}) {
			if d := cmp.Diff(users(u.User, 100), users(u.User, 2000), cmp.Comparer(sameUser)); d != "" {
				t.Errorf("users after %q (-short +long):\n%s", u.User, d)
			}
		}
	}
	aliases := func(after hermes.Alias, limit int) []hermes.Alias {
		page, err := store.Aliases(t.Context(), hermes.AliasQuery{After: after, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	for _, a := range append(aliases(hermes.Alias{}, 100), hermes.Alias{}) {
		if d := cmp.Diff(aliases(a, 100), aliases(a, 2000), cmp.Comparer(sameAddr)); d != "" {
			t.Errorf("aliases after %q (-short +long):\n%s", a, d)
		}
	}
}

func sameUser(a, b hermes.UserEntry) bool { return a == b }

func sameAddr(a, b sip.Addr) bool { return a == b }
