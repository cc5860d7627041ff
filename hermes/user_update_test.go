package hermes_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func some[T any](v T) hermes.Opt[T] { return hermes.Some(v) }

// everyField has a new value for each.
func everyField(user sip.Addr) hermes.UserUpdateRequest {
	return hermes.UserUpdateRequest{
		User: user, AuthID: some("4711"), Registrar: some(domain("r.example")), RPort: some(1), Proxy: some(domain("192.0.2.1")), PPort: some(65535),
		Dialplan: some("x.T"), DisplayName: some("Ålice"), LineText: some("Line"), Email: some("a@example.org"), RPID: some("<sip:x>"), PermittedCalls: some("intl,local"),
	}
}

func TestUserUpdate(t *testing.T) {
	w := newWorld(t)
	names := []string{"authid", "registrar", "r_port", "proxy", "p_port", "dialplan", "displayname", "linetext", "email", "rpid", "permittedcalls"}
	before := ok(t, got(w.store.User(t.Context(), alice)))
	same(t, ok(t, got(w.UserUpdate(t.Context(), everyField(alice)))), hermes.UserUpdateResponse{Updated: names, Skipped: []string{}})
	want := hermes.User{
		Address: alice, Type: hermes.Local, Sealed: before.Sealed, HA1: before.HA1, HA1B: before.HA1B,
		AuthID: "4711", Registrar: domain("r.example"), RPort: 1, Proxy: domain("192.0.2.1"), PPort: 65535,
		Dialplan: "x.T", DisplayName: "Ålice", LineText: "Line", Email: "a@example.org", RPID: "<sip:x>", PermittedCalls: "intl,local",
	}
	same(t, ok(t, got(w.store.User(t.Context(), alice))), want)
	same(t, ok(t, got(w.UserUpdate(t.Context(), everyField(alice)))), hermes.UserUpdateResponse{Updated: []string{}, Skipped: names})
	one := everyField(alice)
	one.LineText, one.RPort = some("Other"), some(2)
	res := ok(t, got(w.UserUpdate(t.Context(), one)))
	if slices.Sort(res.Updated); !slices.Equal(res.Updated, []string{"linetext", "r_port"}) || len(res.Skipped) != 9 {
		t.Errorf("updated %v, skipped %v: want what changed, and the nine others", res.Updated, res.Skipped)
	}
	want.LineText, want.RPort = "Other", 2
	same(t, ok(t, got(w.store.User(t.Context(), alice))), want)
}

// A field that is absent stays, one that is empty is emptied.
func TestUserUpdateEmpties(t *testing.T) {
	w := newWorld(t)
	ok(t, got(w.UserUpdate(t.Context(), everyField(alice))))
	res := ok(t, got(w.UserUpdate(t.Context(), hermes.UserUpdateRequest{
		User: alice, AuthID: some(""), Dialplan: some(""), DisplayName: some(""), LineText: some(""), Email: some(""), RPID: some(""), PermittedCalls: some(""),
	})))
	if len(res.Updated) != 7 || len(res.Skipped) != 0 {
		t.Errorf("updated %v, skipped %v", res.Updated, res.Skipped)
	}
	u := ok(t, got(w.store.User(t.Context(), alice)))
	if u.AuthID+u.Dialplan+u.DisplayName+u.LineText+u.Email+u.RPID+u.PermittedCalls != "" || u.RPort != 1 || u.Registrar != domain("r.example") {
		t.Errorf("kept is %+v: want empty texts, and ports and hosts as they were", u)
	}
}

