package api_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

func TestHandler_Precheck(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	admin := s.Login(t, "admin")
	contentType := func(value string) map[string]string { return map[string]string{"Content-Type": value} }
	long := func(n int) string { return strings.Repeat("a", n) }
	for _, row := range []struct {
		why    string
		req    apitest.Request
		status int
		want   string
	}{
		{"GET", apitest.Request{Node: "user/list"}, 200, "ok"},
		{"POST, parameters in the query", apitest.Request{Method: "POST", Node: "user/list"}, 200, "ok"},
		{"POST, parameters in query and body", apitest.Request{Node: "user/list", Form: "limit=1"}, 200, "ok"},
		{"form with the charset UTF-8", apitest.Request{Node: "user/list", Form: "limit=1",
			Header: contentType("application/x-www-form-urlencoded; charset=UTF-8")}, 200, "ok"},

		{"unknown node", apitest.Request{Node: "user/lists"}, 404, "invalid/node"},
		{"names are case sensitive", apitest.Request{Node: "User/list"}, 404, "invalid/node"},
		{"trailing slash", apitest.Request{Node: "user/list/"}, 404, "invalid/node"},
		{"two slashes: no redirect", apitest.Request{Node: "user//list"}, 404, "invalid/node"},
		{"dots: no redirect", apitest.Request{Node: "user/../user/list"}, 404, "invalid/node"},
		{"escaped slash", apitest.Request{Node: "user%2Flist"}, 404, "invalid/node"},
		{"escaped letter", apitest.Request{Node: "user/%6Cist"}, 404, "invalid/node"},
		{"the path /api/", apitest.Request{Node: ""}, 404, "invalid/node"},

		{"PUT", apitest.Request{Method: "PUT", Node: "user/list"}, 405, "invalid/request"},
		{"DELETE", apitest.Request{Method: "DELETE", Node: "user/remove"}, 405, "invalid/request"},
		{"OPTIONS: no CORS", apitest.Request{Method: "OPTIONS", Node: "user/list"}, 405, "invalid/request"},
		{"methods are case sensitive", apitest.Request{Method: "get", Node: "user/list"}, 405, "invalid/request"},

		{"URL over 8 KiB", apitest.Request{Node: "user/list", Query: "search=" + long(8<<10)}, 414, "invalid/request"},
		{"URL below 8 KiB, too long search",
			apitest.Request{Node: "user/list", Query: "search=" + long(7<<10)}, 200, "failed/invalid"},
		{"headers over 16 KiB",
			apitest.Request{Node: "user/list", Header: map[string]string{"X-Filler": long(16 << 10)}}, 431, "invalid/request"},
		{"headers below 16 KiB",
			apitest.Request{Node: "user/list", Header: map[string]string{"X-Filler": long(15 << 10)}}, 200, "ok"},
		{"body over 64 KiB",
			apitest.Request{Node: "user/list", Form: "search=" + long(64<<10)}, 413, "invalid/request"},
		{"body of 64 KiB",
			apitest.Request{Node: "user/list", Form: "search=" + long(64<<10-len("search="))}, 200, "failed/invalid"},

		{"JSON body",
			apitest.Request{Node: "user/list", Form: `{"limit":1}`, Header: contentType("application/json")}, 415, "invalid/request"},
		{"multipart form",
			apitest.Request{Node: "user/list", Form: "limit=1", Header: contentType("multipart/form-data; boundary=x")}, 415, "invalid/request"},
		{"body without a type",
			apitest.Request{Node: "user/list", Form: "limit=1", Header: contentType("")}, 415, "invalid/request"},
		{"form in another charset", apitest.Request{Node: "user/list", Form: "limit=1",
			Header: contentType("application/x-www-form-urlencoded; charset=latin1")}, 415, "invalid/request"},
		{"compressed form", apitest.Request{Node: "user/list", Form: "limit=1",
			Header: map[string]string{"Content-Encoding": "gzip"}}, 415, "invalid/request"},
		{"GET with a body", apitest.Request{Method: "GET", Node: "user/list", Form: "limit=1",
			Header: contentType("application/x-www-form-urlencoded")}, 400, "invalid/request"},
	} {
		if row.req.Method != "OPTIONS" && row.req.Node != "" {
			row.req.Session = admin
		}
		res := s.Do(t, row.req)
		if res.Status != row.status || res.Result() != row.want {
			t.Errorf("%s: got %d %s, want %d %s: %.200s", row.why, res.Status, res.Result(), row.status, row.want, res.Body)
		}
		if res.Header.Get("Location") != "" {
			t.Errorf("%s: redirected to %s", row.why, res.Header.Get("Location"))
		}
	}
}

