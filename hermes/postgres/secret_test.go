package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestStore_SecretsNotLogged makes statements fail, whose text PostgreSQL then logs.
func TestStore_SecretsNotLogged(t *testing.T) {
	db := pgtest.New(t, noFsync)
	pgdriver := mustOpen(t, db, nil)
	for name, store := range map[string]hermes.Store{"pgdriver": pgdriver, "pgx": mustNew(t, mustOpenPgx(t, db))} {
		canary := "canary-of-" + name
		u := local(name + "@example.com")
		if err := store.AddUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		u.HA1, u.HA1B = canary+"-ha1", canary+"-ha1b"
		u.Clear = strings.Repeat(canary, 10) // does not fit
		added := u
		added.Address = local("new-" + name + "@example.com").Address
		for _, err := range []error{store.SetUser(t.Context(), u), store.AddUser(t.Context(), added)} {
			if width := (*hermes.WidthError)(nil); !errors.As(err, &width) {
				t.Errorf("%s: %v, want the column to be too narrow", name, err)
			}
		}
		log := db.Log()
		if !strings.Contains(log, "too long") {
			t.Errorf("%s: the failure of the statements is not in the log, so that it proves nothing", name)
		}
		if strings.Contains(log, canary) {
			t.Errorf("%s: the clear password or a hash is in the server's log", name)
		}
		u.Clear = canary
		if err := store.SetUser(t.Context(), u); err != nil {
			t.Error(err)
		}
		if got := db.Value(t, "SELECT password FROM subscriber WHERE username = $1", name); got != canary {
			t.Errorf("%s: the password is %q, want %q", name, got, canary)
		}
	}
}

// TestStore_Tx_HiddenFailure ignores the failure of a statement inside the function. The
// transaction must not be committed.
func TestStore_Tx_HiddenFailure(t *testing.T) {
	db := pgtest.New(t, noFsync)
	store := mustOpen(t, db, nil)
	bad := local("bad@example.com")
	bad.HA1 = strings.Repeat("x", 200)
	err := store.Tx(t.Context(), nil, func(s hermes.Store) error {
		if err := s.AddUser(t.Context(), local("alice@example.com")); err != nil {
			t.Error(err)
		}
		_ = s.AddUser(t.Context(), bad)
		return nil
	})
	if pgconn.State(err) != "22001" {
		t.Errorf("Tx returned %v, want the failure that fn hid", err)
	}
	if n := db.Value(t, "SELECT count(*) FROM subscriber"); n != "0" {
		t.Errorf("%s users, want none", n)
	}
}
