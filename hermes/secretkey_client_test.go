package hermes_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/mac"
)

func TestClient_Rekey(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	withoutSealed := hermes.User{Address: addr("kamctl@example.com"), Type: hermes.Local}
	if err := e.store.AddUser(t.Context(), withoutSealed); err != nil {
		t.Fatal(err)
	}
	before := mustUserGet(t, e.client, alice)
	oldKey, newKey := e.opts.SecretKeys[0], mustSecretKey(t)

	e.opts.SecretKeys = []hermes.SecretKey{newKey, oldKey}
	client := e.newClient(t, e.store)
	if n, err := client.Rekey(t.Context()); n != 4 || err != nil {
		t.Errorf("first Rekey: got %d, %v; want 4, the users with a sealed password", n, err)
	}
	if n, err := client.Rekey(t.Context()); n != 0 || err != nil {
		t.Errorf("second Rekey: got %d, %v; want 0", n, err)
	}

	e.opts.SecretKeys = []hermes.SecretKey{newKey}
	wantEqual(t, mustUserGet(t, e.newClient(t, e.store), alice), before)
	_, err := e.newClient(t, e.store).As(hermes.Actor{Access: hermes.LimitedWrite}).Rekey(t.Context())
	wantCause(t, err, hermes.Forbidden)

	// Without the key that sealed them, the passwords stay as they are.
	e.opts.SecretKeys = []hermes.SecretKey{oldKey}
	_, err = e.newClient(t, e.store).Rekey(t.Context())
	wantCause(t, err, hermes.Internal)
	e.opts.SecretKeys = []hermes.SecretKey{newKey}
	wantEqual(t, mustUserGet(t, e.newClient(t, e.store), alice), before)
}

// A sealed password that cannot be opened does not keep Rekey from the rows after it.
func TestClient_Rekey_passwordCannotBeOpened(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	before := mustUserGet(t, e.client, alice)
	// The password sealed for bob opens in bob's row only; this row comes before the others.
	copied := storedUser(t, e.store, bob)
	copied.Address = addr("aaron@example.com")
	if err := e.store.AddUser(t.Context(), copied); err != nil {
		t.Fatal(err)
	}

	e.opts.SecretKeys = []hermes.SecretKey{mustSecretKey(t), e.opts.SecretKeys[0]}
	n, err := e.newClient(t, e.store).Rekey(t.Context())
	he := wantCause(t, err, hermes.Internal)
	if n != 4 || !strings.Contains(he.Err.Error(), "aaron@example.com") {
		t.Errorf("got %d and %v, want 4 and the address of the row that cannot be opened", n, he.Err)
	}
	e.opts.SecretKeys = e.opts.SecretKeys[:1]
	wantEqual(t, mustUserGet(t, e.newClient(t, e.store), alice), before)
}

