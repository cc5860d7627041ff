package hermes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// Secrets are shown to callers with the capability, and listed as redacted to others.
func TestClient_UserGet_secrets(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for access := hermes.LimitedRead; access <= hermes.FullWrite; access++ {
		t.Run(access.String(), func(t *testing.T) {
			t.Parallel()
			client, shown := e.withAccess(access), access.Allows(hermes.CanSeeSecrets)
			localRedacted, remoteRedacted := []string{"password", "ha1", "ha1b"}, []string{"password"}
			if shown {
				localRedacted, remoteRedacted = nil, nil
			}
			l := mustUserGet(t, client, alice)
			if l.Password.Set != shown || l.HA1.Set != shown || l.HA1B.Set != shown ||
				!slices.Equal(l.Redacted, localRedacted) {
				t.Errorf("local user: password %v, ha1 %v, ha1b %v, redacted %v; want %v and redacted %v",
					l.Password.Set, l.HA1.Set, l.HA1B.Set, l.Redacted, shown, localRedacted)
			}
			if !l.Email.Set || !l.RPID.Set || !l.PermittedCalls.Set {
				t.Errorf("local user: got %+v, want email, rpid and permittedcalls", l)
			}
			r := mustUserGet(t, client, carol)
			if r.Password.Set != shown || !slices.Equal(r.Redacted, remoteRedacted) {
				t.Errorf("remote user: password %v, redacted %v; want %v and redacted %v",
					r.Password.Set, r.Redacted, shown, remoteRedacted)
			}
			if r.Email.Set || r.RPID.Set || r.PermittedCalls.Set || r.HA1.Set {
				t.Errorf("remote user: got %+v, want no fields of local users", r)
			}
		})
	}
}

func TestClient_UserGet_causes(t *testing.T) {
	t.Parallel()
	for rule, user := range map[string]sip.Addr{
		"an unknown user": addr("new@example.com"),
		"an alias":        addr("sales@example.com"),
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			_, err := newEnv(t).client.UserGet(t.Context(), hermes.UserGetRequest{User: user})
			wantCause(t, err, hermes.NotFound)
		})
	}
}

// The password was sealed with another secret key.
func TestClient_UserGet_passwordCannotBeOpened(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.opts.SecretKeys = []hermes.SecretKey{mustSecretKey(t)}
	client := e.newClient(t, e.store)
	_, err := client.UserGet(t.Context(), hermes.UserGetRequest{User: alice})
	wantCause(t, err, hermes.Internal)
	// A caller who does not see passwords is not affected.
	mustUserGet(t, client.As(hermes.Actor{Access: hermes.LimitedRead}), alice)
}

