package storetest

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func testAliasSite(t *testing.T, open openFunc) {
	f := open(t)
	s := f.Store
	f.Serve(t, "example.com", "Served.Example")
	mustAddUser(t, s, localUser("alice@example.com"), remoteUser("bob@far.example"), localUser("both@example.com"))
	mustAddAlias(t, s,
		alias("sales@example.com", "alice@example.com"), alias("both@example.com", "far@far.example"),
		alias("+4712@example.com", "far@far.example"), alias("+4711@served.example", "far@far.example"),
		alias("+4711@example.com", "far@far.example"), alias("4710@example.com", "far@far.example"),
		alias("+4713@example.com", "Far@far.example"), alias("+4714@example.com", "far@far.example.net"))
	tests := []struct {
		name, alias, destination string
		want                     hermes.AliasSite
	}{
		{"nothing is known", "new@other.example", "new@far.example", hermes.AliasSite{}},
		{"the domain of the alias is served", "new@example.com", "new@far.example", hermes.AliasSite{Served: true}},
		{"that of the destination is served", "new@far.example", "new@example.com",
			hermes.AliasSite{DestinationServed: true}},
		{"domains are served in any case", "new@served.example", "new@served.example",
			hermes.AliasSite{Served: true, DestinationServed: true}},
		{"a user has the alias address", "alice@example.com", "new@far.example",
			hermes.AliasSite{Served: true, Holder: hermes.HeldByUser}},
		{"a remote user has it", "bob@far.example", "new@far.example", hermes.AliasSite{Holder: hermes.HeldByUser}},
		{"an alias has it", "sales@example.com", "new@far.example",
			hermes.AliasSite{Served: true, Holder: hermes.HeldByAlias}},
		{"both have it", "both@example.com", "new@far.example", hermes.AliasSite{Served: true, Holder: hermes.HeldByUser}},
		{"a local user has the destination", "new@far.example", "alice@example.com",
			hermes.AliasSite{DestinationServed: true, IsUser: true}},
		{"a remote user has the destination", "new@far.example", "bob@far.example", hermes.AliasSite{IsUser: true}},
		{"an alias has the destination, which is no user", "new@far.example", "sales@example.com",
			hermes.AliasSite{DestinationServed: true}},
		{"the destination has E.164 aliases, of which the first is returned", "new@far.example", "far@far.example",
			hermes.AliasSite{NumberAlias: addr("+4711@example.com")}},
		{"addresses are compared exactly", "Sales@example.com", "Alice@example.com",
			hermes.AliasSite{Served: true, DestinationServed: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantAliasSite(t, s, alias(test.alias, test.destination), test.want) })
	}
	t.Run("an alias without a user part has no holder", func(t *testing.T) {
		for name, served := range map[string]bool{"example.com": true, "served.example": true, "far.example": false} {
			a := hermes.Alias{Alias: sip.Unchecked("", name), Destination: addr("alice@example.com")}
			wantAliasSite(t, s, a, hermes.AliasSite{Served: served, DestinationServed: true, IsUser: true})
		}
	})
	t.Run("it may be called in a transaction, and sees what that wrote", func(t *testing.T) {
		must(t, s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			mustAddUser(t, tx, localUser("new@example.com"))
			mustAddAlias(t, tx, alias("+4799@example.com", "new@example.com"))
			wantAliasSite(t, tx, alias("+4799@example.com", "new@example.com"), hermes.AliasSite{
				Served: true, DestinationServed: true, Holder: hermes.HeldByAlias, IsUser: true,
				NumberAlias: addr("+4799@example.com"),
			})
			return nil
		}))
	})
}

// testKamailioAliasSite asks about rows of other tools.
func testKamailioAliasSite(t *testing.T, open openFunc) {
	t.Run("a user of either table is a user and a holder", func(t *testing.T) {
		f := open(t)
		addSubscriber(t, f, kamctlUser("bob@example.com"))
		mustAddUser(t, f.Store, localUser("alice@example.com"))
		f.Kamailio.RemoveSubscriber(t, "alice", "example.com")
		want := hermes.AliasSite{Holder: hermes.HeldByUser, IsUser: true}
		wantAliasSite(t, f.Store, alias("bob@example.com", "bob@example.com"), want)
		wantAliasSite(t, f.Store, alias("alice@example.com", "alice@example.com"), want)
	})
	t.Run("the first E.164 alias of several rows is returned, as it is spelled", func(t *testing.T) {
		f := open(t)
		alice := addr("alice@example.com")
		addAliasRow(t, f, alias("+4712@example.com", "alice@example.com"))
		addAliasRow(t, f, alias("+4712@example.com", "alice@example.com"))
		addAliasRow(t, f, hermes.Alias{Alias: sip.Unchecked("+4711", "b.EXAMPLE"), Destination: alice})
		addAliasRow(t, f, hermes.Alias{Alias: sip.Unchecked("+4711", "a_example"), Destination: alice})
		wantAliasSite(t, f.Store, alias("new@example.com", "alice@example.com"),
			hermes.AliasSite{NumberAlias: sip.Unchecked("+4711", "a_example")})
	})
	t.Run("texts that are no E.164 numbers do not count", func(t *testing.T) {
		f := open(t)
		for _, user := range []string{
			"", "+", "+4", "+0711", "4711", "+47 11", "+4711x", "+4711\n", " +4711", "++4711", "+1234567890123456", "+4７11",
		} {
			addAliasRow(t, f, hermes.Alias{Alias: sip.Unchecked(user, "example.com"), Destination: addr("alice@example.com")})
		}
		wantAliasSite(t, f.Store, alias("new@example.com", "alice@example.com"), hermes.AliasSite{})
		for _, user := range []string{"+123456789012345", "+10"} {
			addAliasRow(t, f, hermes.Alias{Alias: sip.Unchecked(user, "example.com"), Destination: addr("alice@example.com")})
			wantAliasSite(t, f.Store, alias("new@example.com", "alice@example.com"),
				hermes.AliasSite{NumberAlias: sip.Unchecked(user, "example.com")})
		}
	})
	t.Run("invalid addresses are found under their unchecked values", func(t *testing.T) {
		f := open(t)
		for _, a := range invalidAddrs {
			wantAliasSite(t, f.Store, hermes.Alias{Alias: a, Destination: a}, hermes.AliasSite{})
			addAliasRow(t, f, hermes.Alias{Alias: a, Destination: a})
			wantAliasSite(t, f.Store, hermes.Alias{Alias: a, Destination: a}, hermes.AliasSite{Holder: hermes.HeldByAlias})
			addSubscriber(t, f, hermes.User{Address: a})
			wantAliasSite(t, f.Store, hermes.Alias{Alias: a, Destination: a},
				hermes.AliasSite{Holder: hermes.HeldByUser, IsUser: true})
		}
	})
}

func wantAliasSite(t *testing.T, s hermes.Store, a hermes.Alias, want hermes.AliasSite) {
	t.Helper()
	got, err := s.AliasSite(t.Context(), a)
	wantEqual(t, got, err, want)
}
