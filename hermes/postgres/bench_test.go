package postgres_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

// benchUsers is the number of users in the database of a benchmark.
const benchUsers = 1_000

// benchUser returns one of the users, far from the one of i-1.
func benchUser(i int) hermes.User {
	return hermes.User{
		Address: sip.MustParse(fmt.Sprintf("u%07d@example.com", i*7919%benchUsers)), Type: hermes.Local,
		HA1: "0123456789abcdef0123456789abcdef", HA1B: "fedcba9876543210fedcba9876543210",
	}
}

// benchSession returns the only session of a benchmark's database.
func benchSession() hermes.Session {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return hermes.Session{
		ID: sha256.Sum256([]byte("a session")), Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "admin"},
		Salt: "0123456789abcdef", Created: now, Rotated: now, KeyExpires: now.Add(time.Hour), Expires: now.Add(time.Hour), LastSeen: now,
	}
}

// newFilledStore returns a store with benchUsers and benchSession, over a Unix socket.
func newFilledStore(b *testing.B) *postgres.Store {
	b.Helper()
	ctx := b.Context()
	store, err := postgres.Open(ctx, pgtest.New(b, noFsync).SocketURL(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
	if err := store.Migrate(ctx); err != nil {
		b.Fatal(err)
	}
	err = store.Tx(ctx, nil, func(in hermes.Store) error {
		for i := range benchUsers {
			if err := in.AddUser(ctx, benchUser(i)); err != nil {
				return err
			}
		}
		a := hermes.Authorization{Principal: benchSession().Principal, Access: hermes.FullWrite}
		if err := in.SetAuthorization(ctx, a); err != nil {
			return err
		}
		return in.AddSession(ctx, benchSession())
	})
	if err != nil {
		b.Fatal(err)
	}
	return store
}

// readInParallel calls read from 8 goroutines for each processor, with another number each time.
func readInParallel(b *testing.B, read func(ctx context.Context, n int) error) {
	b.Helper()
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := read(b.Context(), int(n.Add(1))); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkClient_UserGet(b *testing.B) {
	key, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	client, err := hermes.New(newFilledStore(b), &hermes.Options{SecretKeys: []hermes.SecretKey{key}})
	if err != nil {
		b.Fatal(err)
	}
	readInParallel(b, func(ctx context.Context, n int) error {
		_, err := client.UserGet(ctx, hermes.UserGetRequest{User: benchUser(n).Address})
		return err
	})
}

func BenchmarkStore_User(b *testing.B) {
	store := newFilledStore(b)
	readInParallel(b, func(ctx context.Context, n int) error {
		_, err := store.User(ctx, benchUser(n).Address)
		return err
	})
}

func BenchmarkStore_Session(b *testing.B) {
	store, id := newFilledStore(b), benchSession().ID
	readInParallel(b, func(ctx context.Context, _ int) error {
		_, err := store.Session(ctx, id)
		return err
	})
}
