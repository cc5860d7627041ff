package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func testScope(t *testing.T, open openFunc) {
	t.Run("Users", func(t *testing.T) { testScopedUsers(t, open) })
	t.Run("Phones", func(t *testing.T) { testScopedPhones(t, open) })
	t.Run("Aliases", func(t *testing.T) { testScopedAliases(t, open) })
	t.Run("Numbers", func(t *testing.T) { testScopedNumbers(t, open) })
	t.Run("SampleNumbers", func(t *testing.T) { testScopedSample(t, open) })
	t.Run("TakeNumber", func(t *testing.T) { testScopedTake(t, open) })
	t.Run("AssignAny", func(t *testing.T) { testScopedAssign(t, open) })
}

// scopes have one, several and no domains that the records of these tests are in.
var scopes = []hermes.Scope{
	{Domains: "a.example"},
	{Domains: "b.example"},
	{Domains: "a.example,b.example,none.example"},
	{Domains: "a.example,b.example,c.example,d.example"},
	{Domains: "none.example"},
	{Domains: "ka.example"},
	{Nodes: "user/*"},
	{},
}

// scopedDomains are domains whose rows must be told apart. Some are spelled as other tools write
// them, and one has a Kelvin sign, which is no k.
var scopedDomains = []string{
	"a.example", "A.EXAMPLE", "A.example", "b.example", "c.example", "xa.example", "a.example.net", "a.exampl", "a_example",
	"d.example", "\u212Aa.example", "Ka.example",
}

// readPages reads a list by pages of a length.
func readPages[T any](t *testing.T, limit int, read func(after T, limit int) ([]T, error)) (all []T) {
	t.Helper()
	var after T
	for {
		page, err := read(after, limit)
		must(t, err)
		all = append(all, page...)
		if len(page) > limit || len(all) > 10_000 {
			t.Fatalf("got %d entries in a page of %d, and %d in all", len(page), limit, len(all))
		}
		if len(page) < limit {
			return all
		}
		after = page[limit-1]
	}
}

// wantPages checks a list that is read by pages of several lengths.
func wantPages[T comparable](t *testing.T, want []T, read func(after T, limit int) ([]T, error)) {
	t.Helper()
	n := len(want)
	// The last one may be read in another way.
	for _, limit := range []int{1, 2, 3, 5, n - 1, n, n + 1, 5000} {
		if limit > 0 {
			wantList(t, readPages(t, limit, read), nil, want)
		}
	}
}

func testScopedUsers(t *testing.T, open openFunc) {
	t.Run("users of the domains in any case are listed and found, and no others, on pages of any length", func(t *testing.T) {
		s := open(t).Store
		wantScopedUsers(t, s, addScopedUsers(t, s))
	})
	t.Run("of many domains, pages of every length join to the whole list", func(t *testing.T) {
		s := open(t).Store
		var names []string
		var want []hermes.UserEntry
		for i := range 24 {
			u := namedUser(fmt.Sprintf("u%02d@m%d.example", i/3, i*i%8), "")
			if i%3 == 2 {
				u = namedUser(fmt.Sprintf("u%02d@other.example", i/3), "")
			}
			mustAddUser(t, s, u)
			if d := u.Address.Domain().String(); d != "other.example" {
				names, want = append(names, d), append(want, hermes.UserEntry{User: u.Address})
			}
		}
		slices.Sort(names)
		scope := hermes.Scope{Domains: strings.Join(slices.Compact(names), ",")}
		slices.SortFunc(want, func(a, b hermes.UserEntry) int { return a.User.Compare(b.User) })
		for limit := range len(want) + 1 {
			got := readPages(t, limit+1, func(after hermes.UserEntry, limit int) ([]hermes.UserEntry, error) {
				return s.Users(t.Context(), hermes.UserQuery{Scope: scope, After: after.User, Limit: limit})
			})
			wantList(t, got, nil, want)
		}
	})
}

// addScopedUsers adds users of the scopedDomains with the same user names, and returns their
// entries in order.
func addScopedUsers(t *testing.T, s hermes.Store) (all []hermes.UserEntry) {
	t.Helper()
	for i, d := range scopedDomains {
		for j, user := range []string{"u1", "ålice"} {
			u := minimalUser("x@example.com")
			u.Address = sip.Unchecked(user, d)
			if u.DisplayName = []string{"", "Ørn 1", "x"}[(i+j)%3]; i%4 == 3 {
				u.Type, u.HA1, u.HA1B = hermes.Remote, "", ""
			}
			mustAddUser(t, s, u)
			all = append(all, hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName})
		}
	}
	slices.SortFunc(all, func(a, b hermes.UserEntry) int { return a.User.Compare(b.User) })
	return all
}

