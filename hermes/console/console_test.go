package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/console"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

func TestHandler_ServeHTTP(t *testing.T) {
	t.Parallel()
	h := console.New(&console.Options{API: `../api/"<`})
	for _, tt := range []struct {
		why, method, path string
		status            int
		contentType       string
		text              string // a part of the answer
	}{
		{"the page has the URL of the API, escaped", "GET", "/", 200, "text/html; charset=utf-8", `content="../api/&#34;&lt;"`},
		{"a script", "GET", "/assets/app.js", 200, "text/javascript; charset=utf-8", "loginPage"},
		{"a style sheet", "GET", "/assets/style.css", 200, "text/css; charset=utf-8", "prefers-color-scheme"},
		{"the icon", "GET", "/assets/icon.svg", 200, "image/svg+xml", "<svg"},
		{"the description of the API", "GET", "/openapi.json", 200, "application/json", string(api.OpenAPI())},
		{"the page has one address only", "GET", "/index.html", 404, "text/plain; charset=utf-8", ""},
		{"folders are not listed", "GET", "/assets/", 404, "text/plain; charset=utf-8", ""},
		{"nothing outside of the page", "GET", "/assets/../console.go", 404, "text/plain; charset=utf-8", ""},
		{"HEAD has no body", "HEAD", "/", 200, "text/html; charset=utf-8", ""},
		{"nothing can be changed", "POST", "/", 405, "text/plain; charset=utf-8", "want GET or HEAD"},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		if w.Code != tt.status || w.Header().Get("Content-Type") != tt.contentType || !strings.Contains(w.Body.String(), tt.text) {
			t.Errorf("%s: %d %s, want %d %s with %q", tt.why, w.Code, w.Header().Get("Content-Type"), tt.status, tt.contentType, tt.text)
		}
		if has := h.Has(tt.path); has != (tt.status != 404) {
			t.Errorf("%s: Has is %v", tt.why, has)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", tt.why, name, got, want)
			}
		}
		policy := w.Header().Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, part) || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: the policy is %q, want %s in it", tt.why, policy, part)
			}
		}
	}
}

// TestHandler_Cache checks that a browser asks for a file again, and gets it if it has changed.
func TestHandler_Cache(t *testing.T) {
	t.Parallel()
	get := func(h http.Handler, path, etag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("If-None-Match", etag)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	first, other := console.New(nil), console.New(&console.Options{API: "../api/"})
	for _, path := range []string{"/", "/assets/app.js", "/openapi.json"} {
		w := get(first, path, "")
		if got := w.Header().Get("Cache-Control"); got != "no-cache" {
			t.Errorf("%s: Cache-Control is %q, want no-cache", path, got)
		}
		etag := w.Header().Get("Etag")
		if again := get(first, path, etag); etag == "" || again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s: with the entity tag %s it is answered %d, want 304", path, etag, again.Code)
		}
		if changed := get(other, path, etag); path == "/" && changed.Code != http.StatusOK {
			t.Errorf("%s: another page is answered %d, want 200", path, changed.Code)
		}
	}
}

// TestHandler_LowWater checks that a principal with a session sees the marks within the own scope,
// and that others see none.
func TestHandler_LowWater(t *testing.T) {
	t.Parallel()
	s := apitest.NewServer(t, memstore.New(), nil)
	if _, err := s.Client.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: "writer", Access: hermes.LimitedWrite, Numbers: "+47735"}); err != nil {
		t.Fatal(err)
	}
	marks := map[string]int{"+4773": 1, "+477350": 2, "+46": 3}
	const all = `{"list":[{"prefix":"+46","count":3},{"prefix":"+4773","count":1},{"prefix":"+477350","count":2}]}`
	const none = `{"list":[]}`
	for _, tt := range []struct {
		why, user string
		opts      console.Options
		site      string
		want      string
	}{
		{"everything for a principal without a scope", "reader", console.Options{LowWater: marks, Nodes: s.Handler}, "same-origin", all},
		{"the own part of the pool", "writer", console.Options{LowWater: marks, Nodes: s.Handler}, "same-origin", `{"list":[{"prefix":"+477350","count":2}]}`},
		{"nothing without a session", "", console.Options{LowWater: marks, Nodes: s.Handler}, "same-origin", none},
		{"nothing for a page of another site", "reader", console.Options{LowWater: marks, Nodes: s.Handler}, "cross-site", none},
		{"no marks are set", "reader", console.Options{Nodes: s.Handler}, "same-origin", none},
		{"the API cannot be asked", "reader", console.Options{LowWater: marks}, "same-origin", none},
	} {
		session := apitest.Session{}
		if tt.user != "" {
			session = s.Login(t, tt.user)
		}
		form := url.Values{"session": {session.ID}, "auth_key": {session.AuthKey}}
		r := httptest.NewRequest("POST", "/low_water", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", tt.site)
		r.AddCookie(&http.Cookie{Name: "hermes", Value: session.Cookie})
		w := httptest.NewRecorder()
		console.New(&tt.opts).ServeHTTP(w, r)
		if diff := cmp.Diff(tt.want, strings.TrimSpace(w.Body.String())); diff != "" || w.Code != http.StatusOK {
			t.Errorf("%s: %d (-want +got)\n%s", tt.why, w.Code, diff)
		}
	}
}