func TestClient_CheckSecretKeys(t *testing.T) {
	t.Parallel()
	first, second, third := mustSecretKey(t), mustSecretKey(t), mustSecretKey(t)
	type step struct {
		keys   []hermes.SecretKey
		rekey  bool // after the check
		accept bool // before the check
		wrong  bool // the check fails
	}
	keys := func(k ...hermes.SecretKey) []hermes.SecretKey { return k }
	for _, tt := range []struct {
		why     string
		noCheck bool // the store has sealed passwords, and no program has called CheckSecretKeys
		steps   []step
	}{
		{"the key that sealed", false, []step{{keys: keys(first)}}},
		{"another key", false, []step{{keys: keys(second), wrong: true}, {keys: keys(first)}}},
		{"a new key first, the old one second", false, []step{{keys: keys(second, first)}, {keys: keys(first, second)}}},
		{"the old key is removed without Rekey", false, []step{{keys: keys(second, first)}, {keys: keys(second), wrong: true}}},
		{"the new key is removed, which may have sealed", false, []step{{keys: keys(second, first)}, {keys: keys(first), wrong: true}}},
		{"the old key is removed after Rekey", false, []step{
			{keys: keys(second, first), rekey: true}, {keys: keys(second)}, {keys: keys(first), wrong: true}}},
		{"a key that has sealed nothing", false, []step{{keys: keys(first, third)}, {keys: keys(first)}}},
		{"the key is lost", false, []step{
			{keys: keys(second), wrong: true}, {keys: keys(second), accept: true}, {keys: keys(second)}}},
		{"no check yet, and another key", true, []step{{keys: keys(second), wrong: true}, {keys: keys(first)}}},
		{"no check yet, and a key more", true, []step{{keys: keys(second, first)}, {keys: keys(second), wrong: true}}},
	} {
		e := newEnvWith(t, func(o *hermes.Options) { o.SecretKeys = keys(first) })
		if !tt.noCheck {
			if err := e.client.CheckSecretKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for i, s := range tt.steps {
			e.opts.SecretKeys = s.keys
			client := e.newClient(t, e.store)
			if s.accept {
				if err := client.AcceptLostKeys(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if err := client.CheckSecretKeys(t.Context()); errors.Is(err, hermes.ErrSecretKey) != s.wrong || !s.wrong && err != nil {
				t.Errorf("%s: step %d: %v, want an ErrSecretKey: %t", tt.why, i, err, s.wrong)
			} else if s.wrong && !strings.Contains(errors.Unwrap(err).Error(), "given") {
				t.Errorf("%s: step %d: %v, want the keys that are given blamed", tt.why, i, errors.Unwrap(err))
			}
			if s.rekey {
				if _, err := client.Rekey(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}
	}
	t.Run("it needs CanAdminister", func(t *testing.T) {
		reader := newEnv(t).client.As(hermes.Actor{Access: hermes.LimitedWrite})
		wantCause(t, reader.CheckSecretKeys(t.Context()), hermes.Forbidden)
		wantCause(t, reader.AcceptLostKeys(t.Context()), hermes.Forbidden)
	})
}

// A store may have no sealed passwords, and keys of phones or domains that are sealed.
func TestClient_CheckSecretKeys_provisioning(t *testing.T) {
	t.Parallel()
	first, second := mustSecretKey(t), mustSecretKey(t)
	phone, com := mac.MustParse("001122334455"), domain("example.com")
	for _, tt := range []struct {
		why   string
		owner string
		store func(ctx context.Context, s hermes.Store, k hermes.ProvKey) error
	}{
		{"a phone's key", phone.String(), func(ctx context.Context, s hermes.Store, k hermes.ProvKey) error {
			return s.SetDevice(ctx, hermes.Device{MAC: phone, Key: k})
		}},
		{"a phone's next key", phone.String(), func(ctx context.Context, s hermes.Store, k hermes.ProvKey) error {
			return s.SetDevice(ctx, hermes.Device{MAC: phone, Next: k})
		}},
		{"a domain's key", com.String(), func(ctx context.Context, s hermes.Store, k hermes.ProvKey) error {
			return s.SetDomainKeys(ctx, hermes.DomainKeys{Domain: com, Current: k})
		}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			e := newEnvWith(t, func(o *hermes.Options) { o.SecretKeys = []hermes.SecretKey{first} })
			store := memstore.New()
			sealed, err := e.client.Seal("a key", "hermes/prov_key/v1 "+tt.owner)
			wantCause(t, err, "")
			wantCause(t, tt.store(t.Context(), store, hermes.ProvKey{Hash: hashOf(hermes.NewSecret("a key")), Sealed: sealed}), "")
			for _, step := range []struct {
				keys  []hermes.SecretKey
				wrong bool
			}{
				{[]hermes.SecretKey{second}, true}, {[]hermes.SecretKey{second, first}, false}, {[]hermes.SecretKey{second}, true},
			} {
				e.opts.SecretKeys = step.keys
				err := e.newClient(t, store).CheckSecretKeys(t.Context())
				if errors.Is(err, hermes.ErrSecretKey) != step.wrong || !step.wrong && err != nil {
					t.Errorf("with %d keys: %v, want an ErrSecretKey: %t", len(step.keys), err, step.wrong)
				}
			}
		})
	}
}