// wantScopedUsers checks that of all users those within a scope are found, with and without a
// search.
func wantScopedUsers(t *testing.T, s hermes.Store, all []hermes.UserEntry) {
	t.Helper()
	for _, scope := range scopes {
		for _, text := range []string{"", "u*", "u1", "*2@*", "a.example", "*.example", "ørn*", "å", "Ålice@A*", "unknown"} {
			match := pattern(text)
			want := filter(all, func(e hermes.UserEntry) bool {
				return scope.HasDomain(e.User.Domain()) && (match.Match(e.User.String()) || match.Match(e.DisplayName))
			})
			wantPages(t, want, func(after hermes.UserEntry, limit int) ([]hermes.UserEntry, error) {
				return s.Users(t.Context(), hermes.UserQuery{Match: match, Scope: scope, After: after.User, Limit: limit})
			})
		}
	}
}

func testScopedPhones(t *testing.T, open openFunc) {
	t.Run("phones that have a user of the domains are listed once, on pages of any length", func(t *testing.T) {
		s := open(t).Store
		users := map[mac.Addr][]sip.Addr{}
		var all []mac.Addr
		for i := range 60 {
			// A third has users of two domains, and a third two users of one.
			m := macAddr(fmt.Sprintf("%012x", i/3*7+i%2))
			a := sip.Unchecked(fmt.Sprintf("u%d", i), scopedDomains[(i-i%3%2)%len(scopedDomains)])
			mustAddPhone(t, s, hermes.Phone{MAC: m, User: a, Line: 1 + len(users[m])})
			if users[m] == nil {
				all = append(all, m)
			}
			users[m] = append(users[m], a)
		}
		slices.SortFunc(all, mac.Addr.Compare)
		for _, scope := range scopes {
			for _, text := range []string{"", "0000*", "*1*", "00000000002?", "ff"} {
				want := filter(all, func(m mac.Addr) bool {
					return pattern(text).Match(m.String()) &&
						slices.ContainsFunc(users[m], func(a sip.Addr) bool { return scope.HasDomain(a.Domain()) })
				})
				wantPages(t, want, func(after mac.Addr, limit int) ([]mac.Addr, error) {
					return s.Phones(t.Context(), hermes.PhoneQuery{Match: pattern(text), Scope: scope, After: after, Limit: limit})
				})
			}
		}
	})
}

func testScopedAliases(t *testing.T, open openFunc) {
	t.Run("an alias is listed if both ends are within the scope, or the destination is not served", func(t *testing.T) {
		f := open(t)
		f.Serve(t, "A.example", "b.example", "C.EXAMPLE", "xa.example")
		s := f.Store
		within := []hermes.Alias{
			alias("+4711@a.example", "u1@a.example"),
			alias("sales@a.example", "u1@a.example"),
			{Alias: sip.Unchecked("x", "A.EXAMPLE"), Destination: sip.Unchecked("u1", "A.Example")},
			alias("out@a.example", "u1@far.example"),    // that domain is not served
			alias("+4712@a.example", "+47@far.example"), // nor this
			{Alias: addr("malformed@a.example"), Destination: sip.Unchecked("u1", "exa_mple")},
		}
		mustAddAlias(t, s, within...)
		mustAddAlias(t, s,
			alias("other@a.example", "u1@b.example"),     // leads to another tenant
			alias("more@a.example", "u1@more.example"),   // leads to a domain of AliasQuery.Served
			alias("other@b.example", "u1@a.example"),     // is another tenant's
			alias("+4611@a.example", "u1@a.example"),     // has a number of another
			alias("a.example@c.example", "u1@c.example"), // neither end
			alias("u@xa.example", "u1@xa.example"),       // the end of its name is that of the scope's
			alias("+4711@far.example", "u1@far.example"), // is in a domain that is not served
			hermes.Alias{Alias: sip.Unchecked("y", "A.example"), Destination: sip.Unchecked("u1", "C.Example")})
		slices.SortFunc(within, compareAliases)
		scope := hermes.Scope{Domains: "a.example", Numbers: "+471,+472"}
		wantPages(t, within, func(after hermes.Alias, limit int) ([]hermes.Alias, error) {
			return s.Aliases(t.Context(), hermes.AliasQuery{Scope: scope, Served: "d.example,more.example", After: after, Limit: limit})
		})
	})
	t.Run("every filter is narrowed to the scope, on pages of any length", func(t *testing.T) {
		f := open(t)
		f.Serve(t, "a.example", "b.example", "c.example")
		wantScopedAliases(t, f.Store, addScopedAliases(t, f.Store))
	})
}

