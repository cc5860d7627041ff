package api_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

const loginTarget = "auth/login?username=admin&password=correct%20horse"

func TestHandler_SetCookie(t *testing.T) {
	t.Parallel()
	plain, behindProxy := newServer(t, nil), newServer(t, &apitest.Options{API: api.Options{TLS: true}})
	login := newRequest(apitest.Session{}, loginTarget)
	overTLS := login.HTTP()
	overTLS.TLS = &tls.ConnectionState{}
	const suffix = "; Path=/; Max-Age=360; HttpOnly; SameSite=Strict"
	const secureSuffix = "; Path=/; Max-Age=360; HttpOnly; Secure; SameSite=Strict"
	for _, row := range []struct {
		why            string
		handler        http.Handler
		r              *http.Request
		prefix, suffix string
	}{
		{"without TLS", plain.Handler, login.HTTP(), "hermes=hec_", suffix},
		{"TLS of this server", plain.Handler, overTLS, "__Host-hermes=hec_", secureSuffix},
		{"TLS of a proxy", behindProxy.Handler, login.HTTP(), "__Host-hermes=hec_", secureSuffix},
	} {
		rec := httptest.NewRecorder()
		row.handler.ServeHTTP(rec, row.r)
		got := rec.Header().Get("Set-Cookie")
		if !strings.HasPrefix(got, row.prefix) || !strings.HasSuffix(got, row.suffix) {
			t.Errorf("%s: Set-Cookie: %s, want %s…%s", row.why, got, row.prefix, row.suffix)
		}
	}
}

func TestHandler_ReadCookie(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	admin, other := s.Login(t, "admin"), s.Login(t, "admin")
	for _, row := range []struct {
		why     string
		cookies string
		want    string
	}{
		{"own cookie", "hermes=" + admin.Cookie, "ok"},
		{"among other cookies", "a=b; hermes=" + admin.Cookie + "; c=d", "ok"},
		{"no cookie", "", "failed/unauthorized"},
		{"cookie of another session", "hermes=" + other.Cookie, "failed/unauthorized"},
		{"the name that is used with TLS", "__Host-hermes=" + admin.Cookie, "failed/unauthorized"},
		{"two of the name: another host may have set one",
			"hermes=" + admin.Cookie + "; hermes=" + other.Cookie, "failed/unauthorized"},
		{"two of the name, in the other order",
			"hermes=" + other.Cookie + "; hermes=" + admin.Cookie, "failed/unauthorized"},
		{"malformed cookie", "hermes=garbage", "failed/unauthorized"},
	} {
		req := newRequest(apitest.Session{ID: admin.ID, AuthKey: admin.AuthKey}, "user/list")
		if row.cookies != "" {
			req.Header = map[string]string{"Cookie": row.cookies}
		}
		if res := s.Do(t, req); res.Result() != row.want {
			t.Errorf("%s: got %s, want %s", row.why, res.Result(), row.want)
		}
	}
}

func TestHandler_NoCookie(t *testing.T) {
	t.Parallel()
	s := newServer(t, &apitest.Options{Client: hermes.Options{NoCookie: true}})
	res := s.Do(t, newRequest(apitest.Session{}, loginTarget))
	if res.Header.Get("Set-Cookie") != "" {
		t.Errorf("a cookie is set: %s", res.Header.Get("Set-Cookie"))
	}
	session := apitest.Session{ID: res.Text("session"), AuthKey: res.Text("auth_key")}
	if res := s.Do(t, newRequest(session, "user/list")); res.Result() != "ok" {
		t.Errorf("without a cookie: %s", res.Body)
	}
}

