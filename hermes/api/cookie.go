package api

import (
	"net/http"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// cookieName is that of the session's cookie. The prefix makes a browser refuse one that was not set by this very host over TLS.
func cookieName(secure bool) string {
	if secure {
		return "__Host-hermes"
	}
	return "hermes"
}

// readCookie returns the session's cookie. Two of one name are none: a neighbouring host planted one of
// them, and the order tells nothing (RFC 6265, 5.4).
func readCookie(r *http.Request, secure bool) hermes.Secret {
	found := r.CookiesNamed(cookieName(secure))
	if len(found) != 1 {
		return hermes.Secret{}
	}
	return hermes.NewSecret(found[0].Value)
}

// setCookie does to the client's cookie what the answer says.
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
