package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/sip"
)

func openFixture(*testing.T) storetest.Fixture {
	s := memstore.New()
	return storetest.Fixture{
		Store: s,
		Serve: func(_ *testing.T, domains ...string) {
			for _, d := range domains {
				s.Serve(sip.UncheckedDomain(d))
			}
		},
	}
}

func TestStore(t *testing.T) { storetest.Run(t, openFixture) }

// TestStore_Compare checks Compare itself, too: two stores of one kind cannot differ.
func TestStore_Compare(t *testing.T) { storetest.Compare(t, openFixture, openFixture) }

func TestStore_Tx(t *testing.T) {
	t.Parallel()
	n := e164.MustParse("+4773500001")
	t.Run("a reader outside sees the state before the transaction, without waiting", func(t *testing.T) {
		s := memstore.New()
		err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			if err := addNumber(t.Context(), tx, n); err != nil {
				return err
			}
			wantPooled(t, s, n, false)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wantPooled(t, s, n, true)
	})
	t.Run("a reader outside sees the state before the transaction, while records are changed in place", func(t *testing.T) {
		testSnapshot(t, nil)
	})
	t.Run("a transaction that is rolled back changes nothing", func(t *testing.T) {
		testSnapshot(t, errRollback)
	})
	t.Run("a writer that waits for another's end stops when its context ends", func(t *testing.T) {
		s := memstore.New()
		ctx, cancel := context.WithCancel(t.Context())
		waited := make(chan error)
		err := s.Tx(t.Context(), nil, func(hermes.Store) error {
			go func() { waited <- addNumber(ctx, s, n) }()
			cancel()
			if err := <-waited; err != context.Canceled {
				t.Errorf("got %v, want context.Canceled", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

var errRollback = errors.New("rolled back")

// testSnapshot changes each of some users several times in one transaction, which returns end, and
// reads them concurrently outside of it.
func testSnapshot(t *testing.T, end error) {
	const users, changes = 200, 20
	s := memstore.New()
	for i := range users {
		if err := s.AddUser(t.Context(), numberedUser(i, 0)); err != nil {
			t.Fatal(err)
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
		go func() {
			defer close(stopped)
			for !t.Failed() {
				wantUsers(t, s, users, 0)
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
		for change := range changes {
			for i := range users {
				if err := tx.SetUser(t.Context(), numberedUser(i, change+1)); err != nil {
					return err
				}
			}
			wantUsers(t, tx, users, change+1)
		}
		// The reader ends before the commit, after which it would see the new state.
		close(stop)
		<-stopped
		return end
	})
	if err != end {
		t.Fatal(err)
	}
	if end != nil {
		wantUsers(t, s, users, 0)
	} else {
		wantUsers(t, s, users, changes)
	}
}

// numberedUser returns the user with number i after so many changes.
func numberedUser(i, changes int) hermes.User {
	a := sip.Unchecked(fmt.Sprintf("u%03d", i), "example.com")
	return hermes.User{Address: a, Type: hermes.Remote, DisplayName: fmt.Sprint(changes), RPort: changes}
}

// wantUsers checks the users by their addresses and as a list.
func wantUsers(t *testing.T, s hermes.Store, users, changes int) {
	t.Helper()
	list, err := s.Users(t.Context(), hermes.UserQuery{Limit: users + 1})
	if err != nil || len(list) != users {
		t.Errorf("got %d users, %v, want %d", len(list), err, users)
		return
	}
	for i := range users {
		want := numberedUser(i, changes)
		if got, err := s.User(t.Context(), want.Address); got != want || err != nil {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
			return
		}
		if want := (hermes.UserEntry{User: want.Address, DisplayName: want.DisplayName}); list[i] != want {
			t.Errorf("got %+v in the list, want %+v", list[i], want)
			return
		}
	}
}

func wantPooled(t *testing.T, s hermes.Store, n e164.Number, want bool) {
	t.Helper()
	_, err := s.PooledNumber(t.Context(), n, time.Time{})
	if got := err == nil; got != want {
		t.Errorf("%s: in the pool: %t, %v, want %t", n, got, err, want)
	}
}

func TestStore_VolatileKey(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	key := s.VolatileKey()
	if key == (hermes.SecretKey{}) || key != s.VolatileKey() || key == memstore.New().VolatileKey() {
		t.Error("want a key that is always the same for a store, and another one for another store")
	}
	err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
		if tx.VolatileKey() != key {
			t.Error("in a transaction: want the same key")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	s := memstore.New(sip.MustParseDomain("b.example"), sip.MustParseDomain("a.example"))
	s.Serve(sip.UncheckedDomain("C.Example"))
	got, err := s.Domains(t.Context())
	if want := "[a.example b.example c.example]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("got %v, %v, want the domains of New and Serve: %s", got, err, want)
	}
}

func addNumber(ctx context.Context, s hermes.Store, n e164.Number) error {
	_, err := s.AddNumber(ctx, n, time.Time{})
	return err
}
