package postgres_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

// namesInOrder are sorted byte-wise, which differs from the order of a dictionary.
var namesInOrder = []string{"+4799", "-x", "0a", "A", "B", "Z", "_a", "a", "a-b", "aB", "ab", "b", "z", "~"}

// TestStore_Order pages one by one through rows of other tools, in databases that compare text in
// different ways.
func TestStore_Order(t *testing.T) {
	for _, row := range []struct{ why, icu, alter string }{
		{"the database compares byte-wise, and Kamailio's indexes serve", "", ""},
		{"the database compares by the rules of a language", "en-US", ""},
		{"a column has a collation of its own", "", `ALTER TABLE subscriber ALTER username TYPE varchar(64) COLLATE "und-x-icu";
			ALTER TABLE dbaliases ALTER alias_username TYPE varchar(64) COLLATE "und-x-icu"`},
	} {
		db := pgtest.New(t, pgtest.Options{NoFsync: true, ICULocale: row.icu})
		db.Exec(t, row.alter)
		store := mustOpen(t, db, nil)
		for _, name := range namesInOrder {
			db.Exec(t, "INSERT INTO subscriber (username, domain) VALUES ($1, 'example.com')", name)
			db.Exec(t, "INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ($1, 'example.com', 'x', 'example.com')", name)
			db.Exec(t, "INSERT INTO grp (username, domain, grp) VALUES ('x', 'example.com', $1)", name)
		}
		groups, err := store.Groups(t.Context(), sip.MustParse("x@example.com"))
		if err != nil {
			t.Fatal(err)
		}
		for what, got := range map[string][]string{"users": userNames(t, store), "aliases": aliasNames(t, store), "groups": groups} {
			if d := cmp.Diff(namesInOrder, got); d != "" {
				t.Errorf("%s where %s (-want +got):\n%s", what, row.why, d)
			}
		}
	}
}

func userNames(t *testing.T, store hermes.Store) (names []string) {
	q := hermes.UserQuery{Limit: 1}
	for {
		page, err := store.Users(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 || len(names) > 2*len(namesInOrder) {
			return names
		}
		q.After = page[0].User
		names = append(names, q.After.User())
	}
}

func aliasNames(t *testing.T, store hermes.Store) (names []string) {
	q := hermes.AliasQuery{Limit: 1}
	for {
		page, err := store.Aliases(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 || len(names) > 2*len(namesInOrder) {
			return names
		}
		q.After = page[0]
		names = append(names, q.After.Alias.User())
	}
}

func TestNamesInOrder(t *testing.T) {
	if !slices.IsSorted(namesInOrder) {
		t.Error("the test's own names are not in order")
	}
}
