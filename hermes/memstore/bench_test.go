package memstore

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

const million = 1_000_000

// address returns the address of the user with number i.
func address(i int) sip.Addr { return sip.MustParse(fmt.Sprintf("u%07d@example.com", i)) }

// newFilledStore returns a store with a million users and a million numbers.
func newFilledStore(b *testing.B) *Store {
	b.Helper()
	s := New()
	err := s.inTx(b.Context(), func(tx *Store) error {
		for i := range million {
			a := address(i)
			tx.tx.records.setUser(&hermes.User{Address: a, Type: hermes.Local, DisplayName: a.User()})
		}
		_, err := tx.AddNumbers(b.Context(), e164.MustParse("+4710000000"), e164.MustParse("+4710999999"))
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkMapGet reads a Go map, for a comparison with BenchmarkUser.
func BenchmarkMapGet(b *testing.B) {
	users, keys := map[sip.Addr]*hermes.User{}, randomAddresses()
	for i := range million {
		a := address(i)
		users[a] = &hermes.User{Address: a}
	}
	for i := 0; b.Loop(); i++ {
		if users[keys[i%len(keys)]] == nil {
			b.Fatal("a user is missing")
		}
	}
}

func BenchmarkUser(b *testing.B) {
	s, keys := newFilledStore(b), randomAddresses()
	for i := 0; b.Loop(); i++ {
		if _, err := s.User(b.Context(), keys[i%len(keys)]); err != nil {
			b.Fatal(err)
		}
	}
}

func randomAddresses() []sip.Addr {
	keys := make([]sip.Addr, 1<<16)
	for i := range keys {
		keys[i] = address(rand.IntN(million))
	}
	return keys
}

func BenchmarkPage100(b *testing.B) {
	s, keys := newFilledStore(b), randomAddresses()
	for i := 0; b.Loop(); i++ {
		if _, err := s.Users(b.Context(), hermes.UserQuery{After: keys[i%len(keys)], Limit: 100}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClone(b *testing.B) {
	s := newFilledStore(b)
	for b.Loop() {
		s.committed.Load().clone()
	}
}

func BenchmarkTx(b *testing.B) {
	s := newFilledStore(b)
	for b.Loop() {
		if err := s.Tx(b.Context(), nil, func(hermes.Store) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSetUser(b *testing.B) {
	s, keys := newFilledStore(b), randomAddresses()
	for i := 0; b.Loop(); i++ {
		if err := s.SetUser(b.Context(), hermes.User{Address: keys[i%len(keys)]}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAddMillionNumbers(b *testing.B) {
	for b.Loop() {
		added, err := New().AddNumbers(b.Context(), e164.MustParse("+4710000000"), e164.MustParse("+4710999999"))
		if added != million || err != nil {
			b.Fatal(added, err)
		}
	}
}

func BenchmarkTakeNumberRandom(b *testing.B) {
	s := newFilledStore(b)
	for b.Loop() {
		n, err := s.TakeNumber(b.Context(), hermes.Pattern{}, true)
		if err != nil || s.AddNumber(b.Context(), n) != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkShuffledPage100(b *testing.B) {
	s := newFilledStore(b)
	for b.Loop() {
		if _, err := s.ShuffledNumbers(b.Context(), hermes.NumberQuery{Seed: 7, Limit: 100}); err != nil {
			b.Fatal(err)
		}
	}
}
