package storetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// testKamailio tests rows that other tools wrote into the tables that a store shares with Kamailio.
func testKamailio(t *testing.T, open openFunc) {
	t.Run("users", func(t *testing.T) { testKamailioUsers(t, open) })
	t.Run("AddLocalUser", func(t *testing.T) { testKamailioAddLocalUser(t, open) })
	t.Run("RemoveUser", func(t *testing.T) { testKamailioRemoveUser(t, open) })
	t.Run("provisioning", func(t *testing.T) { testKamailioProvisioning(t, open) })
	t.Run("AliasSite", func(t *testing.T) { testKamailioAliasSite(t, open) })
	t.Run("numbers of aliases", func(t *testing.T) { testKamailioNumbers(t, open) })
	t.Run("removed users", func(t *testing.T) { testRemovedSubscriber(t, open) })
	t.Run("user list", func(t *testing.T) { testKamailioUserList(t, open) })
	t.Run("user search", func(t *testing.T) { testKamailioUserSearch(t, open(t)) })
	t.Run("user search in every case", func(t *testing.T) { testKamailioUserSearchCase(t, open(t)) })
	t.Run("RenameUser", func(t *testing.T) { testKamailioRename(t, open) })
	t.Run("Provisioning", func(t *testing.T) { testKamailioPhoneProvisioning(t, open) })
	t.Run("groups", func(t *testing.T) { testKamailioGroups(t, open) })
	t.Run("aliases", func(t *testing.T) { testKamailioAliases(t, open) })
	t.Run("alias list", func(t *testing.T) { testKamailioAliasList(t, open) })
	t.Run("scope", func(t *testing.T) { testKamailioScope(t, open) })
	t.Run("conflicts in any case", func(t *testing.T) { testKamailioConflicts(t, open) })
}

// invalidAddrs are addresses that other tools write and that the validators reject.
var invalidAddrs = []sip.Addr{
	sip.Unchecked("", "example.com"),
	sip.Unchecked("Bob Smith", "example.com"),
	sip.Unchecked("a'b\"c\\d;--", "Example.COM"),
	sip.Unchecked("bob", ""),
	sip.Unchecked("bob", "EXAMPLE.COM"),
	sip.Unchecked("ålice%_!", "exa_mple"),
	sip.Unchecked(strings.Repeat("x", 64), strings.Repeat("Y", 64)),
}

// kamctlUser returns the user that a store makes of a subscriber row of kamctl.
func kamctlUser(address string) hermes.User {
	return hermes.User{
		Address: addr(address), Type: hermes.Local,
		HA1: "93dfce8dfebfae8af4a726982429d23a", HA1B: "5f3b4d392d62686136b6dcfbeec41c21", Clear: "wonder'land ø",
	}
}

// addSubscriber adds the row in subscriber of a local user.
func addSubscriber(t *testing.T, f Fixture, u hermes.User) {
	t.Helper()
	f.Kamailio.AddSubscriber(t, u.Address.User(), u.Address.Domain().String(), u.Clear, u.HA1, u.HA1B)
}

// addAliasRow adds a row to dbaliases.
func addAliasRow(t *testing.T, f Fixture, a hermes.Alias) {
	t.Helper()
	f.Kamailio.AddAlias(t, a.Alias.User(), a.Alias.Domain().String(),
		a.Destination.User(), a.Destination.Domain().String())
}

// testKamailioUserSearch searches among users of which most are in Kamailio's table only.
func testKamailioUserSearch(t *testing.T, f Fixture) {
	testPatternBeginnings(t, f.Store, func(i int, a string) hermes.UserEntry {
		if i%5 == 0 {
			u := remoteUser(a)
			mustAddUser(t, f.Store, u)
			return hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName}
		}
		addSubscriber(t, f, kamctlUser(a))
		return hermes.UserEntry{User: addr(a)}
	})
}

// testKamailioUserSearchCase searches for letters that SQL's lower() does not fold, or folds by the
// locale, in addresses that Kamailio's table and Hermes' own have.
func testKamailioUserSearchCase(t *testing.T, f Fixture) {
	var all []hermes.UserEntry
	for i, user := range []string{
		"ålice", "ÅSE", "Åse", "straße", "STRAẞE", "İx", "ix", "ıx", "IX", "ΣΊΣΥΦΟΣ", "σίσυφος", "ſam",
		"\u212Aim", "жук", "李[*?%_!]", "é\u0301",
	} {
		u := kamctlUser("x@example.com")
		u.Address = sip.Unchecked(user, "Ødegård.example")
		addSubscriber(t, f, u)
		if i%3 == 0 {
			u.DisplayName = "Ørn"
			must(t, f.Store.SetUser(t.Context(), u))
		}
		all = append(all, hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName})
	}
	slices.SortFunc(all, func(a, b hermes.UserEntry) int { return a.User.Compare(b.User) })
	for _, text := range []string{
		"ålice", "ÅLICE", "åse", "Åse*", "*LICE", "straße", "STRAẞE", "trasse", "İ", "i", "ı", "I", "i*", "σίσυφος",
		"ΣΊΣΥΦΟΣ", "ς", "M*", "ſåm", "s?\u212Aé", "Жук", "李", "李[", "]", "[*", "_", "é", "É?@*",
		"ødegård", "*@ØDEGÅRD.EXAMPLE", "ØRN", "å??ce@*", "*", "?x@ø*", "%å", "a*å",
	} {
		wantMatchingUsers(t, f.Store, pattern(text), all)
	}
}