// addScopedAliases adds aliases of the scopedDomains that lead to one of two users, and returns
// them in order.
func addScopedAliases(t *testing.T, s hermes.Store) (all []hermes.Alias) {
	t.Helper()
	for i, d := range scopedDomains {
		for j, user := range []string{"+4711", "+4612", "+0711", "sales"} {
			a := hermes.Alias{
				Alias:       sip.Unchecked(user, d),
				Destination: sip.Unchecked("u1", []string{"a.example", "b.example", "A.Example", "far.example"}[(i+j)%4]),
			}
			mustAddAlias(t, s, a)
			all = append(all, a)
		}
	}
	slices.SortFunc(all, compareAliases)
	return all
}

// wantScopedAliases checks that of all aliases those within a scope are found, with and without a
// filter. a.example, b.example and c.example are served.
func wantScopedAliases(t *testing.T, s hermes.Store, all []hermes.Alias) {
	t.Helper()
	served := hermes.Scope{Domains: "a.example,b.example,c.example,d.example"}
	for _, scope := range append(scopes, hermes.Scope{Numbers: "+471"}, hermes.Scope{Numbers: "+46,+48"}, hermes.Scope{Domains: "b.example", Numbers: "+47"}) {
		for _, q := range []hermes.AliasQuery{
			{},
			{Numbers: true},
			{Alias: addr("+4711@a.example")},
			{Alias: addr("sales@b.example")},
			{Destination: addr("u1@a.example")},
			{Destination: addr("u1@a.example"), AnyCase: true},
			{Destination: addr("u1@b.example"), Numbers: true},
			{Destination: addr("u1@far.example")},
			{Alias: addr("+4711@a.example"), Destination: addr("u1@a.example")},
			{Number: number("+4711")},
		} {
			want := filter(all, func(a hermes.Alias) bool {
				d := a.Destination.Domain()
				return scope.HasAlias(a.Alias) && (scope.HasDomain(d) || !served.HasDomain(d)) && matchesAlias(q, a)
			})
			wantPages(t, want, func(after hermes.Alias, limit int) ([]hermes.Alias, error) {
				q := q
				q.Scope, q.Served, q.After, q.Limit = scope, "d.example", after, limit
				return s.Aliases(t.Context(), q)
			})
		}
	}
}

// matchesAlias reports whether the filters of q find an alias, apart from its scope.
func matchesAlias(q hermes.AliasQuery, a hermes.Alias) bool {
	destination := a.Destination
	if q.AnyCase {
		destination = sip.Unchecked(destination.User(), strings.ToLower(destination.Domain().String()))
	}
	n, err := e164.Parse(a.Alias.User())
	return (q.Number.IsZero() || q.Number == n) && (!q.Numbers || err == nil) && (q.Alias.IsZero() || q.Alias == a.Alias) &&
		(q.Destination.IsZero() || q.Destination == destination)
}

// testKamailioScope tests rows of other tools.
func testKamailioScope(t *testing.T, open openFunc) {
	t.Run("users of either table only", func(t *testing.T) {
		f := open(t)
		all := addScopedUsers(t, f.Store)
		for i, e := range all {
			if i%3 == 0 && e.DisplayName == "" {
				f.Kamailio.RemoveSubscriber(t, e.User.User(), e.User.Domain().String())
			}
		}
		for _, d := range append(scopedDomains, "B.Example") {
			e := hermes.UserEntry{User: sip.Unchecked("kamctl", d)}
			addSubscriber(t, f, hermes.User{Address: e.User})
			all = append(all, e)
		}
		slices.SortFunc(all, func(a, b hermes.UserEntry) int { return a.User.Compare(b.User) })
		wantScopedUsers(t, f.Store, all)
	})
	t.Run("equal rows are one alias", func(t *testing.T) {
		f := open(t)
		f.Serve(t, "a.example", "b.example", "c.example")
		all := addScopedAliases(t, f.Store)
		for i, a := range all {
			for range i % 4 {
				addAliasRow(t, f, a)
			}
		}
		wantScopedAliases(t, f.Store, all)
	})
}
