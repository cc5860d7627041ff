package hermes_test

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/sip"
)

// toolPassword is the password of the users that other tools made.
const toolPassword = "tool secret"

// setToolPassword changes the password in Kamailio's columns as kamctl does.
func setToolPassword(u *hermes.User, password, clearText string) {
	hash := func(user string) string {
		sum := md5.Sum([]byte(user + ":" + u.Address.Domain().String() + ":" + password))
		return hex.EncodeToString(sum[:])
	}
	u.HA1, u.HA1B, u.Clear = hash(u.Address.User()), hash(u.Address.String()), clearText
}

// mustAddToolUsers adds users as only Kamailio's table has them, with the clear password.
func mustAddToolUsers(t testing.TB, s hermes.Store, addresses ...string) {
	t.Helper()
	for _, a := range addresses {
		u := hermes.User{Address: addr(a), Type: hermes.Local}
		setToolPassword(&u, toolPassword, toolPassword)
		if err := s.AddUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
}

// mustSetUser stores a user as another tool has changed it.
func mustSetUser(t testing.TB, s hermes.Store, a sip.Addr, change func(*hermes.User)) {
	t.Helper()
	u := storedUser(t, s, a)
	change(&u)
	if err := s.SetUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

// The password that is shown is the one that Kamailio accepts.
func TestClient_UserGet_passwordOfAnotherTool(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule   string
		change func(u *hermes.User)
		want   string // "sealed" is the one that Hermes made
	}{
		{"nothing was changed", func(*hermes.User) {}, "sealed"},
		{"kamctl with the clear password", func(u *hermes.User) { setToolPassword(u, "new", "new") }, "new"},
		{"kamctl without", func(u *hermes.User) { setToolPassword(u, "new", "") }, ""},
		{"a clear password that is not that of ha1", func(u *hermes.User) { setToolPassword(u, "new", "old") }, ""},
		{"a clear password alone, which a Kamailio that reads ha1 ignores", func(u *hermes.User) { u.Clear = "new" }, "sealed"},
		{"ha1b alone, which most phones do not use", func(u *hermes.User) { u.HA1B = "x" }, "sealed"},
		{"ha1 alone", func(u *hermes.User) { u.HA1 = "x" }, ""},
		{"no hashes, as dSIPRouter writes them", func(u *hermes.User) { u.HA1, u.HA1B, u.Clear = "", "", "new" }, "new"},
		{"no password at all", func(u *hermes.User) { u.HA1, u.HA1B, u.Clear = "", "", "" }, ""},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			sealed := mustUserGet(t, e.client, alice).Password
			mustSetUser(t, e.store, alice, tt.change)
			want := hermes.Some(hermes.NewSecret(tt.want))
			switch tt.want {
			case "sealed":
				want = sealed
			case "":
				want = hermes.Opt[hermes.Secret]{}
			}
			if got := mustUserGet(t, e.client, alice).Password; got != want {
				t.Errorf("got the password %q, set: %t; want %q", got.Value.Reveal(), got.Set, tt.want)
			}
			// The password that the user had with Hermes can be set again.
			req := hermes.UserChangePwRequest{User: alice, Password: sealed.Value}
			if _, err := e.client.UserChangePw(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			if got := mustUserGet(t, e.client, alice).Password; got != sealed {
				t.Error("after user/change_pw with the first password: got another one")
			}
		})
	}
}

// wantAdopted checks that a user has what UserAdd would have given it, and its password, if that is
// known.
func wantAdopted(t *testing.T, e *env, a sip.Addr, password string) {
	t.Helper()
	o := mustUserGet(t, e.client, a)
	like := mustUserGet(t, e.client, alice)
	if o.Registrar != like.Registrar || o.RPort != like.RPort || o.Proxy != like.Proxy || o.PPort != like.PPort {
		t.Errorf("got the servers %s:%d and %s:%d, want the defaults of the domain", o.Registrar, o.RPort, o.Proxy, o.PPort)
	}
	if name := a.User(); o.AuthID != name || o.LineText != name {
		t.Errorf("got authid %q and linetext %q, want %q", o.AuthID, o.LineText, name)
	}
	if o.Password.Value.Reveal() != password {
		t.Errorf("got the password %q, want %q", o.Password.Value.Reveal(), password)
	}
	if sealed := storedUser(t, e.store, a).Sealed != ""; sealed != (password != "") {
		t.Errorf("the password is kept: %t, want %t", sealed, password != "")
	}
}

