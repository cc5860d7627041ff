package storetest

import (
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
)

func userCases() []testCase {
	return []testCase{
		{"round_trip", "records survive bit by bit", func(k *kit) {
			long := localUser(strings.Repeat("u", 64) + "@" + strings.Repeat("d", 60) + ".org")
			long.DisplayName = strings.Repeat("Ø", 128)
			for _, u := range []hermes.User{localUser("alice@example.com"), remoteUser("bob@far.example"), bareUser("carol@example.com"), long} {
				k.ok(k.AddUser(k.ctx, u))
				equal(k, got(k.User(k.ctx, u.Address)), u)
			}
		}},
		{"nonexistant", "User, SetUser and RemoveUser tell a user that is not there by the bare cause, and SetUser makes none", func(k *kit) {
			u := localUser("alice@example.com")
			k.is(k.SetUser(k.ctx, u), hermes.NotFound)
			k.is(k.RemoveUser(k.ctx, u.Address), hermes.NotFound)
			refused(k, got(k.User(k.ctx, u.Address)), hermes.NotFound)
		}},
		{"exists", "an address is a user once, of whichever type, and AddUser leaves the first as it is", func(k *kit) {
			local, remote := localUser("alice@example.com"), remoteUser("bob@far.example")
			k.ok(k.AddUser(k.ctx, local), k.AddUser(k.ctx, remote))
			k.is(k.AddUser(k.ctx, remoteUser("alice@example.com")), hermes.Exists)
			k.is(k.AddUser(k.ctx, localUser("bob@far.example")), hermes.Exists)
			equal(k, got(k.User(k.ctx, local.Address)), local)
			equal(k, got(k.User(k.ctx, remote.Address)), remote)
		}},
		{"exact", "user names are compared exactly, and a domain is part of the address", func(k *kit) {
			for _, a := range []string{"alice@example.com", "Alice@example.com", "alice@example.net"} {
				k.ok(k.AddUser(k.ctx, localUser(a)))
			}
			equal(k, got(k.User(k.ctx, addr("Alice@example.com"))), localUser("Alice@example.com"))
			refused(k, got(k.User(k.ctx, addr("ALICE@example.com"))), hermes.NotFound)
			refused(k, got(k.User(k.ctx, addr("alic_@example.com"))), hermes.NotFound)
		}},
		{"set", "SetUser replaces every field, with zero values too, and no other user's", replaceUser},
		{"remove", "RemoveUser takes the groups along, frees the address and touches nobody else", removeUser},
		{"entries", "a list shows addresses with their display names, of local and remote users", func(k *kit) {
			k.ok(k.AddUser(k.ctx, remoteUser("bob@far.example")), k.AddUser(k.ctx, named("alice@example.com", "Ålice")))
			list(k, got(k.Users(k.ctx, hermes.UserQuery{Limit: 10})),
				hermes.UserEntry{User: addr("alice@example.com"), DisplayName: "Ålice"}, hermes.UserEntry{User: addr("bob@far.example"), DisplayName: "Bob"})
		}},
		{"holder", "Holder tells users from aliases, exactly, and a user first where both have the address", holder},
		{"groups", "Groups are in order, each once, and SetGroups makes the names the only ones of that address", groups},
	}
}

func replaceUser(k *kit) {
	other := localUser("bob@example.com")
	k.ok(k.AddUser(k.ctx, localUser("alice@example.com")), k.AddUser(k.ctx, other), k.AddUser(k.ctx, remoteUser("far@far.example")))
	bare := bareUser("alice@example.com")
	changed := localUser("alice@example.com")
	changed.Sealed, changed.HA1, changed.HA1B, changed.Clear = "\xff", "1", "2", ""
	changed.Registrar, changed.RPort, changed.DisplayName = domain("other.example"), 7, "Änders"
	changed.Email, changed.RPID, changed.PermittedCalls = "b@example.com", "r", "p"
	far := hermes.User{Address: addr("far@far.example"), Type: hermes.Remote, Sealed: "s", Registrar: domain("x.example"), RPort: 9}
	for _, u := range []hermes.User{bare, changed, changed, far} {
		k.ok(k.SetUser(k.ctx, u))
		equal(k, got(k.User(k.ctx, u.Address)), u)
	}
	equal(k, got(k.User(k.ctx, other.Address)), other)
}

func removeUser(k *kit) {
	alice, bob := localUser("alice@example.com"), localUser("bob@example.com")
	for _, u := range []hermes.User{alice, bob} {
		k.ok(k.AddUser(k.ctx, u), k.SetGroups(k.ctx, u.Address, []string{"intl"}))
	}
	k.ok(k.RemoveUser(k.ctx, alice.Address))
	k.is(k.RemoveUser(k.ctx, alice.Address), hermes.NotFound)
	refused(k, got(k.User(k.ctx, alice.Address)), hermes.NotFound)
	list(k, got(k.Groups(k.ctx, alice.Address)))
	k.ok(k.AddUser(k.ctx, alice))
	list(k, got(k.Groups(k.ctx, alice.Address)))
	equal(k, got(k.User(k.ctx, bob.Address)), bob)
	list(k, got(k.Groups(k.ctx, bob.Address)), "intl")
}

func holder(k *kit) {
	k.ok(k.AddUser(k.ctx, localUser("user@example.com")), k.AddUser(k.ctx, remoteUser("remote@far.example")),
		k.AddUser(k.ctx, localUser("both@example.com")),
		k.AddAlias(k.ctx, alias("both@example.com", "user@example.com")), k.AddAlias(k.ctx, alias("alias@example.com", "target@example.com")))
	for a, want := range map[string]hermes.Holder{
		"user@example.com": hermes.HeldByUser, "remote@far.example": hermes.HeldByUser, "both@example.com": hermes.HeldByUser,
		"alias@example.com": hermes.HeldByAlias, "target@example.com": hermes.HeldByNone,
		"User@example.com": hermes.HeldByNone, "alias@example.net": hermes.HeldByNone,
	} {
		equal(k, got(k.Holder(k.ctx, addr(a))), want)
	}
}

func groups(k *kit) {
	a, b := addr("alice@example.com"), addr("alice@example.net")
	list(k, got(k.Groups(k.ctx, a)))
	k.ok(k.SetGroups(k.ctx, b, []string{"x"}), k.SetGroups(k.ctx, a, []string{"b", "a", "B", "a", "_"}))
	list(k, got(k.Groups(k.ctx, a)), "B", "_", "a", "b")
	k.ok(k.SetGroups(k.ctx, a, []string{"c", "a"}))
	list(k, got(k.Groups(k.ctx, a)), "a", "c")
	k.ok(k.SetGroups(k.ctx, a, nil))
	list(k, got(k.Groups(k.ctx, a)))
	list(k, got(k.Groups(k.ctx, b)), "x")
}
