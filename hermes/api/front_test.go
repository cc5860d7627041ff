package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

func world(t testing.TB, opts *apitest.Options) *apitest.World {
	t.Helper()
	return apitest.New(t, memstore.New(), opts)
}

func TestFront(t *testing.T) {
	w := world(t, nil)
	admin := w.Login("admin")
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	for _, row := range []struct {
		why    string
		q      apitest.Question
		status int
		is     string
	}{
		{"GET", apitest.Question{Caller: admin, Node: "user/list"}, 200, "ok"},
		{"POST, parameters in the query", apitest.Question{Caller: admin, Method: "POST", Node: "user/list"}, 200, "ok"},
		{"POST, parameters in both", apitest.Question{Caller: admin, Node: "user/list", Form: "limit=1"}, 200, "ok"},
		{"a charset that it is in anyway", apitest.Question{Caller: admin, Node: "user/list", Form: "limit=1", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}}, 200, "ok"},

		{"no such node", apitest.Question{Caller: admin, Node: "user/lists"}, 404, "invalid/node"},
		{"names are case sensitive", apitest.Question{Caller: admin, Node: "User/list"}, 404, "invalid/node"},
		{"a slash more at the end", apitest.Question{Caller: admin, Node: "user/list/"}, 404, "invalid/node"},
		{"a slash more between: no redirect", apitest.Question{Caller: admin, Node: "user//list"}, 404, "invalid/node"},
		{"dots: no redirect", apitest.Question{Caller: admin, Node: "user/../user/list"}, 404, "invalid/node"},
		{"an escaped slash", apitest.Question{Caller: admin, Node: "user%2Flist"}, 404, "invalid/node"},
		{"an escaped letter", apitest.Question{Caller: admin, Node: "user/%6Cist"}, 404, "invalid/node"},
		{"the root of the API", apitest.Question{Node: ""}, 404, "invalid/node"},

		{"PUT", apitest.Question{Caller: admin, Method: "PUT", Node: "user/list"}, 405, "invalid/request"},
		{"DELETE", apitest.Question{Caller: admin, Method: "DELETE", Node: "user/remove"}, 405, "invalid/request"},
		{"OPTIONS: no CORS", apitest.Question{Method: "OPTIONS", Node: "user/list"}, 405, "invalid/request"},
		{"methods are case sensitive", apitest.Question{Caller: admin, Method: "get", Node: "user/list"}, 405, "invalid/request"},

		{"8 KiB and more of URL", apitest.Question{Caller: admin, Node: "user/list", Query: "search=" + strings.Repeat("a", 8<<10)}, 414, "invalid/request"},
		{"just below them: the search is too long, not the URL", apitest.Question{Caller: admin, Node: "user/list", Query: "search=" + strings.Repeat("a", 7<<10)}, 200, "failed/invalid"},
		{"16 KiB and more of headers", apitest.Question{Caller: admin, Node: "user/list", Header: map[string]string{"X-Filler": strings.Repeat("a", 16<<10)}}, 431, "invalid/request"},
		{"just below them", apitest.Question{Caller: admin, Node: "user/list", Header: map[string]string{"X-Filler": strings.Repeat("a", 15<<10)}}, 200, "ok"},
		{"64 KiB and more of body", apitest.Question{Caller: admin, Node: "user/list", Form: "search=" + strings.Repeat("a", 64<<10)}, 413, "invalid/request"},
		{"64 KiB of body", apitest.Question{Caller: admin, Node: "user/list", Form: "search=" + strings.Repeat("a", 64<<10-len("search="))}, 200, "failed/invalid"},

		{"JSON is no form", apitest.Question{Caller: admin, Node: "user/list", Form: `{"limit":1}`, Header: map[string]string{"Content-Type": "application/json"}}, 415, "invalid/request"},
		{"a form of parts", apitest.Question{Caller: admin, Node: "user/list", Form: "limit=1", Header: map[string]string{"Content-Type": "multipart/form-data; boundary=x"}}, 415, "invalid/request"},
		{"no type at all", apitest.Question{Caller: admin, Node: "user/list", Form: "limit=1", Header: map[string]string{"Content-Type": ""}}, 415, "invalid/request"},
		{"another charset", apitest.Question{Caller: admin, Node: "user/list", Form: "limit=1", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=latin1"}}, 415, "invalid/request"},
		{"compressed", apitest.Question{Caller: admin, Node: "user/list", Form: "limit=1", Header: map[string]string{"Content-Encoding": "gzip"}}, 415, "invalid/request"},
		{"a body that a GET carries", apitest.Question{Caller: admin, Method: "GET", Node: "user/list", Form: "limit=1", Header: form}, 400, "invalid/request"},
	} {
		a := w.Ask(row.q)
		if a.Status != row.status || a.Is() != row.is {
			t.Errorf("%s: got %d %s, want %d %s: %.200s", row.why, a.Status, a.Is(), row.status, row.is, a.Body)
		}
		if a.Header.Get("Location") != "" {
			t.Errorf("%s: redirected to %s", row.why, a.Header.Get("Location"))
		}
	}
}

func TestSecurityHeadersOnEveryAnswer(t *testing.T) {
	w := world(t, nil)
	reader := w.Login("reader")
	for why, q := range map[string]apitest.Question{
		"ok":         {Caller: reader, Node: "user/list"},
		"plain text": {Caller: reader, Node: "user/generate_password"},
		"a refusal":  {Caller: reader, Node: "user/remove", Query: "user=alice@example.com"},
		"404":        {Node: "nowhere"},
		"405":        {Node: "user/list", Method: "PATCH"},
		"503":        {Node: "user/list", Handler: drained(w)},
	} {
		header := w.Ask(q).Header
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", why, name, got, want)
			}
		}
		for name := range header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: a CORS header %s", why, name)
			}
		}
		if got := header.Get("Content-Type"); why != "plain text" && got != "application/json; charset=utf-8" {
			t.Errorf("%s: Content-Type is %q", why, got)
		}
	}
}

