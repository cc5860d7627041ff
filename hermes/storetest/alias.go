package storetest

import (
	"cmp"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func testAlias(t *testing.T, open openFunc) {
	t.Run("AddAlias", func(t *testing.T) { testAddAlias(t, open) })
	t.Run("RemoveAlias", func(t *testing.T) { testRemoveAlias(t, open) })
	t.Run("RemoveDestination", func(t *testing.T) { testRemoveDestination(t, open) })
	t.Run("AliasSite", func(t *testing.T) { testAliasSite(t, open) })
	t.Run("Aliases", func(t *testing.T) { testAliases(t, open) })
	t.Run("Aliases that are E.164 numbers", func(t *testing.T) { testNumberAliases(t, open) })
	t.Run("Aliases of a number", func(t *testing.T) { testAliasesOfNumber(t, open) })
	t.Run("NumberAliased", func(t *testing.T) { testNumberAliased(t, open) })
}

func testAddAlias(t *testing.T, open openFunc) {
	t.Run("an alias address exists once, whatever its destination, and the first alias stays", func(t *testing.T) {
		s := open(t).Store
		first := alias("sales@example.com", "alice@example.com")
		mustAddAlias(t, s, first)
		wantCause(t, addAlias(t.Context(), s, first), hermes.Exists)
		wantCause(t, addAlias(t.Context(), s, alias("sales@example.com", "bob@example.com")), hermes.Exists)
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
		wantCause(t, errorOf(s.RemoveAlias(t.Context(), lower.Alias)), hermes.NotFound)
		mustAddAlias(t, s, lower, upper)
		removed, err := s.RemoveAlias(t.Context(), lower.Alias)
		wantList(t, removed, err, []sip.Addr{lower.Destination})
		wantCause(t, errorOf(s.RemoveAlias(t.Context(), lower.Alias)), hermes.NotFound)
		wantAliases(t, s, toAlice, upper)
		mustAddAlias(t, s, alias("sales@example.com", "bob@example.com"))
		wantAliases(t, s, toAlice, upper)
	})
}

func testRemoveDestination(t *testing.T, open openFunc) {
	t.Run("an alias that leads elsewhere stays, and is NotFound", func(t *testing.T) {
		s := open(t).Store
		sales, other := alias("sales@example.com", "alice@example.com"), alias("other@example.com", "alice@example.com")
		mustAddAlias(t, s, sales, other)
		wantCause(t, s.RemoveDestination(t.Context(), alias("sales@example.com", "bob@example.com")), hermes.NotFound)
		must(t, s.RemoveDestination(t.Context(), sales))
		wantAliases(t, s, hermes.AliasQuery{Limit: 10}, other)
		wantCause(t, s.RemoveDestination(t.Context(), sales), hermes.NotFound)
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

func testNumberAliases(t *testing.T, open openFunc) {
	s := open(t).Store
	alice, bob := addr("alice@example.com"), addr("bob@example.com")
	toAlice := []hermes.Alias{
		alias("+10@example.com", "alice@example.com"), alias("+123456789012345@example.com", "alice@example.com"),
		alias("+4711@example.com", "alice@example.com"), alias("+4711@example.net", "alice@example.com"),
	}
	toBob := alias("+4712@example.com", "bob@example.com")
	mustAddAlias(t, s, toBob, toAlice[2], toAlice[0], toAlice[3], toAlice[1])
	for _, user := range []string{"+", "+1", "+0711", "+1234567890123456", "+4711x", "++4711", "4711", "a"} {
		mustAddAlias(t, s, alias(user+"@example.com", "alice@example.com"), alias("b"+user+"@example.com", "carol@example.com"))
	}
	tests := []struct {
		name  string
		query hermes.AliasQuery
		want  []hermes.Alias
	}{
		{"to a destination", hermes.AliasQuery{Destination: alice}, toAlice},
		{"to a destination, in pages", hermes.AliasQuery{Destination: alice, After: toAlice[0], Limit: 2}, toAlice[1:3]},
		{"to a destination with others only", hermes.AliasQuery{Destination: addr("carol@example.com")}, nil},
		{"to any destination", hermes.AliasQuery{}, append(slices.Clone(toAlice), toBob)},
		{"by alias, which is one", hermes.AliasQuery{Alias: toBob.Alias}, []hermes.Alias{toBob}},
		{"by alias, which is none", hermes.AliasQuery{Alias: addr("a@example.com")}, nil},
		{"by both", hermes.AliasQuery{Alias: toBob.Alias, Destination: bob}, []hermes.Alias{toBob}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.query.Numbers = true
			test.query.Limit = cmp.Or(test.query.Limit, 10)
			wantAliases(t, s, test.query, test.want...)
		})
	}
}

func testAliasesOfNumber(t *testing.T, open openFunc) {
	s := open(t).Store
	here, there := alias("+4711@example.com", "alice@example.com"), alias("+4711@example.net", "bob@example.com")
	mustAddAlias(t, s, there, alias("+47110@example.com", "alice@example.com"), here,
		alias("+471@example.com", "alice@example.com"), alias("4711@example.com", "alice@example.com"))
	wantAliases(t, s, hermes.AliasQuery{Number: number("+4711"), Limit: 10}, here, there)
	wantAliases(t, s, hermes.AliasQuery{Number: number("+4711"), Limit: 1}, here)
	wantAliases(t, s, hermes.AliasQuery{Number: number("+4711"), After: here, Limit: 1}, there)
	wantAliases(t, s, hermes.AliasQuery{Number: number("+4711"), After: there, Limit: 1})
	wantAliases(t, s, hermes.AliasQuery{Number: number("+4712"), Limit: 10})
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
		must(t, errorOf(s.RemoveAlias(t.Context(), addr("+4773500001@b.example"))))
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
		must(t, addAlias(t.Context(), s, a))
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
