package remote_test

import (
	"context"
	"io"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/remote"
)

// mustRead returns the body of an answer to [remote.Client.Call].
func mustRead(t *testing.T, a *remote.Answer, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestClient_Call(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ctx, c := t.Context(), mustDial(t, s, s.asAdmin())
	if _, err := s.client.NumberAddRange(ctx, hermes.NumberAddRangeRequest{Start: number(2000), End: number(19_999)}); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"user": {"zoe@example.com"}}
	a, err := c.Call(ctx, "user/add", form)
	if text := mustRead(t, a, err); a.Refusal != nil || !strings.HasPrefix(text, `{"response":"ok","user":{`) || len(form) != 1 {
		t.Errorf("user/add: %s, %v, and the form is %v", text, a.Refusal, form)
	}
	a, err = c.Call(ctx, "user/add", form)
	if text := mustRead(t, a, err); !strings.HasPrefix(text, `{"response":"failed","cause":"exists"`) {
		t.Errorf("user/add of a user that exists: %s", text)
	}
	wantError(t, a.Refusal, "user/add", hermes.Exists)
	a, err = c.Call(ctx, "user/generate_password", nil)
	if text := mustRead(t, a, err); !a.Text || len(text) < 16 {
		t.Errorf("user/generate_password: %q, text %v", text, a.Text)
	}
	a, err = c.Call(ctx, "number/list", nil)
	if text := mustRead(t, a, err); strings.Count(text, "+") != 20_000 || !strings.HasSuffix(strings.TrimSpace(text), "}") {
		t.Errorf("number/list: %d numbers", strings.Count(text, "+"))
	}
	for range 2 { // a ping keeps the session
		a, err = c.Call(ctx, "auth/ping", nil)
		if text := mustRead(t, a, err); !strings.HasPrefix(text, `{"response":"pong"`) {
			t.Errorf("auth/ping: %s", text)
		}
		s.advance(time.Minute)
	}
	_, err = c.Call(ctx, "user/nonsense", nil)
	wantError(t, err, "user/nonsense", hermes.NoNode)
	a, err = c.Call(ctx, "auth/logout", nil)
	mustRead(t, a, err)
	_, err = c.Call(ctx, "number/stats", nil)
	wantError(t, err, "number/stats", remote.ErrClosed)
	if n := s.count("auth/login"); n != 1 {
		t.Errorf("%d logins, want one", n)
	}
}

// A connection that is cut while a long answer is read is an error of reading it.
func TestClient_Call_cut(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ctx, c := t.Context(), mustDial(t, s, s.asAdmin())
	if _, err := s.client.NumberAddRange(ctx, hermes.NumberAddRangeRequest{Start: number(2000), End: number(19_999)}); err != nil {
		t.Fatal(err)
	}
	s.lose = func(int64, string) loss { return truncate }
	a, err := c.Call(ctx, "number/list", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if _, err = io.Copy(io.Discard, a.Body); err == nil {
		t.Fatal("the body is whole")
	}
	if e, ok := err.(*hermes.Error); !ok || !strings.Contains(e.Error(), "cannot be reached") {
		t.Errorf("got %v, want an *hermes.Error", err)
	}
}

// keptSession is a [remote.SessionStore].
type keptSession struct {
	mu   sync.Mutex
	kept remote.Session
}

// Update implements [remote.SessionStore].
func (k *keptSession) Update(_ context.Context, fn func(remote.Session) (remote.Session, error)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := fn(k.kept)
	if err == nil {
		k.kept = s
	}
	return err
}

// Clients that share a session go on with the auth_key that one of them renewed.
func TestOptions_Sessions(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ctx, store := t.Context(), &keptSession{}
	first := s.asAdmin()
	first.User, first.Sessions = "reader", store
	a := mustDial(t, s, first)
	b := mustDial(t, s, &remote.Options{Sessions: store, Now: s.time, RetryFor: -1})
	call := func(c *remote.Client) error {
		_, err := c.NumberStats(ctx, hermes.NumberStatsRequest{})
		return err
	}
	for i := range 6 {
		s.advance(3 * time.Minute)
		for _, c := range []*remote.Client{a, b} {
			if i%2 == 1 {
				c = b
			}
			if err := call(c); err != nil {
				t.Fatal(err)
			}
		}
	}
	if logins, pings := s.count("auth/login"), s.count("auth/ping"); logins != 1 || pings != 6 {
		t.Errorf("%d logins and %d pings, want 1 and 6", logins, pings)
	}
	if err := a.Close(); err != nil || store.kept.ID.IsZero() {
		t.Errorf("Close: %v, want the session to be kept", err)
	}
	// A wrong password among the parameters does not cost the session.
	_, err := b.AuthUpdateUser(ctx, hermes.AuthUpdateUserRequest{
		User: "reader", Password: hermes.NewSecret("battery staple"), OldPassword: hermes.NewSecret("wrong horse"),
	})
	wantError(t, err, "auth/update_user", hermes.Unauthorized)
	s.advance(time.Minute)
	if err := call(b); err != nil {
		t.Error(err)
	}
	// A new password ends the sessions, although it is the old one.
	_, err = s.client.AuthUpdateUser(ctx, hermes.AuthUpdateUserRequest{User: "reader", Password: hermes.NewSecret(password)})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, call(b), "number/stats", remote.ErrNoSession)
	if !store.kept.ID.IsZero() {
		t.Error("a session that has ended is kept")
	}
	calls := s.requests.Load()
	wantError(t, call(b), "number/stats", remote.ErrNoSession)
	if n := s.requests.Load(); n != calls {
		t.Errorf("%d requests without a session", n-calls)
	}
	again := mustDial(t, s, first)
	if err := again.Logout(ctx); err != nil || !store.kept.ID.IsZero() || s.count("auth/logout") != 1 {
		t.Errorf("Logout: %v, want no session to be kept", err)
	}
}