// TestHandler_Ping checks the life of an auth_key over HTTP.
func TestHandler_Ping(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	first := s.Login(t, "reader")
	ping := func() apitest.Response { return s.Do(t, newRequest(first, "auth/ping")) }
	res := ping()
	second := apitest.Session{ID: first.ID, AuthKey: res.Text("auth_key"), Cookie: res.Cookie()}
	if res.Result() != "pong" || second.Cookie != first.Cookie {
		t.Fatalf("ping: %s, cookie %q", res.Body, second.Cookie)
	}
	if again := ping(); again.Text("auth_key") != second.AuthKey {
		t.Errorf("ping with the previous key, within the grace: %s, want the same new key", again.Body)
	}
	s.Advance(31 * time.Second)
	if res := s.Do(t, newRequest(first, "user/list")); res.Result() != "failed/unauthorized" {
		t.Errorf("the previous key, after its grace: %s", res.Body)
	}
	if res := s.Do(t, newRequest(second, "user/list")); res.Result() != "ok" {
		t.Errorf("the current key, after an old one was refused: %s", res.Body)
	}
	if res := ping(); res.Result() != "failed/unauthorized" {
		t.Errorf("ping with the previous key, after its grace: %s", res.Body)
	}
	if res := s.Do(t, newRequest(second, "user/list")); res.Result() != "failed/unauthorized" {
		t.Errorf("the current key, after a ping ended the session: %s", res.Body)
	}
}

// authenticateByToken is an Options.Authenticate with a Bearer token that names the access level.
func authenticateByToken(r *http.Request) (hermes.Actor, error) {
	principal := hermes.Principal{Kind: hermes.UserPrincipal, Name: "gateway"}
	switch r.Header.Get("Authorization") {
	case "Bearer admin":
		return hermes.Actor{Principal: principal, Access: hermes.FullWrite}, nil
	case "Bearer reader":
		return hermes.Actor{Principal: principal, Access: hermes.LimitedRead}, nil
	case "Bearer elsewhere":
		remote := netip.MustParseAddr("203.0.113.9")
		return hermes.Actor{Principal: principal, Access: hermes.LimitedRead, Remote: remote}, nil
	case "Bearer none":
		return hermes.Actor{Principal: principal}, nil
	case "Bearer throttled":
		return hermes.Actor{}, &hermes.Error{
			Response: hermes.Failed, Cause: hermes.Throttled, Detail: "too many tokens", RetryAfter: 3 * time.Second,
		}
	case "Bearer ok":
		return hermes.Actor{}, &hermes.Error{Response: hermes.OK, Cause: hermes.Exists}
	case "Bearer panic":
		panic("no such luck")
	}
	return hermes.Actor{Access: hermes.FullWrite}, errors.New("no such token")
}

