package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
)

// medianLimit is by how much the medians of failed logins may differ.
const medianLimit = time.Millisecond

// triesPerName is how often the login of one user or key fails. hermesd delays further logins of a
// name after about 50 failures.
const triesPerName = 25

func timing() benchmark {
	return benchmark{
		name:  "timing",
		about: "logins that fail for each reason in turn, and whether the time of the answer reveals it",
		rows: []row{{
			what: "failed logins for eight reasons: difference of the medians of their times", unit: inSeconds,
			goal: within(medianLimit),
		}},
		once: true,
		open: func(ctx context.Context, b *bench) (measure, error) {
			in, err := b.install(ctx, "")
			if err != nil {
				return nil, err
			}
			// A new process, because adding the users has used up some of what the login limits allow.
			s, err := in.start(ctx)
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context) ([]sample, error) {
				s, err := measureTiming(ctx, s, b.tries)
				return []sample{s}, err
			}, nil
		},
	}
}

// measureTiming lets logins fail for each reason in turn and compares the medians of their times.
func measureTiming(ctx context.Context, s *server, tries int) (out sample, err error) {
	admin, err := s.login(ctx, adminAddress, adminUser, adminPassword)
	if err != nil {
		return out, err
	}
	f := &failures{server: s, admin: admin, client: s.client("")}
	if err := f.addNames(ctx, 1+tries/triesPerName); err != nil {
		return out, err
	}
	reasons := f.reasons()
	for i := range tries {
		for k := range reasons {
			// The order changes with each round, so that no reason always follows the same other one.
			if err := f.try(ctx, &reasons[(k+i)%len(reasons)], i); err != nil {
				return out, err
			}
		}
	}
	return compareMedians(reasons), nil
}

// reason is a reason for which logins fail.
type reason struct {
	name  string
	login func(ctx context.Context, i int) (parameters []string, err error) // of the i-th try
	times durations
}

// failures makes logins that fail. The n-th user or key of each kind is for triesPerName tries.
type failures struct {
	*server
	admin  *client
	client *client // of which each try uses a copy with an address of its own

	otherHost, revoked, expired []string // API keys
	pairs                       []keyPair
}

type keyPair struct {
	id      string
	private ed25519.PrivateKey
}

const failuresPassword = "the password of a user"

// keyLifetime is that of the keys that are to be expired.
const keyLifetime = time.Second

// addNames adds n users and keys of each kind.
func (f *failures) addNames(ctx context.Context, n int) error {
	for i := range n {
		for _, user := range []string{fmt.Sprint("user", i), fmt.Sprint("unauthorized", i)} {
			if _, err := f.admin.mustCall(ctx, "auth/add_user", "user", user, "password", failuresPassword); err != nil {
				return err
			}
		}
		if err := f.addKeys(ctx); err != nil {
			return err
		}
	}
	if err := f.removeAuthorizations(ctx, n); err != nil {
		return err
	}
	select {
	case <-time.After(2 * keyLifetime):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// addKeys adds one key of each kind.
func (f *failures) addKeys(ctx context.Context) error {
	otherHost, err := f.newKey(ctx, "host", "198.51.100.200")
	if err != nil {
		return err
	}
	expired, err := f.newKey(ctx, "host", "::/0", "expires", keyLifetime.String())
	if err != nil {
		return err
	}
	revoked, err := f.newKey(ctx, "host", "::/0")
	if err != nil {
		return err
	}
	if _, err := f.admin.mustCall(ctx, "auth/remove_key", "key", revoked); err != nil {
		return err
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	id, err := f.newKey(ctx, "pubkey", base64.StdEncoding.EncodeToString(public))
	f.otherHost = append(f.otherHost, otherHost)
	f.expired = append(f.expired, expired)
	f.revoked = append(f.revoked, revoked)
	f.pairs = append(f.pairs, keyPair{id: id, private: private})
	return err
}

func (f *failures) newKey(ctx context.Context, parameters ...string) (string, error) {
	a, err := f.admin.mustCall(ctx, "auth/new_key", append([]string{"access", "limited_read"}, parameters...)...)
	return a.text("key"), err
}

// removeAuthorizations removes the authorizations of the unauthorized users in the database. The
// API cannot do that without removing the user from the backend, too.
func (f *failures) removeAuthorizations(ctx context.Context, n int) error {
	store, err := sqlite.Open(ctx, filepath.Join(f.data(), "hermes.db"), &sqlite.Options{Manual: true})
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

// reasons returns the reasons that must not be told apart by the time of the answer.
func (f *failures) reasons() []reason {
	password := func(user, password string) func(context.Context, int) ([]string, error) {
		return func(_ context.Context, i int) ([]string, error) {
			return []string{"username", fmt.Sprint(user, i/triesPerName), "password", password}, nil
		}
	}
	key := func(keys []string) func(context.Context, int) ([]string, error) {
		return func(_ context.Context, i int) ([]string, error) {
			return []string{"api_key", keys[i/triesPerName]}, nil
		}
	}
	return []reason{
		{name: "wrong password", login: password("user", "wrong password")},
		{name: "unknown user", login: password("unknown", failuresPassword)},
		{name: "no authorization", login: password("unauthorized", failuresPassword)},
		{name: "wrong host", login: key(f.otherHost)},
		{name: "revoked key", login: key(f.revoked)},
		{name: "expired key", login: key(f.expired)},
		{name: "bad signature", login: f.badSignature},
		{name: "reused nonce", login: f.reusedNonce},
	}
}

// badSignature signs for the origin of another server.
func (f *failures) badSignature(ctx context.Context, i int) ([]string, error) {
	return f.sign(ctx, i, "https://another.example.com")
}

// reusedNonce logs in, from another address than the try's, and returns the parameters of that
// login.
func (f *failures) reusedNonce(ctx context.Context, i int) ([]string, error) {
	login, err := f.sign(ctx, i, "")
	if err != nil {
		return nil, err
	}
	_, err = f.from(i+1<<20).mustCall(ctx, "auth/login", login...)
	return login, err
}

// sign asks for a challenge and signs it. An empty origin stands for that of the challenge.
func (f *failures) sign(ctx context.Context, i int, origin string) ([]string, error) {
	p := f.pairs[i/triesPerName]
	a, err := f.from(i+1<<21).mustCall(ctx, "auth/challenge", "key", p.id)
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

// from returns a client with the i-th address.
func (f *failures) from(i int) *client {
	c := *f.client
	c.address = manyAddresses(i)
	return &c
}

// try measures the i-th login that fails for a reason.
func (f *failures) try(ctx context.Context, r *reason, i int) error {
	login, err := r.login(ctx, i)
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	a, err := f.from(i).call(ctx, "auth/login", login...)
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	if a.class() != "failed/unauthorized" {
		return fmt.Errorf("%s: answered %s: %s", r.name, a.class(), a.text("detail"))
	}
	r.times = append(r.times, a.took)
	return nil
}

// compareMedians returns by how much the medians differ.
func compareMedians(reasons []reason) sample {
	least, most := reasons[0].times.quantile(0.5), reasons[0].times.quantile(0.5)
	text := fmt.Sprintf("%d for each reason, in turn; medians", len(reasons[0].times))
	for _, r := range reasons {
		median := r.times.quantile(0.5)
		least, most = min(least, median), max(most, median)
		text += fmt.Sprintf(", %s %.3f ms", r.name, float64(median)/1e6)
	}
	return sample{hermes: (most - least).Seconds(), note: text}
}
