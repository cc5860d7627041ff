package hermes_test

import (
	"errors"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestDomainList(t *testing.T) {
	w := newWorldWith(t, func(o *hermes.Options) {
		o.Domains = []sip.Domain{domain("zulu.example"), domain("example.com"), domain("alpha.example")}
	})
	same(t, ok(t, got(w.DomainList(t.Context(), hermes.DomainListRequest{}))).List,
		[]sip.Domain{domain("alpha.example"), domain("example.com"), domain("example.net"), domain("zulu.example")})
	if w.opts.Domains[0] != domain("zulu.example") {
		t.Error("the caller's slice was sorted")
	}
}

func TestServers(t *testing.T) {
	w := newWorld(t)
	refused(t, only(w.DomainGetServers(t.Context(), hermes.DomainGetServersRequest{Domain: domain("example.net")})), hermes.NotFound)
	refused(t, only(w.DomainGetServers(t.Context(), hermes.DomainGetServersRequest{})), hermes.Parameters)
	for _, d := range []string{"example.com", "not.served.example"} { // replaced, and set for the first time
		req := hermes.DomainSetServersRequest{
			Domain: domain(d), Registrar: domain("r.example"), RPort: 65535, Proxy: domain("192.0.2.1"), PPort: 1, ProvURL: "https://p.example/?a=b",
		}
		want := hermes.ServersObject{Registrar: req.Registrar, RPort: 65535, Proxy: req.Proxy, PPort: 1, ProvURL: req.ProvURL}
		if res := ok(t, got(w.DomainSetServers(t.Context(), req))); res.Servers != want {
			t.Errorf("answer %+v, want %+v", res.Servers, want)
		}
		if res := ok(t, got(w.level(hermes.LimitedRead).DomainGetServers(t.Context(), hermes.DomainGetServersRequest{Domain: domain(d)}))); res.Servers != want {
			t.Errorf("kept %+v, want %+v", res.Servers, want)
		}
	}
	o := ok(t, got(w.UserGet(t.Context(), hermes.UserGetRequest{User: alice}))).User
	if o.Registrar != domain("reg.example.com") {
		t.Errorf("the registrar of a user that was there is %s: want it as it was", o.Registrar)
	}
}

// Bad parameters are failed here, where they are invalid at every other node.
func TestSetServersRefuses(t *testing.T) {
	full := hermes.DomainSetServersRequest{
		Domain: domain("example.net"), Registrar: domain("r.example"), RPort: 1, Proxy: domain("p.example"), PPort: 1, ProvURL: "http://x/",
	}
	for _, r := range []struct {
		why    string
		change func(*hermes.DomainSetServersRequest)
	}{
		{"no domain", func(r *hermes.DomainSetServersRequest) { r.Domain = sip.Domain{} }},
		{"a malformed domain", func(r *hermes.DomainSetServersRequest) { r.Domain = sip.UncheckedDomain("a b") }},
		{"no registrar", func(r *hermes.DomainSetServersRequest) { r.Registrar = sip.Domain{} }},
		{"a malformed registrar", func(r *hermes.DomainSetServersRequest) { r.Registrar = sip.UncheckedDomain("a_b") }},
		{"no port", func(r *hermes.DomainSetServersRequest) { r.RPort = 0 }},
		{"a port beyond", func(r *hermes.DomainSetServersRequest) { r.RPort = 65536 }},
		{"no proxy", func(r *hermes.DomainSetServersRequest) { r.Proxy = sip.Domain{} }},
		{"no proxy's port", func(r *hermes.DomainSetServersRequest) { r.PPort = 0 }},
		{"no URL", func(r *hermes.DomainSetServersRequest) { r.ProvURL = "" }},
		{"a URL of another kind", func(r *hermes.DomainSetServersRequest) { r.ProvURL = "tftp://x/" }},
	} {
		t.Run(r.why, func(t *testing.T) {
			w, req := newWorld(t), full
			r.change(&req)
			err := rolledBack(func(w *world) error { return only(w.DomainSetServers(t.Context(), req)) })(w)
			var e *hermes.Error
			if !errors.As(err, &e) || e.Response != hermes.Failed || e.Cause != hermes.Parameters || e.Detail == "" {
				t.Errorf("got %v, want failed/parameters", err)
			}
		})
	}
}