// A user of another program has the clear password in Kamailio's table, and no sealed one.
func TestClient_UserGet_userOfAnotherProgram(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	user := addr("kamctl@example.com")
	mustAddToolUsers(t, e.store, user.String())
	before := storedUser(t, e.store, user)
	o := mustUserGet(t, e.client, user)
	if o.Password.Value.Reveal() != toolPassword || o.HA1.Value.Reveal() != before.HA1 || o.AuthID != "" {
		t.Errorf("got %+v, want the fields as they are stored", o)
	}
	req := hermes.UserChangePwRequest{User: user, Password: hermes.NewSecret("12345678")}
	if _, err := e.client.UserChangePw(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if u := storedUser(t, e.store, user); u.Clear != "" || u.HA1 == before.HA1 || u.HA1B == before.HA1B || u.Sealed == "" {
		t.Errorf("stored after user/change_pw: %+v, want nothing of the old password", u)
	}
}

// mustUserList returns the user names of a page and the token for the next one.
func mustUserList(t testing.TB, c *hermes.Client, req hermes.UserListRequest) (names []string, next string) {
	t.Helper()
	res, err := c.UserList(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range mustCollect(t, res.List) {
		names = append(names, entry.User.User())
	}
	if res.List.Empty() != (len(names) == 0) {
		t.Errorf("List.Empty is %v for the list %v", res.List.Empty(), names)
	}
	return names, res.List.Next()
}

func TestClient_UserList_search(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustUserUpdate(t, e.client, hermes.UserUpdateRequest{User: dora, DisplayName: hermes.Some("Øya Alice 100%")})
	for _, tt := range []struct {
		rule   string
		search string
		want   []string
	}{
		{"all, in the order of addresses", "", []string{"alice", "bob", "carol", "dora"}},
		{"address or display name, without regard to case", "ALICE", []string{"alice", "dora"}},
		{"a part of the address", "@example.com", []string{"alice", "bob", "dora"}},
		{"letters outside ASCII", "øya*", []string{"dora"}},
		{"a wildcard of SQL is a plain character, after others", "100%", []string{"dora"}},
		{"a wildcard of SQL is a plain character, alone", "%", []string{"dora"}},
		{"wildcards", "?ob@*", []string{"bob"}},
		{"no match gives an empty list", "nothing", nil},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			got, _ := mustUserList(t, e.client, hermes.UserListRequest{Search: mustPattern(t, tt.search)})
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestClient_UserList_pages(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	var names []string
	for after := ""; ; {
		page, next := mustUserList(t, e.client, hermes.UserListRequest{Limit: 1, After: after})
		if len(page) != 1 {
			t.Fatalf("got the page %v after %v, want one entry", page, names)
		}
		names = append(names, page...)
		if after = next; after == "" {
			break
		}
	}
	if want := []string{"alice", "bob", "carol", "dora"}; !slices.Equal(names, want) {
		t.Errorf("got %v over all pages, want %v", names, want)
	}
}

func TestClient_UserList_badParameters(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	_, afterOfNumbers := mustNumberList(t, e.client, hermes.NumberListRequest{Limit: 1})
	for rule, req := range map[string]hermes.UserListRequest{
		"a negative limit":           {Limit: -1},
		"an after that no list gave": {After: "alice"},
		"an after of another list":   {After: afterOfNumbers},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			_, err := e.client.UserList(t.Context(), req)
			wantCause(t, err, hermes.Parameters)
		})
	}
}

// Rows of other programs may lack a part of the address. A page may end with such a row.
func TestClient_UserList_malformedAddresses(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for _, a := range []sip.Addr{
		sip.Unchecked("", "example.com"), sip.Unchecked("nowhere", ""), sip.Unchecked("a b\u202e", "%"),
	} {
		if err := e.store.AddUser(t.Context(), hermes.User{Address: a, Type: hermes.Local}); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[sip.Addr]int{}
	for after, pages := "", 0; pages == 0 || after != ""; pages++ {
		if pages > 7 {
			t.Fatal("the list does not end")
		}
		res, err := e.client.UserList(t.Context(), hermes.UserListRequest{Limit: 1, After: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range mustCollect(t, res.List) {
			seen[entry.User]++
		}
		after = res.List.Next()
	}
	if len(seen) != 7 {
		t.Errorf("saw %v, want seven users", seen)
	}
}

func TestClient_UserAvail(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule string
		user sip.Addr
		want hermes.Cause // "" for success
	}{
		{"a free address", addr("new@example.com"), ""},
		{"a free address in a domain that is not served", addr("new@nowhere.example"), ""},
		{"a local user's", alice, hermes.Exists},
		{"a remote user's", carol, hermes.Exists},
		{"an alias", addr("sales@example.com"), hermes.Exists},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			res, err := newEnv(t).client.UserAvail(t.Context(), hermes.UserAvailRequest{User: tt.user})
			wantCause(t, err, tt.want)
			if err == nil && res.Cause != hermes.NotFound {
				t.Errorf("got the cause %q, want %q", res.Cause, hermes.NotFound)
			}
		})
	}
}

func TestClient_UserRemove(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustAliasAdd(t, e.client, addr("a1@example.com"), alice)
	req := hermes.UserRemoveRequest{User: alice}
	_, err := e.client.UserRemove(t.Context(), req)
	he := wantCause(t, err, hermes.InUse)
	if !strings.Contains(he.Detail, "phone 001122334455") || !strings.Contains(he.Detail, "alias a1@example.com") {
		t.Errorf("got the detail %q, want the phone and the alias in it", he.Detail)
	}
	_, err = e.client.PhoneRemove(t.Context(), hermes.PhoneRemoveRequest{MAC: phone1, User: alice})
	wantCause(t, err, "")
	_, err = e.client.UserRemove(t.Context(), req)
	wantCause(t, err, hermes.InUse)
	mustAliasRemove(t, e.client, addr("a1@example.com"))
	mustUserPermissions(t, e.client, hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some([]string{"local"})})
	_, err = e.client.UserRemove(t.Context(), req)
	wantCause(t, err, "")
	_, err = e.client.UserRemove(t.Context(), req)
	wantCause(t, err, hermes.NotFound)
	wantGroups(t, e.store, alice)
}

func TestClient_UserRemove_remoteUser(t *testing.T) {
	t.Parallel()
	_, err := newEnv(t).client.UserRemove(t.Context(), hermes.UserRemoveRequest{User: carol})
	wantCause(t, err, "")
}

func TestClient_UserRemove_detailNamesFiveAliases(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for i := range 20 {
		mustAliasAdd(t, e.client, addr(fmt.Sprintf("a%02d@example.com", i)), dora)
	}
	_, err := e.client.UserRemove(t.Context(), hermes.UserRemoveRequest{User: dora})
	he := wantCause(t, err, hermes.InUse)
	if n := strings.Count(he.Detail, "alias "); n != 5 {
		t.Errorf("the detail names %d aliases, want 5: %s", n, he.Detail)
	}
}
