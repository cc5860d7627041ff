package remote_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/remote"
)

// callAtOnce makes 50 calls at the same time.
func callAtOnce(t *testing.T, c *remote.Client) {
	t.Helper()
	var running sync.WaitGroup
	for range 50 {
		running.Go(func() {
			if _, err := c.NumberStats(t.Context(), hermes.NumberStatsRequest{}); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
}

// Of many calls at once, one renews the auth_key or logs in.
func TestClient_session(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		change        func(t *testing.T, s *server)
		logins, pings int
	}{
		{"nothing happens", func(*testing.T, *server) {}, 1, 0},
		{"the auth_key is in its second half", func(_ *testing.T, s *server) { s.advance(3 * time.Minute) }, 1, 1},
		{"it has expired", func(_ *testing.T, s *server) { s.advance(10 * time.Minute) }, 2, 0},
		{"the session has ended", func(t *testing.T, s *server) { s.endSessions(t) }, 2, 0},
		{"it has ended, and the auth_key is in its second half", func(t *testing.T, s *server) {
			s.endSessions(t)
			s.advance(3 * time.Minute)
		}, 2, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			c := mustDial(t, s, s.asAdmin())
			tt.change(t, s)
			callAtOnce(t, c)
			if logins, pings := s.count("auth/login"), s.count("auth/ping"); logins != tt.logins || pings != tt.pings {
				t.Errorf("%d logins and %d pings, want %d and %d", logins, pings, tt.logins, tt.pings)
			}
		})
	}
}

// A wrong password among the parameters is refused as unauthorized, too. It does not end the
// session, and is not sent twice.
func TestClient_AuthUpdateUser_wrongPassword(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	opts := s.asAdmin()
	opts.User = "reader"
	c := mustDial(t, s, opts)
	_, err := c.AuthUpdateUser(t.Context(), hermes.AuthUpdateUserRequest{
		User: "reader", Password: hermes.NewSecret("battery staple"), OldPassword: hermes.NewSecret("wrong horse"),
	})
	wantError(t, err, "auth/update_user", hermes.Unauthorized)
	if calls, logins := s.count("auth/update_user"), s.count("auth/login"); calls != 1 || logins != 1 {
		t.Errorf("%d calls and %d logins, want one of each", calls, logins)
	}
	if _, err := c.AuthWhoami(t.Context(), hermes.AuthWhoamiRequest{}); err != nil {
		t.Errorf("a call after that: %v", err)
	}
}

// A login that is refused is not tried again at once: the server would lock the user out.
func TestClient_loginRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := mustDial(t, s, s.asAdmin())
	req := hermes.AuthUpdateUserRequest{User: "admin", Password: hermes.NewSecret("battery staple")}
	if _, err := s.client.AuthUpdateUser(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		_, err := c.UserGet(t.Context(), hermes.UserGetRequest{User: user(1)})
		wantError(t, err, "user/get", hermes.Unauthorized)
	}
	if n := s.count("auth/login"); n != 2 {
		t.Errorf("%d logins, want the first one and one that was refused", n)
	}
	s.advance(2 * time.Second)
	_, err := c.UserGet(t.Context(), hermes.UserGetRequest{User: user(1)})
	wantError(t, err, "user/get", hermes.Unauthorized)
	if n := s.count("auth/login"); n != 3 {
		t.Errorf("%d logins, want another one after some time", n)
	}
}

func TestDial_keys(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ctx := t.Context()
	bearer, err := s.client.AuthNewKey(ctx, hermes.AuthNewKeyRequest{Host: "127.0.0.0/8", Access: hermes.FullRead})
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	req := hermes.AuthNewKeyRequest{Access: hermes.FullRead}
	if err := req.PublicKey.UnmarshalText([]byte(base64.StdEncoding.EncodeToString(public))); err != nil {
		t.Fatal(err)
	}
	pair, err := s.client.AuthNewKey(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	id := pair.Key.Reveal()
	for name, opts := range map[string]*remote.Options{
		"API key":  {APIKey: bearer.Key},
		"key pair": {KeyPair: &remote.KeyPair{ID: id, Key: private, Origin: origin}},
	} {
		opts.Now = s.time
		c := mustDial(t, s, opts)
		s.advance(10 * time.Minute) // it logs in again, with another nonce
		if res, err := c.AuthWhoami(ctx, hermes.AuthWhoamiRequest{}); err != nil || res.Key == "" || res.Access != hermes.FullRead {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
	}
	// A server that passes on what another has to sign gets no signature.
	_, err = remote.Dial(ctx, s.url, &remote.Options{KeyPair: &remote.KeyPair{ID: id, Key: private}})
	wantError(t, err, "auth/login", hermes.Unauthorized)
	if !strings.Contains(err.Error(), "origin") {
		t.Errorf("got %v, want an error that names the origin", err)
	}
}

func TestClient_Close(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := mustDial(t, s, s.asAdmin())
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := s.count("auth/logout"); n != 1 {
		t.Errorf("%d logouts, want one", n)
	}
	_, err := c.DryRun().UserGet(t.Context(), hermes.UserGetRequest{User: user(1)})
	wantError(t, err, "user/get", remote.ErrClosed)
	if n := s.count("auth/login"); n != 1 {
		t.Errorf("%d logins, want one", n)
	}
}

// Neither the log nor errors nor the Client, printed, have a secret.
func TestClient_secrets(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var log bytes.Buffer
	opts := s.asAdmin()
	opts.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	opts.RetryFor = 300 * time.Millisecond
	c := mustDial(t, s, opts)
	s.endSessions(t)
	s.lose = func(n int64, _ string) loss { return []loss{keep, lost, truncate, unended}[n%4] }
	text := fmt.Sprintf("%v %+v %#v %+v", c, c, c, opts)
	for i := range 10 {
		s.advance(3 * time.Minute)
		_, err := c.UserChangePw(t.Context(), hermes.UserChangePwRequest{User: user(i), Password: hermes.NewSecret("battery staple")})
		text += fmt.Sprintf("%v %+v", err, err)
		for ; err != nil; err = unwrap(err) {
			text += " " + err.Error()
		}
	}
	if text += log.String(); !strings.Contains(text, "made again") {
		t.Error("nothing was lost")
	}
	for _, secret := range append(s.secrets, password, "correct+horse", "battery staple", "battery%20staple") {
		if strings.Contains(text, secret) {
			t.Errorf("the text has %q:\n%s", secret, text)
		}
	}
}

// unwrap returns the inner error, of several the last.
func unwrap(err error) error {
	switch x := err.(type) {
	case interface{ Unwrap() error }:
		return x.Unwrap()
	case interface{ Unwrap() []error }:
		return x.Unwrap()[len(x.Unwrap())-1]
	}
	return nil
}
