package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
)

// triesEach is how often one name fails: of more than 50 in a short time the throttle would answer.
const triesEach = 25

// strangers are principals who cannot log in, so many of each kind that none of them is throttled.
type strangers struct {
	*world
	elsewhere, revoked, expired []string // API keys
	pairs                       []pair
	client                      *client
}

type pair struct {
	id      string
	private ed25519.PrivateKey
}

const strangerPassword = "loginflood stranger"

// prepare makes n of each kind.
func (s *strangers) prepare(ctx context.Context, n int) error {
	s.client = s.world.client("")
	for i := range n {
		for _, user := range []string{fmt.Sprint("user", i), fmt.Sprint("unauthorized", i)} {
			if _, err := s.admin.must(ctx, "auth/add_user", "user", user, "password", strangerPassword); err != nil {
				return err
			}
		}
		if err := s.addKeys(ctx); err != nil {
			return err
		}
	}
	if err := s.removeAuthorizations(ctx, n); err != nil {
		return err
	}
	select {
	case <-time.After(2 * keyLife): // of those that are to be expired
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

const keyLife = time.Second

func (s *strangers) addKeys(ctx context.Context) error {
	elsewhere, err := s.newKey(ctx, "host", "198.51.100.200")
	if err != nil {
		return err
	}
	expired, err := s.newKey(ctx, "host", "::/0", "expires", keyLife.String())
	if err != nil {
		return err
	}
	revoked, err := s.newKey(ctx, "host", "::/0")
	if err != nil {
		return err
	}
	if _, err := s.admin.must(ctx, "auth/remove_key", "key", revoked); err != nil {
		return err
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	id, err := s.newKey(ctx, "pubkey", base64.StdEncoding.EncodeToString(public))
	s.elsewhere, s.expired, s.revoked = append(s.elsewhere, elsewhere), append(s.expired, expired), append(s.revoked, revoked)
	s.pairs = append(s.pairs, pair{id, private})
	return err
}

func (s *strangers) newKey(ctx context.Context, parameters ...string) (string, error) {
	a, err := s.admin.must(ctx, "auth/new_key", append([]string{"access", "limited_read"}, parameters...)...)
	return a.text("key"), err
}

// removeAuthorizations does in the database what the API does not do: it leaves the users in the backend.
func (s *strangers) removeAuthorizations(ctx context.Context, n int) error {
	store, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	for i := range n {
		p := hermes.Principal{Kind: hermes.UserPrincipal, Name: fmt.Sprint("unauthorized", i)}
		if err := store.RemoveAuthorization(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// database is a store that can be closed.
type database interface {
	hermes.Store
	Close() error
}

func (s *strangers) open(ctx context.Context) (database, error) {
	if s.db != "" {
		return postgres.Open(ctx, s.db, nil)
	}
	return sqlite.Open(ctx, filepath.Join(s.data(), "hermes.db"), &sqlite.Options{Manual: true})
}

// from returns the client at an address of its own.
func (s *strangers) from(i int) *client {
	c := *s.client
	c.address = manyAddresses(i)
	return &c
}

// failures are the reasons that SECURITY.md wants to look the same.
func (s *strangers) failures() []failure {
	fixed := func(name, value string) []string { return []string{name, value} }
	return []failure{
		{name: "wrong password", make: func(_ context.Context, i int) ([]string, error) {
			return []string{"username", fmt.Sprint("user", i/triesEach), "password", "wrong password"}, nil
		}},
		{name: "unknown user", make: func(_ context.Context, i int) ([]string, error) {
			return []string{"username", fmt.Sprint("nobody", i/triesEach), "password", strangerPassword}, nil
		}},
		{name: "no authorization", make: func(_ context.Context, i int) ([]string, error) {
			return []string{"username", fmt.Sprint("unauthorized", i/triesEach), "password", strangerPassword}, nil
		}},
		{name: "wrong host", make: func(_ context.Context, i int) ([]string, error) {
			return fixed("api_key", s.elsewhere[i/triesEach]), nil
		}},
		{name: "revoked key", make: func(_ context.Context, i int) ([]string, error) { return fixed("api_key", s.revoked[i/triesEach]), nil }},
		{name: "expired key", make: func(_ context.Context, i int) ([]string, error) { return fixed("api_key", s.expired[i/triesEach]), nil }},
		{name: "bad signature", make: s.badSignature},
		{name: "reused nonce", make: s.reusedNonce},
	}
}

func (s *strangers) badSignature(ctx context.Context, i int) ([]string, error) {
	return s.signed(ctx, i, "https://another.example.com")
}

// reusedNonce logs in once, from an address that is not that of the try.
func (s *strangers) reusedNonce(ctx context.Context, i int) ([]string, error) {
	login, err := s.signed(ctx, i, "")
	if err != nil {
		return nil, err
	}
	_, err = s.from(i+1<<20).must(ctx, "auth/login", login...)
	return login, err
}

// signed answers a challenge for an origin; "" is the server's own.
func (s *strangers) signed(ctx context.Context, i int, origin string) ([]string, error) {
	p := s.pairs[i/triesEach]
	a, err := s.from(i+1<<21).must(ctx, "auth/challenge", "key", p.id)
	if err != nil {
		return nil, err
	}
	if origin == "" {
		origin = a.text("origin")
	}
	message := hermes.LoginMessage(origin, p.id, hermes.NewSecret(a.text("nonce")))
	signature := base64.RawURLEncoding.EncodeToString(ed25519.Sign(p.private, message))
	return []string{"key", p.id, "nonce", a.text("nonce"), "signature", signature}, nil
}
