package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/sip"
)

// fillReserved adds 20,000 numbers that are held or cooling, of which the time of 20 has passed,
// and 2,000 free ones.
const fillReserved = `INSERT INTO hermes.reserved_numbers
		SELECT '+4' || g, now() + CASE WHEN g % 1000 = 0 THEN '-1 hour' ELSE '1 hour' END::interval,
			CASE WHEN g % 2 = 0 THEN 'user' ELSE '' END, CASE WHEN g % 2 = 0 THEN 'alice' ELSE '' END
		FROM generate_series(710000, 729999) AS g;
	INSERT INTO hermes.numbers SELECT '+4' || g FROM generate_series(730000, 731999) AS g`

// TestStore_ReservedPlans wants no step of a statement to handle all numbers that are held or
// cooling.
func TestStore_ReservedPlans(t *testing.T) {
	db := newExplaining(t, "")
	store := mustOpen(t, db, &postgres.Options{MaxConns: 1})
	db.Exec(t, fillReserved)
	db.Exec(t, "VACUUM ANALYZE hermes.numbers")
	db.Exec(t, "VACUUM ANALYZE hermes.reserved_numbers")
	wantSmallPlans(t, db, 250, func() {
		for range 7 { // the plan may change when a statement has run for five times
			mustUseReserved(t, store, time.Now())
		}
	})
}

// mustUseReserved lists, takes and holds numbers in each way.
func mustUseReserved(t *testing.T, store *postgres.Store, now time.Time) {
	t.Helper()
	ctx, use := t.Context(), hermes.NumberUse{By: hermes.Principal{Kind: hermes.UserPrincipal, Name: "bob"}, Now: now}
	for _, state := range []hermes.NumberState{hermes.NumberFree, hermes.NumberHeld, hermes.NumberCooling} {
		numbers, err := store.Numbers(ctx, hermes.NumberQuery{State: state, Now: now, Limit: 100})
		if err != nil || len(numbers) != 100 {
			t.Fatalf("%d numbers that are %s, %v; want 100", len(numbers), state, err)
		}
	}
	if _, err := store.SampleNumbers(ctx, hermes.NumberQuery{Now: now, Limit: 5}); err != nil {
		t.Fatal(err)
	}
	q := hermes.TakeQuery{Now: now}
	taken, err := store.TakeNumber(ctx, q)
	held, holdErr := store.HoldAny(ctx, q, use.By, now.Add(time.Hour))
	_, _, assignErr := store.AssignAny(ctx, hermes.AssignQuery{
		Now: now, Domain: sip.MustParseDomain("example.com"), Destination: sip.MustParse("bob@example.com"),
	})
	_, addErr := store.AddNumber(ctx, taken, now)
	_, renewErr := store.HoldNumber(ctx, held, use, now.Add(2*time.Hour))
	_, unholdErr := store.UnholdNumber(ctx, held, use)
	_, placeErr := store.PooledNumber(ctx, held, now)
	_, removeErr := store.RemoveNumber(ctx, held, use)
	if err := errors.Join(err, holdErr, assignErr, addErr, renewErr, unholdErr, placeErr, removeErr); err != nil {
		t.Fatal(err)
	}
	_, err = store.RemoveNumber(ctx, e164.MustParse("+4710001"), use)
	if err != error(hermes.InUse) {
		t.Fatalf("removing a number that cools down: %v, want inuse", err)
	}
	if _, err := store.TakeNumber(ctx, hermes.TakeQuery{Now: now, Scope: hermes.Scope{Numbers: "+471,+472"}}); err != nil && err != error(hermes.NotFound) {
		t.Fatal(err)
	}
}
