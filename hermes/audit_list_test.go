package hermes_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// listAudit returns the entries that a request finds, each as its node and subject.
func listAudit(t *testing.T, c *hermes.Client, req hermes.AuditListRequest) (found []string) {
	t.Helper()
	res, err := c.AuditList(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range res.List.All() {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, e.Node+" "+e.Subject)
	}
	return found
}

// newAuditListEnv returns an env whose last entries, an hour apart, are a phone of alice's, an API
// user Alice and a number of a program with a name. It also returns when the first of them was
// made.
func newAuditListEnv(t *testing.T) (*env, time.Time) {
	t.Helper()
	e := newEnv(t)
	e.clock.sleep(time.Hour)
	begin := e.clock.now()
	_, err := e.client.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: phone2, User: alice})
	wantCause(t, err, "")
	e.clock.sleep(time.Hour)
	_, err = e.client.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{User: "Alice"})
	wantCause(t, err, "")
	e.clock.sleep(time.Hour)
	billing := e.client.Actor()
	billing.Principal.Name = "billing"
	_, err = e.client.As(billing).NumberRemove(t.Context(), hermes.NumberRemoveRequest{Number: inPool})
	wantCause(t, err, "")
	return e, begin
}

func TestClient_AuditList(t *testing.T) {
	t.Parallel()
	e, begin := newAuditListEnv(t)
	phone, user, number := "phone/add "+phone2.String(), "auth/add_user Alice", "number/remove "+inPool.String()
	for _, tt := range []struct {
		rule string
		req  hermes.AuditListRequest
		want []string
	}{
		{"the newest come first", hermes.AuditListRequest{Since: begin}, []string{number, user, phone}},
		{"since is part of the time", hermes.AuditListRequest{Since: begin.Add(time.Nanosecond)}, []string{number, user}},
		{"until is not", hermes.AuditListRequest{Since: begin, Until: begin.Add(time.Hour)}, []string{phone}},
		{"a time before all databases", hermes.AuditListRequest{Until: time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC)}, nil},
		{"a time in another zone", hermes.AuditListRequest{Since: begin.Add(2 * time.Hour).In(time.FixedZone("", 7200))}, []string{number}},
		{"of a program with a name", hermes.AuditListRequest{Principal: "billing"}, []string{number}},
		{"of nobody", hermes.AuditListRequest{Principal: "nobody"}, nil},
		{"a pattern of nodes", hermes.AuditListRequest{Since: begin, Node: "*_user"}, []string{user}},
		{"every node", hermes.AuditListRequest{Since: begin, Node: "**"}, []string{number, user, phone}},
		{"a phone in another spelling", hermes.AuditListRequest{Since: begin, Subject: strings.ToUpper(phone2.String())}, []string{phone}},
		{"what was touched beside the subject", hermes.AuditListRequest{Since: begin, Subject: "sip:alice@EXAMPLE.com"}, []string{phone}},
		{"a principal, which may look like a domain", hermes.AuditListRequest{Since: begin, Subject: "Alice"}, []string{user}},
		{"in another case it is another one", hermes.AuditListRequest{Since: begin, Subject: "alice"}, nil},
		{"a number", hermes.AuditListRequest{Since: begin, Subject: inPool.String()}, []string{number}},
		{"all at once", hermes.AuditListRequest{
			Since: begin, Until: begin.Add(3 * time.Hour), Principal: "billing", Node: "number/*", Subject: inPool.String(),
		}, []string{number}},
	} {
		if got := listAudit(t, e.client, tt.req); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.rule, got, tt.want)
		}
	}
}

