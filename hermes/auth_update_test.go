package hermes_test

import (
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// newPassword returns a request for the password "battery staple".
func newPassword(user, old string) hermes.AuthUpdateUserRequest {
	return hermes.AuthUpdateUserRequest{
		User: user, Password: hermes.NewSecret("battery staple"), OldPassword: hermes.NewSecret(old),
	}
}

// updateUser returns the error of AuthUpdateUser.
func updateUser(t testing.TB, c *hermes.Client, req hermes.AuthUpdateUserRequest) error {
	t.Helper()
	_, err := c.AuthUpdateUser(t.Context(), req)
	return err
}

func TestClient_AuthUpdateUser(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	res, err := sessionClient(t, e, "reader").AuthUpdateUser(t.Context(), newPassword("reader", password))
	if err != nil || res.User != "reader" {
		t.Errorf("got %v and the error %v, want the user", res, err)
	}
	_, err = e.login(t, "reader", password)
	wantCause(t, err, hermes.Unauthorized)
	_, err = e.login(t, "reader", "battery staple")
	wantCause(t, err, "")
}

func TestClient_AuthUpdateUser_causes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, actor, user, old string
		want                   hermes.Cause
	}{
		{"an admin changes another user's password", "admin", "reader", "", ""},
		{"an admin changes their own without the old one", "admin", "admin", "", ""},
		{"a user changes their own with the old one", "reader", "reader", password, ""},
		{"a user changes their own without the old one", "reader", "reader", "", hermes.Parameters},
		{"a user changes their own with a wrong one", "reader", "reader", "wrong horse", hermes.Unauthorized},
		{"a reader changes another user's with the old one", "reader", "writer", password, hermes.Forbidden},
		{"a writer changes another user's with the old one", "writer", "reader", password, hermes.Forbidden},
		{"no user", "admin", "", "", hermes.Parameters},
		{"a user that does not exist", "admin", "unknown", "", hermes.NotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			wantCause(t, updateUser(t, sessionClient(t, e, tt.actor), newPassword(tt.user, tt.old)), tt.want)
		})
	}
	t.Run("a key with the name of the user", func(t *testing.T) {
		t.Parallel()
		c := newEnv(t).client.As(hermes.Actor{
			Principal: hermes.Principal{Kind: hermes.KeyPrincipal, Name: "reader"}, Access: hermes.LimitedRead,
		})
		wantCause(t, updateUser(t, c, newPassword("reader", password)), hermes.Forbidden)
	})
	for name, newPassword := range map[string]string{"a new password of 7 characters": "1234567", "no new password": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := updateUser(t, newEnv(t).client, hermes.AuthUpdateUserRequest{
				User: "reader", Password: hermes.NewSecret(newPassword),
			})
			wantCause(t, err, hermes.Parameters)
		})
	}
}

func TestClient_AuthUpdateUser_readOnly(t *testing.T) {
	t.Parallel()
	t.Run("no backend can be written", func(t *testing.T) {
		t.Parallel()
		wantCause(t, updateUser(t, newReadOnlyEnv(t).client, newPassword("writer", "")), hermes.ReadOnly)
	})
	t.Run("the backend of the user cannot be written, another one can", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		mustAddCredential(t, e, "guest")
		e = e.withOptions(t, func(o *hermes.Options) {
			o.Backends = []hermes.Backend{
				readOnlyBackend{o.Backends[0]},
				renamedBackend{WritableBackend: cheapBackend(), name: "other"},
			}
		})
		wantCause(t, updateUser(t, e.client, newPassword("guest", "")), hermes.ReadOnly)
	})
}

// All sessions of the user end except for the one that changes the password.
func TestClient_AuthUpdateUser_endsSessions(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	own, second, writer := mustLogin(t, e, "reader"), mustLogin(t, e, "reader"), mustLogin(t, e, "writer")
	if err := updateUser(t, mustAuthenticate(t, e, own), newPassword("reader", password)); err != nil {
		t.Fatal(err)
	}
	wantSession(t, e, own)
	wantNoSession(t, e, second)
	wantSession(t, e, writer)
	if err := updateUser(t, sessionClient(t, e, "admin"), newPassword("reader", "")); err != nil {
		t.Fatal(err)
	}
	wantNoSession(t, e, own)
}

// Wrong old passwords count as failed logins.
func TestClient_AuthUpdateUser_throttled(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	c := sessionClient(t, e, "reader")
	for range 5 {
		wantCause(t, updateUser(t, c, newPassword("reader", "wrong horse")), hermes.Unauthorized)
	}
	wantCause(t, updateUser(t, c, newPassword("reader", password)), hermes.Throttled)
	e.clock.sleep(10 * time.Second)
	wantCause(t, updateUser(t, c, newPassword("reader", password)), "")
}
