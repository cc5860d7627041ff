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

// Compare runs the same random operations on the stores that a and b open, some of them in
// transactions, and fails the test when the results or errors differ. It reports the shortest
// sequence of operations that it found to fail.
//
// The flag -rapid.checks sets how many sequences are tried; it defaults to 100. Each store is
// opened once, and emptied through its own methods before each sequence. Where a store picks
// numbers at random, the results may differ: each pick is checked by what the same store has said
// of its numbers before, and is undone.
func Compare(t *testing.T, a, b func(t *testing.T) Fixture) {
	stores := [2]hermes.Store{}
	for i, open := range []openFunc{a, b} {
		f := open(t)
		f.Serve(t, "local.example", "Other.EXAMPLE")
		stores[i] = f.Store
	}
	sequences := 0
	rapid.Check(t, func(t *rapid.T) {
		sequences++
		seq := &sequence{number: sequences}
		draw := func(t *rapid.T) operation { return generator{t: t, sequence: seq}.operation() }
		operations := rapid.SliceOfN(rapid.Custom(draw), 40, 120).Draw(t, "operations")
		for _, s := range stores {
			if err := s.Tx(t.Context(), nil, func(tx hermes.Store) error { return reset(t.Context(), tx, seq) }); err != nil {
				t.Fatalf("emptying a store: %v", err)
			}
		}
		for i, op := range append(operations, readEverything(seq)) {
			first, second := op.run(t.Context(), stores[0]), op.run(t.Context(), stores[1])
			if first != second || strings.Contains(first, faultPrefix) {
				t.Fatalf("operation %d, %s: want equal results and no fault:\n%s\n%s", i, op.text, first, second)
			}
		}
	})
}

// readEverything returns an operation that reads all records that can be read.
func readEverything(seq *sequence) operation {
	return newOperation("everything", nil, func(ctx context.Context, s hermes.Store) string {
		const limit = 10_000
		results := []string{
			listResult(s.Users(ctx, hermes.UserQuery{Limit: limit})),
			listResult(s.Phones(ctx, hermes.PhoneQuery{Limit: limit})),
			listResult(s.Numbers(ctx, hermes.NumberQuery{Now: at(operationMinute), Limit: limit})),
			listResult(s.Numbers(ctx, hermes.NumberQuery{State: hermes.NumberHeld, Now: at(operationMinute), Limit: limit})),
			listResult(s.Numbers(ctx, hermes.NumberQuery{State: hermes.NumberCooling, Now: at(operationMinute), Limit: limit})),
			listResult(s.Aliases(ctx, hermes.AliasQuery{Limit: limit})),
			listResult(s.Authorizations(ctx)),
			listResult(s.Keys(ctx)),
			listResult(s.Logins(ctx, at(-1), limit)),
			listResult(s.AnswerKeys(ctx, hermes.AnswerQuery{Limit: limit})),
			listResult(s.AuditEntries(ctx, hermes.AuditQuery{Limit: limit})),
			listResult(s.UnsealedEntries(ctx, "", limit)),
			seq.sealedResult(s.SealedEntries(ctx, hermes.SealedQuery{First: seq.seals + 1, Last: seq.seals + limit, Limit: limit})),
			seq.sealsResult(s.AuditSeals(ctx, seq.seals, limit)),
		}
		for _, a := range addrs(generatedAddrs...) {
			results = append(results, result(s.User(ctx, a)), listResult(s.Groups(ctx, a)))
		}
		for _, name := range generatedNames {
			results = append(results, result(s.Credential(ctx, name)))
		}
		for n := range generatedHashes {
			results = append(results, result(s.Session(ctx, hash(n))))
		}
		return strings.Join(results, "")
	})
}

// reset removes all records that the operations can have made, and sets the servers with which a
// sequence begins. AddLocalUser needs some.
func reset(ctx context.Context, s hermes.Store, seq *sequence) error {
	return firstError(removeRecords(ctx, s), emptyDevices(ctx, s), s.SetServers(ctx, servers("local.example")), emptyTrail(ctx, s, seq))
}

// removeRecords removes all records that the operations can have made, except for servers, which no
// method removes: each sequence has other domains for these, and one that reset sets.
func removeRecords(ctx context.Context, s hermes.Store) error {
	for _, name := range generatedNames {
		if err := s.RemoveCredential(ctx, name); isFault(err) {
			return err
		}
	}
	for n := range generatedHashes {
		if err := s.RemoveSession(ctx, hash(n)); err != nil {
			return err
		}
	}
	for _, a := range addrs(generatedAddrs...) {
		if err := s.SetGroups(ctx, a, nil); err != nil {
			return err
		}
	}
	return firstError(
		errorOf(s.SweepExpired(ctx, at(59))), // what no method removes alone
		removePhones(ctx, s),
		removeNumbers(ctx, s),
		removeAliases(ctx, s),
		removeUsers(ctx, s), // which phones or aliases would prevent
		removeKeys(ctx, s),
		removeAuthorizations(ctx, s),
	)
}

func removeUsers(ctx context.Context, s hermes.Store) error {
	users, err := s.Users(ctx, hermes.UserQuery{Limit: 10_000})
	for _, e := range users {
		err = firstError(err, errorOf(s.RemoveUser(ctx, e.User)))
	}
	return err
}

func removePhones(ctx context.Context, s hermes.Store) error {
	phones, err := s.Phones(ctx, hermes.PhoneQuery{Limit: 10_000})
	for _, m := range phones {
		err = firstError(err, removePhone(ctx, s, m))
	}
	return err
}

func removePhone(ctx context.Context, s hermes.Store, m mac.Addr) error {
	lines, err := s.PhoneLines(ctx, m)
	for _, p := range lines {
		err = firstError(err, removeAssociation(ctx, s, p))
	}
	return err
}

func removeNumbers(ctx context.Context, s hermes.Store) error {
	// All holds and quarantines are over then.
	pool, err := s.Numbers(ctx, hermes.NumberQuery{Now: at(59), Limit: 10_000})
	for _, n := range pool {
		err = firstError(err, errorOf(s.RemoveNumber(ctx, n, hermes.NumberUse{Now: at(59)})))
	}
	return err
}

func removeAliases(ctx context.Context, s hermes.Store) error {
	aliases, err := s.Aliases(ctx, hermes.AliasQuery{Limit: 10_000})
	for _, a := range aliases {
		err = firstError(err, errorOf(s.RemoveAlias(ctx, a.Alias)))
	}
	return err
}

func removeKeys(ctx context.Context, s hermes.Store) error {
	keys, err := s.Keys(ctx)
	for _, k := range keys {
		err = firstError(err, s.RemoveKey(ctx, k.ID))
	}
	return err
}

func removeAuthorizations(ctx context.Context, s hermes.Store) error {
	authorizations, err := s.Authorizations(ctx)
	for _, a := range authorizations {
		err = firstError(err, s.RemoveAuthorization(ctx, a.Principal))
	}
	return err
}

// faultPrefix begins the result of a call that failed with no bare cause. No operation gives a
// store a reason for such an error.
const faultPrefix = "fault: "

// result returns the result of a call as a text that shows every field.
func result[T any](v T, err error) string {
	switch {
	case err == nil:
		return fmt.Sprintf("%#v", v)
	case isCause(err):
		return err.Error()
	}
	return faultPrefix + err.Error()
}

// listResult is [result] for a list. It treats nil as an empty list.
func listResult[T any](v []T, err error) string { return result(append([]T{}, v...), err) }

// errorResult is [result] for a call that returns an error only.
func errorResult(err error) string { return result("ok", err) }
