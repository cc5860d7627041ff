package hermes_test

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestClient_UserAdd_defaults(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	o := mustUserAdd(t, e.client, hermes.UserAddRequest{User: addr("new@example.com")})
	u := storedUser(t, e.store, addr("new@example.com"))
	pw := o.Password.Value
	if len(pw.Reveal()) != 20 {
		t.Fatalf("the generated password is %q, want 20 characters", pw.Reveal())
	}
	wantEqual(t, o, hermes.UserObject{
		Type: hermes.Local, User: addr("new@example.com"), Username: "new", Domain: domain("example.com"),
		Password: hermes.Some(pw), AuthID: "new", DisplayName: "new", LineText: "new",
		Registrar: domain("reg.example.com"), RPort: 5060, Proxy: domain("proxy.example.com"), PPort: 5061,
		Email: hermes.Some(""), RPID: hermes.Some(""), PermittedCalls: hermes.Some(""),
		HA1: hermes.Some(hermes.NewSecret(u.HA1)), HA1B: hermes.Some(hermes.NewSecret(u.HA1B)),
	})
	if u.Sealed == "" || strings.Contains(u.Sealed, pw.Reveal()) || u.Clear != "" {
		t.Errorf("stored %+v, want the password sealed and not in clear", u)
	}
	if len(u.HA1) != 32 || len(u.HA1B) != 32 || u.HA1 == u.HA1B {
		t.Errorf("stored %+v, want the two hashes of the password", u)
	}
	wantEqual(t, mustUserGet(t, e.client, addr("new@example.com")), o)
}

func TestClient_UserAdd_fields(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	o := mustUserAdd(t, e.client, hermes.UserAddRequest{
		User: addr("new@example.com"), DisplayName: "Ålice", Email: "a@example.org", AuthID: "new@example.com",
		Dialplan: "x.T", RPID: "<sip:x>", PermittedCalls: "local",
	})
	if o.DisplayName != "Ålice" || o.LineText != "Ålice" || o.AuthID != "new@example.com" || o.Dialplan != "x.T" ||
		o.Email.Value != "a@example.org" || o.RPID.Value != "<sip:x>" || o.PermittedCalls.Value != "local" {
		t.Errorf("got %+v, want the fields of the request, and the line text from the display name", o)
	}
	o = mustUserAdd(t, e.client, hermes.UserAddRequest{User: addr("two@example.com"), DisplayName: "Two", LineText: "Line"})
	if o.LineText != "Line" {
		t.Errorf("got the line text %q, want that of the request", o.LineText)
	}
}

// The caller sees the generated password once, whatever the access level, and the hashes only with
// the capability.
func TestClient_UserAdd_secrets(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	writer := e.withAccess(hermes.LimitedWrite)
	o := mustUserAdd(t, writer, hermes.UserAddRequest{User: addr("new@example.com")})
	if !o.Password.Set || len(o.Password.Value.Reveal()) != 20 || o.HA1.Set || o.HA1B.Set {
		t.Errorf("limited_write: got %+v, want the password and no hashes", o)
	}
	wantEqual(t, o.Redacted, []string{"ha1", "ha1b"})
	if again := mustUserGet(t, writer, o.User); again.Password.Set {
		t.Error("limited_write: user/get shows the password again")
	}
	full := mustUserAdd(t, e.client, hermes.UserAddRequest{User: addr("two@example.com")})
	if full.Redacted != nil {
		t.Errorf("full_write: redacted %v, want nothing", full.Redacted)
	}
}

