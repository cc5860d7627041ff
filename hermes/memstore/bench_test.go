package memstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

const million = 1_000_000

// sizes are the numbers of users, numbers and sessions that the benchmarks of growth work with.
var sizes = []int{10_000, million}

// address returns the address of the user with number i.
func address(i int) sip.Addr { return sip.MustParse(fmt.Sprintf("u%07d@example.com", i)) }

func newUser(a sip.Addr) hermes.User {
	return hermes.User{Address: a, Type: hermes.Local, DisplayName: a.User()}
}

// newFilledStore returns a store with n users and n numbers.
func newFilledStore(b *testing.B, n int) *Store {
	b.Helper()
	s := New()
	err := s.Tx(b.Context(), nil, func(tx hermes.Store) error {
		for i := range n {
			if err := tx.AddUser(b.Context(), newUser(address(i))); err != nil {
				return err
			}
		}
		first := e164.MustParse("+4710000000")
		last, _ := first.Offset(int64(n - 1))
		_, err := tx.AddNumbers(b.Context(), first, last)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// randomAddresses returns addresses of the first n users.
func randomAddresses(n int) []sip.Addr {
	keys := make([]sip.Addr, 1<<16)
	for i := range keys {
		keys[i] = address(rand.IntN(n))
	}
	return keys
}

// benchFilled runs fn as a benchmark for a store of each size, with addresses of its users.
func benchFilled(b *testing.B, fn func(b *testing.B, s *Store, keys []sip.Addr)) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, keys := newFilledStore(b, n), randomAddresses(n)
			b.ReportAllocs()
			fn(b, s, keys)
		})
	}
}

