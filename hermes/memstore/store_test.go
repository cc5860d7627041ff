package memstore_test

import (
	"context"
	"fmt"
	"testing"

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
			if err := tx.AddNumber(t.Context(), n); err != nil {
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
	t.Run("a writer that waits for another's end stops when its context ends", func(t *testing.T) {
		s := memstore.New()
		ctx, cancel := context.WithCancel(t.Context())
		waited := make(chan error)
		err := s.Tx(t.Context(), nil, func(hermes.Store) error {
			go func() { waited <- s.AddNumber(ctx, n) }()
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

func wantPooled(t *testing.T, s hermes.Store, n e164.Number, want bool) {
	t.Helper()
	if got, err := s.HasNumber(t.Context(), n); got != want || err != nil {
		t.Errorf("%s: in the pool: %t, %v, want %t", n, got, err, want)
	}
}

func TestStore_Volatile(t *testing.T) {
	t.Parallel()
	if !memstore.New().Volatile() {
		t.Error("got false, want true")
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
