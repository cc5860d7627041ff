package hermes_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestClient_DomainProvKey(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	req := hermes.DomainProvKeyRequest{Domain: alice.Domain()}
	rotate := hermes.DomainProvKeyRequest{Domain: alice.Domain(), Rotate: true}
	first := mustProvKey(t, e.client, req)
	if again := mustProvKey(t, e.client, req); again != first {
		t.Error("a second call made another key")
	}
	second := mustProvKey(t, e.client, rotate)
	third := mustProvKey(t, e.client, rotate)
	for name, tt := range map[string]struct {
		key  string
		want bool
	}{"first": {first, false}, "second": {second, true}, "third": {third, true}, "none": {"", false}} {
		f, err := e.client.PhoneFacts(t.Context(), tt.key, phone1)
		if err != nil || f.Genuine != tt.want || f.Opens != tt.want {
			t.Errorf("%s: %+v, %v; want it to be genuine: %t", name, f, err, tt.want)
		}
	}
	_, err := e.client.DomainProvKey(t.Context(), hermes.DomainProvKeyRequest{Domain: domain("example.net")})
	wantCause(t, err, hermes.NotFound)
}

// Rekey seals the keys of phones and domains anew, and they stay what they are.
func TestClient_Rekey_provKeys(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	req := hermes.DomainProvKeyRequest{Domain: alice.Domain(), Rotate: true}
	before, current := mustProvKey(t, e.client, req), mustProvKey(t, e.client, req)
	used := keyIn(mustPhoneShow(t, e.client, phone1).URL.Value)
	deliver(t, e, used)
	mustPhoneEnrol(t, e.client, hermes.PhoneEnrolRequest{MAC: phone1})
	next := keyIn(mustPhoneShow(t, e.client, phone1).URL.Value)
	old := e.opts.SecretKeys
	e.opts.SecretKeys = []hermes.SecretKey{mustSecretKey(t), old[0]}
	if _, err := e.newClient(t, e.store).Rekey(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.opts.SecretKeys = e.opts.SecretKeys[:1]
	c := e.newClient(t, e.store)
	if got := keyIn(mustPhoneShow(t, c, phone1).URL.Value); got != next {
		t.Errorf("the phone's key is %q, want %q", got, next)
	}
	if got := mustProvKey(t, c, hermes.DomainProvKeyRequest{Domain: alice.Domain()}); got != current {
		t.Errorf("the domain's key is %q, want %q", got, current)
	}
	for _, key := range []string{before, current, used, next} {
		if f, err := c.PhoneFacts(t.Context(), key, phone1); err != nil || !f.Genuine {
			t.Errorf("%q: %+v, %v; want it to be genuine", key, f, err)
		}
	}
}

// deliver notes that phone1 has got a file by a key of its own.
func deliver(t testing.TB, e *env, key string) {
	t.Helper()
	f, err := e.client.PhoneFacts(t.Context(), key, phone1)
	if err != nil || !f.Own {
		t.Fatalf("%+v, %v; want the key to be the phone's own", f, err)
	}
	if err := e.client.DeliverPhone(t.Context(), f, hermes.Agent{Vendor: "snom"}, office); err != nil {
		t.Fatal(err)
	}
}

// A key that no secret key opens does not keep Rekey from the others.
func TestClient_Rekey_provKeyCannotBeOpened(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustPhoneAdd(t, e.client, phone2, bob)
	d := storedDevice(t, e, phone1)
	d.Next.Sealed = "broken"
	if err := e.store.SetDevice(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	next := keyIn(mustPhoneShow(t, e.client, phone2).URL.Value)
	e.opts.SecretKeys = append([]hermes.SecretKey{mustSecretKey(t)}, e.opts.SecretKeys...)
	_, err := e.newClient(t, e.store).Rekey(t.Context())
	wantCause(t, err, hermes.Internal)
	e.opts.SecretKeys = e.opts.SecretKeys[:1]
	if got := keyIn(mustPhoneShow(t, e.newClient(t, e.store), phone2).URL.Value); got != next {
		t.Errorf("the other phone's key is %q, want %q", got, next)
	}
}
