package storetest

import (
	"context"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testTx(t *testing.T, open openFunc) {
	t.Run("all writes are kept when fn returns nil", func(t *testing.T) {
		s := open(t).Store
		must(t, s.Tx(t.Context(), nil, func(tx hermes.Store) error { return addRecords(t.Context(), tx) }))
		wantRecords(t, s)
	})
	t.Run("fn sees its own writes", func(t *testing.T) {
		must(t, open(t).Store.Tx(t.Context(), nil, func(tx hermes.Store) error {
			err := addRecords(t.Context(), tx)
			wantRecords(t, tx)
			return err
		}))
	})
	t.Run("no write is kept when fn fails, and Tx returns its error as it is", func(t *testing.T) {
		testTxError(t, open(t).Store)
	})
	t.Run("no write is kept when fn panics, and the store stays usable", func(t *testing.T) {
		testTxPanic(t, open(t).Store)
	})
	t.Run("removed and replaced records are as before when fn fails", func(t *testing.T) {
		testTxUndo(t, open(t).Store)
	})
	t.Run("a bare cause leaves the transaction usable", func(t *testing.T) { testTxCauses(t, open(t).Store) })
	t.Run("the Store given to fn is not usable after fn", func(t *testing.T) { testTxEnded(t, open(t).Store) })
	t.Run("AfterCommit", func(t *testing.T) { testAfterCommit(t, open) })
	t.Run("nested", func(t *testing.T) { testNestedTx(t, open) })
}

func testTxError(t *testing.T, s hermes.Store) {
	for _, want := range []error{errOwn, hermes.Exists, &hermes.Error{Cause: hermes.InUse}, context.Canceled} {
		err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			must(t, addRecords(t.Context(), tx))
			return want
		})
		wantError(t, err, want)
		wantNoRecords(t, s)
	}
}

func wantError(t *testing.T, got, want error) {
	t.Helper()
	if got != want {
		t.Fatalf("got the error %v, want %v, unwrapped", got, want)
	}
}

func testTxPanic(t *testing.T, s hermes.Store) {
	func() {
		defer func() { _ = recover() }()
		_ = s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			must(t, addRecords(t.Context(), tx))
			panic("on purpose")
		})
	}()
	wantNoRecords(t, s)
	must(t, s.Tx(t.Context(), nil, func(tx hermes.Store) error { return addRecords(t.Context(), tx) }))
	wantRecords(t, s)
}

func testTxUndo(t *testing.T, s hermes.Store) {
	ctx := t.Context()
	must(t, addRecords(ctx, s))
	changed := remoteUser("bob@far.example")
	changed.DisplayName = "another name"
	err := s.Tx(ctx, nil, func(tx hermes.Store) error {
		_, takeErr := tx.TakeNumber(ctx, hermes.TakeQuery{})
		_, sweepErr := tx.SweepExpired(ctx, at(60))
		must(t, firstError(
			takeErr,
			sweepErr,
			tx.SetUser(ctx, changed),
			removeAssociation(ctx, tx, phone("001122334455", "alice@example.com")),
			removeNumber(ctx, tx, number("+4719")),
			errorOf(tx.RemoveAlias(ctx, addr("sales@example.com"))),
			errorOf(tx.RemoveUser(ctx, addr("alice@example.com"))),
			tx.RemoveCredential(ctx, "alice"),
			tx.RemoveAuthorization(ctx, userPrincipal("alice")),
			tx.RemoveKey(ctx, "k1"),
		))
		return errOwn
	})
	wantError(t, err, errOwn)
	wantRecords(t, s)
	wantUser(t, s, remoteUser("bob@far.example"))
	wantCause(t, s.AddNonce(ctx, nonce(1)), hermes.Exists)
}

