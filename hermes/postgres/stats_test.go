package postgres_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

// stateError is an error as a function in the database may raise it.
type stateError string

func (e stateError) Error() string    { return "raised" }
func (e stateError) SQLState() string { return string(e) }

// TestStore_Stats counts what happens to statements and transactions.
func TestStore_Stats(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, noFsync)
	store := mustOpen(t, db, &postgres.Options{MaxConns: 7})
	runs := 0
	err := store.Tx(t.Context(), nil, func(hermes.Store) error {
		if runs++; runs < 3 {
			return stateError("40001")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]int64{postgres.RetryConflict: 2}, store.Retries()); d != "" {
		t.Errorf("retries (-want +got)\n%s", d)
	}
	alice := sip.MustParse("alice@example.com")
	if _, err := store.User(t.Context(), alice); err != hermes.NotFound {
		t.Fatalf("got %v, want NotFound", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.User(gone, alice); err == nil {
		t.Fatal("a statement ran for a caller that had left")
	}
	if got := store.Failures(); len(got) != 0 {
		t.Errorf("failures %v, want none", got)
	}
	db.Exec(t, "DROP TABLE subscriber CASCADE")
	if _, err := store.User(t.Context(), alice); err == nil {
		t.Fatal("a user was read from a table that does not exist")
	}
	if d := cmp.Diff(map[string]int64{"42": 1}, store.Failures()); d != "" {
		t.Errorf("failures (-want +got)\n%s", d)
	}
	if pools := store.Pools(); len(pools) != 4 || pools["data"].MaxOpenConnections != 7 {
		t.Errorf("pools %+v, want four of them, with 7 connections for data", pools)
	}
	host := mustNew(t, mustOpenPgx(t, db))
	if pools := host.Pools(); pools != nil {
		t.Errorf("pools of a host's database: %v, want none", pools)
	}
}
