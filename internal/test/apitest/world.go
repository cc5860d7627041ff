// Package golden plays the scripts of hermes/api/testdata/golden, which show every node's
// questions and answers, against a Handler over any store: the answers must be the same to the byte.
package apitest

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/sip"
)

// World is a Handler with a clock and randomness of its own, and four API users, one for each
// access level: reader, auditor, writer and admin. The domains example.com and example.net are served.
type World struct {
	Client   *hermes.Client // acts as the program itself
	Handler  *api.Handler
	Broken   *api.Handler // the same, but the database carries out nothing; it still knows the sessions
	Down     *api.Handler // the same, but the database answers nothing at all
	ReadOnly *api.Handler // the same, but the authentication backend cannot be written

	tb  testing.TB
	now time.Time
}

// Password is that of every API user.
const Password = "correct horse"

// Origin is what key pairs sign for.
const Origin = "https://hermes.example.com"

// Options of a World; nil and zero values are fine.
type Options struct {
	Client hermes.Options // keys, domains, backends, clock, randomness and origin are the World's own
	API    api.Options
}

// New makes a World over an empty store.
func New(tb testing.TB, store hermes.Store, opts *Options) *World {
	tb.Helper()
	if opts == nil {
		opts = &Options{}
	}
	w := &World{tb: tb, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	random := &stream{from: rand.NewChaCha8([32]byte{})}
	key, err := hermes.NewSecretKey(random)
	w.must(err)
	users := local.New(&local.Options{MemoryKiB: 8, Passes: 1, Rand: random})
	o := opts.Client
	o.SecretKeys = []hermes.SecretKey{key}
	o.Domains = []sip.Domain{sip.MustParseDomain("example.com"), sip.MustParseDomain("example.net")}
	o.Backends = []hermes.Backend{users}
	o.Now, o.Rand, o.Origin, o.FailedLoginTime = w.clock, random, Origin, -1
	w.Client, w.Handler = w.serve(store, o, opts.API)
	_, w.Broken = w.serve(broken{sessions: store}, o, opts.API)
	_, w.Down = w.serve(broken{}, o, opts.API)
	o.Backends = []hermes.Backend{struct{ hermes.Backend }{users}}
	_, w.ReadOnly = w.serve(store, o, opts.API)
	w.addUsers()
	return w
}

func (w *World) serve(store hermes.Store, o hermes.Options, opts api.Options) (*hermes.Client, *api.Handler) {
	c, err := hermes.New(store, &o)
	w.must(err)
	return c, api.New(c, &opts)
}

// stream is one sequence of random bytes for all who draw.
type stream struct {
	mu   sync.Mutex
	from *rand.ChaCha8
}

func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.from.Read(p)
}

func (w *World) clock() time.Time { return w.now }

func (w *World) addUsers() {
	ctx := w.tb.Context()
	w.must(w.Client.Bootstrap(ctx, "admin", hermes.NewSecret(Password)))
	levels := map[string]hermes.Access{"reader": hermes.LimitedRead, "auditor": hermes.FullRead, "writer": hermes.LimitedWrite}
	for _, user := range []string{"reader", "auditor", "writer"} {
		_, err := w.Client.AuthAddUser(ctx, hermes.AuthAddUserRequest{User: user, Password: hermes.NewSecret(Password)})
		w.must(err)
		_, err = w.Client.AuthAuthorize(ctx, hermes.AuthAuthorizeRequest{User: user, Access: levels[user]})
		w.must(err)
	}
}

func (w *World) must(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

// Sleep lets time pass.
func (w *World) Sleep(d time.Duration) { w.now = w.now.Add(d) }
