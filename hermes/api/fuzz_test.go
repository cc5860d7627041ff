package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/golden"
)

// FuzzHandler asks anything. Every answer must be what every answer is: golden.Answer makes sure of JSON and response; never
// a fault inside.
func FuzzHandler(f *testing.F) {
	w := world(f, &golden.Options{Client: hermes.Options{MaxRange: 1000}})
	callers := []golden.Caller{{}, w.Login("reader"), w.Login("auditor"), w.Login("writer"), w.Login("admin")}
	for i, n := range hermes.Nodes() {
		f.Add("GET", n.Path, "", "", "application/x-www-form-urlencoded", uint8(i))
		f.Add("POST", n.Path, canaries(n), "", "", uint8(4))
		f.Add("POST", n.Path, "", "user=alice%40example.com&mac=001122334455&number=%2B4773500001&password=12345678", "application/x-www-form-urlencoded", uint8(4))
	}
	f.Add("GET", "alias/list", "destination=a@b&e164=1&limit=1&after=YQBiAGMAZA", "", "", uint8(1))
	f.Add("GET", "user/list", "search=%FF%00;&&=&a=%", "x", "text/plain", uint8(1))
	f.Fuzz(func(t *testing.T, method, path, query, body, contentType string, who uint8) {
		q := golden.Question{Caller: callers[int(who)%len(callers)], Node: "x", Form: "x"}
		r := q.Request()
		r.Method, r.URL.Path, r.RequestURI = method, "/api/"+path, "/"
		r.URL.RawQuery = strings.Trim(query+"&"+r.URL.RawQuery, "&")
		r.Body, r.ContentLength = http.NoBody, 0
		if body != "" {
			r.Body, r.ContentLength = httptest.NewRequest("POST", "/", strings.NewReader(body)).Body, int64(len(body))
		}
		r.Header.Set("Content-Type", contentType)
		a := w.Serve(t, nil, r)
		if a.Response == "error" || a.Status == http.StatusInternalServerError {
			t.Errorf("a fault inside: %s", a.Body)
		}
		if a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("without its headers: %v", a.Header)
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
		a := w.Serve(t, nil, golden.Question{Caller: admin, Node: "user/list", Form: query + "&limit=1"}.Request())
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
