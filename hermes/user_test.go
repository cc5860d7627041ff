package hermes_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// Secrets are shown to who has the capability, and named as redacted to others.
func TestUserGetSecrets(t *testing.T) {
	w := newWorld(t)
	for a := hermes.LimitedRead; a <= hermes.FullWrite; a++ {
		o := ok(t, got(w.level(a).UserGet(t.Context(), hermes.UserGetRequest{User: alice}))).User
		r := ok(t, got(w.level(a).UserGet(t.Context(), hermes.UserGetRequest{User: carol}))).User
		sees := a.Allows(hermes.CanSeeSecrets)
		if o.Password.Set != sees || o.HA1.Set != sees || o.HA1B.Set != sees || r.Password.Set != sees {
			t.Errorf("%v sees secrets: %v of a local user, %v of a remote one", a, o.Password.Set, r.Password.Set)
		}
		if want := map[bool][]string{false: {"password", "ha1", "ha1b"}}[sees]; fmt.Sprint(o.Redacted) != fmt.Sprint(want) {
			t.Errorf("%v: redacted %v, want %v", a, o.Redacted, want)
		}
		if want := map[bool][]string{false: {"password"}}[sees]; fmt.Sprint(r.Redacted) != fmt.Sprint(want) {
			t.Errorf("%v: redacted %v of a remote user, want %v", a, r.Redacted, want)
		}
		if !o.Email.Set || !o.RPID.Set || !o.PermittedCalls.Set || r.Email.Set || r.RPID.Set || r.PermittedCalls.Set || r.HA1.Set {
			t.Errorf("%v: want the fields of local users with those alone", a)
		}
	}
}

func TestUserGet(t *testing.T) {
	play(t, []row{
		{"a user that is not there", func(w *world) error {
			return only(w.UserGet(w.Context(), hermes.UserGetRequest{User: addr("new@example.com")}))
		}, hermes.NotFound},
		{"an alias is no user", func(w *world) error {
			return only(w.UserGet(w.Context(), hermes.UserGetRequest{User: addr("sales@example.com")}))
		}, hermes.NotFound},
		{"a password that no secret key opens", func(w *world) error {
			w.opts.SecretKeys = []hermes.SecretKey{ok(w.T, got(hermes.NewSecretKey(rand.Reader)))}
			return only(w.over(w.store).UserGet(w.Context(), hermes.UserGetRequest{User: alice}))
		}, hermes.Internal},
		{"which is nothing to who does not see it", func(w *world) error {
			w.opts.SecretKeys = []hermes.SecretKey{ok(w.T, got(hermes.NewSecretKey(rand.Reader)))}
			return only(w.over(w.store).As(hermes.Actor{Access: hermes.LimitedRead}).UserGet(w.Context(), hermes.UserGetRequest{User: alice}))
		}, ""},
	})
}

// What another tool made has its clear password in Kamailio's table, or none that anybody knows.
func TestUserOfAnotherTool(t *testing.T) {
	w := newWorld(t)
	user := addr("kamctl@example.com")
	w.noError(w.store.AddUser(t.Context(), hermes.User{Address: user, Type: hermes.Local, HA1: "aa", HA1B: "bb", Clear: "in clear"}))
	o := ok(t, got(w.UserGet(t.Context(), hermes.UserGetRequest{User: user}))).User
	if o.Password.Value.Reveal() != "in clear" || o.HA1.Value.Reveal() != "aa" || o.AuthID != "" {
		t.Errorf("got %+v: want it as it stands in the table", o)
	}
	ok(t, got(w.UserChangePw(t.Context(), hermes.UserChangePwRequest{User: user, Password: hermes.NewSecret("12345678")})))
	if u := ok(t, got(w.store.User(t.Context(), user))); u.Clear != "" || u.HA1 == "aa" || u.HA1B == "bb" || u.Sealed == "" {
		t.Errorf("kept is %+v: want nothing of the old password", u)
	}
}

func TestUserList(t *testing.T) {
	w := newWorld(t)
	ok(t, got(w.UserUpdate(t.Context(), hermes.UserUpdateRequest{User: dora, DisplayName: hermes.Some("Øya Alice 100%")})))
	for _, r := range []struct {
		search string
		want   string
		why    string
	}{
		{"", "alice bob carol dora", "all, by address"},
		{"ALICE", "alice dora", "address or display name, in either case"},
		{"@example.com", "alice bob dora", "a part of the address"},
		{"øya*", "dora", "letters beyond ASCII"},
		{"100%", "dora", "SQL's wildcards are characters"},
		{"%", "dora", "SQL's wildcards are characters"},
		{"?ob@*", "bob", "wildcards"},
		{"nothing", "", "no match is an empty list"},
	} {
		list := ok(t, got(w.UserList(t.Context(), hermes.UserListRequest{Search: pattern(t, r.search)}))).List
		var names []string
		for _, e := range ok(t, got(list.Collect())) {
			names = append(names, e.User.User())
		}
		if strings.Join(names, " ") != r.want || list.Empty() != (r.want == "") {
			t.Errorf("%q: %v, want %s: %s", r.search, names, r.want, r.why)
		}
	}
}

