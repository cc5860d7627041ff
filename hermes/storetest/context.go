package storetest

import (
	"context"
	"reflect"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testContext(t *testing.T, open openFunc) {
	t.Run("every method of a cancelled context fails with no bare cause and writes nothing", func(t *testing.T) {
		testCancelledMethods(t, open(t).Store)
	})
	t.Run("a transaction whose context is cancelled before a write fails and keeps nothing", func(t *testing.T) {
		testCancelledInTx(t, open(t).Store)
	})
	t.Run("a transaction whose context is cancelled at its beginning fails and keeps nothing", func(t *testing.T) {
		s := open(t).Store
		ctx := cancelledContext(t)
		wantFault(t, s.Tx(ctx, nil, func(tx hermes.Store) error { return addRecords(t.Context(), tx) }))
		wantNoRecords(t, s)
	})
	t.Run("a transaction whose context is cancelled by fn fails and keeps nothing", func(t *testing.T) {
		s := open(t).Store
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		wantFault(t, s.Tx(ctx, nil, func(tx hermes.Store) error {
			err := addRecords(t.Context(), tx)
			cancel()
			return err
		}))
		wantNoRecords(t, s)
		must(t, s.Tx(t.Context(), nil, func(tx hermes.Store) error { return addRecords(t.Context(), tx) }))
	})
}

func cancelledContext(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func testCancelledMethods(t *testing.T, s hermes.Store) {
	must(t, addRecords(t.Context(), s))
	calls := append(readCalls(), writeCalls()...)
	wantEveryMethod(t, calls)
	for _, c := range calls {
		if err := c.call(cancelledContext(t), s); !isFault(err) {
			t.Errorf("%s: got %v, want an error that is no bare cause", c.method, err)
		}
	}
	wantUnchangedRecords(t, s)
	for _, c := range calls {
		if err := c.call(t.Context(), s); err != nil {
			t.Errorf("%s with a context that is not cancelled: %v", c.method, err)
		}
	}
}

func testCancelledInTx(t *testing.T, s hermes.Store) {
	must(t, addRecords(t.Context(), s))
	for _, c := range writeCalls() {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.Tx(ctx, nil, func(tx hermes.Store) error {
			cancel()
			return c.call(ctx, tx)
		})
		if !isFault(err) {
			t.Errorf("%s: got %v, want an error that is no bare cause", c.method, err)
		}
	}
	wantUnchangedRecords(t, s)
}

// wantUnchangedRecords checks that the records of addRecords are as they were added, except for the
// nonce.
func wantUnchangedRecords(t *testing.T, s hermes.Store) {
	t.Helper()
	wantRecords(t, s)
	wantUser(t, s, remoteUser("bob@far.example"))
	wantServers(t, s, servers("example.com"))
	wantKey(t, s, bearerKey("k1"))
	wantSession(t, s, hermes.SessionState{Session: session(1, userPrincipal("alice")), Access: hermes.FullWrite})
	wantGroups(t, s, addr("alice@example.com"), "intl")
	wantPool(t, s, "+4710", "+4711", "+4712", "+4713", "+4714", "+4715", "+4716", "+4717", "+4718", "+4719", "+4720")
}

// wantEveryMethod checks that calls has a call of each method of [hermes.Store] that can fail, but
// of Tx.
func wantEveryMethod(t *testing.T, calls []methodCall) {
	t.Helper()
	called := map[string]bool{"Tx": true, "AfterCommit": true, "VolatileKey": true}
	for _, c := range calls {
		called[c.method] = true
	}
	for method := range reflect.TypeFor[hermes.Store]().Methods() {
		if !called[method.Name] {
			t.Errorf("this test has no call of %s", method.Name)
		}
	}
}
