package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testAudit(t *testing.T, open openFunc) {
	t.Run("an entry is kept as it is, and its id once", func(t *testing.T) {
		s, e := open(t).Store, auditEntry(1, "user/update", "alice@example.com")
		e.Also, e.Remote, e.Request, e.Changes = "+4711\n001122334455\nalice@example.com", "2001:db8::1", "r-1", `[{"field":"ø","from":"","to":"%_'\""}]`
		must(t, s.AddAuditEntry(t.Context(), e))
		wantAudit(t, s, hermes.AuditQuery{}, e)
		wantCause(t, s.AddAuditEntry(t.Context(), auditEntry(1, "user/get", "bob@example.com")), hermes.Exists)
		wantAudit(t, s, hermes.AuditQuery{}, e)
		wantAudit(t, s, hermes.AuditQuery{Subject: "bob@example.com"})
		bare := hermes.AuditEntry{ID: auditID(2), At: auditTime(2), Node: "user/adopt"}
		must(t, s.AddAuditEntry(t.Context(), bare))
		wantAudit(t, s, hermes.AuditQuery{}, bare, e)
	})
	t.Run("entries of a transaction", func(t *testing.T) { testAuditTx(t, open(t).Store) })
	t.Run("a list has the newest first, and what the query asks for", func(t *testing.T) { testAuditQuery(t, open(t).Store) })
	t.Run("a scope shows what is within it only", func(t *testing.T) { testAuditScope(t, open(t).Store) })
	t.Run("seal", func(t *testing.T) { testAuditSeal(t, open) })
	t.Run("a list ends at the millisecond", func(t *testing.T) {
		s := open(t).Store
		e := auditEntry(1, "user/add", "alice@example.com")
		must(t, s.AddAuditEntry(t.Context(), e))
		wantAudit(t, s, hermes.AuditQuery{Since: e.At, Until: e.At.Add(time.Microsecond)}, e)
		wantAudit(t, s, hermes.AuditQuery{Since: e.At.Add(time.Microsecond)})
		wantAudit(t, s, hermes.AuditQuery{Until: e.At})
	})
}

// testAuditTx tests entries that are added in a transaction. A store may write them with its
// commit.
func testAuditTx(t *testing.T, s hermes.Store) {
	const odd = `\' '' \\ "; -- $1 ?0 {} %_ ø`
	first, second, third := auditEntry(1, odd, odd), auditEntry(2, "user/add", "alice@example.com"), auditEntry(3, "user/get", "bob@example.com")
	first.Principal, first.Remote, first.Request = userPrincipal(odd), odd, odd
	first.Also, first.Changes = "alice@example.com\n"+odd+"2", odd
	must(t, s.Tx(t.Context(), nil, func(in hermes.Store) error {
		must(t, in.AddAuditEntry(t.Context(), first))
		must(t, in.AddAuditEntry(t.Context(), second))
		wantAudit(t, in, hermes.AuditQuery{Subject: "alice@example.com"}, second, first)
		return in.AddAuditEntry(t.Context(), third)
	}))
	wantAudit(t, s, hermes.AuditQuery{}, third, second, first)
	wantAudit(t, s, hermes.AuditQuery{Subject: odd}, first)
	for _, tt := range []struct {
		why   string
		added hermes.AuditEntry
		err   error
	}{
		{"a transaction that is rolled back leaves none", auditEntry(4, "user/add", "carol@example.com"), hermes.Rejected},
		{"an id that is there already undoes the transaction", auditEntry(2, "user/add", "carol@example.com"), nil},
	} {
		t.Run(tt.why, func(t *testing.T) {
			err := s.Tx(t.Context(), nil, func(in hermes.Store) error {
				must(t, in.AddUser(t.Context(), localUser("carol@example.com")))
				return errors.Join(in.AddAuditEntry(t.Context(), tt.added), tt.err)
			})
			if err == nil {
				t.Error("no error")
			}
			_, err = s.User(t.Context(), addr("carol@example.com"))
			wantCause(t, err, hermes.NotFound)
			wantAudit(t, s, hermes.AuditQuery{}, third, second, first)
		})
	}
}