func mustUserAdopt(t testing.TB, c *hermes.Client, req hermes.UserAdoptRequest) hermes.UserAdoptResponse {
	t.Helper()
	res, err := c.UserAdopt(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// Every change of a user that another tool made adopts it.
func TestClient_adoptsWithChange(t *testing.T) {
	t.Parallel()
	ctx, tool := t.Context(), addr("tool@example.com")
	for name, tt := range map[string]struct {
		call     func(c *hermes.Client) error
		password string
	}{
		"user/change_pw": {func(c *hermes.Client) error {
			_, err := c.UserChangePw(ctx, hermes.UserChangePwRequest{User: tool, Password: hermes.NewSecret("brand new")})
			return err
		}, "brand new"},
		"user/update": {func(c *hermes.Client) error {
			res, err := c.UserUpdate(ctx, hermes.UserUpdateRequest{
				User: tool, DisplayName: hermes.Some("tool"), RPort: hermes.Some(5060), Dialplan: hermes.Some(""),
			})
			// The user had neither a name nor a port before.
			want := hermes.UserUpdateResponse{Updated: []string{"r_port", "displayname"}, Skipped: []string{"dialplan"}}
			wantEqual(t, res, want)
			return err
		}, toolPassword},
		"user/update without a change": {func(c *hermes.Client) error {
			_, err := c.UserUpdate(ctx, hermes.UserUpdateRequest{User: tool, Dialplan: hermes.Some("")})
			return err
		}, toolPassword},
		"user/change_email": {func(c *hermes.Client) error {
			_, err := c.UserChangeEmail(ctx, hermes.UserChangeEmailRequest{User: tool, Email: "tool@example.org"})
			return err
		}, toolPassword},
		"user/permissions": {func(c *hermes.Client) error {
			_, err := c.UserPermissions(ctx, hermes.UserPermissionsRequest{User: tool, Permissions: hermes.Some([]string{"intl"})})
			return err
		}, toolPassword},
		"user/adopt": {func(c *hermes.Client) error {
			res, err := c.UserAdopt(ctx, hermes.UserAdoptRequest{User: tool})
			wantEqual(t, res, hermes.UserAdoptResponse{Adopted: []sip.Addr{tool}, WithoutPassword: []sip.Addr{}})
			return err
		}, toolPassword},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			mustAddToolUsers(t, e.store, tool.String())
			if err := tt.call(e.client); err != nil {
				t.Fatal(err)
			}
			wantAdopted(t, e, tool, tt.password)
			res := mustUserAdopt(t, e.client, hermes.UserAdoptRequest{User: tool})
			if len(res.Adopted)+len(res.WithoutPassword) != 0 {
				t.Errorf("user/adopt afterwards: got %v, want nothing to do", res)
			}
		})
	}
}

// In a domain without servers a password can be changed, and the user is adopted later.
func TestClient_UserAdopt_domainWithoutServers(t *testing.T) {
	t.Parallel()
	ctx, tool, e := t.Context(), addr("tool@example.net"), newEnv(t)
	mustAddToolUsers(t, e.store, tool.String())
	for _, req := range []hermes.UserAdoptRequest{{User: tool}, {Domain: tool.Domain()}} {
		_, err := e.client.UserAdopt(ctx, req)
		wantCause(t, err, hermes.NoServers)
	}
	res, err := e.client.UserChangePw(ctx, hermes.UserChangePwRequest{User: tool, Password: hermes.NewSecret("brand new")})
	if err != nil {
		t.Fatal(err)
	}
	if want := "password changed for tool@example.net; its domain has no default servers for phones: " +
		"domain/set_servers, then user/adopt"; res.Detail != want {
		t.Errorf("got the detail %q, want %q", res.Detail, want)
	}
	if o := mustUserGet(t, e.client, tool); o.AuthID != "tool" || o.RPort != 0 || o.Password.Value.Reveal() != "brand new" {
		t.Errorf("got %+v, want the new password, default names and no servers", o)
	}
	_, err = e.client.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: tool.Domain(), Registrar: domain("reg.example.com"), RPort: 5060,
		Proxy: domain("proxy.example.com"), PPort: 5061, ProvURL: "https://prov.example.com/",
	})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, mustUserAdopt(t, e.client, hermes.UserAdoptRequest{Domain: tool.Domain()}).Adopted, []sip.Addr{tool})
	wantAdopted(t, e, tool, "brand new")
}