func TestUserUpdateRefuses(t *testing.T) {
	long := some(strings.Repeat("ø", 129))
	with := func(user sip.Addr, change func(*hermes.UserUpdateRequest)) func(w *world) error {
		req := hermes.UserUpdateRequest{User: user}
		change(&req)
		return func(w *world) error {
			before := snap(w.T, w.store)
			err := only(w.UserUpdate(w.Context(), req))
			if err != nil {
				same(w.T, snap(w.T, w.store), before)
			}
			return err
		}
	}
	play(t, []row{
		{"nothing to update", with(alice, func(r *hermes.UserUpdateRequest) {}), hermes.Parameters},
		{"nobody", with(addr("new@example.com"), func(r *hermes.UserUpdateRequest) { r.LineText = some("x") }), hermes.NotFound},
		{"no user", with(sip.Addr{}, func(r *hermes.UserUpdateRequest) { r.LineText = some("x") }), hermes.Parameters},
		{"an emptied host", with(alice, func(r *hermes.UserUpdateRequest) { r.Registrar = some(sip.Domain{}) }), hermes.Parameters},
		{"an emptied proxy", with(alice, func(r *hermes.UserUpdateRequest) { r.Proxy = some(sip.Domain{}) }), hermes.Parameters},
		{"an emptied port", with(alice, func(r *hermes.UserUpdateRequest) { r.RPort = some(0) }), hermes.Parameters},
		{"a port beyond", with(alice, func(r *hermes.UserUpdateRequest) { r.PPort = some(65536) }), hermes.Parameters},
		{"a host that is none", with(alice, func(r *hermes.UserUpdateRequest) { r.Proxy = some(sip.UncheckedDomain("a b")) }), hermes.Parameters},
		{"a long text", with(alice, func(r *hermes.UserUpdateRequest) { r.Dialplan = long }), hermes.Parameters},
		{"one bad field of two", with(alice, func(r *hermes.UserUpdateRequest) { r.LineText, r.DisplayName = some("x"), long }), hermes.Parameters},
		{"no mail address", with(alice, func(r *hermes.UserUpdateRequest) { r.Email = some("x") }), hermes.Parameters},
		{"a remote user's mail address", with(carol, func(r *hermes.UserUpdateRequest) { r.LineText, r.Email = some("x"), some("a@example.org") }), hermes.Parameters},
		{"a remote user's rpid", with(carol, func(r *hermes.UserUpdateRequest) { r.RPID = some("x") }), hermes.Parameters},
		{"a remote user's permitted calls, even emptied", with(carol, func(r *hermes.UserUpdateRequest) { r.PermittedCalls = some("") }), hermes.Parameters},
		{"a remote user's other fields", with(carol, func(r *hermes.UserUpdateRequest) { r.LineText, r.RPort = some("x"), some(5070) }), ""},
	})
}

// What was not stored is named; it is all or nothing.
func TestUserUpdateNamesWhatFailed(t *testing.T) {
	w := newWorld(t)
	broken := w.over((&storeCalls{fail: func(n int) error { return map[int]error{3: errDisk}[n] }}).over(w.store))
	_, err := broken.UserUpdate(t.Context(), hermes.UserUpdateRequest{User: alice, LineText: some("x"), RPort: some(5060)})
	wantDBFail(t, err)
	if e := refused(t, err, hermes.StoreFailed); !slices.Equal(e.Fields, []string{"r_port", "linetext"}) {
		t.Errorf("fields %v, want r_port and linetext", e.Fields)
	}
	err = only(w.UserUpdate(t.Context(), hermes.UserUpdateRequest{User: addr("new@example.com"), LineText: some("x")}))
	var e *hermes.Error
	if !errors.As(err, &e) || e.Fields != nil {
		t.Errorf("%v names the fields %v, want none", err, e.Fields)
	}
}

func (w *world) wantGroups(user sip.Addr, want ...string) {
	w.Helper()
	if names := ok(w.T, got(w.store.Groups(w.Context(), user))); !slices.Equal(names, want) {
		w.Errorf("the groups of %s are %q, want %q", user, names, want)
	}
}

// Whichever way they are set, the permissions are the same in permittedcalls and in Kamailio's groups.
func TestPermissions(t *testing.T) {
	w := newWorld(t)
	set := func(names ...string) hermes.UserPermissionsResponse {
		return ok(t, got(w.UserPermissions(t.Context(), hermes.UserPermissionsRequest{User: alice, Permissions: some(names)})))
	}
	read := func() []string {
		return ok(t, got(w.level(hermes.LimitedRead).UserPermissions(t.Context(), hermes.UserPermissionsRequest{User: alice}))).Permissions
	}
	kept := func() string { return ok(t, got(w.store.User(t.Context(), alice))).PermittedCalls }

	if names := read(); names == nil || len(names) != 0 {
		t.Errorf("no permissions are %v, want an empty list", names)
	}
	same(t, set("local", "intl", "local"), hermes.UserPermissionsResponse{User: alice, Permissions: []string{"intl", "local"}})
	w.wantGroups(alice, "intl", "local")
	same(t, read(), []string{"intl", "local"})
	if kept() != "intl,local" {
		t.Errorf("permittedcalls is %q", kept())
	}
	ok(t, got(w.UserUpdate(t.Context(), hermes.UserUpdateRequest{User: alice, PermittedCalls: some("premium,local")})))
	w.wantGroups(alice, "local", "premium")
	if names := set(); names.Permissions == nil || len(names.Permissions) != 0 || kept() != "" {
		t.Errorf("cleared: %v, permittedcalls %q; want an empty list and an empty text", names.Permissions, kept())
	}
	w.wantGroups(alice)
	w.wantGroups(bob)
}

