package storetest

import (
	"github.com/hermes-voip/go-hermes/hermes"
)

func phoneCases() []testCase {
	return []testCase{
		{"none", "a phone without users and a user without phones are no error", func(k *kit) {
			list(k, got(k.PhoneUsers(k.ctx, macAddr("001122334455"))))
			list(k, got(k.UserPhones(k.ctx, addr("alice@example.com"))))
			list(k, got(k.Phones(k.ctx, hermes.PhoneQuery{Limit: 1})))
		}},
		{"exists", "an association is there once; the same phone or the same user in another one is free", func(k *kit) {
			p := phone("001122334455", "alice@example.com")
			k.ok(k.AddPhone(k.ctx, p))
			k.is(k.AddPhone(k.ctx, p), hermes.Exists)
			k.ok(k.AddPhone(k.ctx, phone("001122334455", "bob@example.com")), k.AddPhone(k.ctx, phone("001122334456", "alice@example.com")))
		}},
		{"no_user", "whether the user exists is not looked at, and phones outlive it", func(k *kit) {
			u := localUser("alice@example.com")
			k.ok(k.AddUser(k.ctx, u), k.AddPhone(k.ctx, phone("001122334455", "alice@example.com")), k.RemoveUser(k.ctx, u.Address))
			list(k, got(k.PhoneUsers(k.ctx, macAddr("001122334455"))), u.Address)
		}},
		{"remove", "RemovePhone removes that association and no other", func(k *kit) {
			p, q := phone("001122334455", "alice@example.com"), phone("001122334455", "bob@example.com")
			k.is(k.RemovePhone(k.ctx, p), hermes.NotFound)
			k.ok(k.AddPhone(k.ctx, p), k.AddPhone(k.ctx, q))
			k.is(k.RemovePhone(k.ctx, phone("001122334456", "alice@example.com")), hermes.NotFound)
			k.ok(k.RemovePhone(k.ctx, p))
			k.is(k.RemovePhone(k.ctx, p), hermes.NotFound)
			list(k, got(k.PhoneUsers(k.ctx, p.MAC)), q.User)
			list(k, got(k.UserPhones(k.ctx, p.User)))
			list(k, got(k.UserPhones(k.ctx, q.User)), p.MAC)
		}},
		{"order", "users of a phone by address, phones of a user by MAC, both byte-wise", func(k *kit) {
			users := addrs("A@example.com", "a@example.com", "a@example.net", "a!@example.com", "b@example.com")
			phones := macs("000000000000", "00ffffffffff", "a00000000000", "ffffffffffff")
			for i := range users {
				k.ok(k.AddPhone(k.ctx, hermes.Phone{MAC: phones[0], User: users[len(users)-1-i]}))
			}
			for _, m := range []int{3, 1, 2} {
				k.ok(k.AddPhone(k.ctx, hermes.Phone{MAC: phones[m], User: users[0]}))
			}
			list(k, got(k.PhoneUsers(k.ctx, phones[0])), users...)
			list(k, got(k.UserPhones(k.ctx, users[0])), phones...)
		}},
		{"once", "a phone of several users is in the list once, and while it has any", func(k *kit) {
			p, q := phone("a00000000000", "alice@example.com"), phone("a00000000000", "bob@example.com")
			k.ok(k.AddPhone(k.ctx, p), k.AddPhone(k.ctx, q), k.AddPhone(k.ctx, phone("b00000000000", "bob@example.com")))
			all := hermes.PhoneQuery{Limit: 10}
			list(k, got(k.Phones(k.ctx, all)), macs("a00000000000", "b00000000000")...)
			k.ok(k.RemovePhone(k.ctx, p))
			list(k, got(k.Phones(k.ctx, all)), macs("a00000000000", "b00000000000")...)
			k.ok(k.RemovePhone(k.ctx, q))
			list(k, got(k.Phones(k.ctx, all)), macs("b00000000000")...)
		}},
	}
}