func TestClient_UserAdd_causes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ø", 129)
	user := addr("new@example.com")
	malformed := sip.Unchecked("a b", "example.com")
	for _, tt := range []struct {
		rule string
		req  hermes.UserAddRequest
		want hermes.Cause // "" for success
	}{
		{"an address that a user has", hermes.UserAddRequest{User: alice}, hermes.Exists},
		{"an address that an alias has", hermes.UserAddRequest{User: addr("sales@example.com")}, hermes.Exists},
		{"user names differ in case", hermes.UserAddRequest{User: addr("Alice@example.com")}, ""},
		{"a domain that is not served", hermes.UserAddRequest{User: addr("new@far.example")}, hermes.UnknownDomain},
		{"a domain without servers", hermes.UserAddRequest{User: addr("new@example.net")}, hermes.NoServers},
		{"nxdomain comes before exists", hermes.UserAddRequest{User: carol}, hermes.UnknownDomain},
		{"no user", hermes.UserAddRequest{}, hermes.Parameters},
		{"a malformed address", hermes.UserAddRequest{User: malformed}, hermes.Malformed},
		{"parameters comes before invalid", hermes.UserAddRequest{User: malformed, AuthID: long}, hermes.Parameters},
		{"a display name of 129 characters", hermes.UserAddRequest{User: user, DisplayName: long}, hermes.Parameters},
		{"an authid of 129 characters", hermes.UserAddRequest{User: user, AuthID: long}, hermes.Parameters},
		{"an authid for which Kamailio finds no user", hermes.UserAddRequest{User: user, AuthID: "9901"}, hermes.Parameters},
		{"an authid in another case", hermes.UserAddRequest{User: user, AuthID: "New"}, hermes.Parameters},
		{"the address of another domain as authid",
			hermes.UserAddRequest{User: user, AuthID: "new@example.net"}, hermes.Parameters},
		{"the user name as authid", hermes.UserAddRequest{User: user, AuthID: "new"}, ""},
		{"the whole address as authid, as it is stored",
			hermes.UserAddRequest{User: sip.Unchecked("sip:new", "EXAMPLE.com"), AuthID: "new@example.com"}, ""},
		{"a dialplan of 129 characters", hermes.UserAddRequest{User: user, Dialplan: long}, hermes.Parameters},
		{"a line text of 129 characters", hermes.UserAddRequest{User: user, LineText: long}, hermes.Parameters},
		{"an rpid of 129 characters", hermes.UserAddRequest{User: user, RPID: long}, hermes.Parameters},
		{"permitted calls of 129 characters", hermes.UserAddRequest{User: user, PermittedCalls: long}, hermes.Parameters},
		{"128 characters", hermes.UserAddRequest{User: user, DisplayName: long[:256], Dialplan: long[:256]}, ""},
		{"a malformed mail address", hermes.UserAddRequest{User: user, Email: "x"}, hermes.Parameters},
		{"a control character", hermes.UserAddRequest{User: user, LineText: "a\nb"}, hermes.Parameters},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			_, err := newEnv(t).client.UserAdd(t.Context(), tt.req)
			wantCause(t, err, tt.want)
		})
	}
}

func TestClient_UserAdd_domainOfOptions(t *testing.T) {
	t.Parallel()
	e := newEnvWith(t, func(o *hermes.Options) { o.Domains = []sip.Domain{domain("option.example")} })
	req := hermes.UserAddRequest{User: addr("new@option.example")}
	_, err := e.client.UserAdd(t.Context(), req)
	wantCause(t, err, hermes.NoServers)
	_, err = e.client.DomainSetServers(t.Context(), hermes.DomainSetServersRequest{
		Domain: domain("option.example"), Registrar: domain("r.example"), RPort: 1,
		Proxy: domain("p.example"), PPort: 2, ProvURL: "http://x/",
	})
	wantCause(t, err, "")
	_, err = e.client.UserAdd(t.Context(), req)
	wantCause(t, err, "")
}

