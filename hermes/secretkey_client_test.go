package hermes_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
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
