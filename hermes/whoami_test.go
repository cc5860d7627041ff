package hermes_test

import (
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestClient_AuthWhoami(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.clock.sleep(time.Second)
	key := mustNewKey(t, e.client, hermes.AuthNewKeyRequest{
		Host: "192.0.2.0/24", Access: hermes.FullWrite, Expires: hermes.Duration(time.Hour),
		Domains: "example.com", Numbers: "+46,+47", Nodes: "user/*",
	})
	user, byKey := mustLogin(t, e, "writer"), mustLoginWithKey(t, e, key)
	e.clock.sleep(10 * time.Second)
	for _, tt := range []struct {
		rule string
		c    *hermes.Client
		want hermes.AuthWhoamiResponse
	}{
		{"the program", e.client, hermes.AuthWhoamiResponse{Access: hermes.FullWrite}},
		{"a user", mustAuthenticate(t, e, user), hermes.AuthWhoamiResponse{
			User: "writer", Access: hermes.LimitedWrite, ExpiresIn: 12*3600 - 10,
		}},
		{"a key that expires before the session", mustAuthenticate(t, e, byKey), hermes.AuthWhoamiResponse{
			Key: idOf(key), Access: hermes.FullWrite, ExpiresIn: 3600 - 10, ScopeObject: hermes.ScopeObject{
				Domains: []sip.Domain{domain("example.com")}, Numbers: []string{"+46", "+47"}, Nodes: []string{"user/*"},
			},
		}},
	} {
		res, err := tt.c.AuthWhoami(t.Context(), hermes.AuthWhoamiRequest{})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, res, tt.want)
	}
	_, err := e.client.As(hermes.Actor{}).AuthWhoami(t.Context(), hermes.AuthWhoamiRequest{})
	wantCause(t, err, hermes.Unauthorized)
}