// testAuditQuery tests each field of a query alone, and some together.
func testAuditQuery(t *testing.T, s hermes.Store) {
	var all []hermes.AuditEntry
	add := func(node, subject string, also ...string) {
		e := auditEntry(len(all)+1, node, subject)
		e.Also = strings.Join(also, "\n")
		if len(all)%2 == 1 {
			e.Principal = keyPrincipal("k1")
		}
		all = append(all, e)
	}
	add("user/add", "alice@example.com")
	add("phone/add", "001122334455", "alice@example.com", "bob@far.example")
	add("user/add_remote", "bob@far.example")
	add("number/assign", "alice@example.com", "+4711", "+4711@example.com")
	add("domain/set_servers", "example.com")
	add("auth/authorize", "alice@example.com")
	for _, i := range []int{3, 0, 5, 1, 4, 2} {
		must(t, s.AddAuditEntry(t.Context(), all[i]))
	}
	for _, tt := range []struct {
		why  string
		q    hermes.AuditQuery
		want []int
	}{
		{"everything", hermes.AuditQuery{}, []int{6, 5, 4, 3, 2, 1}},
		{"the first page", hermes.AuditQuery{Limit: 2}, []int{6, 5}},
		{"the page after it", hermes.AuditQuery{Limit: 2, After: auditID(5)}, []int{4, 3}},
		{"since is inclusive", hermes.AuditQuery{Since: auditTime(5)}, []int{6, 5}},
		{"until is exclusive", hermes.AuditQuery{Until: auditTime(3)}, []int{2, 1}},
		{"a span of time", hermes.AuditQuery{Since: auditTime(2), Until: auditTime(4)}, []int{3, 2}},
		{"a page of a span", hermes.AuditQuery{Since: auditTime(2), Until: auditTime(5), After: auditID(4)}, []int{3, 2}},
		{"a principal", hermes.AuditQuery{Principal: "k1"}, []int{6, 4, 2}},
		{"a principal and a page", hermes.AuditQuery{Principal: "k1", After: auditID(6), Limit: 1}, []int{4}},
		{"no such principal", hermes.AuditQuery{Principal: "K1"}, nil},
		{"a node", hermes.AuditQuery{Nodes: "user/add"}, []int{1}},
		{"nodes of a group", hermes.AuditQuery{Nodes: "user/*"}, []int{3, 1}},
		{"an underscore is none but itself", hermes.AuditQuery{Nodes: "*_*"}, []int{5, 3}},
		{"a character", hermes.AuditQuery{Nodes: "?????/add"}, []int{2}},
		{"a subject, or what else was touched", hermes.AuditQuery{Subject: "alice@example.com"}, []int{6, 4, 2, 1}},
		{"a part of a subject is none", hermes.AuditQuery{Subject: "example"}, nil},
		{"a number", hermes.AuditQuery{Subject: "+4711"}, []int{4}},
		{"a subject and a page", hermes.AuditQuery{Subject: "alice@example.com", After: auditID(4), Limit: 1}, []int{2}},
		{"a subject and a principal", hermes.AuditQuery{Subject: "alice@example.com", Principal: "k1"}, []int{6, 4, 2}},
		{"a subject and nodes", hermes.AuditQuery{Subject: "alice@example.com", Nodes: "*/add"}, []int{2, 1}},
		{"a subject and a time", hermes.AuditQuery{Subject: "alice@example.com", Since: auditTime(2), Until: auditTime(6)}, []int{4, 2}},
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

// auditTime returns the time of the n-th entry.
func auditTime(n int) time.Time { return at(n) }

// auditID returns the id of the n-th entry, which is of the time auditTime(n).
func auditID(n int) string { return auditIDOf(auditTime(n), n) }

// auditIDOf returns an id of a time.
func auditIDOf(t time.Time, n int) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	id, milli := make([]byte, 10), t.UnixMilli()
	for i := len(id) - 1; i >= 0; i-- {
		id[i] = digits[milli%32]
		milli /= 32
	}
	return string(id) + fmt.Sprintf("%016d", n)
}

func auditEntry(n int, node, subject string) hermes.AuditEntry {
	return hermes.AuditEntry{
		ID: auditID(n), At: auditTime(n), Principal: userPrincipal("admin"), Remote: "192.0.2.1", Request: "r1",
		Node: node, Subject: subject, Changes: "[]", MAC: hash(n),
	}
}

// wantAudit checks a page of entries.
func wantAudit(t *testing.T, s hermes.Store, q hermes.AuditQuery, want ...hermes.AuditEntry) {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 99
	}
	got, err := s.AuditEntries(t.Context(), q)
	wantList(t, got, err, want)
}
