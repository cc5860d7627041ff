package sqlite_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// oddRows are the two columns of addresses that only other tools write, as SQL.
var oddRows = []struct{ user, domain, why string }{
	{"'bob'", "'EXAMPLE.com'", "capitals, beside the same in lower case"},
	{"'4773 500'", "'example.com'", "a blank"},
	{"' bob'", "'example.com'", "a blank at the beginning"},
	{"''", "'x'", "no user"},
	{"'101'", "''", "no domain"},
	{"'ålice'", "'exämple.com'", "letters that are not in ASCII"},
	{"'bob'", "'example.com.'", "a dot at the end"},
	{"'100%'", "'example.com'", "a percent sign"},
	{"'a%20b'", "'example.com'", "an escape of URLs"},
	{"'bob@corp.com'", "'example.com'", "an @ in the user"},
	{"'bob'", "'a@b'", "an @ in the domain"},
	{"'sip:bob'", "'example.com'", "a scheme"},
	{"'\\xff'", "'example.com'", "a text that looks like an escape"},
	{"CAST(x'61ff' AS text)", "CAST(x'c3' AS text)", "not UTF-8"},
	{"CAST(x'61fe' AS text)", "CAST(x'c3' AS text)", "another one that is not UTF-8"},
	{"'a' || char(0) || 'b'", "'example.com'", "a NUL"},
	{"'a' || char(0) || 'c'", "'example.com'", "another text after a NUL"},
	{"x'626c6f62'", "'example.com'", "a blob as user"},
	{"'bob'", "x'626c6f62'", "a blob as domain"},
	{"x'ff'", "x'ff'", "blobs"},
}

// TestOtherTools wants every address that a list shows to name its row, at every node that takes
// one.
func TestOtherTools(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hermes.db")
	store := mustOpen(t, path, nil)
	other := newOtherTool(t, path)
	key, err := hermes.ParseSecretKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		t.Fatal(err)
	}
	c, err := hermes.New(store, &hermes.Options{SecretKeys: []hermes.SecretKey{key}})
	if err != nil {
		t.Fatal(err)
	}
	other(t, "INSERT INTO domain (domain) VALUES ('example.com')")
	other(t, "INSERT INTO subscriber (username, domain) VALUES ('bob', 'example.com')")
	for _, row := range oddRows {
		other(t, "INSERT INTO subscriber (username, domain) VALUES ("+row.user+", "+row.domain+")")
		other(t, "INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ('to' || "+
			row.user+", "+row.domain+", "+row.user+", "+row.domain+")")
		other(t, "INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ("+
			row.user+", "+row.domain+", 'no', 'body')")
	}
	users := mustListUsers(t, c)
	if len(users) != len(oddRows)+1 {
		t.Fatalf("%d users are listed, want %d: %q", len(users), len(oddRows)+1, users)
	}
	for _, shown := range users {
		a, err := sip.ParseAny(shown)
		if err != nil {
			t.Fatal(err)
		}
		mustUse(t, c, a)
	}
	if aliases := mustListAliases(t, c, hermes.AliasListRequest{}); len(aliases) != 0 {
		t.Errorf("these aliases are left: %q", aliases)
	}
	if users := mustListUsers(t, c); len(users) != 0 {
		t.Errorf("these users are left: %q", users)
	}
}

