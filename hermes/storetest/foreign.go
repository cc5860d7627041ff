package storetest

import (
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// odd are names that other tools write and the validators refuse.
var odd = []sip.Addr{
	sip.Unchecked("", "example.com"), sip.Unchecked("Bob Smith", "example.com"), sip.Unchecked("a'b\"c\\d;--", "Example.COM"), sip.Unchecked("bob", ""),
	sip.Unchecked("bob", "EXAMPLE.COM"), sip.Unchecked("ålice%_!", "exa_mple"), sip.Unchecked(strings.Repeat("x", 64), strings.Repeat("Y", 64)),
}

func foreignCases() []testCase {
	return []testCase{
		{"user", "a user that only Kamailio's table has is a local one, with zero values in all that is Hermes'", func(k *kit) {
			equal(k, got(k.User(k.ctx, k.kamctl("bob@example.com").Address)), k.kamctl("bob@example.com"))
			equal(k, got(k.Holder(k.ctx, addr("bob@example.com"))), hermes.HeldByUser)
			refused(k, got(k.User(k.ctx, addr("Bob@example.com"))), hermes.NotFound)
		}},
		{"add", "AddUser tells Exists where the other table has the address, and leaves that row alone", func(k *kit) {
			u := k.kamctl("bob@example.com")
			k.is(k.AddUser(k.ctx, localUser("bob@example.com")), hermes.Exists)
			k.is(k.AddUser(k.ctx, remoteUser("bob@example.com")), hermes.Exists)
			equal(k, got(k.User(k.ctx, u.Address)), u)
		}},
		{"set", "SetUser makes the row that is missing", func(k *kit) {
			k.kamctl("bob@example.com")
			u := localUser("bob@example.com")
			k.ok(k.SetUser(k.ctx, u))
			equal(k, got(k.User(k.ctx, u.Address)), u)
			list(k, got(k.Users(k.ctx, hermes.UserQuery{Limit: 10})), hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName})
		}},
		{"remove", "RemoveUser removes a user that only Kamailio's table has, and frees the address", func(k *kit) {
			u := k.kamctl("bob@example.com")
			k.fix.Foreign.Group(k.T, "bob", "example.com", "intl")
			k.ok(k.RemoveUser(k.ctx, u.Address))
			k.is(k.RemoveUser(k.ctx, u.Address), hermes.NotFound)
			list(k, got(k.Groups(k.ctx, u.Address)))
			k.ok(k.AddUser(k.ctx, localUser("bob@example.com")))
		}},
		{"list", "a list has the users of both tables, in order, each once, and finds each by a search", foreignList},
		{"odd", "odd names are returned as sip.Unchecked makes them, in order, and found again under that value", oddUsers},
		{"groups", "groups that other tools wrote are read, in order, and replaced", func(k *kit) {
			a := addr("bob@example.com")
			for _, name := range []string{"b", "a", "B"} {
				k.fix.Foreign.Group(k.T, "bob", "example.com", name)
			}
			k.fix.Foreign.Group(k.T, "Bob", "example.com", "other")
			list(k, got(k.Groups(k.ctx, a)), "B", "a", "b")
			k.ok(k.SetGroups(k.ctx, a, []string{"b", "c"}))
			list(k, got(k.Groups(k.ctx, a)), "b", "c")
			list(k, got(k.Groups(k.ctx, addr("Bob@example.com"))), "other")
		}},
	}
}

// kamctl adds a user as kamctl does, and returns what Hermes is to make of it; a second call
// for one address adds nothing.
func (k *kit) kamctl(address string) hermes.User {
	k.Helper()
	u := hermes.User{
		Address: addr(address), Type: hermes.Local,
		HA1: "93dfce8dfebfae8af4a726982429d23a", HA1B: "5f3b4d392d62686136b6dcfbeec41c21", Clear: "wonder'land ø",
	}
	if _, err := k.User(k.ctx, u.Address); err == hermes.NotFound {
		k.fix.Foreign.Subscriber(k.T, u.Address.User(), u.Address.Domain().String(), u.Clear, u.HA1, u.HA1B)
	}
	return u
}

func foreignList(k *kit) {
	var want []hermes.UserEntry
	for i, a := range disorder {
		e := hermes.UserEntry{User: addr(a)}
		switch i % 3 {
		case 0:
			k.kamctl(a)
		case 1:
			e.DisplayName = "Bob"
			k.ok(k.AddUser(k.ctx, remoteUser(a)))
		case 2:
			e.DisplayName = localUser(a).DisplayName
			k.ok(k.AddUser(k.ctx, localUser(a)))
		}
		want = append(want, e)
	}
	pages := userPages()
	for _, limit := range []int{1, 2, 5, len(want), 100} {
		list(k, got(pages.read(k, limit, func(hermes.UserEntry) {})), want...)
	}
	for _, s := range []string{"a*", "*A@*", "bob", "@example.com", "_", "Å", "*.net"} {
		k.found(pattern(s), want)
	}
}

func oddUsers(k *kit) {
	var want []hermes.UserEntry
	for _, a := range odd {
		k.fix.Foreign.Subscriber(k.T, a.User(), a.Domain().String(), "", "", "")
		want = append(want, hermes.UserEntry{User: a})
	}
	sortUsers(want)
	for _, limit := range []int{1, 2, 100} {
		list(k, got(userPages().read(k, limit, func(hermes.UserEntry) {})), want...)
	}
	for _, s := range []string{"bob", "Bob S*", "_", "%", `\`, "!", "'b", "*@example.com", "yyy", "@"} {
		k.found(pattern(s), want)
	}
	for _, e := range want {
		equal(k, got(k.User(k.ctx, e.User)), hermes.User{Address: e.User, Type: hermes.Local})
		equal(k, got(k.Holder(k.ctx, e.User)), hermes.HeldByUser)
	}
	for i, e := range want {
		k.ok(k.SetUser(k.ctx, hermes.User{Address: e.User, Type: hermes.Local, HA1: "1", HA1B: "2", DisplayName: "seen"}))
		equal(k, got(k.User(k.ctx, e.User)), hermes.User{Address: e.User, Type: hermes.Local, HA1: "1", HA1B: "2", DisplayName: "seen"})
		k.ok(k.RemoveUser(k.ctx, e.User))
		list(k, got(k.Users(k.ctx, hermes.UserQuery{Limit: 100})), want[i+1:]...)
	}
}
