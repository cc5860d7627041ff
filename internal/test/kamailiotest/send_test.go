package kamailiotest_test

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

const number = "+4773500001"

func TestSend(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			seed(t, db)
			addAlias(t, db, number, "example.com", "bob", "example.com")
			addAlias(t, db, "chain", "example.com", number, "example.com")
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
			bobs, others := k.Phone(t, bob), k.Phone(t, other)
			outside := k.Outside(t)
			addAlias(t, db, "away", "example.com", "carol", outside.Domain())
			wrong := with(alice, func(a *kamailiotest.Account) { a.Password = "wrong" })
			shouting := with(alice, func(a *kamailiotest.Account) { a.Domain = "EXAMPLE.com" })
			for _, row := range []struct {
				from kamailiotest.Account
				to   string
				want kamailiotest.Answer
				why  string
			}{
				{alice, "bob@example.com", kamailiotest.Answer{Code: 200, By: bobs.Name()}, "a registered user"},
				{alice, "bob@Example.Com", kamailiotest.Answer{Code: 200, By: bobs.Name()}, "a domain in any case"},
				{shouting, "bob@example.com", kamailiotest.Answer{Code: 200, By: bobs.Name()}, "the caller's too"},
				{alice, "Bob@example.com", kamailiotest.Answer{Code: 404}, "user names are compared exactly"},
				{alice, "nobody@example.com", kamailiotest.Answer{Code: 404}, "no such user"},
				{bob, "alice@example.com", kamailiotest.Answer{Code: 404}, "a user without a phone"},
				{bob, "alice@example.net", kamailiotest.Answer{Code: 200, By: others.Name()}, "the user of that name in the other domain"},
				{alice, number + "@example.com", kamailiotest.Answer{Code: 200, By: bobs.Name()}, "a number"},
				{alice, number + "@EXAMPLE.COM", kamailiotest.Answer{Code: 200, By: bobs.Name()}, "a number of a domain in any case"},
				{alice, number[1:] + "@example.com", kamailiotest.Answer{Code: 404}, "a number is itself only, with its +"},
				{alice, number + "@example.net", kamailiotest.Answer{Code: 404}, "the number is the other domain's"},
				{alice, "chain@example.com", kamailiotest.Answer{Code: 404}, "an alias of an alias is not followed"},
				{alice, "away@example.com", kamailiotest.Answer{Code: 200, By: outside.Name()}, "an alias that leads elsewhere"},
				{alice, "carol@" + outside.Domain(), kamailiotest.Answer{Code: 200, By: outside.Name()}, "an address elsewhere"},
				{alice, "bob@" + k.Addr(), kamailiotest.Answer{Code: 404}, "the server's address is not one of its domains"},
				{stranger, "bob@example.com", kamailiotest.Answer{Code: 200, By: bobs.Name()}, "strangers may call users here"},
				{stranger, "away@example.com", kamailiotest.Answer{Code: 200, By: outside.Name()}, "and their aliases"},
				{stranger, "carol@" + outside.Domain(), kamailiotest.Answer{Code: 403}, "but nobody elsewhere"},
				{wrong, "bob@example.com", kamailiotest.Answer{Code: 407}, "users prove who they are"},
			} {
				for _, method := range []string{"MESSAGE", "OPTIONS", "INVITE"} {
					if got := k.Send(t, kamailiotest.Request{Method: method, From: row.from, To: row.to}); got != row.want {
						t.Errorf("%s %s from %s: %v, wanted %v: %s", method, row.to, row.from.Addr(), got, row.want, row.why)
					}
				}
			}
		})
	}
}

func TestAliasRemoved(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			seed(t, db)
			addAlias(t, db, number, "example.com", "bob", "example.com")
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
			phone := k.Phone(t, bob)
			call := kamailiotest.Request{Method: "INVITE", From: alice, To: number + "@example.com"}
			if got, want := k.Send(t, call), (kamailiotest.Answer{Code: 200, By: phone.Name()}); got != want {
				t.Errorf("with the alias: %v, wanted %v", got, want)
			}
			db.Exec(t, "DELETE FROM dbaliases")
			if got, want := k.Send(t, call), (kamailiotest.Answer{Code: 404}); got != want {
				t.Errorf("without the alias: %v, wanted %v", got, want)
			}
			if got, want := phone.Requests(), []string{"INVITE sip:bob@" + phone.Contact()}; !slices.Equal(got, want) {
				t.Errorf("the phone got %q, wanted %q", got, want)
			}
		})
	}
}

