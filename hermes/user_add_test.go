package hermes_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// added is what user/add answers, and what the store has then.
func (w *world) added(c *hermes.Client, req hermes.UserAddRequest) (hermes.UserObject, hermes.User) {
	w.Helper()
	o := ok(w.T, got(c.UserAdd(w.Context(), req))).User
	return o, ok(w.T, got(w.store.User(w.Context(), req.User)))
}

func TestUserAddDefaults(t *testing.T) {
	w := newWorld(t)
	o, u := w.added(w.Client, hermes.UserAddRequest{User: addr("new@example.com")})
	pw := o.Password.Value
	if len(pw.Reveal()) != 20 {
		t.Fatalf("the generated password is %q", pw.Reveal())
	}
	ha1, ha1b := u.HA1, u.HA1B
	same(t, o, hermes.UserObject{
		Type: hermes.Local, User: addr("new@example.com"), Username: "new", Password: hermes.Some(pw), Domain: domain("example.com"),
		AuthID: "new", Registrar: domain("reg.example.com"), RPort: 5060, Proxy: domain("proxy.example.com"), PPort: 5061,
		DisplayName: "new", LineText: "new", Email: hermes.Some(""), RPID: hermes.Some(""), PermittedCalls: hermes.Some(""),
		HA1: hermes.Some(hermes.NewSecret(ha1)), HA1B: hermes.Some(hermes.NewSecret(ha1b)),
	})
	if u.Sealed == "" || strings.Contains(u.Sealed, pw.Reveal()) || u.Clear != "" || len(ha1) != 32 || len(ha1b) != 32 || ha1 == ha1b {
		t.Errorf("kept is %+v: want the password sealed and hashed, and nowhere in clear", u)
	}
	same(t, ok(t, got(w.UserGet(t.Context(), hermes.UserGetRequest{User: addr("new@example.com")}))).User, o)
}

func TestUserAddFields(t *testing.T) {
	w := newWorld(t)
	o, _ := w.added(w.Client, hermes.UserAddRequest{
		User: addr("new@example.com"), DisplayName: "Ålice", Email: "a@example.org", AuthID: "4711", Dialplan: "x.T", RPID: "<sip:x>", PermittedCalls: "local",
	})
	if o.DisplayName != "Ålice" || o.LineText != "Ålice" || o.AuthID != "4711" || o.Dialplan != "x.T" ||
		o.Email.Value != "a@example.org" || o.RPID.Value != "<sip:x>" || o.PermittedCalls.Value != "local" {
		t.Errorf("got %+v: want the fields as given, and the line text from the display name", o)
	}
	if o, _ := w.added(w.Client, hermes.UserAddRequest{User: addr("two@example.com"), DisplayName: "Two", LineText: "Line"}); o.LineText != "Line" {
		t.Errorf("line text %q, want the one that was given", o.LineText)
	}
}

// The creator sees the password this once, whatever the level; the hashes only with S.
func TestUserAddSecrets(t *testing.T) {
	w := newWorld(t)
	o, _ := w.added(w.level(hermes.LimitedWrite), hermes.UserAddRequest{User: addr("new@example.com")})
	if !o.Password.Set || len(o.Password.Value.Reveal()) != 20 || o.HA1.Set || o.HA1B.Set {
		t.Errorf("got %+v: want the password and no hashes", o)
	}
	same(t, o.Redacted, []string{"ha1", "ha1b"})
	again := ok(t, got(w.level(hermes.LimitedWrite).UserGet(t.Context(), hermes.UserGetRequest{User: o.User}))).User
	if again.Password.Set {
		t.Error("the creator sees the password a second time")
	}
	full, _ := w.added(w.Client, hermes.UserAddRequest{User: addr("two@example.com")})
	if full.Redacted != nil {
		t.Errorf("redacted %v for who sees all", full.Redacted)
	}
}

func userAdd(req hermes.UserAddRequest) func(w *world) error {
	return func(w *world) error { return only(w.UserAdd(w.Context(), req)) }
}

func TestUserAddRefuses(t *testing.T) {
	long := strings.Repeat("ø", 129)
	user := addr("new@example.com")
	play(t, []row{
		{"a user has the address", userAdd(hermes.UserAddRequest{User: alice}), hermes.Exists},
		{"an alias has the address", userAdd(hermes.UserAddRequest{User: addr("sales@example.com")}), hermes.Exists},
		{"the same name in another case is another", userAdd(hermes.UserAddRequest{User: addr("Alice@example.com")}), ""},
		{"a domain that is not served", userAdd(hermes.UserAddRequest{User: addr("new@far.example")}), hermes.UnknownDomain},
		{"a domain without servers", userAdd(hermes.UserAddRequest{User: addr("new@example.net")}), hermes.NoServers},
		{"nxdomain comes before exists", userAdd(hermes.UserAddRequest{User: carol}), hermes.UnknownDomain},
		{"no user", userAdd(hermes.UserAddRequest{}), hermes.Parameters},
		{"an address that only another tool could write", userAdd(hermes.UserAddRequest{User: sip.Unchecked("a b", "example.com")}), hermes.Malformed},
		{"parameters come before malformed addresses", userAdd(hermes.UserAddRequest{User: sip.Unchecked("a b", "example.com"), AuthID: long}), hermes.Parameters},
		{"a display name of 129 characters", userAdd(hermes.UserAddRequest{User: user, DisplayName: long}), hermes.Parameters},
		{"an authid of 129", userAdd(hermes.UserAddRequest{User: user, AuthID: long}), hermes.Parameters},
		{"a dialplan of 129", userAdd(hermes.UserAddRequest{User: user, Dialplan: long}), hermes.Parameters},
		{"a line text of 129", userAdd(hermes.UserAddRequest{User: user, LineText: long}), hermes.Parameters},
		{"an rpid of 129", userAdd(hermes.UserAddRequest{User: user, RPID: long}), hermes.Parameters},
		{"permitted calls of 129", userAdd(hermes.UserAddRequest{User: user, PermittedCalls: long}), hermes.Parameters},
		{"128 characters", userAdd(hermes.UserAddRequest{User: user, DisplayName: long[:256], AuthID: long[:256]}), ""},
		{"no mail address", userAdd(hermes.UserAddRequest{User: user, Email: "x"}), hermes.Parameters},
		{"a control character", userAdd(hermes.UserAddRequest{User: user, LineText: "a\nb"}), hermes.Parameters},
	})
}