func TestHandler_OtherSites(t *testing.T) {
	t.Parallel()
	plain, secure := newServer(t, nil), newServer(t, &apitest.Options{API: api.Options{TLS: true}})
	for _, row := range []struct {
		why    string
		server *apitest.Server
		header map[string]string
		status int
	}{
		{"not a browser", plain, nil, 200},
		{"own page", plain, map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
		{"address bar", plain, map[string]string{"Sec-Fetch-Site": "none"}, 200},
		{"another site", plain, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"another host of the same site", plain, map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"unknown value", plain, map[string]string{"Sec-Fetch-Site": "same-planet"}, 403},
		{"Sec-Fetch-Site takes precedence over Origin", plain,
			map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 200},
		{"own page in an old browser", plain, map[string]string{"Origin": "http://example.com"}, 200},
		{"case does not matter in hosts", plain, map[string]string{"Origin": "http://EXAMPLE.com"}, 200},
		{"another site in an old browser", plain, map[string]string{"Origin": "http://evil.example"}, 403},
		{"another port is another origin", plain, map[string]string{"Origin": "http://example.com:8080"}, 403},
		{"page without an origin", plain, map[string]string{"Origin": "null"}, 403},
		{"TLS", secure, map[string]string{"Origin": "https://example.com"}, 200},
		{"over TLS, a page without TLS is another origin",
			secure, map[string]string{"Origin": "http://example.com"}, 403},
	} {
		// The node needs no session: the check applies to all nodes.
		res := row.server.Do(t, apitest.Request{Node: "auth/challenge", Query: "key=x", Header: row.header})
		if res.Status != row.status || (res.Result() == "failed/forbidden") != (row.status == 403) {
			t.Errorf("%s: got %d %s, want %d", row.why, res.Status, res.Result(), row.status)
		}
	}
}

func TestHandler_ClientAddress(t *testing.T) {
	t.Parallel()
	var got netip.Addr
	s := apitest.NewServer(t, memstore.New(), &apitest.Options{API: api.Options{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")},
		Observe:        func(o api.Outcome) { got = o.Remote },
	}})
	for _, row := range []struct {
		why       string
		peer      string
		forwarded []string
		want      string
	}{
		{"no proxy", "192.0.2.1:5000", nil, "192.0.2.1"},
		{"a peer that is no proxy is not believed", "192.0.2.1:5000", []string{"198.51.100.1"}, "192.0.2.1"},
		{"proxy", "10.0.0.1:5000", []string{"198.51.100.1"}, "198.51.100.1"},
		{"the rightmost address counts", "10.0.0.1:5000", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		{"chain of proxies", "10.0.0.1:5000", []string{"203.0.113.9, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"two headers", "10.0.0.1:5000", []string{"203.0.113.9", "198.51.100.1,10.0.0.2"}, "198.51.100.1"},
		{"only proxies", "10.0.0.1:5000", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"proxy without the header", "10.0.0.1:5000", nil, "10.0.0.1"},
		{"empty addresses", "10.0.0.1:5000", []string{" , 198.51.100.1, "}, "198.51.100.1"},
		{"address with port", "10.0.0.1:5000", []string{"198.51.100.1:6000"}, "198.51.100.1"},
		{"IPv6", "[2001:db8:1::1]:5000", []string{"2001:db8:2::9"}, "2001:db8:2::9"},
		{"IPv6 with port", "[2001:db8:1::1]:5000", []string{"[2001:db8:2::9]:443"}, "2001:db8:2::9"},
		{"peer mapped into IPv6", "[::ffff:10.0.0.1]:5000", []string{"198.51.100.1"}, "198.51.100.1"},
		{"address mapped into IPv6", "10.0.0.1:5000", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"the zone is removed", "[fe80::1%eth0]:5000", nil, "fe80::1"},
		{"malformed address: the client is not known",
			"10.0.0.1:5000", []string{"198.51.100.1, unknown"}, "invalid IP"},
		{"malformed address left of the client", "10.0.0.1:5000", []string{"garbage, 198.51.100.1"}, "198.51.100.1"},
		{"Unix socket", "@", []string{"198.51.100.1"}, "invalid IP"},
		{"peer without a port", "192.0.2.1", nil, "invalid IP"},
	} {
		r := newRequest(apitest.Session{}, "nowhere").HTTP()
		r.RemoteAddr = row.peer
		for _, value := range row.forwarded {
			r.Header.Add("X-Forwarded-For", value)
		}
		apitest.Serve(t, s.Handler, r)
		if got.String() != row.want {
			t.Errorf("%s: got %s, want %s", row.why, got, row.want)
		}
	}
}
