package hermes_test

import (
	"errors"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestClient_DomainList(t *testing.T) {
	t.Parallel()
	e := newEnvWith(t, func(o *hermes.Options) {
		o.Domains = []sip.Domain{domain("zulu.example"), domain("example.com"), domain("alpha.example")}
	})
	res, err := e.client.DomainList(t.Context(), hermes.DomainListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, res.List, []sip.Domain{
		domain("alpha.example"), domain("example.com"), domain("example.net"), domain("zulu.example"),
	})
	if e.opts.Domains[0] != domain("zulu.example") {
		t.Error("the caller's slice was sorted")
	}
}

func TestClient_DomainGetServers(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	_, err := e.client.DomainGetServers(t.Context(), hermes.DomainGetServersRequest{Domain: domain("example.net")})
	wantCause(t, err, hermes.NotFound)
	_, err = e.client.DomainGetServers(t.Context(), hermes.DomainGetServersRequest{})
	wantCause(t, err, hermes.Parameters)
}

func TestClient_DomainSetServers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule   string
		domain sip.Domain
	}{
		{"replaces servers", domain("example.com")},
		{"sets the servers of a domain that is not served", domain("not.served.example")},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			req := hermes.DomainSetServersRequest{
				Domain: tt.domain, Registrar: domain("r.example"), RPort: 65535,
				Proxy: domain("192.0.2.1"), PPort: 1, ProvURL: "https://p.example/?a=b",
			}
			want := hermes.ServersObject{
				Registrar: req.Registrar, RPort: 65535, Proxy: req.Proxy, PPort: 1, ProvURL: req.ProvURL,
			}
			set, err := e.client.DomainSetServers(t.Context(), req)
			if err != nil || set.Servers != want {
				t.Errorf("DomainSetServers: got %+v, %v; want %+v", set.Servers, err, want)
			}
			reader := e.withAccess(hermes.LimitedRead)
			get, err := reader.DomainGetServers(t.Context(), hermes.DomainGetServersRequest{Domain: tt.domain})
			if err != nil || get.Servers != want {
				t.Errorf("DomainGetServers: got %+v, %v; want %+v", get.Servers, err, want)
			}
			if o := mustUserGet(t, e.client, alice); o.Registrar != domain("reg.example.com") {
				t.Errorf("the registrar of an existing user is now %s, want it unchanged", o.Registrar)
			}
		})
	}
}

// The response to bad parameters is failed here, and invalid at every other node.
func TestClient_DomainSetServers_badParameters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule   string
		change func(*hermes.DomainSetServersRequest)
	}{
		{"no domain", func(r *hermes.DomainSetServersRequest) { r.Domain = sip.Domain{} }},
		{"a malformed domain", func(r *hermes.DomainSetServersRequest) { r.Domain = sip.UncheckedDomain("a b") }},
		{"no registrar", func(r *hermes.DomainSetServersRequest) { r.Registrar = sip.Domain{} }},
		{"a malformed registrar", func(r *hermes.DomainSetServersRequest) { r.Registrar = sip.UncheckedDomain("a_b") }},
		{"no registrar port", func(r *hermes.DomainSetServersRequest) { r.RPort = 0 }},
		{"a registrar port above 65535", func(r *hermes.DomainSetServersRequest) { r.RPort = 65536 }},
		{"no proxy", func(r *hermes.DomainSetServersRequest) { r.Proxy = sip.Domain{} }},
		{"no proxy port", func(r *hermes.DomainSetServersRequest) { r.PPort = 0 }},
		{"no URL", func(r *hermes.DomainSetServersRequest) { r.ProvURL = "" }},
		{"a URL of another scheme than http", func(r *hermes.DomainSetServersRequest) { r.ProvURL = "tftp://x/" }},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			req := hermes.DomainSetServersRequest{
				Domain: domain("example.net"), Registrar: domain("r.example"), RPort: 1,
				Proxy: domain("p.example"), PPort: 1, ProvURL: "http://x/",
			}
			tt.change(&req)
			before := snap(t, e.store)
			_, err := e.client.DomainSetServers(t.Context(), req)
			var he *hermes.Error
			if !errors.As(err, &he) || he.Response != hermes.Failed || he.Cause != hermes.Parameters || he.Detail == "" {
				t.Errorf("got %v, want failed/parameters with a detail", err)
			}
			wantEqual(t, snap(t, e.store), before)
		})
	}
}
