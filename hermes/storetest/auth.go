package storetest

import "github.com/hermes-voip/go-hermes/hermes"

const (
	argonHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
	otherHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$b3RoZXI"
)

func authCases() []testCase {
	return []testCase{
		{"credential", "a credential is there once, by its exact name, and is replaced or removed only where it is", func(k *kit) {
			c := hermes.Credential{User: "Ålice", Hash: argonHash}
			refused(k, got(k.Credential(k.ctx, c.User)), hermes.NotFound)
			k.is(k.SetCredential(k.ctx, c), hermes.NotFound)
			k.is(k.RemoveCredential(k.ctx, c.User), hermes.NotFound)
			k.ok(k.AddCredential(k.ctx, c))
			k.is(k.AddCredential(k.ctx, hermes.Credential{User: c.User, Hash: otherHash}), hermes.Exists)
			equal(k, got(k.Credential(k.ctx, c.User)), c)
			refused(k, got(k.Credential(k.ctx, "ålice")), hermes.NotFound)
			k.ok(k.AddCredential(k.ctx, hermes.Credential{User: "bob", Hash: argonHash}))
			c.Hash = otherHash
			k.ok(k.SetCredential(k.ctx, c), k.SetCredential(k.ctx, c))
			equal(k, got(k.Credential(k.ctx, c.User)), c)
			equal(k, got(k.Credential(k.ctx, "bob")), hermes.Credential{User: "bob", Hash: argonHash})
			k.ok(k.RemoveCredential(k.ctx, c.User))
			refused(k, got(k.Credential(k.ctx, c.User)), hermes.NotFound)
		}},
		{"authorization", "an authorization is stored or replaced, by kind and exact name", func(k *kit) {
			user, key := backendUser("k1"), keyHolder("k1")
			refused(k, got(k.Authorization(k.ctx, user)), hermes.NotFound)
			k.is(k.RemoveAuthorization(k.ctx, user), hermes.NotFound)
			k.ok(k.SetAuthorization(k.ctx, hermes.Authorization{Principal: user, Access: hermes.FullWrite}))
			refused(k, got(k.Authorization(k.ctx, key)), hermes.NotFound)
			refused(k, got(k.Authorization(k.ctx, backendUser("K1"))), hermes.NotFound)
			for _, access := range []hermes.Access{hermes.LimitedRead, hermes.FullRead, hermes.LimitedWrite, hermes.FullWrite} {
				a := hermes.Authorization{Principal: key, Access: access}
				k.ok(k.SetAuthorization(k.ctx, a))
				equal(k, got(k.Authorization(k.ctx, key)), a)
			}
			k.ok(k.RemoveAuthorization(k.ctx, user))
			k.is(k.RemoveAuthorization(k.ctx, user), hermes.NotFound)
			equal(k, got(k.Authorization(k.ctx, key)), hermes.Authorization{Principal: key, Access: hermes.FullWrite})
		}},
		{"authorizations", "all, byte-wise by kind and then name", func(k *kit) {
			list(k, got(k.Authorizations(k.ctx)))
			order := []hermes.Principal{keyHolder("B"), keyHolder("a"), backendUser("Zoe"), backendUser("a b"), backendUser("a-b"), backendUser("ab"), backendUser("ålice")}
			var want []hermes.Authorization
			for _, p := range order {
				want = append(want, hermes.Authorization{Principal: p, Access: hermes.LimitedRead})
			}
			for i := range want {
				k.ok(k.SetAuthorization(k.ctx, want[(i*3+2)%len(want)]))
			}
			list(k, got(k.Authorizations(k.ctx)), want...)
		}},
		{"remove_authorization", "RemoveAuthorization does not touch sessions", func(k *kit) {
			p := backendUser("alice")
			k.ok(k.SetAuthorization(k.ctx, hermes.Authorization{Principal: p, Access: hermes.FullRead}), k.AddSession(k.ctx, session(1, p)), k.RemoveAuthorization(k.ctx, p))
			equal(k, got(k.Session(k.ctx, hash(1))), hermes.SessionState{Session: session(1, p)})
		}},
	}
}
