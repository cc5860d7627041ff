package hermes_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestRekey(t *testing.T) {
	w := newWorld(t)
	w.noError(w.store.AddUser(t.Context(), hermes.User{Address: addr("kamctl@example.com"), Type: hermes.Local})) // nothing sealed
	before := ok(t, got(w.UserGet(t.Context(), hermes.UserGetRequest{User: alice}))).User
	next := ok(t, got(hermes.NewSecretKey(rand.Reader)))
	old := w.opts.SecretKeys[0]
	w.opts.SecretKeys = []hermes.SecretKey{next, old}
	w.Client = w.over(w.store)
	for _, r := range []struct {
		want int
		why  string
	}{{4, "every user whose password is sealed"}, {0, "a second time there is nothing to do"}} {
		if n := ok(t, got(w.Rekey(t.Context()))); n != r.want {
			t.Errorf("%d sealed anew, want %d: %s", n, r.want, r.why)
		}
	}
	w.opts.SecretKeys = []hermes.SecretKey{next}
	w.Client = w.over(w.store)
	same(t, ok(t, got(w.UserGet(t.Context(), hermes.UserGetRequest{User: alice}))).User, before)
	refused(t, only(w.level(hermes.LimitedWrite).Rekey(t.Context())), hermes.Forbidden)
	stray := ok(t, got(w.store.User(t.Context(), bob)))
	stray.Address = addr("aaron@example.com") // before the others; what is sealed for bob opens in his row alone
	w.noError(w.store.AddUser(t.Context(), stray))
	w.opts.SecretKeys = []hermes.SecretKey{ok(t, got(hermes.NewSecretKey(rand.Reader))), next}
	n, err := w.over(w.store).Rekey(t.Context())
	if e := refused(t, err, hermes.Internal); n != 4 || !strings.Contains(e.Err.Error(), "aaron@example.com") {
		t.Errorf("%d sealed anew and %v, want 4 and the address of the row that does not open", n, e.Err)
	}
	w.opts.SecretKeys = w.opts.SecretKeys[:1]
	w.Client = w.over(w.store)
	w.opts.SecretKeys = []hermes.SecretKey{old}
	refused(t, only(w.over(w.store).Rekey(t.Context())), hermes.Internal) // it cannot open them: they stay as they are
	same(t, ok(t, got(w.UserGet(t.Context(), hermes.UserGetRequest{User: alice}))).User, before)
}
