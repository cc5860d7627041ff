package storetest

import (
	"context"
	"errors"

	"github.com/hermes-voip/go-hermes/hermes"
)

var errOwn = errors.New("fn's own error")

func txCases() []testCase {
	return []testCase{
		{"commit", "everything sticks when fn returns nil", func(k *kit) {
			k.ok(k.Tx(k.ctx, k.writeAll))
			k.written(k.Store, true)
		}},
		{"own_writes", "fn sees what it wrote", func(k *kit) {
			k.ok(k.Tx(k.ctx, func(s hermes.Store) error {
				err := k.writeAll(s)
				k.written(s, true)
				return err
			}))
		}},
		{"error", "nothing sticks when fn fails, and its error is returned as it is", func(k *kit) {
			for _, want := range []error{errOwn, hermes.Exists, &hermes.Error{Cause: hermes.InUse}, context.Canceled} {
				err := k.Tx(k.ctx, func(s hermes.Store) error {
					k.ok(k.writeAll(s))
					return want
				})
				if err != want {
					k.Fatalf("got %v, want %v", err, want)
				}
				k.written(k.Store, false)
			}
		}},
		{"panic", "nothing sticks when fn panics, and the store still serves", func(k *kit) {
			func() {
				defer func() { recover() }()
				k.Tx(k.ctx, func(s hermes.Store) error {
					k.ok(k.writeAll(s))
					panic("on purpose")
				})
			}()
			k.written(k.Store, false)
			k.ok(k.Tx(k.ctx, k.writeAll))
			k.written(k.Store, true)
		}},
		{"removals", "what fn removed or replaced is as it was when fn fails", undoneRemovals},
		{"bare_causes", "a bare cause leaves the transaction usable", bareCauses},
		{"nested", "a transaction's own Tx runs in the same transaction", nested},
		{"nested_error", "what an inner Tx wrote goes with the outer one, and the inner fn's error is returned as it is", func(k *kit) {
			err := k.Tx(k.ctx, func(s hermes.Store) error {
				k.ok(s.Tx(k.ctx, k.writeAll))
				return s.Tx(k.ctx, func(hermes.Store) error { return errOwn })
			})
			if err != errOwn {
				k.Fatalf("got %v, want fn's own error", err)
			}
			k.written(k.Store, false)
		}},
		{"nested_only", "an inner Tx undoes nothing by itself: what it wrote sticks where the outer fn returns nil", func(k *kit) {
			k.ok(k.Tx(k.ctx, func(s hermes.Store) error {
				inner := s.Tx(k.ctx, func(in hermes.Store) error {
					k.ok(k.writeAll(in))
					return errOwn
				})
				if inner != errOwn {
					k.Fatalf("got %v, want fn's own error", inner)
				}
				return nil
			}))
			k.written(k.Store, true)
		}},
		{"over", "the Store given to fn serves in fn only", func(k *kit) {
			var kept hermes.Store
			k.ok(k.Tx(k.ctx, func(s hermes.Store) error { kept = s; return nil }))
			_, err := kept.HasNumber(k.ctx, number("+4711"))
			k.fails(err)
			k.fails(kept.AddNumber(k.ctx, number("+4711")))
			k.fails(kept.Tx(k.ctx, func(hermes.Store) error { return nil }))
			k.pooled()
		}},
	}
}

