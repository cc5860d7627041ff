package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
)

// Compare runs the same random sequences of operations, some of them in transactions, on the
// two stores and wants the same answers, errors included. A failure is shown as the
// shortest sequence that was found. The flag -rapid.checks says how many are tried, 100 without
// it. Each store is opened once, and emptied through its own methods. TakeNumber at random is
// left out: two stores may differ there.
func Compare(t *testing.T, a, b func(t *testing.T) Fixture) {
	stores := [2]hermes.Store{}
	for i, open := range []func(*testing.T) Fixture{a, b} {
		f := open(t)
		f.Serve(t, "local.example", "Other.EXAMPLE")
		stores[i] = f.Store
	}
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step { return (&draw{t, run}).step(true) }), 40, 120).Draw(t, "steps")
		for _, s := range stores {
			if err := s.Tx(t.Context(), func(s hermes.Store) error { return wipe(t.Context(), s) }); err != nil {
				t.Fatalf("emptying: %v", err)
			}
		}
		for i, s := range append(steps, everything()) {
			first, second := s.run(t.Context(), stores[0]), s.run(t.Context(), stores[1])
			if first != second || strings.Contains(first, fault) {
				t.Fatalf("step %d, %s: want the same answers, and no fault:\n%s\n%s", i, s.name, first, second)
			}
		}
	})
}

// step is an operation, with what it is called with in its name. It returns its answer as a text.
type step struct {
	name string
	run  func(ctx context.Context, s hermes.Store) string
}

// GoString is what rapid shows.
func (s step) GoString() string { return s.name }

func (s step) String() string { return s.name }

// fault is in the answer for an error that is no bare cause: no operation here gives reason for one.
const fault = "fault: "

// told is an answer as a text in which all fields show.
func told[T any](v T, err error) string {
	switch err {
	case nil:
		return fmt.Sprintf("%#v", v)
	case hermes.Exists, hermes.NotFound:
		return err.Error()
	}
	return fault + err.Error()
}

// toldList makes no difference between none and an empty list.
func toldList[T any](v []T, err error) string { return told(append([]T{}, v...), err) }

func toldError(err error) string { return told("ok", err) }

// everything reads all that can be read.
func everything() step {
	return step{"everything", func(ctx context.Context, s hermes.Store) string {
		const all = 10_000
		text := toldList(s.Users(ctx, hermes.UserQuery{Limit: all})) +
			toldList(s.Phones(ctx, hermes.PhoneQuery{Limit: all})) +
			toldList(s.Numbers(ctx, hermes.NumberQuery{Limit: all})) +
			toldList(s.Aliases(ctx, hermes.AliasQuery{Limit: all})) +
			toldList(s.Authorizations(ctx)) + toldList(s.Keys(ctx))
		for _, a := range someAddrs {
			text += told(s.User(ctx, addr(a))) + toldList(s.Groups(ctx, addr(a)))
		}
		for _, name := range someNames {
			text += told(s.Credential(ctx, name))
		}
		for id := range byte(someIDs) {
			text += told(s.Session(ctx, hash(id)))
		}
		return text
	}}
}

// wipe removes what the steps can have made, but for servers, which no method removes: each run has a
// domain of its own for those.
func wipe(ctx context.Context, s hermes.Store) error {
	for _, name := range someNames {
		if err := s.RemoveCredential(ctx, name); err != nil && err != hermes.NotFound {
			return err
		}
	}
	for id := range byte(someIDs) {
		if _, err := s.TakeNonce(ctx, hash(id)); err != nil && err != hermes.NotFound {
			return err
		}
		if err := s.RemoveSession(ctx, hash(id)); err != nil {
			return err
		}
	}
	for _, a := range someAddrs {
		if err := s.SetGroups(ctx, addr(a), nil); err != nil {
			return err
		}
	}
	return firstOf(wipeUsers(ctx, s), wipePool(ctx, s), wipeKeys(ctx, s))
}

func wipeUsers(ctx context.Context, s hermes.Store) error {
	users, err := s.Users(ctx, hermes.UserQuery{Limit: 10_000})
	for _, e := range users {
		err = firstOf(err, s.RemoveUser(ctx, e.User))
	}
	if err != nil {
		return err
	}
	phones, err := s.Phones(ctx, hermes.PhoneQuery{Limit: 10_000})
	for _, m := range phones {
		err = firstOf(err, wipePhone(ctx, s, m))
	}
	return err
}

func wipePhone(ctx context.Context, s hermes.Store, m mac.Addr) error {
	users, err := s.PhoneUsers(ctx, m)
	for _, u := range users {
		err = firstOf(err, s.RemovePhone(ctx, hermes.Phone{MAC: m, User: u}))
	}
	return err
}

func wipePool(ctx context.Context, s hermes.Store) error {
	pool, err := s.Numbers(ctx, hermes.NumberQuery{Limit: 10_000})
	for _, n := range pool {
		err = firstOf(err, s.RemoveNumber(ctx, n))
	}
	if err != nil {
		return err
	}
	aliases, err := s.Aliases(ctx, hermes.AliasQuery{Limit: 10_000})
	for _, a := range aliases {
		err = firstOf(err, s.RemoveAlias(ctx, a.Alias))
	}
	return err
}

func wipeKeys(ctx context.Context, s hermes.Store) error {
	keys, err := s.Keys(ctx)
	for _, key := range keys {
		err = firstOf(err, s.RemoveKey(ctx, key.ID))
	}
	if err != nil {
		return err
	}
	all, err := s.Authorizations(ctx)
	for _, a := range all {
		err = firstOf(err, s.RemoveAuthorization(ctx, a.Principal))
	}
	return err
}