// What another tool keeps in Kamailio's groups is shown, and stays until the permissions are set.
func TestGroupsOfAnotherTool(t *testing.T) {
	w := newWorld(t)
	w.noError(w.store.SetGroups(t.Context(), alice, []string{"kamctl"}))
	ok(t, got(w.UserUpdate(t.Context(), hermes.UserUpdateRequest{User: alice, PermittedCalls: some("local")})))
	w.wantGroups(alice, "kamctl", "local")
	ok(t, got(w.UserUpdate(t.Context(), hermes.UserUpdateRequest{User: alice, PermittedCalls: some("intl")})))
	w.wantGroups(alice, "intl", "kamctl")
	same(t, ok(t, got(w.UserPermissions(t.Context(), hermes.UserPermissionsRequest{User: alice}))).Permissions, []string{"intl", "kamctl"})
	ok(t, got(w.UserPermissions(t.Context(), hermes.UserPermissionsRequest{User: alice, Permissions: some([]string{"intl"})})))
	w.wantGroups(alice, "intl")
	w.noError(w.store.SetGroups(t.Context(), addr("new@example.com"), []string{"left behind"}))
	w.added(w.Client, hermes.UserAddRequest{User: addr("new@example.com"), PermittedCalls: "b,a"})
	w.wantGroups(addr("new@example.com"), "a", "b")
}

// permittedcalls is free text: what is no name is kept there, and in no group.
func TestPermittedCallsIsFreeText(t *testing.T) {
	for text, want := range map[string][]string{
		"a,b": {"a", "b"}, "a,,b,": {"a", "b"}, "all calls": nil, "a, b": {"a"}, "": nil, "9.*|(1[2-9])": {"9.*|(1[2-9])"}, strings.Repeat("x", 65): nil, "ø": {"ø"},
	} {
		w := newWorld(t)
		ok(t, got(w.UserUpdate(t.Context(), hermes.UserUpdateRequest{User: alice, PermittedCalls: some(text), LineText: some("x")})))
		w.wantGroups(alice, want...)
		if u := ok(t, got(w.store.User(t.Context(), alice))); u.PermittedCalls != text {
			t.Errorf("%q is kept as %q", text, u.PermittedCalls)
		}
	}
}

func TestPermissionsRefuses(t *testing.T) {
	set := func(user sip.Addr, names ...string) func(w *world) error {
		return func(w *world) error {
			return only(w.UserPermissions(w.Context(), hermes.UserPermissionsRequest{User: user, Permissions: some(names)}))
		}
	}
	ask := func(user sip.Addr) func(w *world) error {
		return func(w *world) error {
			return only(w.UserPermissions(w.Context(), hermes.UserPermissionsRequest{User: user}))
		}
	}
	x := strings.Repeat("x", 64)
	play(t, []row{
		{"a remote user's", ask(carol), hermes.NotFound},
		{"a remote user's are not set", set(carol, "local"), hermes.NotFound},
		{"nobody's", ask(addr("new@example.com")), hermes.NotFound},
		{"nobody's are not set", set(addr("new@example.com"), "local"), hermes.NotFound},
		{"no user", ask(sip.Addr{}), hermes.Parameters},
		{"a name with a blank", set(alice, "a b"), hermes.Parameters},
		{"a name with a comma", set(alice, "a,b"), hermes.Parameters},
		{"an empty name", set(alice, "a", ""), hermes.Parameters},
		{"a control character", set(alice, "a\n"), hermes.Parameters},
		{"64 characters", set(alice, x), ""},
		{"65 characters", set(alice, x+"x"), hermes.Parameters},
		{"128 together", set(alice, x, strings.Repeat("y", 63)), ""},
		{"129 together", set(alice, x, strings.Repeat("y", 64)), hermes.Parameters},
	})
}

func TestRequestIsNotChanged(t *testing.T) {
	names := []string{"b", "a"}
	ok(t, got(newWorld(t).UserPermissions(t.Context(), hermes.UserPermissionsRequest{User: alice, Permissions: some(names)})))
	if names[0] != "b" {
		t.Error("the caller's slice was sorted")
	}
}
