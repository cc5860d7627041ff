package hermes_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestClient_UserGeneratePassword(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	generate := func(c *hermes.Client) string {
		t.Helper()
		res, err := c.UserGeneratePassword(t.Context(), hermes.UserGeneratePasswordRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return res.Password.Reveal()
	}
	a, b := generate(e.client), generate(e.withAccess(hermes.LimitedRead))
	if a == b || len(a) != 20 {
		t.Errorf("got %q and %q, want two passwords of 20 characters", a, b)
	}
}

func TestClient_UserGeneratePassword_noRandomness(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.opts.Rand = strings.NewReader("")
	client := e.newClient(t, e.store)
	_, err := client.UserGeneratePassword(t.Context(), hermes.UserGeneratePasswordRequest{})
	wantCause(t, err, hermes.Internal)
	_, err = client.UserAdd(t.Context(), hermes.UserAddRequest{User: addr("new@example.com")})
	wantCause(t, err, hermes.Internal)
}
