package storetest

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func testDomain(t *testing.T, open openFunc) {
	t.Run("DomainServed", func(t *testing.T) { testDomainServed(t, open) })
	t.Run("Domains", func(t *testing.T) { testDomains(t, open) })
	t.Run("Servers", func(t *testing.T) { testServers(t, open) })
}

func testDomainServed(t *testing.T, open openFunc) {
	t.Run("a Kamailio without domains serves none, which is no error", func(t *testing.T) {
		wantDomainServed(t, open(t).Store, "example.com", false)
	})
	t.Run("the whole domain is compared, and case does not matter on either side", func(t *testing.T) {
		f := open(t)
		f.Serve(t, "example.com", "Example.NET")
		for _, d := range []string{"example.com", "EXAMPLE.com", "example.net", "Example.NET"} {
			wantDomainServed(t, f.Store, d, true)
		}
		for _, d := range []string{"example.org", "xample.com", "example.com.", "example_com", ""} {
			wantDomainServed(t, f.Store, d, false)
		}
	})
}

func testDomains(t *testing.T, open openFunc) {
	t.Run("a Kamailio without domains has an empty list", func(t *testing.T) {
		wantDomains(t, open(t).Store)
	})
	t.Run("domains are listed in lower case, in order, each once", func(t *testing.T) {
		f := open(t)
		f.Serve(t, "b.example", "Zz.example", "A-1.example", "a.example", "192.0.2.1", "B.EXAMPLE")
		wantDomains(t, f.Store, "192.0.2.1", "a-1.example", "a.example", "b.example", "zz.example")
	})
}

func testServers(t *testing.T, open openFunc) {
	t.Run("servers are kept per domain and replaced whole, whether or not the domain is served", func(t *testing.T) {
		s := open(t).Store
		a, b := servers("a.example"), servers("b.example")
		got, err := s.Servers(t.Context(), a.Domain)
		wantNone(t, got, err)
		must(t, s.SetServers(t.Context(), a))
		must(t, s.SetServers(t.Context(), b))
		wantServers(t, s, a)
		a = hermes.Servers{
			Domain: a.Domain, Registrar: domain("other.example"), RPort: 1,
			Proxy: domain("p.example"), PPort: 2, ProvURL: "http://x",
		}
		must(t, s.SetServers(t.Context(), a))
		must(t, s.SetServers(t.Context(), a))
		wantServers(t, s, a)
		wantServers(t, s, b)
		wantDomains(t, s)
	})
}

func servers(name string) hermes.Servers {
	return hermes.Servers{
		Domain:    domain(name),
		Registrar: domain("reg." + name),
		RPort:     5060,
		Proxy:     domain("proxy." + name),
		PPort:     65535,
		ProvURL:   "https://prov.example.com/%_'?a=b&c=ø",
	}
}

func wantDomainServed(t *testing.T, s hermes.Store, name string, want bool) {
	t.Helper()
	got, err := s.DomainServed(t.Context(), sip.UncheckedDomain(name))
	must(t, err)
	if got != want {
		t.Fatalf("%q: served: %t, want %t", name, got, want)
	}
}

func wantDomains(t *testing.T, s hermes.Store, want ...string) {
	t.Helper()
	got, err := s.Domains(t.Context())
	wantList(t, got, err, domains(want...))
}

// wantServers checks the servers of want.Domain.
func wantServers(t *testing.T, s hermes.Store, want hermes.Servers) {
	t.Helper()
	got, err := s.Servers(t.Context(), want.Domain)
	wantEqual(t, got, err, want)
}
