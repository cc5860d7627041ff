package storetest

import (
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func domainCases() []testCase {
	return []testCase{
		{"none", "a Kamailio without domains serves none, and that is no error", func(k *kit) {
			list(k, got(k.Domains(k.ctx)))
			equal(k, got(k.DomainServed(k.ctx, domain("example.com"))), false)
		}},
		{"served", "domains match in any case, of the row and of the question, and whole", func(k *kit) {
			k.fix.Serve(k.T, "example.com", "Example.NET")
			for d, want := range map[string]bool{
				"example.com": true, "EXAMPLE.com": true, "example.net": true, "Example.NET": true,
				"example.org": false, "xample.com": false, "example.com.": false, "example_com": false, "": false,
			} {
				equal(k, got(k.DomainServed(k.ctx, sip.UncheckedDomain(d))), want)
			}
		}},
		{"list", "domains are in lower case, in order, each once", func(k *kit) {
			k.fix.Serve(k.T, "b.example", "Zz.example", "A-1.example", "a.example", "192.0.2.1", "B.EXAMPLE")
			list(k, got(k.Domains(k.ctx)), each([]string{"192.0.2.1", "a-1.example", "a.example", "b.example", "zz.example"}, domain)...)
		}},
		{"servers", "default servers are stored, replaced whole and kept for each domain apart, served or not", func(k *kit) {
			a, b := servers("a.example"), servers("b.example")
			refused(k, got(k.Servers(k.ctx, a.Domain)), hermes.NotFound)
			k.ok(k.SetServers(k.ctx, a), k.SetServers(k.ctx, b))
			equal(k, got(k.Servers(k.ctx, a.Domain)), a)
			a = hermes.Servers{Domain: a.Domain, Registrar: domain("other.example"), RPort: 1, Proxy: domain("p.example"), PPort: 2, ProvURL: "http://x"}
			k.ok(k.SetServers(k.ctx, a), k.SetServers(k.ctx, a))
			equal(k, got(k.Servers(k.ctx, a.Domain)), a)
			equal(k, got(k.Servers(k.ctx, b.Domain)), b)
			list(k, got(k.Domains(k.ctx)))
		}},
	}
}