func testKamailioUsers(t *testing.T, open openFunc) {
	bob := kamctlUser("bob@example.com")
	t.Run("a user of Kamailio's table only is local and has nothing of Hermes", func(t *testing.T) {
		f := open(t)
		addSubscriber(t, f, bob)
		wantUser(t, f.Store, bob)
		wantHolder(t, f.Store, bob.Address, hermes.HeldByUser)
		wantNoUser(t, f.Store, addr("Bob@example.com"))
	})
	t.Run("AddUser returns Exists and leaves the row unchanged", func(t *testing.T) {
		f := open(t)
		addSubscriber(t, f, bob)
		wantCause(t, f.Store.AddUser(t.Context(), localUser("bob@example.com")), hermes.Exists)
		wantCause(t, f.Store.AddUser(t.Context(), remoteUser("bob@example.com")), hermes.Exists)
		wantUser(t, f.Store, bob)
	})
	t.Run("SetUser makes the missing row", func(t *testing.T) {
		f := open(t)
		addSubscriber(t, f, bob)
		u := localUser("bob@example.com")
		must(t, f.Store.SetUser(t.Context(), u))
		wantUser(t, f.Store, u)
		wantUsers(t, f.Store, hermes.UserQuery{Limit: 10}, hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName})
	})
	t.Run("RemoveUser removes the user and its groups and frees the address", func(t *testing.T) {
		f := open(t)
		addSubscriber(t, f, bob)
		f.Kamailio.AddGroup(t, "bob", "example.com", "intl")
		must(t, errorOf(f.Store.RemoveUser(t.Context(), bob.Address)))
		wantCause(t, errorOf(f.Store.RemoveUser(t.Context(), bob.Address)), hermes.NotFound)
		wantGroups(t, f.Store, bob.Address)
		mustAddUser(t, f.Store, localUser("bob@example.com"))
	})
}

// testRemovedSubscriber tests users whose row in Kamailio's table another tool has removed.
func testRemovedSubscriber(t *testing.T, open openFunc) {
	openWithout := func(t *testing.T, u hermes.User) Fixture {
		f := open(t)
		mustAddUser(t, f.Store, u)
		f.Kamailio.RemoveSubscriber(t, u.Address.User(), u.Address.Domain().String())
		return f
	}
	u := localUser("alice@example.com")
	withoutPassword := u
	withoutPassword.HA1, withoutPassword.HA1B, withoutPassword.Clear = "", "", ""
	t.Run("User returns what Hermes keeps, without the password", func(t *testing.T) {
		f := openWithout(t, u)
		wantUser(t, f.Store, withoutPassword)
		wantHolder(t, f.Store, u.Address, hermes.HeldByUser)
	})
	t.Run("SetUser makes Kamailio's row again with a password", func(t *testing.T) {
		f := openWithout(t, u)
		must(t, f.Store.SetUser(t.Context(), u))
		wantUser(t, f.Store, u)
	})
	t.Run("SetUser does not make Kamailio's row without a password", func(t *testing.T) {
		f := openWithout(t, u)
		changed := withoutPassword
		changed.DisplayName = "another name"
		must(t, f.Store.SetUser(t.Context(), changed))
		wantUser(t, f.Store, changed)
		// This row can be added, since there is no other.
		row := kamctlUser("alice@example.com")
		addSubscriber(t, f, row)
		changed.HA1, changed.HA1B, changed.Clear = row.HA1, row.HA1B, row.Clear
		wantUser(t, f.Store, changed)
	})
}

