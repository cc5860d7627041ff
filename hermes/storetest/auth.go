package storetest

import (
	"math"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

const (
	passwordHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
	otherHash    = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$b3RoZXI"
)

func testAuth(t *testing.T, open openFunc) {
	t.Run("credentials", func(t *testing.T) { testCredential(t, open) })
	t.Run("SetAuthorization", func(t *testing.T) { testSetAuthorization(t, open) })
	t.Run("RemoveAuthorization", func(t *testing.T) { testRemoveAuthorization(t, open) })
	t.Run("Authorizations", func(t *testing.T) { testAuthorizations(t, open) })
	t.Run("LastingPrincipals", func(t *testing.T) { testLastingPrincipals(t, open) })
	t.Run("EverAuthorized", func(t *testing.T) { testEverAuthorized(t, open) })
}

func testCredential(t *testing.T, open openFunc) {
	t.Run("a missing credential is NotFound and is not made by SetCredential", func(t *testing.T) {
		s := open(t).Store
		wantNoCredential(t, s, "Ålice")
		wantCause(t, s.SetCredential(t.Context(), hermes.Credential{User: "Ålice", Hash: passwordHash}), hermes.NotFound)
		wantCause(t, s.RemoveCredential(t.Context(), "Ålice"), hermes.NotFound)
		wantNoCredential(t, s, "Ålice")
	})
	t.Run("a credential exists once, by its exact name, and no other changes with it", func(t *testing.T) {
		s := open(t).Store
		alice := hermes.Credential{User: "Ålice", Hash: passwordHash}
		bob := hermes.Credential{User: "bob", Hash: passwordHash}
		must(t, s.AddCredential(t.Context(), alice))
		wantCause(t, s.AddCredential(t.Context(), hermes.Credential{User: "Ålice", Hash: otherHash}), hermes.Exists)
		wantCredential(t, s, alice)
		wantNoCredential(t, s, "ålice")
		must(t, s.AddCredential(t.Context(), bob))

		alice.Hash = otherHash
		must(t, s.SetCredential(t.Context(), alice))
		must(t, s.SetCredential(t.Context(), alice))
		wantCredential(t, s, alice)
		wantCredential(t, s, bob)

		must(t, s.RemoveCredential(t.Context(), "Ålice"))
		wantNoCredential(t, s, "Ålice")
		wantCredential(t, s, bob)
	})
}

func testSetAuthorization(t *testing.T, open openFunc) {
	t.Run("an authorization is stored or replaced, by kind and exact name", func(t *testing.T) {
		s := open(t).Store
		user, key := userPrincipal("k1"), keyPrincipal("k1")
		wantNoAuthorization(t, s, user)
		mustAuthorize(t, s, user, hermes.FullWrite)
		wantNoAuthorization(t, s, key)
		wantNoAuthorization(t, s, userPrincipal("K1"))
		levels := []hermes.Access{hermes.LimitedRead, hermes.FullRead, hermes.LimitedWrite, hermes.FullWrite}
		for _, access := range levels {
			mustAuthorize(t, s, key, access)
			wantAuthorization(t, s, key, access)
		}
		wantAuthorization(t, s, user, hermes.FullWrite)
	})
	t.Run("the epoch is stored as it is, and replaced", func(t *testing.T) {
		s := open(t).Store
		for _, epoch := range []int64{math.MinInt64, 0, math.MaxInt64} {
			want := hermes.Authorization{Principal: userPrincipal("alice"), Access: hermes.FullRead, Epoch: epoch}
			must(t, s.SetAuthorization(t.Context(), want))
			got, err := s.Authorization(t.Context(), want.Principal)
			wantEqual(t, got, err, want)
			wantAuthorizations(t, s, want)
		}
	})
	t.Run("the scope is stored as it is, and replaced", func(t *testing.T) {
		s := open(t).Store
		for _, scope := range []hermes.Scope{
			{Domains: "a.example,b.example", Numbers: "+46,+4773", Nodes: "number/*,user/*"},
			{Domains: "a.example"}, {Numbers: "+47"}, {Nodes: "*/list"}, {},
		} {
			want := hermes.Authorization{Principal: userPrincipal("alice"), Access: hermes.FullRead, Scope: scope}
			must(t, s.SetAuthorization(t.Context(), want))
			got, err := s.Authorization(t.Context(), want.Principal)
			wantEqual(t, got, err, want)
			wantAuthorizations(t, s, want)
		}
	})
}

func testRemoveAuthorization(t *testing.T, open openFunc) {
	t.Run("that of another kind and the same name stays, and a missing one is NotFound", func(t *testing.T) {
		s := open(t).Store
		user, key := userPrincipal("k1"), keyPrincipal("k1")
		wantCause(t, s.RemoveAuthorization(t.Context(), user), hermes.NotFound)
		mustAuthorize(t, s, user, hermes.FullWrite)
		mustAuthorize(t, s, key, hermes.FullWrite)
		must(t, s.RemoveAuthorization(t.Context(), user))
		wantCause(t, s.RemoveAuthorization(t.Context(), user), hermes.NotFound)
		wantAuthorization(t, s, key, hermes.FullWrite)
	})
	t.Run("sessions stay", func(t *testing.T) {
		s := open(t).Store
		p := userPrincipal("alice")
		mustAuthorize(t, s, p, hermes.FullRead)
		mustAddSession(t, s, session(1, p))
		must(t, s.RemoveAuthorization(t.Context(), p))
		wantSession(t, s, hermes.SessionState{Session: session(1, p)})
	})
}

func testAuthorizations(t *testing.T, open openFunc) {
	t.Run("all are listed, ordered byte-wise by kind and then name", func(t *testing.T) {
		s := open(t).Store
		wantAuthorizations(t, s)
		principals := []hermes.Principal{
			keyPrincipal("B"), keyPrincipal("a"), userPrincipal("Zoe"), userPrincipal("a b"),
			userPrincipal("a-b"), userPrincipal("ab"), userPrincipal("ålice"),
		}
		var want []hermes.Authorization
		for _, p := range principals {
			want = append(want, hermes.Authorization{Principal: p, Access: hermes.LimitedRead})
		}
		for i := range want {
			must(t, s.SetAuthorization(t.Context(), want[(i*3+2)%len(want)]))
		}
		wantAuthorizations(t, s, want...)
	})
}

func testLastingPrincipals(t *testing.T, open openFunc) {
	t.Run("the level counts; a key that is missing or expires, and a principal with a scope, do not", func(t *testing.T) {
		s := open(t).Store
		expiring := bearerKey("expiring")
		expiring.Expires = at(1).AddDate(100, 0, 0)
		mustAddKey(t, s, bearerKey("a"), bearerKey("B"), bearerKey("low"), bearerKey("alice"), expiring)
		mustAuthorize(t, s, keyPrincipal("low"), hermes.LimitedWrite)
		mustAuthorize(t, s, userPrincipal("low"), hermes.FullRead)
		want := []hermes.Principal{keyPrincipal("B"), keyPrincipal("a"), userPrincipal("alice"), userPrincipal("expiring"), userPrincipal("ålice")}
		for _, p := range append(want, keyPrincipal("missing"), keyPrincipal("expiring")) {
			mustAuthorize(t, s, p, hermes.FullWrite)
		}
		for _, scope := range []hermes.Scope{{Domains: "a.example"}, {Numbers: "+47"}, {Nodes: "user/*"}} {
			p := userPrincipal("narrowed to " + scope.Domains + scope.Numbers + scope.Nodes)
			must(t, s.SetAuthorization(t.Context(), hermes.Authorization{Principal: p, Access: hermes.FullWrite, Scope: scope}))
		}
		for _, limit := range []int{1, 2, 5, 9} {
			var all []hermes.Principal
			q := hermes.PrincipalQuery{Access: hermes.FullWrite, Limit: limit}
			for {
				page, err := s.LastingPrincipals(t.Context(), q)
				must(t, err)
				if all = append(all, page...); len(page) < limit {
					break
				}
				q.After = page[limit-1]
			}
			wantList(t, all, nil, want)
		}
	})
}

func testEverAuthorized(t *testing.T, open openFunc) {
	t.Run("from the first authorization on, even if it is removed", func(t *testing.T) {
		s := open(t).Store
		want := func(ever bool) {
			t.Helper()
			got, err := s.EverAuthorized(t.Context())
			wantEqual(t, got, err, ever)
		}
		p := userPrincipal("alice")
		wantCause(t, s.RemoveAuthorization(t.Context(), p), hermes.NotFound)
		want(false)
		err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			must(t, tx.SetAuthorization(t.Context(), hermes.Authorization{Principal: p, Access: hermes.LimitedRead}))
			must(t, tx.RemoveAuthorization(t.Context(), p))
			return errOwn
		})
		if err != errOwn {
			t.Fatal(err)
		}
		want(false)
		mustAuthorize(t, s, p, hermes.LimitedRead)
		want(true)
		must(t, s.RemoveAuthorization(t.Context(), p))
		want(true)
	})
}

