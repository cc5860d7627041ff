package api_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

func TestHandler_ServesHost(t *testing.T) {
	t.Parallel()
	served := func(host string) bool { return host == "hermes.example.com" || host == "2001:db8::1" }
	s := newServer(t, &apitest.Options{API: api.Options{ServesHost: served}})
	for _, tt := range []struct {
		why, host string
		want      int
	}{
		{"the name", "hermes.example.com", 200},
		{"with a port", "hermes.example.com:8080", 200},
		{"with an empty port", "hermes.example.com:", 200},
		{"in capitals", "HERMES.Example.COM:443", 200},
		{"with the dot of the root", "hermes.example.com.", 200},
		{"an IPv6 address", "[2001:db8::1]:8080", 200},
		{"the same, written otherwise", "[2001:DB8:0:0::1]", 200},
		{"the address of the connection", "192.0.2.1:8080", 200},
		{"the same in IPv6", "[::ffff:192.0.2.1]", 200},
		{"another name", "evil.example", 421},
		{"a name below", "evil.hermes.example.com", 421},
		{"a name that begins so", "hermes.example.com.evil.example", 421},
		{"a name behind a user", "hermes.example.com@evil.example", 421},
		{"two dots", "hermes.example.com..", 421},
		{"two ports", "hermes.example.com:80:80", 421},
		{"a port that is none", "hermes.example.com:x", 421},
		{"an IPv6 address without brackets", "2001:db8::1", 421},
		{"an open bracket", "[2001:db8::1", 421},
		{"something behind the bracket", "[2001:db8::1].evil.example", 421},
		{"another address", "192.0.2.2", 421},
		{"an address in another notation", "3221225985", 421},
		{"none", "", 421},
	} {
		r := apitest.Request{Node: "auth/challenge", Query: "key=hek_0123456789"}.HTTP()
		r.Host = tt.host
		// As for a page whose name was pointed at this server.
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		local := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 8080}
		res := apitest.Serve(t, s.Handler, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local)))
		if res.Status != tt.want || tt.want == http.StatusMisdirectedRequest && res.Result() != "invalid/request" {
			t.Errorf("%s, %q: %d %s, want %d", tt.why, tt.host, res.Status, res.Body, tt.want)
		}
	}
	r := apitest.Request{Node: "auth/challenge", Query: "key=hek_0123456789"}.HTTP()
	r.Host = "hermes.example.com"
	r.Header.Set("Origin", "https://evil.example")
	if res := apitest.Serve(t, s.Handler, r); res.Status != http.StatusForbidden || res.Result() != "failed/forbidden" {
		t.Errorf("a page of another site: %d %s, want 403", res.Status, res.Body)
	}
	r = apitest.Request{Node: "auth/challenge", Query: "key=hek_0123456789"}.HTTP()
	r.Host = "evil.example"
	if res := apitest.Serve(t, newServer(t, nil).Handler, r); res.Result() != "ok" {
		t.Errorf("a handler that serves every host: %s", res.Body)
	}
}
