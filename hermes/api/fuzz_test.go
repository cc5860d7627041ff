package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// FuzzHandler asks anything. Every answer must be what every answer is: apitest.Answer makes sure of JSON and response; never
// a fault inside.
func FuzzHandler(f *testing.F) {
	const form = "application/x-www-form-urlencoded"
	w := world(f, &apitest.Options{Client: hermes.Options{MaxRange: 1000}, API: api.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}})
	callers := []apitest.Caller{{}, w.Login("reader"), w.Login("auditor"), w.Login("writer"), w.Login("admin")}
	for i, n := range hermes.Nodes() {
		f.Add("GET", n.Path, "", "", form, "", uint8(i))
		f.Add("POST", n.Path, canaries(n), "", "", "Sec-Fetch-Site: same-origin\nX-Forwarded-For: 192.0.2.1, ::1", uint8(4))
		f.Add("POST", n.Path, "", "user=alice%40example.com&mac=001122334455&number=%2B4773500001&password=12345678", form, "Origin: http://example.com", uint8(4))
	}
	f.Add("GET", "alias/list", "destination=a@b&e164=1&limit=1&after=YQBiAGMAZA", "", "", "Cookie: hermes=x; hermes=y", uint8(1))
	f.Add("GET", "user/list", "search=%FF%00;&&=&a=%", "x", "text/plain", "Content-Encoding: gzip", uint8(1))
	f.Add("HEAD", "user/generate_password", "", "", "", "", uint8(1))
	f.Fuzz(func(t *testing.T, method, path, query, body, contentType, headers string, who uint8) {
		q := apitest.Question{Caller: callers[int(who)%len(callers)], Node: "x", Form: "x"}
		r := q.Request()
		r.Method, r.URL.Path, r.RequestURI = method, "/api/"+path, "/"
		r.URL.RawQuery = strings.Trim(query+"&"+r.URL.RawQuery, "&")
		r.Body, r.ContentLength = http.NoBody, 0
		if body != "" {
			r.Body, r.ContentLength = httptest.NewRequest("POST", "/", strings.NewReader(body)).Body, int64(len(body))
		}
		r.Header.Set("Content-Type", contentType)
		for line := range strings.Lines(headers) {
			if name, value, ok := strings.Cut(line, ":"); ok {
				r.Header.Add(name, strings.TrimSpace(value))
			}
		}
		a := w.Serve(t, nil, r)
		if a.Response == "error" || a.Status == http.StatusInternalServerError {
			t.Errorf("a fault inside: %s", a.Body)
		}
		if a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("without its headers: %v", a.Header)
		}
		if a.Members == nil && method != http.MethodHead && path != "user/generate_password" {
			t.Errorf("%s %q: the answer is no JSON object: %q", method, path, a.Body)
		}
	})
}

// FuzzForm compares what is accepted with the standard library's reading of it.
func FuzzForm(f *testing.F) {
	w := world(f, nil)
	admin := w.Login("admin")
	for _, query := range []string{"search=a", "search=%2B47", "search=+47&_=1", "search=a;b", "search=%", "&search=a&&", "search", "=a", "search=a=b"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		a := w.Serve(t, nil, apitest.Question{Caller: admin, Node: "user/list", Form: query + "&limit=1"}.Request())
		if a.Is() != "ok" {
			return
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatalf("%q was accepted: %v", query, err)
		}
		for name, all := range values {
			if name != "_" && (len(all) > 1 || name != "search" && name != "after" || !hermes.CleanText(all[0])) {
				t.Errorf("%q was accepted, with %s = %q", query, name, all)
			}
		}
	})
}
