package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// FuzzHandler sends any request. Every answer must be JSON with a response, which apitest.Serve
// checks, and none may be an internal error.
func FuzzHandler(f *testing.F) {
	const form = "application/x-www-form-urlencoded"
	s := newServer(f, &apitest.Options{
		Client: hermes.Options{MaxRange: 1000},
		API:    api.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}},
	})
	sessions := []apitest.Session{{}, s.Login(f, "reader"), s.Login(f, "auditor"), s.Login(f, "writer"), s.Login(f, "admin")}
	for i, n := range hermes.Nodes() {
		f.Add("GET", n.Path, "", "", form, "", uint8(i))
		f.Add("POST", n.Path, canaryParams(n), "", "", "Sec-Fetch-Site: same-origin\nX-Forwarded-For: 192.0.2.1, ::1", uint8(4))
		f.Add("POST", n.Path, "", "user=alice%40example.com&mac=001122334455&number=%2B4773500001&password=12345678",
			form, "Origin: http://example.com", uint8(4))
	}
	f.Add("GET", "alias/list", "destination=a@b&e164=1&limit=1&after=YQBiAGMAZA", "", "", "Cookie: hermes=x; hermes=y", uint8(1))
	f.Add("GET", "user/list", "search=%FF%00;&&=&a=%", "x", "text/plain", "Content-Encoding: gzip", uint8(1))
	f.Add("HEAD", "user/generate_password", "", "", "", "", uint8(1))
	f.Fuzz(func(t *testing.T, method, path, query, body, contentType, headers string, session uint8) {
		r := apitest.Request{Session: sessions[int(session)%len(sessions)], Node: "x", Form: "x"}.HTTP()
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
		res := apitest.Serve(t, s.Handler, r)
		if res.Response == "error" || res.Status == http.StatusInternalServerError {
			t.Errorf("an internal error: %s", res.Body)
		}
		if res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("Cache-Control is missing: %v", res.Header)
		}
		if res.Members == nil && method != http.MethodHead && path != "user/generate_password" {
			t.Errorf("%s %q: the answer is no JSON object: %q", method, path, res.Body)
		}
	})
}

// FuzzHandler_Params compares accepted queries with the result of url.ParseQuery.
func FuzzHandler_Params(f *testing.F) {
	s := newServer(f, nil)
	admin := s.Login(f, "admin")
	for _, query := range []string{
		"search=a", "search=%2B47", "search=+47&_=1", "search=a;b", "search=%", "&search=a&&", "search", "=a", "search=a=b",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		req := apitest.Request{Session: admin, Node: "user/list", Form: query + "&limit=1"}
		if res := s.Do(t, req); res.Result() != "ok" {
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

// FuzzClientAddr tells the address of any peer behind any proxies. It is the peer or an address
// that a proxy has named, and a trusted one only if all that come after it are trusted.
func FuzzClientAddr(f *testing.F) {
	f.Add("192.0.2.1:1234", "198.51.100.7, 10.0.0.1", "10.0.0.0/8,192.0.2.0/24")
	f.Add("[::ffff:10.0.0.1]:1234", "[2001:db8::1]:80,\t::ffff:10.0.0.2", "10.0.0.0/8")
	f.Add("[fe80::1%eth0]:1", ",,unknown,", "fe80::/10,::/0")
	f.Add("@", "127.0.0.1", "0.0.0.0/0")
	f.Fuzz(func(t *testing.T, peer, forwarded, proxies string) {
		var trusted []netip.Prefix
		for s := range strings.SplitSeq(proxies, ",") {
			if p, err := netip.ParsePrefix(s); err == nil {
				trusted = append(trusted, p)
			}
		}
		isTrusted := func(a netip.Addr) bool {
			return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
		}
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		got := api.ClientAddr(r, trusted)
		from := api.ClientAddr(r, nil)
		if got.Is4In6() || got.Zone() != "" {
			t.Errorf("got %v, want neither a zone nor IPv4 in IPv6", got)
		}
		if !isTrusted(from) && got != from {
			t.Errorf("got %v of the peer %v, which is not trusted", got, from)
		}
		if isTrusted(from) && got != from && !strings.Contains(forwarded, ".") && !strings.Contains(forwarded, ":") && got.IsValid() {
			t.Errorf("got %v, which no proxy has named in %q", got, forwarded)
		}
		// An untrusted proxy named in front of the others is not asked for the hops before it.
		r.Header.Set("X-Forwarded-For", "203.0.113.9,"+forwarded)
		if longer := api.ClientAddr(r, trusted); got.IsValid() && !isTrusted(got) && longer != got {
			t.Errorf("with one more hop at the left: got %v, want %v", longer, got)
		}
	})
}