// writeAll writes a record of each kind.
func (k *kit) writeAll(s hermes.Store) error {
	p := backendUser("alice")
	if _, err := s.AddNumbers(k.ctx, number("+4710"), number("+4719")); err != nil {
		return err
	}
	return firstOf(
		s.AddUser(k.ctx, localUser("alice@example.com")),
		s.AddUser(k.ctx, remoteUser("bob@far.example")),
		s.SetGroups(k.ctx, addr("alice@example.com"), []string{"intl"}),
		s.AddPhone(k.ctx, phone("001122334455", "alice@example.com")),
		s.AddNumber(k.ctx, number("+4720")),
		s.AddAlias(k.ctx, alias("sales@example.com", "alice@example.com")),
		s.SetServers(k.ctx, servers("example.com")),
		s.AddCredential(k.ctx, hermes.Credential{User: "alice", Hash: argonHash}),
		s.SetAuthorization(k.ctx, hermes.Authorization{Principal: p, Access: hermes.FullWrite}),
		s.AddKey(k.ctx, bearerKey("k1")),
		s.AddNonce(k.ctx, nonce(1)),
		s.AddSession(k.ctx, session(1, p)),
	)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// written wants all that writeAll writes to be there, or nothing of it.
func (k *kit) written(s hermes.Store, want bool) {
	k.Helper()
	there := k.there(s)
	for what, is := range there {
		if is != want {
			k.Fatalf("%s: there is %t, want %t (all: %v)", what, is, want, there)
		}
	}
}

func (k *kit) there(s hermes.Store) map[string]bool {
	k.Helper()
	is := map[string]bool{}
	one := func(what string, err error) {
		k.Helper()
		if err != nil && err != hermes.NotFound {
			k.Fatalf("%s: %v", what, err)
		}
		is[what] = err == nil
	}
	for _, a := range addrs("alice@example.com", "bob@far.example") {
		_, err := s.User(k.ctx, a)
		one(a.String(), err)
	}
	for _, n := range numbers("+4710", "+4719", "+4720") {
		is[n.String()] = value(k, got(s.HasNumber(k.ctx, n)))
	}
	is["groups"] = len(value(k, got(s.Groups(k.ctx, addr("alice@example.com"))))) == 1
	is["phone"] = len(value(k, got(s.Phones(k.ctx, hermes.PhoneQuery{Limit: 2})))) == 1
	is["alias"] = len(value(k, got(s.Aliases(k.ctx, hermes.AliasQuery{Limit: 2})))) == 1
	is["key"] = len(value(k, got(s.Keys(k.ctx)))) == 1
	is["authorization"] = len(value(k, got(s.Authorizations(k.ctx)))) == 1
	_, err := s.Servers(k.ctx, domain("example.com"))
	one("servers", err)
	_, err = s.Credential(k.ctx, "alice")
	one("credential", err)
	_, err = s.Session(k.ctx, hash(1))
	one("session", err)
	return is
}

func undoneRemovals(k *kit) {
	k.ok(k.writeAll(k.Store))
	other := remoteUser("bob@far.example")
	other.DisplayName = "somebody else"
	err := k.Tx(k.ctx, func(s hermes.Store) error {
		_, takeErr := s.TakeNumber(k.ctx, hermes.Pattern{}, false)
		_, nonceErr := s.TakeNonce(k.ctx, hash(1))
		_, sweepErr := s.SweepExpired(k.ctx, at(60))
		k.ok(takeErr, nonceErr, sweepErr, s.RemoveUser(k.ctx, addr("alice@example.com")), s.SetUser(k.ctx, other),
			s.RemovePhone(k.ctx, phone("001122334455", "alice@example.com")), s.RemoveNumber(k.ctx, number("+4719")),
			s.RemoveAlias(k.ctx, addr("sales@example.com")), s.RemoveCredential(k.ctx, "alice"),
			s.RemoveAuthorization(k.ctx, backendUser("alice")), s.RemoveKey(k.ctx, "k1"))
		return errOwn
	})
	if err != errOwn {
		k.Fatalf("got %v, want fn's own error", err)
	}
	k.written(k.Store, true)
	equal(k, got(k.User(k.ctx, other.Address)), remoteUser("bob@far.example"))
	equal(k, got(k.TakeNonce(k.ctx, hash(1))), nonce(1))
}

func bareCauses(k *kit) {
	p := backendUser("alice")
	k.ok(k.Tx(k.ctx, func(s hermes.Store) error {
		k.is(s.RemoveNumber(k.ctx, number("+4719")), hermes.NotFound)
		k.is(s.SetUser(k.ctx, localUser("alice@example.com")), hermes.NotFound)
		k.is(s.RemoveAlias(k.ctx, addr("sales@example.com")), hermes.NotFound)
		k.is(s.RotateSession(k.ctx, hash(1), 0, at(1), at(2)), hermes.NotFound)
		k.ok(k.writeAll(s))
		k.is(s.AddUser(k.ctx, localUser("alice@example.com")), hermes.Exists)
		k.is(s.AddUser(k.ctx, remoteUser("bob@far.example")), hermes.Exists)
		k.is(s.AddPhone(k.ctx, phone("001122334455", "alice@example.com")), hermes.Exists)
		k.is(s.AddNumber(k.ctx, number("+4711")), hermes.Exists)
		k.is(s.AddAlias(k.ctx, alias("sales@example.com", "bob@far.example")), hermes.Exists)
		k.is(s.AddCredential(k.ctx, hermes.Credential{User: "alice", Hash: otherHash}), hermes.Exists)
		k.is(s.AddKey(k.ctx, bearerKey("k1")), hermes.Exists)
		k.is(s.AddNonce(k.ctx, nonce(1)), hermes.Exists)
		k.is(s.AddSession(k.ctx, session(1, p)), hermes.Exists)
		return s.AddNumber(k.ctx, number("+4799"))
	}))
	k.written(k.Store, true)
	equal(k, got(k.HasNumber(k.ctx, number("+4799"))), true)
}

func nested(k *kit) {
	k.ok(k.Tx(k.ctx, func(s hermes.Store) error {
		k.ok(s.AddNumber(k.ctx, number("+4799")))
		return s.Tx(k.ctx, func(inner hermes.Store) error {
			equal(k, got(inner.HasNumber(k.ctx, number("+4799"))), true)
			err := inner.Tx(k.ctx, k.writeAll)
			k.written(s, true)
			return err
		})
	}))
	k.written(k.Store, true)
}
