package api

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// The parameters with which a client names its session, at every node that needs a capability.
const (
	sessionName = "session"
	authKeyName = "auth_key"
)

// authenticate returns a Client that acts as the principal of the request, or as no principal if
// the node needs no capability.
func (req *request) authenticate(cookie hermes.Secret) (*hermes.Client, error) {
	anonymous := req.handler.client.As(hermes.Actor{Remote: req.outcome.Remote})
	if !req.endpoint.guarded {
		return anonymous, nil
	}
	if req.handler.opts.Authenticate != nil {
		return req.authenticateByHook()
	}
	authenticate := anonymous.Authenticate
	if req.endpoint.Answers == hermes.Pong {
		authenticate = anonymous.AuthenticatePing
	}
	actor, err := authenticate(req.r.Context(), hermes.Credentials{
		Session: hermes.NewSecret(req.params.values[sessionName]),
		AuthKey: hermes.NewSecret(req.params.values[authKeyName]),
		Cookie:  cookie,
	})
	req.outcome.Principal = actor.Principal
	return anonymous.As(actor), err
}

// authenticateByHook authenticates with [Options.Authenticate].
func (req *request) authenticateByHook() (*hermes.Client, error) {
	actor, err := req.handler.opts.Authenticate(req.r)
	if err != nil {
		failures := []hermes.Response{hermes.Failed, hermes.Invalid, hermes.Fault}
		if e := (*hermes.Error)(nil); errors.As(err, &e) && slices.Contains(failures, e.Response) {
			return nil, err
		}
		return nil, &hermes.Error{
			Node: req.endpoint.Path, Response: hermes.Failed, Cause: hermes.Unauthorized,
			Detail: "the request is not authenticated", Err: err,
		}
	}
	if !actor.Remote.IsValid() {
		actor.Remote = req.outcome.Remote
	}
	req.outcome.Principal = actor.Principal
	return req.handler.client.As(actor), nil
}

// cookieName returns the name of the session cookie. A browser accepts a cookie whose name begins
// with __Host- from the host itself only, and over TLS only.
func cookieName(secure bool) string {
	if secure {
		return "__Host-hermes"
	}
	return "hermes"
}

// readCookie returns the value of the session cookie. If there are two of its name, it returns
// none: another host of the same domain has set one of them, and their order does not show which
// (RFC 6265, section 5.4).
func readCookie(r *http.Request, secure bool) hermes.Secret {
	found := r.CookiesNamed(cookieName(secure))
	if len(found) != 1 {
		return hermes.Secret{}
	}
	return hermes.NewSecret(found[0].Value)
}

// setCookie sets or removes the session cookie as c says. The zero value leaves it alone.
func setCookie(w http.ResponseWriter, c hermes.Cookie, secure bool) {
	if c == (hermes.Cookie{}) {
		return
	}
	age := -1
	if c.MaxAge > 0 {
		age = int(max(c.MaxAge, time.Second) / time.Second)
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(secure), Value: c.Value.Reveal(), Path: "/", MaxAge: age,
		Secure: secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}
