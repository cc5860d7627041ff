package api_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

const login = "/api/auth/login?username=admin&password=correct%20horse"

func TestCookie(t *testing.T) {
	plain, behind := world(t, nil), world(t, &apitest.Options{API: api.Options{TLS: true}})
	overTLS := httptest.NewRequest("GET", login, nil)
	overTLS.TLS = &tls.ConnectionState{}
	for _, row := range []struct {
		why, prefix, suffix string
		h                   http.Handler
		r                   *http.Request
	}{
		{"loopback", "hermes=hec_", "; Path=/; Max-Age=360; HttpOnly; SameSite=Strict", plain.Handler, httptest.NewRequest("GET", login, nil)},
		{"TLS here", "__Host-hermes=hec_", "; Path=/; Max-Age=360; HttpOnly; Secure; SameSite=Strict", plain.Handler, overTLS},
		{"TLS in front", "__Host-hermes=hec_", "; Path=/; Max-Age=360; HttpOnly; Secure; SameSite=Strict", behind.Handler, httptest.NewRequest("GET", login, nil)},
	} {
		rec := httptest.NewRecorder()
		row.h.ServeHTTP(rec, row.r)
		got := rec.Header().Get("Set-Cookie")
		if !strings.HasPrefix(got, row.prefix) || !strings.HasSuffix(got, row.suffix) {
			t.Errorf("%s: Set-Cookie: %s, want %s…%s", row.why, got, row.prefix, row.suffix)
		}
	}
}

func TestCookieIsNeeded(t *testing.T) {
	w := world(t, nil)
	admin, other := w.Login("admin"), w.Login("admin")
	for _, row := range []struct {
		why, cookies, is string
	}{
		{"its own", "hermes=" + admin.Cookie, "ok"},
		{"among others", "a=b; hermes=" + admin.Cookie + "; c=d", "ok"},
		{"none", "", "failed/unauthorized"},
		{"another session's", "hermes=" + other.Cookie, "failed/unauthorized"},
		{"the name that TLS has", "__Host-hermes=" + admin.Cookie, "failed/unauthorized"},
		{"two of the name: one of them is planted", "hermes=" + admin.Cookie + "; hermes=" + other.Cookie, "failed/unauthorized"},
		{"two of the name, in the other order", "hermes=" + other.Cookie + "; hermes=" + admin.Cookie, "failed/unauthorized"},
		{"garbage", "hermes=garbage", "failed/unauthorized"},
	} {
		q := question(apitest.Caller{Session: admin.Session, AuthKey: admin.AuthKey}, "user/list")
		if row.cookies != "" {
			q.Header = map[string]string{"Cookie": row.cookies}
		}
		if a := w.Ask(q); a.Is() != row.is {
			t.Errorf("%s: got %s, want %s", row.why, a.Is(), row.is)
		}
	}
}

func TestWithoutCookies(t *testing.T) {
	w := world(t, &apitest.Options{Client: hermes.Options{NoCookie: true}})
	a := w.Ask(question(apitest.Caller{}, strings.TrimPrefix(login, "/api/")))
	if a.Header.Get("Set-Cookie") != "" {
		t.Errorf("a cookie is set: %s", a.Header.Get("Set-Cookie"))
	}
	c := apitest.Caller{Session: a.Text("session"), AuthKey: a.Text("auth_key")}
	if a := w.Ask(question(c, "user/list")); a.Is() != "ok" {
		t.Errorf("without a cookie: %s", a.Body)
	}
}

// TestPing goes through API.md's table of auth keys over the wire.
func TestPing(t *testing.T) {
	w := world(t, nil)
	first := w.Login("reader")
	ping := func(c apitest.Caller) apitest.Answer { return w.Ask(question(c, "auth/ping")) }
	a := ping(first)
	second := apitest.Caller{Session: first.Session, AuthKey: a.Text("auth_key"), Cookie: a.Cookie()}
	if a.Is() != "pong" || second.Cookie != first.Cookie {
		t.Fatalf("ping: %s, cookie %q", a.Body, second.Cookie)
	}
	if again := ping(first); again.Text("auth_key") != second.AuthKey {
		t.Errorf("the key before, within the grace: %s, want the same new key", again.Body)
	}
	w.Sleep(31 * time.Second)
	if a := w.Ask(question(first, "user/list")); a.Is() != "failed/unauthorized" {
		t.Errorf("the key before, after its grace: %s", a.Body)
	}
	if a := w.Ask(question(second, "user/list")); a.Is() != "ok" {
		t.Errorf("the current key, after another node refused an old one: %s", a.Body)
	}
	if a := ping(first); a.Is() != "failed/unauthorized" {
		t.Errorf("a ping with a copy of an old key: %s", a.Body)
	}
	if a := w.Ask(question(second, "user/list")); a.Is() != "failed/unauthorized" {
		t.Errorf("the session goes on after that: %s", a.Body)
	}
}