func testTxCauses(t *testing.T, s hermes.Store) {
	ctx := t.Context()
	must(t, s.Tx(ctx, nil, func(tx hermes.Store) error {
		wantCause(t, removeNumber(ctx, tx, number("+4719")), hermes.NotFound)
		wantCause(t, tx.SetUser(ctx, localUser("alice@example.com")), hermes.NotFound)
		wantCause(t, errorOf(tx.RemoveAlias(ctx, addr("sales@example.com"))), hermes.NotFound)
		wantCause(t, tx.RotateSession(ctx, rotated(session(1, userPrincipal("alice")))), hermes.NotFound)
		must(t, addRecords(ctx, tx))
		wantCause(t, tx.AddUser(ctx, localUser("alice@example.com")), hermes.Exists)
		wantCause(t, tx.AddUser(ctx, remoteUser("bob@far.example")), hermes.Exists)
		wantCause(t, addPhone(ctx, tx, phone("001122334455", "alice@example.com")), hermes.Exists)
		wantCause(t, addNumber(ctx, tx, number("+4711")), hermes.Exists)
		wantCause(t, addAlias(ctx, tx, alias("sales@example.com", "bob@example.com")), hermes.Exists)
		wantCause(t, tx.AddCredential(ctx, hermes.Credential{User: "alice", Hash: otherHash}), hermes.Exists)
		wantCause(t, tx.AddKey(ctx, bearerKey("k1")), hermes.Exists)
		wantCause(t, tx.AddNonce(ctx, nonce(1)), hermes.Exists)
		wantCause(t, tx.AddSession(ctx, session(1, userPrincipal("alice"))), hermes.Exists)
		return addNumber(ctx, tx, number("+4799"))
	}))
	wantRecords(t, s)
	wantHasNumber(t, s, "+4799", true)
}

func testTxEnded(t *testing.T, s hermes.Store) {
	var ended hermes.Store
	must(t, s.Tx(t.Context(), nil, func(tx hermes.Store) error {
		ended = tx
		return nil
	}))
	_, err := hasNumber(t.Context(), ended, number("+4711"))
	wantFault(t, err)
	wantFault(t, addNumber(t.Context(), ended, number("+4711")))
	wantFault(t, ended.Tx(t.Context(), nil, func(hermes.Store) error { return nil }))
	wantPool(t, s)
}

// testNestedTx tests the Tx method of the Store that a transaction's function is given.
func testNestedTx(t *testing.T, open openFunc) {
	t.Run("an inner Tx runs in the same transaction", func(t *testing.T) {
		s, ctx := open(t).Store, t.Context()
		must(t, s.Tx(ctx, nil, func(outer hermes.Store) error {
			mustAddNumber(t, outer, "+4799")
			return outer.Tx(ctx, nil, func(middle hermes.Store) error {
				wantHasNumber(t, middle, "+4799", true)
				err := middle.Tx(ctx, nil, func(inner hermes.Store) error { return addRecords(ctx, inner) })
				wantRecords(t, outer)
				return err
			})
		}))
		wantRecords(t, s)
	})
	t.Run("writes of an inner Tx are undone with the outer one, and its error is returned as it is", func(t *testing.T) {
		s, ctx := open(t).Store, t.Context()
		err := s.Tx(ctx, nil, func(outer hermes.Store) error {
			must(t, outer.Tx(ctx, nil, func(inner hermes.Store) error { return addRecords(ctx, inner) }))
			return outer.Tx(ctx, nil, func(hermes.Store) error { return errOwn })
		})
		wantError(t, err, errOwn)
		wantNoRecords(t, s)
	})
	t.Run("an inner Tx that fails undoes nothing by itself", func(t *testing.T) {
		s, ctx := open(t).Store, t.Context()
		must(t, s.Tx(ctx, nil, func(outer hermes.Store) error {
			err := outer.Tx(ctx, nil, func(inner hermes.Store) error {
				must(t, addRecords(ctx, inner))
				return errOwn
			})
			wantError(t, err, errOwn)
			return nil
		}))
		wantRecords(t, s)
	})
}
