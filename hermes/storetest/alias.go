package storetest

import (
	"cmp"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testAlias(t *testing.T, open openFunc) {
	t.Run("AddAlias", func(t *testing.T) { testAddAlias(t, open) })
	t.Run("RemoveAlias", func(t *testing.T) { testRemoveAlias(t, open) })
	t.Run("AliasSite", func(t *testing.T) { testAliasSite(t, open) })
	t.Run("Aliases", func(t *testing.T) { testAliases(t, open) })
	t.Run("NumberAliased", func(t *testing.T) { testNumberAliased(t, open) })
}

func testAddAlias(t *testing.T, open openFunc) {
	t.Run("an alias address exists once, whatever its destination, and the first alias stays", func(t *testing.T) {
		s := open(t).Store
		first := alias("sales@example.com", "alice@example.com")
		mustAddAlias(t, s, first)
		wantCause(t, s.AddAlias(t.Context(), first), hermes.Exists)
		wantCause(t, s.AddAlias(t.Context(), alias("sales@example.com", "bob@example.com")), hermes.Exists)
		mustAddAlias(t, s, alias("Sales@example.com", "bob@example.com"), alias("sales@example.net", "bob@example.com"))
		wantAliases(t, s, hermes.AliasQuery{Alias: first.Alias, Limit: 10}, first)
	})
	t.Run("whether a user has either address does not matter", func(t *testing.T) {
		s := open(t).Store
		mustAddUser(t, s, localUser("alice@example.com"))
		mustAddAlias(t, s, alias("alice@example.com", "missing@example.com"))
	})
}

func testRemoveAlias(t *testing.T, open openFunc) {
	t.Run("the address is free again, no other alias changes, and a missing one is NotFound", func(t *testing.T) {
		s := open(t).Store
		lower, upper := alias("sales@example.com", "alice@example.com"), alias("Sales@example.com", "alice@example.com")
		toAlice := hermes.AliasQuery{Destination: lower.Destination, Limit: 10}
		wantCause(t, s.RemoveAlias(t.Context(), lower.Alias), hermes.NotFound)
		mustAddAlias(t, s, lower, upper)
		must(t, s.RemoveAlias(t.Context(), lower.Alias))
		wantCause(t, s.RemoveAlias(t.Context(), lower.Alias), hermes.NotFound)
		wantAliases(t, s, toAlice, upper)
		mustAddAlias(t, s, alias("sales@example.com", "bob@example.com"))
		wantAliases(t, s, toAlice, upper)
	})
}

func testAliases(t *testing.T, open openFunc) {
	a := alias("a@example.com", "alice@example.com")
	b := alias("b@example.com", "bob@example.com")
	c := alias("c@example.com", "alice@example.com")
	tests := []struct {
		name  string
		query hermes.AliasQuery
		want  []hermes.Alias
	}{
		{"without a filter all are listed", hermes.AliasQuery{}, []hermes.Alias{a, b, c}},
		{"by alias", hermes.AliasQuery{Alias: b.Alias}, []hermes.Alias{b}},
		{"by destination", hermes.AliasQuery{Destination: a.Destination}, []hermes.Alias{a, c}},
		{"by both", hermes.AliasQuery{Alias: c.Alias, Destination: a.Destination}, []hermes.Alias{c}},
		{"by both, which no alias has", hermes.AliasQuery{Alias: b.Alias, Destination: a.Destination}, nil},
		{"by alias in another case", hermes.AliasQuery{Alias: addr("B@example.com")}, nil},
		{"an alias address is no destination", hermes.AliasQuery{Destination: a.Alias}, nil},
	}
	s := open(t).Store
	mustAddAlias(t, s, c, a, b)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.query.Limit = 10
			wantAliases(t, s, test.query, test.want...)
		})
	}
}

func testNumberAliased(t *testing.T, open openFunc) {
	t.Run("a number is aliased if it is the whole user part of an alias, in any domain", func(t *testing.T) {
		s := open(t).Store
		mustAddAlias(t, s, alias("+4773500001@b.example", "alice@example.com"),
			alias("+47735000020@example.com", "alice@example.com"), alias("x@example.com", "+4773500003@example.com"))
		wantNumberAliased(t, s, "+4773500001", true)
		wantNumberAliased(t, s, "+47735000020", true)
		wantNumberAliased(t, s, "+4773500002", false)
		wantNumberAliased(t, s, "+4773500003", false)
		wantNumberAliased(t, s, "+477350000", false)
		must(t, s.RemoveAlias(t.Context(), addr("+4773500001@b.example")))
		wantNumberAliased(t, s, "+4773500001", false)
	})
}

func alias(from, to string) hermes.Alias {
	return hermes.Alias{Alias: addr(from), Destination: addr(to)}
}

// compareAliases orders aliases as [hermes.AliasStore] promises.
func compareAliases(a, b hermes.Alias) int {
	return cmp.Or(a.Alias.Compare(b.Alias), a.Destination.Compare(b.Destination))
}

func mustAddAlias(t *testing.T, s hermes.Store, aliases ...hermes.Alias) {
	t.Helper()
	for _, a := range aliases {
		must(t, s.AddAlias(t.Context(), a))
	}
}

func wantAliases(t *testing.T, s hermes.Store, q hermes.AliasQuery, want ...hermes.Alias) {
	t.Helper()
	got, err := s.Aliases(t.Context(), q)
	wantList(t, got, err, want)
}

func wantNumberAliased(t *testing.T, s hermes.Store, text string, want bool) {
	t.Helper()
	got, err := s.NumberAliased(t.Context(), number(text))
	must(t, err)
	if got != want {
		t.Fatalf("%s: aliased: %t, want %t", text, got, want)
	}
}
