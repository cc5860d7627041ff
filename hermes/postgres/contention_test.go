package postgres_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestStore_Tx_Contention checks that no transaction fails because others keep committing first. In
// small tables all of them touch the same pages.
func TestStore_Tx_Contention(t *testing.T) {
	store := mustOpen(t, pgtest.New(t, noFsync), nil)
	if _, err := store.AddNumbers(t.Context(), e164.MustParse("+4773500000"), e164.MustParse("+4773502999")); err != nil {
		t.Fatal(err)
	}
	const workers, each = 32, 12
	inParallel(t, workers, each, func(name string) error {
		return store.Tx(t.Context(), nil, func(s hermes.Store) error { return addUser(t, s, name) })
	})
	inParallel(t, workers, each, func(name string) error {
		return store.Tx(t.Context(), nil, func(s hermes.Store) error { return assignNumber(t, s, name) })
	})
	aliases, err := store.Aliases(t.Context(), hermes.AliasQuery{Limit: 10 * workers * each})
	if err != nil || len(aliases) != workers*each {
		t.Errorf("%d aliases, %v; want %d", len(aliases), err, workers*each)
	}
}

func inParallel(t *testing.T, workers, each int, fn func(name string) error) {
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				if err := fn(fmt.Sprintf("u%d-%d@example.com", w, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func addUser(t *testing.T, s hermes.Store, name string) error {
	a := sip.MustParse(name)
	if _, err := s.Holder(t.Context(), a); err != nil {
		return err
	}
	return s.AddUser(t.Context(), hermes.User{Address: a, Type: hermes.Local})
}

func assignNumber(t *testing.T, s hermes.Store, name string) error {
	u := sip.MustParse(name)
	if _, err := s.User(t.Context(), u); err != nil {
		return err
	}
	n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{})
	if err != nil {
		return err
	}
	if _, err := s.Aliases(t.Context(), hermes.AliasQuery{Destination: u, Limit: 2}); err != nil {
		return err
	}
	_, err = s.AddAlias(t.Context(), hermes.Alias{Alias: sip.MustParse(n.String() + "@example.com"), Destination: u}, hermes.NumberUse{})
	return err
}
