package hermes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// wantGroups checks the names of a user's groups in Kamailio's table.
func wantGroups(t testing.TB, s hermes.Store, user sip.Addr, want ...string) {
	t.Helper()
	got, err := s.Groups(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the groups of %s are %q, want %q", user, got, want)
	}
}

func wantPermittedCalls(t testing.TB, s hermes.Store, user sip.Addr, want string) {
	t.Helper()
	if u := storedUser(t, s, user); u.PermittedCalls != want {
		t.Errorf("the permittedcalls of %s are %q, want %q", user, u.PermittedCalls, want)
	}
}

// permittedcalls and Kamailio's groups have the same permissions, however these are set.
func TestClient_UserPermissions(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	reader := e.withAccess(hermes.LimitedRead)
	set := func(names ...string) hermes.UserPermissionsRequest {
		return hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some(names)}
	}

	res := mustUserPermissions(t, reader, hermes.UserPermissionsRequest{User: alice})
	if res.Permissions == nil || len(res.Permissions) != 0 {
		t.Errorf("no permissions: got %#v, want an empty slice, not nil", res.Permissions)
	}

	res = mustUserPermissions(t, e.client, set("local", "intl", "local"))
	wantEqual(t, res, hermes.UserPermissionsResponse{User: alice, Permissions: []string{"intl", "local"}})
	wantGroups(t, e.store, alice, "intl", "local")
	wantPermittedCalls(t, e.store, alice, "intl,local")
	res = mustUserPermissions(t, reader, hermes.UserPermissionsRequest{User: alice})
	wantEqual(t, res.Permissions, []string{"intl", "local"})

	mustUserUpdate(t, e.client, hermes.UserUpdateRequest{User: alice, PermittedCalls: hermes.Some("premium,local")})
	wantGroups(t, e.store, alice, "local", "premium")

	res = mustUserPermissions(t, e.client, set())
	if res.Permissions == nil || len(res.Permissions) != 0 {
		t.Errorf("cleared: got %#v, want an empty slice, not nil", res.Permissions)
	}
	wantPermittedCalls(t, e.store, alice, "")
	wantGroups(t, e.store, alice)
	wantGroups(t, e.store, bob)
}

// Groups that another program stored are shown, and stay until the permissions are set.
func TestClient_UserPermissions_groupsOfAnotherProgram(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	if err := e.store.SetGroups(t.Context(), alice, []string{"kamctl"}); err != nil {
		t.Fatal(err)
	}
	mustUserUpdate(t, e.client, hermes.UserUpdateRequest{User: alice, PermittedCalls: hermes.Some("local")})
	wantGroups(t, e.store, alice, "kamctl", "local")
	mustUserUpdate(t, e.client, hermes.UserUpdateRequest{User: alice, PermittedCalls: hermes.Some("intl")})
	wantGroups(t, e.store, alice, "intl", "kamctl")
	res := mustUserPermissions(t, e.client, hermes.UserPermissionsRequest{User: alice})
	wantEqual(t, res.Permissions, []string{"intl", "kamctl"})
	mustUserPermissions(t, e.client, hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some([]string{"intl"})})
	wantGroups(t, e.store, alice, "intl")
}

// Groups of an address that has no user are not those of a user added later.
func TestClient_UserAdd_replacesGroups(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	user := addr("new@example.com")
	if err := e.store.SetGroups(t.Context(), user, []string{"left behind"}); err != nil {
		t.Fatal(err)
	}
	mustUserAdd(t, e.client, hermes.UserAddRequest{User: user, PermittedCalls: "b,a"})
	wantGroups(t, e.store, user, "a", "b")
}

// permittedcalls is free text: parts that are not names of groups are only stored there.
func TestClient_UserUpdate_permittedCalls(t *testing.T) {
	t.Parallel()
	for text, groups := range map[string][]string{
		"a,b":                   {"a", "b"},
		"a,,b,":                 {"a", "b"},
		"all calls":             nil,
		"a, b":                  {"a"},
		"":                      nil,
		"9.*|(1[2-9])":          {"9.*|(1[2-9])"},
		strings.Repeat("x", 65): nil,
		"ø":                     {"ø"},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			mustUserUpdate(t, e.client, hermes.UserUpdateRequest{
				User: alice, PermittedCalls: hermes.Some(text), LineText: hermes.Some("x"),
			})
			wantGroups(t, e.store, alice, groups...)
			wantPermittedCalls(t, e.store, alice, text)
		})
	}
}

func TestClient_UserPermissions_causes(t *testing.T) {
	t.Parallel()
	x := strings.Repeat("x", 64)
	unknown, none := addr("new@example.com"), sip.Addr{}
	for _, tt := range []struct {
		rule  string
		user  sip.Addr
		names []string // nil to read the permissions
		want  hermes.Cause
	}{
		{"read those of a remote user", carol, nil, hermes.NotFound},
		{"set those of a remote user", carol, []string{"local"}, hermes.NotFound},
		{"read those of an unknown user", unknown, nil, hermes.NotFound},
		{"set those of an unknown user", unknown, []string{"local"}, hermes.NotFound},
		{"no user", none, nil, hermes.Parameters},
		{"a name with a space", alice, []string{"a b"}, hermes.Parameters},
		{"a name with a comma", alice, []string{"a,b"}, hermes.Parameters},
		{"an empty name", alice, []string{"a", ""}, hermes.Parameters},
		{"a control character", alice, []string{"a\n"}, hermes.Parameters},
		{"a name of 64 characters", alice, []string{x}, ""},
		{"a name of 65 characters", alice, []string{x + "x"}, hermes.Parameters},
		{"128 characters together", alice, []string{x, strings.Repeat("y", 63)}, ""},
		{"129 characters together", alice, []string{x, strings.Repeat("y", 64)}, hermes.Parameters},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			req := hermes.UserPermissionsRequest{User: tt.user}
			if tt.names != nil {
				req.Permissions = hermes.Some(tt.names)
			}
			_, err := newEnv(t).client.UserPermissions(t.Context(), req)
			wantCause(t, err, tt.want)
		})
	}
}

func TestClient_UserPermissions_requestIsNotChanged(t *testing.T) {
	t.Parallel()
	names := []string{"b", "a"}
	mustUserPermissions(t, newEnv(t).client, hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some(names)})
	if names[0] != "b" {
		t.Error("the caller's slice was sorted")
	}
}
