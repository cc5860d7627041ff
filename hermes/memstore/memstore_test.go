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

func open(*testing.T) storetest.Fixture {
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

func TestStore(t *testing.T) { storetest.Run(t, open) }

// TestCompare holds Compare itself: one kind of store can only agree with itself.
func TestCompare(t *testing.T) { storetest.Compare(t, open, open) }

// TestReadersDoNotWait reads through the outer Store while a transaction is open: what was there
// before, at once.
func TestReadersDoNotWait(t *testing.T) {
	s, n := memstore.New(), e164.MustParse("+4773500001")
	err := s.Tx(t.Context(), func(in hermes.Store) error {
		if err := in.AddNumber(t.Context(), n); err != nil {
			return err
		}
		if has, err := s.HasNumber(t.Context(), n); has || err != nil {
			t.Errorf("before the commit: got %t, %v, want false", has, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if has, err := s.HasNumber(t.Context(), n); !has || err != nil {
		t.Errorf("after the commit: got %t, %v, want true", has, err)
	}
}

// TestWaitEnds has a writer wait for another whose end depends on the waiting one's context.
func TestWaitEnds(t *testing.T) {
	s := memstore.New()
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error)
	err := s.Tx(t.Context(), func(hermes.Store) error {
		go func() { waited <- s.AddNumber(ctx, e164.MustParse("+4773500001")) }()
		cancel()
		if err := <-waited; err != context.Canceled {
			t.Errorf("got %v, want context.Canceled", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNewServes(t *testing.T) {
	s := memstore.New(sip.MustParseDomain("b.example"), sip.MustParseDomain("a.example"))
	s.Serve(sip.UncheckedDomain("C.Example"))
	got, err := s.Domains(t.Context())
	if want := "[a.example b.example c.example]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("got %v, %v, want %s", got, err, want)
	}
}
