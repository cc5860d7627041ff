package hermes_test

import (
	"context"
	"crypto/sha256"
	"net/netip"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// door is a Client of somebody who has not logged in yet.
func (w *world) door(remote netip.Addr) *hermes.Client { return w.As(hermes.Actor{Remote: remote}) }

// login opens a session for one of the world's API users.
func (w *world) login(user string) hermes.Credentials {
	w.Helper()
	return credentials(ok(w.T, got(w.tryLogin(user, password))))
}

func (w *world) tryLogin(user, password string) (hermes.AuthLoginResponse, error) {
	return w.door(office).AuthLogin(w.Context(), hermes.AuthLoginRequest{Username: user, Password: hermes.NewSecret(password)})
}

// enter returns the Client of a session, as a server makes it with every request.
func (w *world) enter(cred hermes.Credentials) (*hermes.Client, error) {
	actor, err := w.door(office).Authenticate(w.Context(), cred)
	return w.As(actor), err
}

// ping renews the auth_key as a server does.
func (w *world) ping(cred hermes.Credentials) (hermes.AuthPingResponse, error) {
	actor, err := w.door(office).AuthenticatePing(w.Context(), cred)
	if err != nil {
		return hermes.AuthPingResponse{}, err
	}
	return w.As(actor).AuthPing(w.Context(), hermes.AuthPingRequest{})
}

// renewed is the credentials after a ping.
func (w *world) renewed(cred hermes.Credentials) hermes.Credentials {
	w.Helper()
	cred.AuthKey = ok(w.T, got(w.ping(cred))).AuthKey
	return cred
}

func hashOf(s hermes.Secret) hermes.Hash { return sha256.Sum256([]byte(s.Reveal())) }

// lives tells whether the store still has the session.
func (w *world) lives(cred hermes.Credentials) bool {
	w.Helper()
	_, err := w.store.Session(w.Context(), hashOf(cred.Session))
	if err != nil && err != error(hermes.NotFound) {
		w.Fatal(err)
	}
	return err == nil
}

// wantAlive wants the session there or ended.
func (w *world) wantAlive(cred hermes.Credentials, want bool) {
	w.Helper()
	if alive := w.lives(cred); alive != want {
		w.Errorf("the session is there: %v, want %v", alive, want)
	}
}

// newKey makes an API key.
func (w *world) newKey(req hermes.AuthNewKeyRequest) hermes.Secret {
	w.Helper()
	return ok(w.T, got(w.AuthNewKey(w.Context(), req))).Key
}

// keyLogin logs in by API key from an address.
func (w *world) keyLogin(key hermes.Secret, remote netip.Addr) (hermes.Credentials, error) {
	res, err := w.door(remote).AuthLogin(w.Context(), hermes.AuthLoginRequest{APIKey: key})
	return credentials(res), err
}

func wantAccess(t testing.TB, c *hermes.Client, want hermes.Access) {
	t.Helper()
	if a := c.Actor().Access; a != want {
		t.Errorf("the level is %q, want %q", a, want)
	}
}

// authenticate returns the method of c that checks credentials, for auth/ping or for any other node.
func authenticate(c *hermes.Client, ping bool) func(context.Context, hermes.Credentials) (hermes.Actor, error) {
	if ping {
		return c.AuthenticatePing
	}
	return c.Authenticate
}
