package hermes_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// updateOfAll returns a request that changes every field.
func updateOfAll(user sip.Addr) hermes.UserUpdateRequest {
	return hermes.UserUpdateRequest{
		User: user, AuthID: hermes.Some(user.String()), Dialplan: hermes.Some("x.T"),
		Registrar: hermes.Some(domain("r.example")), RPort: hermes.Some(1),
		Proxy: hermes.Some(domain("192.0.2.1")), PPort: hermes.Some(65535),
		DisplayName: hermes.Some("Ålice"), LineText: hermes.Some("Line"), Email: hermes.Some("a@example.org"),
		RPID: hermes.Some("<sip:x>"), PermittedCalls: hermes.Some("intl,local"),
	}
}

func TestClient_UserUpdate(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	names := []string{
		"authid", "registrar", "r_port", "proxy", "p_port", "dialplan", "displayname", "linetext",
		"email", "rpid", "permittedcalls",
	}
	before := storedUser(t, e.store, alice)
	res := mustUserUpdate(t, e.client, updateOfAll(alice))
	wantEqual(t, res, hermes.UserUpdateResponse{Updated: names, Skipped: []string{}})
	want := hermes.User{
		Address: alice, Type: hermes.Local, Sealed: before.Sealed, HA1: before.HA1, HA1B: before.HA1B,
		AuthID: alice.String(), Registrar: domain("r.example"), RPort: 1, Proxy: domain("192.0.2.1"), PPort: 65535,
		Dialplan: "x.T", DisplayName: "Ålice", LineText: "Line", Email: "a@example.org", RPID: "<sip:x>",
		PermittedCalls: "intl,local",
	}
	wantEqual(t, storedUser(t, e.store, alice), want)

	res = mustUserUpdate(t, e.client, updateOfAll(alice))
	wantEqual(t, res, hermes.UserUpdateResponse{Updated: []string{}, Skipped: names})

	req := updateOfAll(alice)
	req.LineText, req.RPort = hermes.Some("Other"), hermes.Some(2)
	res = mustUserUpdate(t, e.client, req)
	slices.Sort(res.Updated)
	if !slices.Equal(res.Updated, []string{"linetext", "r_port"}) || len(res.Skipped) != 9 {
		t.Errorf("updated %v, skipped %v; want linetext and r_port updated, and the nine others skipped", res.Updated, res.Skipped)
	}
	want.LineText, want.RPort = "Other", 2
	wantEqual(t, storedUser(t, e.store, alice), want)
}

// A field that is absent stays as it is; a field that is present and empty is emptied.
func TestClient_UserUpdate_emptiesFields(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustUserUpdate(t, e.client, updateOfAll(alice))
	empty := hermes.Some("")
	res := mustUserUpdate(t, e.client, hermes.UserUpdateRequest{
		User: alice, Dialplan: empty, DisplayName: empty, LineText: empty, Email: empty, RPID: empty,
		PermittedCalls: empty,
	})
	if len(res.Updated) != 6 || len(res.Skipped) != 0 {
		t.Errorf("updated %v, skipped %v; want six fields updated", res.Updated, res.Skipped)
	}
	u := storedUser(t, e.store, alice)
	if u.Dialplan+u.DisplayName+u.LineText+u.Email+u.RPID+u.PermittedCalls != "" {
		t.Errorf("stored %+v, want empty texts", u)
	}
	if u.RPort != 1 || u.Registrar != domain("r.example") {
		t.Errorf("stored %+v, want ports and hosts unchanged", u)
	}
}

func TestClient_UserUpdate_causes(t *testing.T) {
	t.Parallel()
	text, empty, long := hermes.Some("x"), hermes.Some(""), hermes.Some(strings.Repeat("ø", 129))
	noDomain, malformed := hermes.Some(sip.Domain{}), hermes.Some(sip.UncheckedDomain("a b"))
	for _, tt := range []struct {
		rule string
		req  hermes.UserUpdateRequest
		want hermes.Cause
	}{
		{"no fields", hermes.UserUpdateRequest{User: alice}, hermes.Parameters},
		{"an unknown user", hermes.UserUpdateRequest{User: addr("new@example.com"), LineText: text}, hermes.NotFound},
		{"no user", hermes.UserUpdateRequest{LineText: text}, hermes.Parameters},
		{"an empty registrar", hermes.UserUpdateRequest{User: alice, Registrar: noDomain}, hermes.Parameters},
		{"an empty proxy", hermes.UserUpdateRequest{User: alice, Proxy: noDomain}, hermes.Parameters},
		{"an empty port", hermes.UserUpdateRequest{User: alice, RPort: hermes.Some(0)}, hermes.Parameters},
		{"a port above 65535", hermes.UserUpdateRequest{User: alice, PPort: hermes.Some(65536)}, hermes.Parameters},
		{"a malformed host", hermes.UserUpdateRequest{User: alice, Proxy: malformed}, hermes.Parameters},
		{"a text of 129 characters", hermes.UserUpdateRequest{User: alice, Dialplan: long}, hermes.Parameters},
		{"one bad field of two",
			hermes.UserUpdateRequest{User: alice, LineText: text, DisplayName: long}, hermes.Parameters},
		{"a local user's authid for which Kamailio finds no user",
			hermes.UserUpdateRequest{User: alice, LineText: text, AuthID: text}, hermes.Parameters},
		{"a local user's empty authid", hermes.UserUpdateRequest{User: alice, AuthID: empty}, hermes.Parameters},
		{"a malformed mail address", hermes.UserUpdateRequest{User: alice, Email: text}, hermes.Parameters},
		{"a remote user's mail address",
			hermes.UserUpdateRequest{User: carol, LineText: text, Email: hermes.Some("a@example.org")}, hermes.Parameters},
		{"a remote user's rpid", hermes.UserUpdateRequest{User: carol, RPID: text}, hermes.Parameters},
		{"a remote user's permitted calls, even if empty",
			hermes.UserUpdateRequest{User: carol, PermittedCalls: empty}, hermes.Parameters},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			before := takeSnapshot(t, e.store)
			_, err := e.client.UserUpdate(t.Context(), tt.req)
			wantCause(t, err, tt.want)
			wantEqual(t, takeSnapshot(t, e.store), before)
		})
	}
	t.Run("a remote user's other fields, with any authid", func(t *testing.T) {
		t.Parallel()
		mustUserUpdate(t, newEnv(t).client, hermes.UserUpdateRequest{User: carol, AuthID: text, LineText: text, RPort: hermes.Some(5070)})
	})
}

// The error names the fields that were not stored.
func TestClient_UserUpdate_fieldsOfError(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	calls := &storeCalls{fail: func(n int) error {
		if n == 3 {
			return errDisk
		}
		return nil
	}}
	broken := e.newClient(t, calls.over(e.store))
	_, err := broken.UserUpdate(t.Context(), hermes.UserUpdateRequest{
		User: alice, LineText: hermes.Some("x"), RPort: hermes.Some(5060),
	})
	wantStoreFailed(t, err)
	if he := wantCause(t, err, hermes.StoreFailed); !slices.Equal(he.Fields, []string{"r_port", "linetext"}) {
		t.Errorf("got the fields %v, want r_port and linetext", he.Fields)
	}
	_, err = e.client.UserUpdate(t.Context(), hermes.UserUpdateRequest{
		User: addr("new@example.com"), LineText: hermes.Some("x"),
	})
	var he *hermes.Error
	if !errors.As(err, &he) || he.Fields != nil {
		t.Errorf("unknown user: got %v with the fields %v, want an *Error without fields", err, he.Fields)
	}
}