func testKamailioUserList(t *testing.T, open openFunc) {
	t.Run("users of both tables are listed in order, each once, and found by a search", func(t *testing.T) {
		f := open(t)
		var want []hermes.UserEntry
		for i, a := range unorderedAddrs {
			e := hermes.UserEntry{User: addr(a)}
			switch i % 3 {
			case 0:
				addSubscriber(t, f, kamctlUser(a))
			case 1:
				e.DisplayName = "Bob"
				mustAddUser(t, f.Store, remoteUser(a))
			case 2:
				e.DisplayName = localUser(a).DisplayName
				mustAddUser(t, f.Store, localUser(a))
			}
			want = append(want, e)
		}
		for _, limit := range []int{1, 2, 5, len(want), 100} {
			wantList(t, userList().read(t, f.Store, limit, nil), nil, want)
		}
		for _, p := range []string{"a*", "*A@*", "bob", "@example.com", "_", "Å", "*.net"} {
			wantMatchingUsers(t, f.Store, pattern(p), want)
		}
	})
	t.Run("invalid addresses are listed in order, and each is found under its unchecked value", func(t *testing.T) {
		f := open(t)
		var want []hermes.UserEntry
		for _, a := range invalidAddrs {
			addSubscriber(t, f, hermes.User{Address: a})
			want = append(want, hermes.UserEntry{User: a})
		}
		slices.SortFunc(want, func(a, b hermes.UserEntry) int { return a.User.Compare(b.User) })
		for _, limit := range []int{1, 2, 100} {
			wantList(t, userList().read(t, f.Store, limit, nil), nil, want)
		}
		for _, p := range []string{"bob", "Bob S*", "_", "%", `\`, "!", "'b", "*@example.com", "yyy", "@"} {
			wantMatchingUsers(t, f.Store, pattern(p), want)
		}
		for _, e := range want {
			wantUser(t, f.Store, hermes.User{Address: e.User, Type: hermes.Local})
			wantHolder(t, f.Store, e.User, hermes.HeldByUser)
		}
		for i, e := range want {
			u := hermes.User{Address: e.User, Type: hermes.Local, HA1: "1", HA1B: "2", DisplayName: "changed"}
			must(t, f.Store.SetUser(t.Context(), u))
			wantUser(t, f.Store, u)
			must(t, errorOf(f.Store.RemoveUser(t.Context(), e.User)))
			wantUsers(t, f.Store, hermes.UserQuery{Limit: 100}, want[i+1:]...)
		}
	})
}

func testKamailioGroups(t *testing.T, open openFunc) {
	t.Run("groups are read in order and replaced", func(t *testing.T) {
		f := open(t)
		bob := addr("bob@example.com")
		for _, name := range []string{"b", "a", "B"} {
			f.Kamailio.AddGroup(t, "bob", "example.com", name)
		}
		f.Kamailio.AddGroup(t, "Bob", "example.com", "other")
		wantGroups(t, f.Store, bob, "B", "a", "b")
		must(t, f.Store.SetGroups(t.Context(), bob, []string{"b", "c"}))
		wantGroups(t, f.Store, bob, "b", "c")
		wantGroups(t, f.Store, addr("Bob@example.com"), "other")
	})
}

func testKamailioAliases(t *testing.T, open openFunc) {
	sales := alias("sales@example.com", "alice@example.com")
	t.Run("AddAlias returns Exists if any row has the address", func(t *testing.T) {
		f := open(t)
		addAliasRow(t, f, sales)
		wantCause(t, addAlias(t.Context(), f.Store, alias("sales@example.com", "bob@example.com")), hermes.Exists)
		wantHolder(t, f.Store, sales.Alias, hermes.HeldByAlias)
	})
	t.Run("RemoveAlias removes every row of the address, returns each destination once, and no other row changes", func(t *testing.T) {
		f := open(t)
		other := alias("Sales@example.com", "bob@example.com")
		addAliasRow(t, f, sales)
		addAliasRow(t, f, sales)
		addAliasRow(t, f, alias("sales@example.com", "bob@example.com"))
		addAliasRow(t, f, other)
		removed, err := f.Store.RemoveAlias(t.Context(), sales.Alias)
		wantList(t, removed, err, []sip.Addr{sales.Destination, addr("bob@example.com")})
		wantCause(t, errorOf(f.Store.RemoveAlias(t.Context(), sales.Alias)), hermes.NotFound)
		wantAliases(t, f.Store, hermes.AliasQuery{Limit: 10}, other)
	})
	t.Run("an address of an alias and a user is held by the user", func(t *testing.T) {
		f := open(t)
		addAliasRow(t, f, alias("bob@example.com", "alice@example.com"))
		addSubscriber(t, f, kamctlUser("bob@example.com"))
		wantHolder(t, f.Store, addr("bob@example.com"), hermes.HeldByUser)
	})
	t.Run("a number is aliased by any row, and a range leaves it out", func(t *testing.T) {
		f := open(t)
		alice := addr("alice@example.com")
		addAliasRow(t, f, hermes.Alias{Alias: sip.Unchecked("+4711", "EXAMPLE.com"), Destination: alice})
		addAliasRow(t, f, hermes.Alias{Alias: sip.Unchecked("+4711", "EXAMPLE.com"), Destination: alice})
		addAliasRow(t, f, hermes.Alias{Alias: sip.Unchecked("+4711 ", "example.com"), Destination: alice})
		addAliasRow(t, f, hermes.Alias{Alias: sip.Unchecked("+4712x", "example.com"), Destination: alice})
		wantNumberAliased(t, f.Store, "+4711", true)
		wantNumberAliased(t, f.Store, "+4712", false)
		mustAddNumbers(t, f.Store, "+4710", "+4712", 2)
		wantPool(t, f.Store, "+4710", "+4712")
	})
}

func testKamailioAliasList(t *testing.T, open openFunc) {
	t.Run("equal rows are one alias, and pages may divide the destinations of one address", func(t *testing.T) {
		f := open(t)
		want := addAliasRows(t, f)
		for _, limit := range []int{1, 2, 3, len(want), 100} {
			wantList(t, aliasList(hermes.AliasQuery{}).read(t, f.Store, limit, nil), nil, want)
		}
		alice := addr("alice@example.com")
		toAlice := filter(want, func(a hermes.Alias) bool { return a.Destination == alice })
		wantList(t, aliasList(hermes.AliasQuery{Destination: alice}).read(t, f.Store, 1, nil), nil, toAlice)
		var after hermes.Alias
		for _, a := range filter(want, func(a hermes.Alias) bool { return a.Alias == addr("b@example.com") }) {
			wantAliases(t, f.Store, hermes.AliasQuery{Alias: a.Alias, After: after, Limit: 1}, a)
			after = a
		}
	})
	t.Run("E.164 aliases are found among the rows of a destination, each once and as it is spelled", func(t *testing.T) {
		f := open(t)
		alice := addr("alice@example.com")
		want := []hermes.Alias{
			{Alias: addr("+4711@example.com"), Destination: alice},
			{Alias: sip.Unchecked("+4712", "EXAMPLE.com"), Destination: alice},
			{Alias: sip.Unchecked("+4712", "exa_mple"), Destination: alice},
		}
		for i, user := range []string{"+", "+0711", "+47 11", "+4711\n", " +4711", "+1234567890123456", "+47１１", "bob", ""} {
			addAliasRow(t, f, hermes.Alias{Alias: sip.Unchecked(user, "example.com"), Destination: alice})
			for range 3 {
				addAliasRow(t, f, want[i%len(want)])
			}
		}
		var after hermes.Alias
		for _, a := range want {
			wantAliases(t, f.Store, hermes.AliasQuery{Destination: alice, Numbers: true, After: after, Limit: 1}, a)
			after = a
		}
		wantAliases(t, f.Store, hermes.AliasQuery{Destination: alice, Numbers: true, Limit: 100}, want...)
	})
	t.Run("invalid addresses are listed in order, and each is found under its unchecked value", func(t *testing.T) {
		f := open(t)
		var want []hermes.Alias
		for i, a := range invalidAddrs {
			a := hermes.Alias{Alias: a, Destination: invalidAddrs[(i+1)%len(invalidAddrs)]}
			addAliasRow(t, f, a)
			want = append(want, a)
		}
		slices.SortFunc(want, compareAliases)
		for _, limit := range []int{1, 3, 100} {
			wantList(t, aliasList(hermes.AliasQuery{}).read(t, f.Store, limit, nil), nil, want)
		}
		for _, a := range want {
			wantAliases(t, f.Store, hermes.AliasQuery{Alias: a.Alias, Limit: 10}, a)
			wantAliases(t, f.Store, hermes.AliasQuery{Destination: a.Destination, Limit: 10}, a)
			wantHolder(t, f.Store, a.Alias, hermes.HeldByAlias)
			must(t, errorOf(f.Store.RemoveAlias(t.Context(), a.Alias)))
			wantHolder(t, f.Store, a.Alias, hermes.HeldByNone)
		}
	})
}

// addAliasRows adds rows of which some have the same address and some are equal, and returns the
// aliases in order, each once.
func addAliasRows(t *testing.T, f Fixture) []hermes.Alias {
	t.Helper()
	aliases := addrs("a@example.com", "b@example.com", "B@example.com", "a!@example.com", "b@example.net")
	destinations := addrs("Zoe@example.com", "alice@example.com", "alice@example.net", "alice!@example.com")
	var want []hermes.Alias
	for i, from := range aliases {
		for _, to := range destinations[:1+i%4] {
			a := hermes.Alias{Alias: from, Destination: to}
			for range 1 + i%3 {
				addAliasRow(t, f, a)
			}
			want = append(want, a)
		}
	}
	slices.SortFunc(want, compareAliases)
	return want
}