func TestHandler_Authenticate(t *testing.T) {
	t.Parallel()
	var outcome api.Outcome
	s := newServer(t, &apitest.Options{API: api.Options{
		Authenticate: authenticateByToken, Observe: func(o api.Outcome) { outcome = o },
	}})
	session := s.Login(t, "admin")
	for _, row := range []struct {
		why, token string
		req        apitest.Request
		want       string
	}{
		{"an actor that may", "admin", apitest.Request{Node: "user/list"}, "ok"},
		{"parameters in the body", "admin", apitest.Request{Node: "user/list", Form: "limit=1"}, "ok"},
		{"an actor whose level is too low",
			"reader", apitest.Request{Node: "number/add", Query: "number=%2B4773500001"}, "failed/forbidden"},
		{"an actor without a level", "none", apitest.Request{Node: "user/list"}, "failed/unauthorized"},
		{"an error", "unknown", apitest.Request{Node: "user/list"}, "failed/unauthorized"},
		{"a *hermes.Error", "throttled", apitest.Request{Node: "user/list"}, "failed/throttled"},
		{"a *hermes.Error that is no failure", "ok", apitest.Request{Node: "user/list"}, "failed/unauthorized"},
		{"a panic", "panic", apitest.Request{Node: "user/list"}, "error/internal"},

		{"sessions are not accepted",
			"unknown", apitest.Request{Node: "user/list", Session: apitest.Session{Cookie: session.Cookie}}, "failed/unauthorized"},
		{"session and auth_key are unknown parameters",
			"admin", apitest.Request{Node: "user/list", Session: session}, "invalid/parameters"},
		{"ping without a session", "admin", apitest.Request{Node: "auth/ping"}, "failed/unauthorized"},
		{"login needs no token", "unknown", newRequest(apitest.Session{}, loginTarget), "ok"},
		{"logout without a session", "admin", apitest.Request{Node: "auth/logout"}, "invalid/parameters"},
		{"logout of no session",
			"admin", apitest.Request{Node: "auth/logout", Query: "session=x"}, "failed/unauthorized"},

		{"form before authentication",
			"unknown", apitest.Request{Node: "user/list", Query: "limit=%"}, "invalid/parameters"},
		{"authentication before unknown parameters",
			"unknown", apitest.Request{Node: "user/list", Query: "colour=red"}, "failed/unauthorized"},
	} {
		row.req.Header = map[string]string{"Authorization": "Bearer " + row.token}
		if res := s.Do(t, row.req); res.Result() != row.want {
			t.Errorf("%s: got %s, want %s: %s", row.why, res.Result(), row.want, res.Body)
		}
	}

	t.Run("another site is refused before", func(t *testing.T) {
		res := s.Do(t, apitest.Request{Node: "user/list", Header: map[string]string{
			"Authorization": "Bearer panic", "Sec-Fetch-Site": "cross-site",
		}})
		if res.Status != 403 || res.Result() != "failed/forbidden" {
			t.Errorf("got %d %s, want 403 failed/forbidden", res.Status, res.Body)
		}
	})
	t.Run("outcome has the principal", func(t *testing.T) {
		s.Do(t, apitest.Request{Node: "user/list", Header: map[string]string{"Authorization": "Bearer admin"}})
		if outcome.Principal.Name != "gateway" || outcome.Remote.String() != "192.0.2.1" {
			t.Errorf("principal %q at %s, want gateway at 192.0.2.1", outcome.Principal.Name, outcome.Remote)
		}
	})
	t.Run("error", func(t *testing.T) {
		res := s.Do(t, apitest.Request{Node: "user/list"})
		if strings.Contains(res.Body, "no such token") {
			t.Errorf("the text of the error is answered: %s", res.Body)
		}
		if outcome.Err == nil || outcome.Err.Error() != "no such token" || outcome.Principal.Name != "" {
			t.Errorf("outcome %+v, want the error and no principal", outcome)
		}
	})
}

// TestHandler_AuthenticateRemote checks the address under which the actor acts, by the audit log.
func TestHandler_AuthenticateRemote(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newServer(t, &apitest.Options{
		Client: hermes.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, API: api.Options{Authenticate: authenticateByToken},
	})
	for token, want := range map[string]string{"reader": "remote=192.0.2.1", "elsewhere": "remote=203.0.113.9"} {
		s.Do(t, apitest.Request{
			Node: "number/add", Query: "number=%2B4773500001", Header: map[string]string{"Authorization": "Bearer " + token},
		})
		if line := lineWith(log.String(), want); !strings.Contains(line, "actor=gateway") {
			t.Errorf("%s: no line with %s and the actor in the audit log:\n%s", token, want, log.String())
		}
	}
}

// TestHandler_AuthenticateSession authenticates with sessions whose values come in headers.
func TestHandler_AuthenticateSession(t *testing.T) {
	t.Parallel()
	var s *apitest.Server
	s = newServer(t, &apitest.Options{API: api.Options{Authenticate: func(r *http.Request) (hermes.Actor, error) {
		return s.Client.AuthenticatePing(r.Context(), hermes.Credentials{
			Session: hermes.NewSecret(r.Header.Get("X-Session")),
			AuthKey: hermes.NewSecret(r.Header.Get("X-Auth-Key")),
			Cookie:  hermes.NewSecret(r.Header.Get("X-Cookie")),
		})
	}}})
	reader := s.Login(t, "reader")
	header := map[string]string{"X-Session": reader.ID, "X-Auth-Key": reader.AuthKey, "X-Cookie": reader.Cookie}
	if res := s.Do(t, apitest.Request{Node: "auth/ping", Header: header}); res.Result() != "pong" {
		t.Errorf("ping with a session: %s", res.Body)
	}
	header["X-Session"] = "hes_unknown"
	if res := s.Do(t, apitest.Request{Node: "auth/ping", Header: header}); res.Result() != "failed/unauthorized" {
		t.Errorf("ping with an unknown session: %s", res.Body)
	}
}