func drained(w *apitest.World) *api.Handler {
	h := api.New(w.Client, nil)
	h.Drain()
	return h
}

func TestHead(t *testing.T) {
	w := world(t, nil)
	reader := w.Login("reader")
	for node, want := range map[string]struct {
		status int
		allow  string
		size   string
	}{
		"user/list":              {200, "", ""},
		"domain/list":            {200, "", w.Ask(apitest.Question{Caller: reader, Node: "domain/list"}).Header.Get("Content-Length")},
		"user/generate_password": {200, "", "20"},
		"user/permissions":       {405, "GET, POST", ""}, // it may change something
		"user/add":               {405, "GET, POST", ""},
		"auth/ping":              {405, "GET, POST", ""},
	} {
		a := w.Ask(apitest.Question{Caller: reader, Method: http.MethodHead, Node: node})
		if a.Status != want.status || a.Header.Get("Allow") != want.allow || a.Body != "" {
			t.Errorf("HEAD %s: got %d, Allow %q, body %q, want %d, %q and none", node, a.Status, a.Header.Get("Allow"), a.Body, want.status, want.allow)
		}
		if got := a.Header.Get("Content-Length"); want.size != "" && got != want.size {
			t.Errorf("HEAD %s: Content-Length %q, want %q", node, got, want.size)
		}
	}
	if a := w.Ask(apitest.Question{Method: "PUT", Node: "user/list"}); a.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("Allow of a node that changes nothing: %q", a.Header.Get("Allow"))
	}
}

func TestOtherSites(t *testing.T) {
	plain, secure := world(t, nil), world(t, &apitest.Options{API: api.Options{TLS: true}})
	for _, row := range []struct {
		why    string
		w      *apitest.World
		header map[string]string
		status int
	}{
		{"a program", plain, nil, 200},
		{"our own page", plain, map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
		{"the address bar", plain, map[string]string{"Sec-Fetch-Site": "none"}, 200},
		{"another site", plain, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"a neighbour", plain, map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"something new", plain, map[string]string{"Sec-Fetch-Site": "same-planet"}, 403},
		{"Sec-Fetch-Site decides where both are there", plain, map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 200},
		{"an old browser on our page", plain, map[string]string{"Origin": "http://example.com"}, 200},
		{"hosts have no case", plain, map[string]string{"Origin": "http://EXAMPLE.com"}, 200},
		{"an old browser elsewhere", plain, map[string]string{"Origin": "http://evil.example"}, 403},
		{"another port is another origin", plain, map[string]string{"Origin": "http://example.com:8080"}, 403},
		{"a page that hides its origin", plain, map[string]string{"Origin": "null"}, 403},
		{"over TLS", secure, map[string]string{"Origin": "https://example.com"}, 200},
		{"a page without TLS is another origin", secure, map[string]string{"Origin": "http://example.com"}, 403},
	} {
		// The login is not the point: without a session the refusal must come all the same.
		a := row.w.Ask(apitest.Question{Node: "auth/challenge", Query: "key=x", Header: row.header})
		if a.Status != row.status || (a.Is() == "failed/forbidden") != (row.status == 403) {
			t.Errorf("%s: got %d %s, want %d", row.why, a.Status, a.Is(), row.status)
		}
	}
}