// All users of a domain are adopted, in pages, and no others.
func TestClient_UserAdopt_domain(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	var want []sip.Addr
	for i := range 250 {
		want = append(want, addr(fmt.Sprintf("tool%03d@example.com", i)))
		mustAddToolUsers(t, e.store, want[i].String())
	}
	mustAddToolUsers(t, e.store, "tool@example.net", "tool@far.example")
	unknown := want[120]
	mustSetUser(t, e.store, unknown, func(u *hermes.User) { u.Clear = "another" })

	// The second page fails.
	pages := 0
	failing := storetest.Intercept(e.store, func(method string) error {
		if method == "Commit" {
			if pages++; pages == 2 {
				return errDisk
			}
		}
		return nil
	})
	_, err := e.newClient(t, failing).UserAdopt(t.Context(), hermes.UserAdoptRequest{Domain: alice.Domain()})
	he := wantCause(t, err, hermes.StoreFailed)
	if w := "the database did not carry it out; 100 users were adopted before that and stay so"; he.Detail != w {
		t.Errorf("got the detail %q, want %q", he.Detail, w)
	}

	res := mustUserAdopt(t, e.client, hermes.UserAdoptRequest{Domain: alice.Domain()})
	wantEqual(t, res, hermes.UserAdoptResponse{Adopted: want[100:], WithoutPassword: []sip.Addr{unknown}})
	for _, a := range []sip.Addr{want[0], want[99], want[100], want[249]} {
		wantAdopted(t, e, a, toolPassword)
	}
	wantAdopted(t, e, unknown, "")
	if u := storedUser(t, e.store, addr("tool@example.net")); u.HasServers() || u.AuthID != "" {
		t.Errorf("a user of another domain was adopted: %+v", u)
	}
}

func TestClient_UserAdopt_refusals(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for _, tt := range []struct {
		rule string
		req  hermes.UserAdoptRequest
		want hermes.Cause
	}{
		{"neither a user nor a domain", hermes.UserAdoptRequest{}, hermes.Parameters},
		{"both", hermes.UserAdoptRequest{User: alice, Domain: alice.Domain()}, hermes.Parameters},
		{"no such user", hermes.UserAdoptRequest{User: addr("nobody@example.com")}, hermes.NotFound},
		{"a remote user has its servers", hermes.UserAdoptRequest{User: carol}, hermes.NotFound},
		{"a domain that is not served", hermes.UserAdoptRequest{Domain: domain("far.example")}, hermes.NotFound},
		{"a domain without servers", hermes.UserAdoptRequest{Domain: domain("example.net")}, hermes.NoServers},
		{"a user of Hermes: nothing to do", hermes.UserAdoptRequest{User: alice}, ""},
	} {
		_, err := e.client.UserAdopt(t.Context(), tt.req)
		if tt.want == "" && err != nil || tt.want != "" && !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %q", tt.rule, err, tt.want)
		}
	}
}

// A remote user stays one when Kamailio comes to serve its domain. Options.UserRemoved is not
// called for its removal, which removes no local user.
func TestClient_remoteUserInServedDomain(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var removed []sip.Addr
	e := newEnvWith(t, func(o *hermes.Options) { o.UserRemoved = func(a sip.Addr) { removed = append(removed, a) } })
	e.store.Serve(carol.Domain())
	if err := e.store.SetGroups(ctx, carol, []string{"intl"}); err != nil {
		t.Fatal(err)
	}
	_, err := e.client.UserAvail(ctx, hermes.UserAvailRequest{User: carol})
	wantCause(t, err, hermes.Exists)
	_, err = e.client.UserAdd(ctx, hermes.UserAddRequest{User: carol})
	wantCause(t, err, hermes.Exists)
	if _, err = e.client.UserChangePw(ctx, hermes.UserChangePwRequest{User: carol, Password: hermes.NewSecret("n")}); err != nil {
		t.Fatal(err)
	}
	if o := mustUserGet(t, e.client, carol); o.Type != hermes.Remote || o.Password.Value.Reveal() != "n" {
		t.Errorf("got %+v, want a remote user with the new password", o)
	}
	if _, err := e.client.UserRemove(ctx, hermes.UserRemoveRequest{User: carol}); err != nil {
		t.Fatal(err)
	}
	groups, err := e.store.Groups(ctx, carol)
	if err != nil || !slices.Equal(groups, []string{"intl"}) || removed != nil {
		t.Errorf("got the groups %v, %v, and UserRemoved for %v; want those of Kamailio and no call", groups, err, removed)
	}
}
