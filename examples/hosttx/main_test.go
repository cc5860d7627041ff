package main

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"os"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func TestAddCustomer(t *testing.T) {
	ctx, pg := t.Context(), pgtest.New(t, pgtest.Options{NoFsync: true})
	store, err := postgres.Open(ctx, pg.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	pg.Exec(t, `CREATE TABLE customers (name text, sip text)`)
	pg.Exec(t, `INSERT INTO domain (domain) VALUES ('example.test')`)
	db, err := sql.Open("pgx", pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	key, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	alice := sip.MustParse("alice@example.test")

	if err := addCustomer(ctx, db, key, "Alice", alice); !errors.Is(err, hermes.NoServers) {
		t.Fatalf("without servers for the domain: %v, want NoServers", err)
	}
	if n := countCustomers(t, db); n != 0 {
		t.Errorf("%d customers after a failure, want 0", n)
	}
	if err := store.SetServers(ctx, hermes.Servers{Domain: alice.Domain(), RPort: 5060, PPort: 5060}); err != nil {
		t.Fatal(err)
	}
	if err := addCustomer(ctx, db, key, "Alice", alice); err != nil {
		t.Fatal(err)
	}
	if n := countCustomers(t, db); n != 1 {
		t.Errorf("%d customers, want 1", n)
	}
	if _, err := store.User(ctx, alice); err != nil {
		t.Errorf("the SIP user: %v", err)
	}
}

func countCustomers(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM customers`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