// mustUse calls the nodes that take the address of a user or of an alias, and removes what has it.
func mustUse(t *testing.T, c *hermes.Client, a sip.Addr) {
	t.Helper()
	ctx, phone := t.Context(), mac.MustParse("001122334455")
	must := func(node string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s of %q: %v", node, a, err)
		}
	}
	wantCause := func(node string, err error, want hermes.Cause) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s of %q: got %v, want %s", node, a, err, want)
		}
	}
	got, err := c.UserGet(ctx, hermes.UserGetRequest{User: a})
	must("user/get", err)
	if got.User.User != a {
		t.Errorf("user/get of %q returns %q", a, got.User.User)
	}
	_, err = c.UserAvail(ctx, hermes.UserAvailRequest{User: a})
	wantCause("user/avail", err, hermes.Exists)
	_, err = c.UserChangePw(ctx, hermes.UserChangePwRequest{User: a})
	must("user/change_pw", err)
	_, err = c.UserUpdate(ctx, hermes.UserUpdateRequest{User: a, DisplayName: hermes.Some("x")})
	must("user/update", err)
	_, err = c.UserChangeEmail(ctx, hermes.UserChangeEmailRequest{User: a, Email: "a@example.org"})
	must("user/change_email", err)
	_, err = c.UserPermissions(ctx, hermes.UserPermissionsRequest{User: a, Permissions: hermes.Some([]string{"intl"})})
	must("user/permissions", err)
	_, err = c.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: phone, User: a})
	must("phone/add", err)
	_, err = c.PhoneGet(ctx, hermes.PhoneGetRequest{User: a})
	must("phone/get", err)
	_, err = c.PhoneRemove(ctx, hermes.PhoneRemoveRequest{MAC: phone, User: a})
	must("phone/remove", err)
	number := e164.MustParse("+4773500001")
	_, err = c.NumberAdd(ctx, hermes.NumberAddRequest{Number: number})
	must("number/add", err)
	assigned, err := c.NumberAssign(ctx, hermes.NumberAssignRequest{User: a, AliasDomain: sip.MustParseDomain("example.com")})
	must("number/assign", err)
	_, err = c.NumberRelease(ctx, hermes.NumberReleaseRequest{Alias: assigned.Alias})
	must("number/release", err)
	_, err = c.NumberRemove(ctx, hermes.NumberRemoveRequest{Number: number})
	must("number/remove", err)
	_, err = c.AliasAdd(ctx, hermes.AliasAddRequest{Alias: sip.MustParse("new@example.com"), Destination: a})
	must("alias/add", err)
	_, err = c.UserRemove(ctx, hermes.UserRemoveRequest{User: a})
	wantCause("user/remove", err, hermes.InUse)
	for _, shown := range mustListAliases(t, c, hermes.AliasListRequest{Destination: a}) {
		alias, err := sip.ParseAny(shown)
		must("alias/list", err)
		if n := len(mustListAliases(t, c, hermes.AliasListRequest{Alias: alias})); n != 1 {
			t.Errorf("alias/list of %q has %d aliases", alias, n)
		}
		_, err = c.AliasRemove(ctx, hermes.AliasRemoveRequest{Alias: alias})
		must("alias/remove", err)
	}
	if a != sip.MustParse("bob@example.com") { // the only one without an alias of its address
		_, err = c.AliasRemove(ctx, hermes.AliasRemoveRequest{Alias: a})
		must("alias/remove", err)
	}
	_, err = c.UserRemove(ctx, hermes.UserRemoveRequest{User: a})
	must("user/remove", err)
	if got, err = c.UserGet(ctx, hermes.UserGetRequest{User: a}); err == nil && got.User.User == a {
		t.Errorf("user/get of %q, which was removed, succeeds", a)
	}
}

// mustListUsers returns the texts of the whole list, which it reads in pages of different lengths.
func mustListUsers(t *testing.T, c *hermes.Client) (whole []string) {
	t.Helper()
	for _, limit := range []int{0, 1, 3} {
		var all []string
		for after := ""; ; {
			res, err := c.UserList(t.Context(), hermes.UserListRequest{Limit: limit, After: after})
			if err != nil {
				t.Fatal(err)
			}
			for e, err := range res.List.All() {
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, e.User.String())
			}
			if after = res.List.Next(); after == "" || len(all) > 100 {
				break
			}
		}
		if limit == 0 {
			whole = all
		}
		if !slices.Equal(all, whole) {
			t.Errorf("pages of %d have %q, want %q", limit, all, whole)
		}
	}
	return whole
}

// mustListAliases returns the texts of the whole list, which it reads in pages of different
// lengths.
func mustListAliases(t *testing.T, c *hermes.Client, req hermes.AliasListRequest) (whole []string) {
	t.Helper()
	for _, limit := range []int{0, 1, 3} {
		var all []string
		for req.Limit, req.After = limit, ""; ; {
			res, err := c.AliasList(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for a, err := range res.List.All() {
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, a.Alias.String())
			}
			if req.After = res.List.Next(); req.After == "" || len(all) > 100 {
				break
			}
		}
		if limit == 0 {
			whole = all
		}
		if !slices.Equal(all, whole) {
			t.Errorf("pages of %d have %q, want %q", limit, all, whole)
		}
	}
	return whole
}
