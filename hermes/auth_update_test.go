package hermes_test

import (
	"context"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// everybody is a backend that has every user, with any password.
type everybody struct{ nobody }

func (everybody) Has(context.Context, hermes.Store, string) (bool, error) { return true, nil }

func newPassword(user, old string) hermes.AuthUpdateUserRequest {
	return hermes.AuthUpdateUserRequest{User: user, Password: hermes.NewSecret("battery staple"), OldPassword: hermes.NewSecret(old)}
}

// by is the Client of an API user who has logged in.
func (w *world) by(user string) *hermes.Client {
	w.Helper()
	return ok(w.T, got(w.enter(w.login(user))))
}

func TestUpdateUser(t *testing.T) {
	update := func(by, user, old string) func(w *world) error {
		return func(w *world) error { return only(w.by(by).AuthUpdateUser(w.Context(), newPassword(user, old))) }
	}
	play(t, []row{
		{"an admin changes another's", update("admin", "reader", ""), ""},
		{"an admin changes their own without the old one", update("admin", "admin", ""), ""},
		{"one's own with the old one", update("reader", "reader", password), ""},
		{"one's own without it", update("reader", "reader", ""), hermes.Parameters},
		{"one's own with a wrong one", update("reader", "reader", "wrong horse"), hermes.Unauthorized},
		{"another's, though with the old one", update("reader", "writer", password), hermes.Forbidden},
		{"another's, of who may write", update("writer", "reader", password), hermes.Forbidden},
		{"nobody's", update("admin", "", ""), hermes.Parameters},
		{"a user that does not exist", update("admin", "nobody", ""), hermes.NotFound},
		{"a password of 7 characters", func(w *world) error {
			return only(w.AuthUpdateUser(w.Context(), hermes.AuthUpdateUserRequest{User: "reader", Password: hermes.NewSecret("1234567")}))
		}, hermes.Parameters},
		{"no password", func(w *world) error {
			return only(w.AuthUpdateUser(w.Context(), hermes.AuthUpdateUserRequest{User: "reader"}))
		}, hermes.Parameters},
		{"a key is not the user of its name", func(w *world) error {
			return only(w.As(hermes.Actor{Principal: hermes.Principal{Kind: hermes.KeyPrincipal, Name: "reader"}, Access: hermes.LimitedRead}).
				AuthUpdateUser(w.Context(), newPassword("reader", password)))
		}, hermes.Forbidden},
	})
}

func TestUpdateUserTakes(t *testing.T) {
	w := newWorld(t)
	if res := ok(t, got(w.by("reader").AuthUpdateUser(t.Context(), newPassword("reader", password)))); res.User != "reader" {
		t.Errorf("answer %v", res)
	}
	refused(t, only(w.tryLogin("reader", password)), hermes.Unauthorized)
	ok(t, got(w.tryLogin("reader", "battery staple")))
}

// All other sessions of the user end: that which made the change goes on.
func TestUpdateUserEndsSessions(t *testing.T) {
	w := newWorld(t)
	own, other, somebodys := w.login("reader"), w.login("reader"), w.login("writer")
	ok(t, got(ok(t, got(w.enter(own))).AuthUpdateUser(t.Context(), newPassword("reader", password))))
	w.wantAlive(own, true)
	w.wantAlive(other, false)
	w.wantAlive(somebodys, true)
	ok(t, got(w.by("admin").AuthUpdateUser(t.Context(), newPassword("reader", ""))))
	w.wantAlive(own, false)
}

// The old password cannot be guessed here either.
func TestOldPasswordIsThrottled(t *testing.T) {
	w := newWorld(t)
	c := w.by("reader")
	for range 5 {
		refused(t, only(c.AuthUpdateUser(t.Context(), newPassword("reader", "wrong horse"))), hermes.Unauthorized)
	}
	refused(t, only(c.AuthUpdateUser(t.Context(), newPassword("reader", password))), hermes.Throttled)
	w.clock.sleep(10 * time.Second)
	ok(t, got(c.AuthUpdateUser(t.Context(), newPassword("reader", password))))
}