func TestGroup(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			seed(t, db)
			db.Exec(t, "INSERT INTO grp (username, domain, grp) VALUES ('alice', 'example.com', 'international'), ('bob', 'example.com', 'local')")
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
			gateway := k.Gateway(t)
			out := kamailiotest.Answer{Code: 200, By: gateway.Name()}
			for _, row := range []struct {
				from kamailiotest.Account
				want kamailiotest.Answer
				why  string
			}{
				{alice, out, "in the group"},
				{with(alice, func(a *kamailiotest.Account) { a.Domain = "Example.com" }), out, "in the group, in any case of the domain"},
				{bob, kamailiotest.Answer{Code: 403}, "in another group"},
				{other, kamailiotest.Answer{Code: 403}, "the name of one who is in it, in another domain"},
				{stranger, kamailiotest.Answer{Code: 403}, "no user here"},
			} {
				call := kamailiotest.Request{Method: "INVITE", From: row.from, To: "9+4722334455@" + row.from.Domain}
				if row.from == stranger {
					call.To = "9+4722334455@example.com"
				}
				if got := k.Send(t, call); got != row.want {
					t.Errorf("INVITE %s from %s: %v, wanted %v: %s", call.To, row.from.Addr(), got, row.want, row.why)
				}
			}
			want := []string{"INVITE sip:+4722334455@example.com", "INVITE sip:+4722334455@example.com"}
			if got := gateway.Requests(); !slices.Equal(got, want) {
				t.Errorf("the gateway got %q, wanted %q", got, want)
			}
			db.Exec(t, "DELETE FROM grp WHERE grp = 'international'")
			call := kamailiotest.Request{Method: "INVITE", From: alice, To: "9+4722334455@example.com"}
			if got, want := k.Send(t, call), (kamailiotest.Answer{Code: 403}); got != want {
				t.Errorf("without the permission: %v, wanted %v", got, want)
			}
		})
	}
}

// A subscriber's removal leaves the phone reachable until its contact is dropped.
func TestContactsAreDropped(t *testing.T) {
	db := kamailiotest.NewSQLite(t)
	seed(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	phone := k.Phone(t, bob)
	call := kamailiotest.Request{Method: "MESSAGE", From: alice, To: bob.Addr()}
	db.Exec(t, "DELETE FROM subscriber WHERE username = 'bob'")
	if got := k.Register(t, bob); got.Code != 401 {
		t.Errorf("REGISTER of the removed: %v, wanted 401", got)
	}
	if got, want := k.Contacts(t, bob.Addr()), []string{"sip:bob@" + phone.Contact()}; !slices.Equal(got, want) {
		t.Errorf("contacts %q, wanted %q", got, want)
	}
	if got := k.Send(t, call); got.By != phone.Name() {
		t.Errorf("before ul.rm: %v, wanted 200 by %s", got, phone.Name())
	}
	k.DropContacts(t, bob.Addr())
	if got := k.Contacts(t, bob.Addr()); got != nil {
		t.Errorf("contacts %q after ul.rm, wanted none", got)
	}
	if got, want := k.Send(t, call), (kamailiotest.Answer{Code: 404}); got != want {
		t.Errorf("after ul.rm: %v, wanted %v", got, want)
	}
}

// A phone that was unplugged is still registered: Kamailio gives it up, which is no Fault.
func TestSilentPhone(t *testing.T) {
	db := kamailiotest.NewSQLite(t)
	seed(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	k.Phone(t, bob).Stop()
	call := kamailiotest.Request{Method: "INVITE", From: alice, To: bob.Addr()}
	if got, want := k.Send(t, call), (kamailiotest.Answer{Code: 408}); got != want {
		t.Errorf("INVITE: %v, wanted %v", got, want)
	}
}