func TestUserListPages(t *testing.T) {
	w := newWorld(t)
	var names []string
	for after := ""; ; {
		list := ok(t, got(w.UserList(t.Context(), hermes.UserListRequest{Limit: 1, After: after}))).List
		page := ok(t, got(list.Collect()))
		if len(page) != 1 {
			t.Fatalf("%d entries after %v, want 1", len(page), names)
		}
		names = append(names, page[0].User.User())
		if after = list.Next(); after == "" {
			break
		}
	}
	if strings.Join(names, " ") != "alice bob carol dora" {
		t.Errorf("over all pages: %v", names)
	}
	play(t, []row{
		{"a limit below zero", func(w *world) error { return only(w.UserList(w.Context(), hermes.UserListRequest{Limit: -1})) }, hermes.Parameters},
		{"an after that was made up", func(w *world) error { return only(w.UserList(w.Context(), hermes.UserListRequest{After: "alice"})) }, hermes.Parameters},
		{"an after of another list", func(w *world) error {
			l := ok(w.T, got(w.NumberList(w.Context(), hermes.NumberListRequest{Limit: 1}))).List
			ok(w.T, got(l.Collect()))
			return only(w.UserList(w.Context(), hermes.UserListRequest{After: l.Next()}))
		}, hermes.Parameters},
	})
}

// Rows of other tools may lack a part of the address; a page may end there as anywhere.
func TestUserListOfAnotherTool(t *testing.T) {
	w := newWorld(t)
	for _, a := range []sip.Addr{sip.Unchecked("", "example.com"), sip.Unchecked("nowhere", ""), sip.Unchecked("a b\u202e", "%")} {
		w.noError(w.store.AddUser(t.Context(), hermes.User{Address: a, Type: hermes.Local}))
	}
	seen := map[sip.Addr]int{}
	for after, pages := "", 0; pages == 0 || after != ""; pages++ {
		list := ok(t, got(w.UserList(t.Context(), hermes.UserListRequest{Limit: 1, After: after}))).List
		for _, e := range ok(t, got(list.Collect())) {
			seen[e.User]++
		}
		if after = list.Next(); pages > 7 {
			t.Fatal("the list does not end")
		}
	}
	if len(seen) != 7 {
		t.Errorf("seen %v, want seven users, each once", seen)
	}
}

func TestUserAvail(t *testing.T) {
	avail := func(user string) func(w *world) error {
		return func(w *world) error { return only(w.UserAvail(w.Context(), hermes.UserAvailRequest{User: addr(user)})) }
	}
	play(t, []row{
		{"a free one", avail("new@example.com"), ""},
		{"in a domain that nobody serves", avail("new@nowhere.example"), ""},
		{"a local user's", avail("alice@example.com"), hermes.Exists},
		{"a remote user's", avail("carol@far.example"), hermes.Exists},
		{"an alias'", avail("sales@example.com"), hermes.Exists},
	})
	w := newWorld(t)
	if res := ok(t, got(w.UserAvail(t.Context(), hermes.UserAvailRequest{User: addr("new@example.com")}))); res.Cause != hermes.NotFound {
		t.Errorf("cause %q, want nonexistant", res.Cause)
	}
}

func TestUserRemove(t *testing.T) {
	remove := func(w *world) *hermes.Error {
		return refused(w.T, only(w.UserRemove(w.Context(), hermes.UserRemoveRequest{User: alice})), hermes.InUse)
	}
	w := newWorld(t)
	ok(t, got(w.AliasAdd(t.Context(), hermes.AliasAddRequest{Alias: addr("a1@example.com"), Destination: alice})))
	if e := remove(w); !strings.Contains(e.Detail, "phone 001122334455") || !strings.Contains(e.Detail, "alias a1@example.com") {
		t.Errorf("detail %q: want it to say what hangs on the user", e.Detail)
	}
	ok(t, got(w.PhoneRemove(t.Context(), hermes.PhoneRemoveRequest{MAC: phone1, User: alice})))
	remove(w)
	ok(t, got(w.AliasRemove(t.Context(), hermes.AliasRemoveRequest{Alias: addr("a1@example.com")})))
	ok(t, got(w.UserPermissions(t.Context(), hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some([]string{"local"})})))
	ok(t, got(w.UserRemove(t.Context(), hermes.UserRemoveRequest{User: alice})))
	refused(t, only(w.UserRemove(t.Context(), hermes.UserRemoveRequest{User: alice})), hermes.NotFound)
	if names := ok(t, got(w.store.Groups(t.Context(), alice))); len(names) != 0 {
		t.Errorf("the groups %v are left", names)
	}
	ok(t, got(w.UserRemove(t.Context(), hermes.UserRemoveRequest{User: carol})))
}

// Of many things the refusal names a few.
func TestUserRemoveNamesAFew(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		a := addr(fmt.Sprintf("a%02d@example.com", i))
		ok(t, got(w.AliasAdd(t.Context(), hermes.AliasAddRequest{Alias: a, Destination: dora})))
	}
	e := refused(t, only(w.UserRemove(t.Context(), hermes.UserRemoveRequest{User: dora})), hermes.InUse)
	if n := strings.Count(e.Detail, "alias "); n != 5 {
		t.Errorf("detail names %d aliases, want 5: %s", n, e.Detail)
	}
}