// Pages of every size join to the whole list.
func TestClient_AuditList_pages(t *testing.T) {
	t.Parallel()
	e, _ := newAuditListEnv(t)
	all := listAudit(t, e.client, hermes.AuditListRequest{})
	for limit := 1; limit <= len(all)+1; limit++ {
		var joined []string
		for req := (hermes.AuditListRequest{Limit: limit}); ; {
			res, err := e.client.AuditList(t.Context(), req)
			wantCause(t, err, "")
			page, err := res.List.Collect()
			wantCause(t, err, "")
			for _, entry := range page {
				joined = append(joined, entry.Node+" "+entry.Subject)
			}
			if req.After = res.List.Next(); req.After == "" {
				break
			}
		}
		if !slices.Equal(joined, all) {
			t.Errorf("pages of %d: got %q, want %q", limit, joined, all)
		}
	}
}

// An entry says who made the change, where from, and in which request.
func TestClient_AuditList_actor(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for _, tt := range []struct {
		why  string
		with *hermes.Client
		want hermes.AuditListEntry // Principal, Kind, Remote and Request
	}{
		{"the program", e.client, hermes.AuditListEntry{Kind: "program"}},
		{"an actor without a kind is the program", e.withAccess(hermes.FullWrite), hermes.AuditListEntry{Kind: "program"}},
		{"a user in a session", sessionClient(t, e, "admin").With(hermes.CallOptions{RequestID: "r1"}),
			hermes.AuditListEntry{Principal: "admin", Kind: "user", Remote: office.String(), Request: "r1"}},
		{"an address of IPv4 that came as one of IPv6", e.client.As(hermes.Actor{
			Principal: hermes.Principal{Kind: hermes.KeyPrincipal, Name: "hek_0123456789"}, Access: hermes.FullWrite, Remote: officeIPv6,
		}), hermes.AuditListEntry{Principal: "hek_0123456789", Kind: "key", Remote: office.String()}},
	} {
		_, err := tt.with.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: phone2, User: alice})
		wantCause(t, err, "")
		res, err := e.client.AuditList(t.Context(), hermes.AuditListRequest{Limit: 1})
		wantCause(t, err, "")
		list, err := res.List.Collect()
		wantCause(t, err, "")
		got := hermes.AuditListEntry{
			Principal: list[0].Principal, Kind: list[0].Kind, Remote: list[0].Remote, Request: list[0].Request,
		}
		wantEqual(t, got, tt.want)
		_, err = e.client.PhoneRemove(t.Context(), hermes.PhoneRemoveRequest{MAC: phone2, User: alice})
		wantCause(t, err, "")
	}
}

// An entry that another program has spoiled is listed all the same: audit/verify names it.
func TestClient_AuditList_spoiled(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	spoiled := hermes.AuditEntry{ID: strings.Repeat("Z", 26), At: e.clock.now(), Node: "user/add", Subject: "x", Changes: "{"}
	wantCause(t, e.store.AddAuditEntry(t.Context(), spoiled), "")
	if got := listAudit(t, e.client, hermes.AuditListRequest{Limit: 1}); !slices.Equal(got, []string{"user/add x"}) {
		t.Errorf("got %q, want the spoiled entry", got)
	}
}

func TestAuditListRequest_Check(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why string
		req hermes.AuditListRequest
		ok  bool
	}{
		{"nothing", hermes.AuditListRequest{}, true},
		{"the longest pattern", hermes.AuditListRequest{Node: strings.Repeat("a", 64)}, true},
		{"a longer one", hermes.AuditListRequest{Node: strings.Repeat("a", 65)}, false},
		{"two patterns", hermes.AuditListRequest{Node: "user/*,phone/*"}, false},
		{"a capital letter", hermes.AuditListRequest{Node: "User/*"}, false},
		{"a control character", hermes.AuditListRequest{Subject: "a\nb"}, false},
		{"a principal that is too long", hermes.AuditListRequest{Principal: strings.Repeat("a", 65)}, false},
		{"a negative limit", hermes.AuditListRequest{Limit: -1}, false},
		{"after of another list", hermes.AuditListRequest{After: "YQ"}, false},
	} {
		if err := tt.req.Check(); (err == nil) != tt.ok {
			t.Errorf("%s: got %v, want it accepted: %t", tt.why, err, tt.ok)
		}
	}
}