func mustUserAddRemote(t testing.TB, c *hermes.Client, req hermes.UserAddRemoteRequest) hermes.UserObject {
	t.Helper()
	res, err := c.UserAddRemote(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res.User
}

func TestClient_UserAddRemote(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	o := mustUserAddRemote(t, e.client, hermes.UserAddRemoteRequest{
		User: addr("new@far.example"), Password: hermes.NewSecret("ø"), Registrar: domain("sip.far.example"),
	})
	wantEqual(t, o, hermes.UserObject{
		Type: hermes.Remote, User: addr("new@far.example"), Username: "new", Domain: domain("far.example"),
		Password: hermes.Some(hermes.NewSecret("ø")), AuthID: "new", DisplayName: "new", LineText: "new",
		Registrar: domain("sip.far.example"), RPort: 5060, Proxy: domain("sip.far.example"), PPort: 5060,
	})
	u := storedUser(t, e.store, o.User)
	if u.HA1 != "" || u.HA1B != "" || u.Clear != "" || u.Sealed == "" {
		t.Errorf("stored %+v, want the password sealed, and no hashes or clear password for Kamailio", u)
	}
	o = mustUserAddRemote(t, e.withAccess(hermes.LimitedWrite), hermes.UserAddRemoteRequest{
		User: addr("two@far.example"), Password: hermes.NewSecret("x"),
		Registrar: domain("sip.far.example"), RPort: 5070, Proxy: domain("192.0.2.1"),
	})
	if o.RPort != 5070 || o.PPort != 5070 || o.Proxy != domain("192.0.2.1") {
		t.Errorf("got %+v, want the registrar's port as the proxy's", o)
	}
	// The caller knows the password already.
	if o.Password.Set || len(o.Redacted) != 1 || o.Redacted[0] != "password" {
		t.Errorf("limited_write: got the password %v, redacted %v; want no password", o.Password, o.Redacted)
	}
}

func TestClient_UserAddRemote_causes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule   string
		change func(*hermes.UserAddRemoteRequest) // makes a change to a correct request
		want   hermes.Cause                       // "" for success
	}{
		{"a correct request", func(r *hermes.UserAddRemoteRequest) {}, ""},
		{"a domain that is served",
			func(r *hermes.UserAddRemoteRequest) { r.User = addr("new@example.com") }, hermes.DomainServed},
		{"domain comes before exists", func(r *hermes.UserAddRemoteRequest) { r.User = alice }, hermes.DomainServed},
		{"an address that a user has", func(r *hermes.UserAddRemoteRequest) { r.User = carol }, hermes.Exists},
		{"no user", func(r *hermes.UserAddRemoteRequest) { r.User = sip.Addr{} }, hermes.Parameters},
		{"a malformed address",
			func(r *hermes.UserAddRemoteRequest) { r.User = sip.Unchecked("a b", "far.example") }, hermes.Malformed},
		{"no password", func(r *hermes.UserAddRemoteRequest) { r.Password = hermes.Secret{} }, hermes.Parameters},
		{"a password of 65 characters",
			func(r *hermes.UserAddRemoteRequest) { r.Password = hermes.NewSecret(strings.Repeat("x", 65)) },
			hermes.Parameters},
		{"no registrar", func(r *hermes.UserAddRemoteRequest) { r.Registrar = sip.Domain{} }, hermes.Parameters},
		{"a malformed registrar",
			func(r *hermes.UserAddRemoteRequest) { r.Registrar = sip.UncheckedDomain("a_b") }, hermes.Parameters},
		{"a malformed proxy",
			func(r *hermes.UserAddRemoteRequest) { r.Proxy = sip.UncheckedDomain("a b") }, hermes.Parameters},
		{"a port above 65535", func(r *hermes.UserAddRemoteRequest) { r.RPort = 65536 }, hermes.Parameters},
		{"a negative port", func(r *hermes.UserAddRemoteRequest) { r.PPort = -1 }, hermes.Parameters},
		{"a text of 129 characters",
			func(r *hermes.UserAddRemoteRequest) { r.Dialplan = strings.Repeat("x", 129) }, hermes.Parameters},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			req := hermes.UserAddRemoteRequest{
				User: addr("new@far.example"), Password: hermes.NewSecret("x"), Registrar: domain("sip.far.example"),
			}
			tt.change(&req)
			_, err := newEnv(t).client.UserAddRemote(t.Context(), req)
			wantCause(t, err, tt.want)
		})
	}
}