// A domain may also be served by the options.
func TestUserAddInConfiguredDomain(t *testing.T) {
	w := newWorldWith(t, func(o *hermes.Options) { o.Domains = []sip.Domain{domain("option.example")} })
	user := hermes.UserAddRequest{User: addr("new@option.example")}
	refused(t, userAdd(user)(w), hermes.NoServers)
	ok(t, got(w.DomainSetServers(t.Context(), hermes.DomainSetServersRequest{
		Domain: domain("option.example"), Registrar: domain("r.example"), RPort: 1, Proxy: domain("p.example"), PPort: 2, ProvURL: "http://x/",
	})))
	w.noError(userAdd(user)(w))
}

func TestUserAddRemote(t *testing.T) {
	w := newWorld(t)
	o := ok(t, got(w.UserAddRemote(t.Context(), hermes.UserAddRemoteRequest{
		User: addr("new@far.example"), Password: hermes.NewSecret("ø"), Registrar: domain("sip.far.example"),
	}))).User
	same(t, o, hermes.UserObject{
		Type: hermes.Remote, User: addr("new@far.example"), Username: "new", Domain: domain("far.example"), Password: hermes.Some(hermes.NewSecret("ø")),
		AuthID: "new", Registrar: domain("sip.far.example"), RPort: 5060, Proxy: domain("sip.far.example"), PPort: 5060, DisplayName: "new", LineText: "new",
	})
	u := ok(t, got(w.store.User(t.Context(), o.User)))
	if u.HA1 != "" || u.HA1B != "" || u.Clear != "" || u.Sealed == "" {
		t.Errorf("kept is %+v: want the password sealed, and nothing for Kamailio", u)
	}
	low := ok(t, got(w.level(hermes.LimitedWrite).UserAddRemote(t.Context(), hermes.UserAddRemoteRequest{
		User: addr("two@far.example"), Password: hermes.NewSecret("x"), Registrar: domain("sip.far.example"), RPort: 5070, Proxy: domain("192.0.2.1"),
	}))).User
	if low.RPort != 5070 || low.PPort != 5070 || low.Proxy != domain("192.0.2.1") {
		t.Errorf("got %+v: want the proxy's port from the registrar's", low)
	}
	if low.Password.Set || len(low.Redacted) != 1 || low.Redacted[0] != "password" {
		t.Errorf("got %v, redacted %v: want no password without S, which the caller knows", low.Password, low.Redacted)
	}
}

func TestUserAddRemoteRefuses(t *testing.T) {
	full := hermes.UserAddRemoteRequest{User: addr("new@far.example"), Password: hermes.NewSecret("x"), Registrar: domain("sip.far.example")}
	with := func(change func(*hermes.UserAddRemoteRequest)) func(w *world) error {
		req := full
		change(&req)
		return func(w *world) error { return only(w.UserAddRemote(w.Context(), req)) }
	}
	play(t, []row{
		{"all is well", with(func(r *hermes.UserAddRemoteRequest) {}), ""},
		{"a domain that is served", with(func(r *hermes.UserAddRemoteRequest) { r.User = addr("new@example.com") }), hermes.DomainServed},
		{"domain comes before exists", with(func(r *hermes.UserAddRemoteRequest) { r.User = alice }), hermes.DomainServed},
		{"a user has the address", with(func(r *hermes.UserAddRemoteRequest) { r.User = carol }), hermes.Exists},
		{"no user", with(func(r *hermes.UserAddRemoteRequest) { r.User = sip.Addr{} }), hermes.Parameters},
		{"a foreign address", with(func(r *hermes.UserAddRemoteRequest) { r.User = sip.Unchecked("a b", "far.example") }), hermes.Malformed},
		{"no password", with(func(r *hermes.UserAddRemoteRequest) { r.Password = hermes.Secret{} }), hermes.Parameters},
		{"a password of 65 characters", with(func(r *hermes.UserAddRemoteRequest) { r.Password = hermes.NewSecret(strings.Repeat("x", 65)) }), hermes.Parameters},
		{"no registrar", with(func(r *hermes.UserAddRemoteRequest) { r.Registrar = sip.Domain{} }), hermes.Parameters},
		{"a registrar that is no host", with(func(r *hermes.UserAddRemoteRequest) { r.Registrar = sip.UncheckedDomain("a_b") }), hermes.Parameters},
		{"a proxy that is no host", with(func(r *hermes.UserAddRemoteRequest) { r.Proxy = sip.UncheckedDomain("a b") }), hermes.Parameters},
		{"a port beyond", with(func(r *hermes.UserAddRemoteRequest) { r.RPort = 65536 }), hermes.Parameters},
		{"a port below", with(func(r *hermes.UserAddRemoteRequest) { r.PPort = -1 }), hermes.Parameters},
		{"a long text", with(func(r *hermes.UserAddRemoteRequest) { r.Dialplan = strings.Repeat("x", 129) }), hermes.Parameters},
	})
}
