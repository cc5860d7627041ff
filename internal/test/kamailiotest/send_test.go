package kamailiotest_test

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

const number = "+4773500001"

func TestKamailio_Send(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			addUsers(t, db)
			addAlias(t, db, number, "example.com", "bob", "example.com")
			addAlias(t, db, "chain", "example.com", number, "example.com")
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
			bobs, others := k.Phone(t, bob), k.Phone(t, other)
			outside := k.Outside(t)
			addAlias(t, db, "away", "example.com", "carol", outside.Domain())
			ok := func(p *kamailiotest.Phone) kamailiotest.Answer { return kamailiotest.Answer{Code: 200, By: p.Name()} }
			wrong := with(alice, func(a *kamailiotest.Account) { a.Password = "wrong" })
			capitals := with(alice, func(a *kamailiotest.Account) { a.Domain = "EXAMPLE.com" })
			for _, row := range []struct {
				from kamailiotest.Account
				to   string
				want kamailiotest.Answer
				why  string
			}{
				{alice, "bob@example.com", ok(bobs), "a registered user"},
				{alice, "bob@Example.Com", ok(bobs), "a domain in any case"},
				{capitals, "bob@example.com", ok(bobs), "the caller's domain in any case"},
				{alice, "Bob@example.com", kamailiotest.Answer{Code: 404}, "user names are compared exactly"},
				{alice, "nobody@example.com", kamailiotest.Answer{Code: 404}, "no such user"},
				{bob, "alice@example.com", kamailiotest.Answer{Code: 404}, "a user without a phone"},
				{bob, "alice@example.net", ok(others), "the user of that name in the other domain"},
				{alice, number + "@example.com", ok(bobs), "a number"},
				{alice, number + "@EXAMPLE.COM", ok(bobs), "a number of a domain in any case"},
				{alice, number[1:] + "@example.com", kamailiotest.Answer{Code: 404}, "a number without its +"},
				{alice, number + "@example.net", kamailiotest.Answer{Code: 404}, "the number belongs to the other domain"},
				{alice, "chain@example.com", kamailiotest.Answer{Code: 404}, "an alias of an alias is not followed"},
				{alice, "away@example.com", ok(outside), "an alias that leads elsewhere"},
				{alice, "carol@" + outside.Domain(), ok(outside), "an address elsewhere"},
				{alice, "bob@" + k.Addr(), kamailiotest.Answer{Code: 404}, "the server's address is not one of its domains"},
				{outsider, "bob@example.com", ok(bobs), "callers of other domains may call users"},
				{outsider, "away@example.com", ok(outside), "and aliases"},
				{outsider, "carol@" + outside.Domain(), kamailiotest.Answer{Code: 403}, "but not addresses elsewhere"},
				{wrong, "bob@example.com", kamailiotest.Answer{Code: 407}, "callers of the domain need the password"},
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

func TestKamailio_Send_RemovedAlias(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			addUsers(t, db)
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
				t.Errorf("the phone received %q, wanted %q", got, want)
			}
		})
	}
}

func TestKamailio_Send_Group(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			addUsers(t, db)
			db.Exec(t, `INSERT INTO grp (username, domain, grp)
				VALUES ('alice', 'example.com', 'international'), ('bob', 'example.com', 'local')`)
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
			gateway := k.Gateway(t)
			connected := kamailiotest.Answer{Code: 200, By: gateway.Name()}
			for _, row := range []struct {
				from kamailiotest.Account
				want kamailiotest.Answer
				why  string
			}{
				{alice, connected, "in the group"},
				{with(alice, func(a *kamailiotest.Account) { a.Domain = "Example.com" }), connected,
					"in the group, with the domain in any case"},
				{bob, kamailiotest.Answer{Code: 403}, "in another group"},
				{other, kamailiotest.Answer{Code: 403}, "the same name in another domain"},
				{outsider, kamailiotest.Answer{Code: 403}, "not a user of the domain"},
			} {
				call := kamailiotest.Request{Method: "INVITE", From: row.from, To: "9+4722334455@" + row.from.Domain}
				if row.from == outsider {
					call.To = "9+4722334455@example.com"
				}
				if got := k.Send(t, call); got != row.want {
					t.Errorf("INVITE %s from %s: %v, wanted %v: %s", call.To, row.from.Addr(), got, row.want, row.why)
				}
			}
			want := []string{"INVITE sip:+4722334455@example.com", "INVITE sip:+4722334455@example.com"}
			if got := gateway.Requests(); !slices.Equal(got, want) {
				t.Errorf("the gateway received %q, wanted %q", got, want)
			}
			db.Exec(t, "DELETE FROM grp WHERE grp = 'international'")
			call := kamailiotest.Request{Method: "INVITE", From: alice, To: "9+4722334455@example.com"}
			if got, want := k.Send(t, call), (kamailiotest.Answer{Code: 403}); got != want {
				t.Errorf("without the permission: %v, wanted %v", got, want)
			}
		})
	}
}

// A phone that was stopped is still registered. That Kamailio gives up waiting for it is not a
// Fault.
func TestKamailio_Send_StoppedPhone(t *testing.T) {
	db := kamailiotest.NewSQLite(t)
	addUsers(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	k.Phone(t, bob).Stop()
	call := kamailiotest.Request{Method: "INVITE", From: alice, To: bob.Addr()}
	if got, want := k.Send(t, call), (kamailiotest.Answer{Code: 408}); got != want {
		t.Errorf("INVITE: %v, wanted %v", got, want)
	}
}