func userPrincipal(name string) hermes.Principal {
	return hermes.Principal{Kind: hermes.UserPrincipal, Name: name}
}

func keyPrincipal(id string) hermes.Principal {
	return hermes.Principal{Kind: hermes.KeyPrincipal, Name: id}
}

// wantCredential checks the credential of want.User.
func wantCredential(t *testing.T, s hermes.Store, want hermes.Credential) {
	t.Helper()
	got, err := s.Credential(t.Context(), want.User)
	wantEqual(t, got, err, want)
}

func wantNoCredential(t *testing.T, s hermes.Store, user string) {
	t.Helper()
	got, err := s.Credential(t.Context(), user)
	wantNone(t, got, err)
}

func mustAuthorize(t *testing.T, s hermes.Store, p hermes.Principal, access hermes.Access) {
	t.Helper()
	must(t, s.SetAuthorization(t.Context(), hermes.Authorization{Principal: p, Access: access}))
}

func wantAuthorization(t *testing.T, s hermes.Store, p hermes.Principal, access hermes.Access) {
	t.Helper()
	got, err := s.Authorization(t.Context(), p)
	wantEqual(t, got, err, hermes.Authorization{Principal: p, Access: access})
}

func wantNoAuthorization(t *testing.T, s hermes.Store, p hermes.Principal) {
	t.Helper()
	got, err := s.Authorization(t.Context(), p)
	wantNone(t, got, err)
}

func wantAuthorizations(t *testing.T, s hermes.Store, want ...hermes.Authorization) {
	t.Helper()
	got, err := s.Authorizations(t.Context())
	wantList(t, got, err, want)
}