// BenchmarkMapGet reads a Go map: the floor of BenchmarkUser.
func BenchmarkMapGet(b *testing.B) {
	for _, n := range sizes {
		users, keys := map[sip.Addr]*hermes.User{}, randomAddresses(n)
		for i := range n {
			u := newUser(address(i))
			users[u.Address] = &u
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if users[keys[i%len(keys)]] == nil {
					b.Fatal("a user is missing")
				}
			}
		})
		b.Run(fmt.Sprint(n, "/as a method"), func(b *testing.B) {
			s := mapStore{users: users}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.User(b.Context(), keys[i%len(keys)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// mapStore has a method with the signature of Store.User, which checks its context and returns a
// copy of the record. That alone keeps a processor from beginning with the next get before one has
// ended, as it does with gets of a bare map.
type mapStore struct{ users map[sip.Addr]*hermes.User }

//go:noinline
func (s *mapStore) User(ctx context.Context, a sip.Addr) (hermes.User, error) {
	if err := ctx.Err(); err != nil {
		return hermes.User{}, err
	}
	if u := s.users[a]; u != nil {
		return *u, nil
	}
	return hermes.User{}, hermes.NotFound
}

func BenchmarkUser(b *testing.B) {
	benchFilled(b, func(b *testing.B, s *Store, keys []sip.Addr) {
		for i := 0; b.Loop(); i++ {
			if _, err := s.User(b.Context(), keys[i%len(keys)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSlicePage100 copies a page out of a sorted slice: the floor of BenchmarkPage100.
func BenchmarkSlicePage100(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			all := make([]hermes.UserEntry, n)
			for i := range all {
				a := address(i)
				all[i] = hermes.UserEntry{User: a, DisplayName: a.User()}
			}
			b.ReportAllocs()
			for b.Loop() {
				start := rand.IntN(n - 100)
				if page := append([]hermes.UserEntry(nil), all[start:start+100]...); page[99].User.IsZero() {
					b.Fatal("a user is missing")
				}
			}
		})
	}
}

func BenchmarkPage100(b *testing.B) {
	benchFilled(b, func(b *testing.B, s *Store, keys []sip.Addr) {
		for i := 0; b.Loop(); i++ {
			if _, err := s.Users(b.Context(), hermes.UserQuery{After: keys[i%len(keys)], Limit: 100}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkTx runs a transaction that does nothing.
func BenchmarkTx(b *testing.B) {
	benchFilled(b, func(b *testing.B, s *Store, _ []sip.Addr) {
		for b.Loop() {
			if err := s.Tx(b.Context(), nil, func(hermes.Store) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSetUser(b *testing.B) {
	benchFilled(b, func(b *testing.B, s *Store, keys []sip.Addr) {
		for i := 0; b.Loop(); i++ {
			if err := s.SetUser(b.Context(), newUser(keys[i%len(keys)])); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkMapPuts fills a Go map: the floor of BenchmarkPuts.
func BenchmarkMapPuts(b *testing.B) {
	benchOrders(b, func(b *testing.B, addresses []sip.Addr) {
		users := map[sip.Addr]*hermes.User{}
		for _, a := range addresses {
			u := newUser(a)
			users[a] = &u
		}
	})
}

// BenchmarkPuts adds many users in one transaction.
func BenchmarkPuts(b *testing.B) {
	benchOrders(b, func(b *testing.B, addresses []sip.Addr) {
		err := New().Tx(b.Context(), nil, func(tx hermes.Store) error {
			for _, a := range addresses {
				if err := tx.AddUser(b.Context(), newUser(a)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}

// benchOrders runs fn as a benchmark with different addresses, in order and in random order.
func benchOrders(b *testing.B, fn func(*testing.B, []sip.Addr)) {
	for _, n := range sizes {
		addresses := make([]sip.Addr, n)
		for i := range addresses {
			addresses[i] = address(i)
		}
		for _, order := range []string{"in order", "at random"} {
			b.Run(fmt.Sprint(n, " ", order), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					fn(b, addresses)
				}
			})
			rand.Shuffle(n, func(i, j int) { addresses[i], addresses[j] = addresses[j], addresses[i] })
		}
	}
}

// BenchmarkAddNumbers adds a range to an empty pool, and then once more, when all are there.
func BenchmarkAddNumbers(b *testing.B) {
	for _, n := range sizes {
		first := e164.MustParse("+4710000000")
		last, _ := first.Offset(int64(n - 1))
		add := func(b *testing.B, s *Store, want int) {
			if added, err := s.AddNumbers(b.Context(), first, last); added != int64(want) || err != nil {
				b.Fatal(added, err)
			}
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				add(b, New(), n)
			}
		})
		b.Run(fmt.Sprint(n, " again"), func(b *testing.B) {
			s := New()
			add(b, s, n)
			b.ReportAllocs()
			for b.Loop() {
				add(b, s, 0)
			}
		})
	}
}

func BenchmarkTakeNumber(b *testing.B) {
	for _, search := range []string{"", "+4710009*"} {
		match, err := hermes.ParsePattern(search)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("search %q", search), func(b *testing.B) {
			benchFilled(b, func(b *testing.B, s *Store, _ []sip.Addr) {
				for b.Loop() {
					n, err := s.TakeNumber(b.Context(), hermes.TakeQuery{Match: match, Random: true})
					if err == nil {
						_, err = s.AddNumber(b.Context(), n, time.Time{})
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// BenchmarkNumbers reads a page of numbers from the middle of the pool.
func BenchmarkNumbers(b *testing.B) {
	match, err := hermes.ParsePattern("+4710005*")
	if err != nil {
		b.Fatal(err)
	}
	benchFilled(b, func(b *testing.B, s *Store, _ []sip.Addr) {
		for b.Loop() {
			if page, err := s.Numbers(b.Context(), hermes.NumberQuery{Match: match, Limit: 100}); len(page) != 100 || err != nil {
				b.Fatal(len(page), err)
			}
		}
	})
}

func BenchmarkShuffledPage100(b *testing.B) {
	benchFilled(b, func(b *testing.B, s *Store, _ []sip.Addr) {
		for b.Loop() {
			if _, err := s.ShuffledNumbers(b.Context(), hermes.NumberQuery{Seed: 7, Limit: 100}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSessions logs a principal in who may have 3 sessions, touches the session, and sweeps.
func BenchmarkSessions(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, now := New(), time.Now()
			session := func(i int) hermes.Session {
				return hermes.Session{ID: hermes.Hash{byte(i), byte(i >> 8), byte(i >> 16), byte(i >> 24)},
					Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: fmt.Sprint(i % 50_000)},
					LastSeen:  now, Expires: now.Add(time.Hour), KeyExpires: now.Add(time.Hour)}
			}
			must := func(err error) {
				if err != nil {
					b.Fatal(err)
				}
			}
			must(s.Tx(b.Context(), nil, func(tx hermes.Store) error {
				for i := range n {
					must(tx.AddSession(b.Context(), session(i)))
				}
				return nil
			}))
			b.ReportAllocs()
			for i := n; b.Loop(); i++ {
				added := session(i)
				must(s.AddSession(b.Context(), added))
				must(s.TrimSessions(b.Context(), added.Principal, 3))
				must(s.Touch(b.Context(), []hermes.Seen{{Session: added.ID, At: now.Add(time.Minute)}}))
				_, err := s.SweepExpired(b.Context(), now)
				must(err)
			}
		})
	}
}
