package storetest

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// testAuditScope tests which entries a scope shows.
func testAuditScope(t *testing.T, s hermes.Store) {
	var all []hermes.AuditEntry
	add := func(node, subject string, also ...string) {
		e := auditEntry(len(all)+1, node, subject)
		e.Also = strings.Join(also, "\n")
		all = append(all, e)
		must(t, s.AddAuditEntry(t.Context(), e))
	}
	add("user/add", "alice@a.example")                                   // 1
	add("user/add", "bob@b.example")                                     // 2
	add("alias/add", "sales@a.example", "bob@b.example")                 // 3
	add("number/assign", "alice@a.example", "+4711", "+4711@a.example")  // 4
	add("number/assign", "alice@a.example", "+4811", "+4811@a.example")  // 5
	add("number/add", "+4712")                                           // 6
	add("number/add", "+4812")                                           // 7
	add("phone/add", "001122334455", "alice@a.example")                  // 8
	add("phone/add", "001122334455", "alice@a.example", "bob@b.example") // 9
	add("phone/set", "001122334455")                                     // 10
	add("domain/set_servers", "a.example")                               // 11
	add("domain/set_servers", "b.example")                               // 12
	add("auth/authorize", "alice@a.example")                             // 13
	add("user/adopt", "")                                                // 14
	own := userPrincipal("admin")                                        // made all of them
	other := userPrincipal("other")
	for _, tt := range []struct {
		why  string
		q    hermes.AuditQuery
		want []int
	}{
		{"a domain", hermes.AuditQuery{Scope: hermes.Scope{Domains: "a.example"}, Viewer: other}, []int{11, 8, 7, 6, 5, 4, 1}},
		{"a domain and numbers", hermes.AuditQuery{Scope: hermes.Scope{Domains: "a.example", Numbers: "+47"}, Viewer: other}, []int{11, 8, 6, 4, 1}},
		{"numbers", hermes.AuditQuery{Scope: hermes.Scope{Numbers: "+47"}, Viewer: other}, []int{12, 11, 9, 8, 6, 4, 3, 2, 1}},
		{"two domains", hermes.AuditQuery{Scope: hermes.Scope{Domains: "a.example,b.example", Numbers: "+9"}, Viewer: other}, []int{12, 11, 9, 8, 3, 2, 1}},
		{"nodes", hermes.AuditQuery{Scope: hermes.Scope{Nodes: "user/*"}, Viewer: other}, []int{12, 11, 9, 8, 7, 6, 5, 4, 3, 2, 1}},
		{"the viewer's own about principals", hermes.AuditQuery{Scope: hermes.Scope{Domains: "b.example", Numbers: "+9"}, Viewer: own}, []int{13, 12, 2}},
		{"the same without domains", hermes.AuditQuery{Scope: hermes.Scope{Numbers: "+47"}, Viewer: own, Limit: 2}, []int{13, 12}},
		{"a subject of others", hermes.AuditQuery{Scope: hermes.Scope{Domains: "a.example"}, Viewer: other, Subject: "bob@b.example"}, nil},
		{"a subject", hermes.AuditQuery{Scope: hermes.Scope{Domains: "a.example"}, Viewer: other, Subject: "001122334455"}, []int{8}},
		{"a principal", hermes.AuditQuery{Scope: hermes.Scope{Domains: "a.example"}, Viewer: other, Principal: "other"}, nil},
		{"a page", hermes.AuditQuery{Scope: hermes.Scope{Domains: "a.example"}, Viewer: other, After: auditID(8), Limit: 2}, []int{7, 6}},
		{"a node", hermes.AuditQuery{Scope: hermes.Scope{Domains: "a.example"}, Viewer: other, Nodes: "number/a*"}, []int{7, 6, 5, 4}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			var want []hermes.AuditEntry
			for _, n := range tt.want {
				want = append(want, all[n-1])
			}
			wantAudit(t, s, tt.q, want...)
		})
	}
}
