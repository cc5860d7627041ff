package sqlite_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/sip"
)

// benchUsers is the number of users in the file of a benchmark.
const benchUsers = 10_000

func benchUser(i int) hermes.User {
	return hermes.User{
		Address: sip.MustParse(fmt.Sprintf("u%07d@example.com", i)), Type: hermes.Local, DisplayName: fmt.Sprintf("User %d", i),
		HA1: "0123456789abcdef0123456789abcdef", HA1B: "fedcba9876543210fedcba9876543210",
	}
}

// benchSession returns the only session of a benchmark's file.
func benchSession() hermes.Session {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return hermes.Session{
		ID: sha256.Sum256([]byte("a session")), Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "admin"},
		Salt: "0123456789abcdef", Created: now, Rotated: now, KeyExpires: now.Add(time.Hour), Expires: now.Add(time.Hour), LastSeen: now,
	}
}

// newFilledStore returns a store with benchUsers and benchSession.
func newFilledStore(b *testing.B) *sqlite.Store {
	b.Helper()
	ctx := b.Context()
	store, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "hermes.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
	err = store.Tx(ctx, nil, func(in hermes.Store) error {
		for i := range benchUsers {
			if err := in.AddUser(ctx, benchUser(i)); err != nil {
				return err
			}
		}
		if err := in.SetAuthorization(ctx, hermes.Authorization{Principal: benchSession().Principal, Access: hermes.FullWrite}); err != nil {
			return err
		}
		return in.AddSession(ctx, benchSession())
	})
	if err != nil {
		b.Fatal(err)
	}
	return store
}

// inParallel runs call from 8 goroutines for each processor, with another number each time and a
// context that can be cancelled, as the one of a request can.
func inParallel(b *testing.B, call func(ctx context.Context, n int) error) {
	b.Helper()
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		for pb.Next() {
			if err := call(ctx, int(n.Add(1))); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// scattered returns a place in [0, benchUsers), far from that of n-1.
func scattered(n int) int { return n * 7919 % benchUsers }

func BenchmarkClient_UserGet(b *testing.B) {
	key, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	client, err := hermes.New(newFilledStore(b), &hermes.Options{SecretKeys: []hermes.SecretKey{key}})
	if err != nil {
		b.Fatal(err)
	}
	inParallel(b, func(ctx context.Context, n int) error {
		_, err := client.UserGet(ctx, hermes.UserGetRequest{User: benchUser(scattered(n)).Address})
		return err
	})
}

func BenchmarkStore_User(b *testing.B) {
	store := newFilledStore(b)
	inParallel(b, func(ctx context.Context, n int) error {
		_, err := store.User(ctx, benchUser(scattered(n)).Address)
		return err
	})
}

func BenchmarkStore_Session(b *testing.B) {
	store, id := newFilledStore(b), benchSession().ID
	inParallel(b, func(ctx context.Context, _ int) error {
		_, err := store.Session(ctx, id)
		return err
	})
}

func BenchmarkStore_AddUser(b *testing.B) {
	store := newFilledStore(b)
	inParallel(b, func(ctx context.Context, n int) error {
		return store.AddUser(ctx, benchUser(benchUsers+n))
	})
}