func mustChangePw(t testing.TB, c *hermes.Client, user sip.Addr, pw string) hermes.UserChangePwResponse {
	t.Helper()
	res, err := c.UserChangePw(t.Context(), hermes.UserChangePwRequest{User: user, Password: hermes.NewSecret(pw)})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func md5hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// wantPassword checks the password of a local user, the hashes of it for Kamailio, and the text in
// Kamailio's column for clear passwords.
func wantPassword(t testing.TB, e *env, user sip.Addr, pw, clearText string) {
	t.Helper()
	if o := mustUserGet(t, e.client, user); o.Password.Value.Reveal() != pw {
		t.Errorf("the password is %q, want %q", o.Password.Value.Reveal(), pw)
	}
	u := storedUser(t, e.store, user)
	realm := user.Domain().String()
	if u.HA1 != md5hex(user.User()+":"+realm+":"+pw) || u.HA1B != md5hex(user.String()+":"+realm+":"+pw) {
		t.Errorf("ha1 %s and ha1b %s are not those of the password %q", u.HA1, u.HA1B, pw)
	}
	if u.Clear != clearText {
		t.Errorf("subscriber.password is %q, want %q", u.Clear, clearText)
	}
}

func TestClient_UserChangePw(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for range 2 { // the same password may be set again
		res := mustChangePw(t, e.client, alice, "wonder land")
		if res.Password.Set || !strings.Contains(res.Detail, "alice@example.com") ||
			strings.Contains(res.Detail, "wonder") {
			t.Errorf("got %+v, want the address and not the password", res)
		}
		wantPassword(t, e, alice, "wonder land", "")
	}
	res := mustChangePw(t, e.client, alice, "")
	if len(res.Password.Value.Reveal()) != 20 {
		t.Fatalf("the generated password is %q, want 20 characters", res.Password.Value.Reveal())
	}
	wantPassword(t, e, alice, res.Password.Value.Reveal(), "")
	if res = mustChangePw(t, e.withAccess(hermes.LimitedWrite), alice, ""); !res.Password.Set {
		t.Errorf("limited_write: got %+v, want the generated password", res)
	}
}

func TestClient_UserChangePw_causes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule     string
		user     sip.Addr
		password string
		want     hermes.Cause // "" for success
	}{
		{"8 characters", alice, "12345678", ""},
		{"7 characters", alice, "1234567", hermes.Parameters},
		{"64 characters", alice, strings.Repeat("x", 64), ""},
		{"65 characters", alice, strings.Repeat("x", 65), hermes.Parameters},
		{"a character outside ASCII", alice, "wonderlånd", hermes.Parameters},
		{"a control character", alice, "1234567\n8", hermes.Parameters},
		{"a remote user: one character, outside ASCII", carol, "ø", ""},
		{"a remote user: a control character", carol, "\n", hermes.Parameters},
		{"a remote user: 65 characters", carol, strings.Repeat("x", 65), hermes.Parameters},
		{"an unknown user", addr("new@example.com"), "12345678", hermes.NotFound},
		{"no user", sip.Addr{}, "", hermes.Parameters},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			_, err := newEnv(t).client.UserChangePw(t.Context(), hermes.UserChangePwRequest{
				User: tt.user, Password: hermes.NewSecret(tt.password),
			})
			wantCause(t, err, tt.want)
		})
	}
}

func TestClient_UserChangePw_remoteUser(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustChangePw(t, e.client, carol, "ø")
	pw := mustUserGet(t, e.client, carol).Password.Value.Reveal()
	if u := storedUser(t, e.store, carol); pw != "ø" || u.HA1 != "" || u.HA1B != "" {
		t.Errorf("got the password %q, hashes %q and %q; want the password and no hashes", pw, u.HA1, u.HA1B)
	}
	res := mustChangePw(t, e.client, carol, "")
	if len(res.Password.Value.Reveal()) != 20 {
		t.Errorf("the generated password is %q, want 20 characters", res.Password.Value.Reveal())
	}
}

func TestOptions_KamailioPlaintext(t *testing.T) {
	t.Parallel()
	e := newEnvWith(t, func(o *hermes.Options) { o.KamailioPlaintext = true })
	user := addr("new@example.com")
	pw := mustUserAdd(t, e.client, hermes.UserAddRequest{User: user}).Password.Value.Reveal()
	wantPassword(t, e, user, pw, pw)
	mustChangePw(t, e.client, user, "wonderland")
	wantPassword(t, e, user, "wonderland", "wonderland")
	if u := storedUser(t, e.store, carol); u.Clear != "" {
		t.Errorf("the clear password %q of a remote user is stored", u.Clear)
	}
}

func TestClient_UserChangeEmail(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule  string
		user  sip.Addr
		email string
		want  hermes.Cause
	}{
		{"an empty address, which only user/update may set", alice, "", hermes.Parameters},
		{"a malformed address", alice, "x", hermes.Parameters},
		{"a remote user", carol, "a@example.org", hermes.NotFound},
		{"an unknown user", addr("new@example.com"), "a@example.org", hermes.NotFound},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			req := hermes.UserChangeEmailRequest{User: tt.user, Email: tt.email}
			_, err := newEnv(t).client.UserChangeEmail(t.Context(), req)
			wantCause(t, err, tt.want)
		})
	}
	t.Run("a plain address", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		req := hermes.UserChangeEmailRequest{User: alice, Email: "a@example.org"}
		res, err := e.client.UserChangeEmail(t.Context(), req)
		if err != nil || res != (hermes.UserChangeEmailResponse{User: alice, Email: "a@example.org"}) {
			t.Errorf("got %+v, %v; want the request", res, err)
		}
		if u := storedUser(t, e.store, alice); u.Email != "a@example.org" {
			t.Errorf("stored the mail address %q, want %q", u.Email, "a@example.org")
		}
	})
}
