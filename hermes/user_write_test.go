package hermes_test

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func changePw(w *world, user, pw string) (hermes.UserChangePwResponse, error) {
	return w.UserChangePw(w.Context(), hermes.UserChangePwRequest{User: addr(user), Password: hermes.NewSecret(pw)})
}

func md5hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// wantPassword wants a local user's password, and the hashes that Kamailio has to fit it.
func (w *world) wantPassword(user, pw string) hermes.User {
	w.Helper()
	o := ok(w.T, got(w.UserGet(w.Context(), hermes.UserGetRequest{User: addr(user)}))).User
	u := ok(w.T, got(w.store.User(w.Context(), addr(user))))
	if o.Password.Value.Reveal() != pw {
		w.Errorf("the password is %q, want %q", o.Password.Value.Reveal(), pw)
	}
	name, dom := addr(user).User(), addr(user).Domain().String()
	if u.HA1 != md5hex(name+":"+dom+":"+pw) || u.HA1B != md5hex(user+":"+dom+":"+pw) {
		w.Errorf("ha1 %s, ha1b %s do not fit the password %q", u.HA1, u.HA1B, pw)
	}
	return u
}

func TestChangePw(t *testing.T) {
	w := newWorld(t)
	for range 2 { // the same again is no failure
		res := ok(t, got(changePw(w, "alice@example.com", "wonder land")))
		if res.Password.Set || !strings.Contains(res.Detail, "alice@example.com") || strings.Contains(res.Detail, "wonder") {
			t.Errorf("answer %+v: want no password, which was given", res)
		}
		if u := w.wantPassword("alice@example.com", "wonder land"); u.Clear != "" {
			t.Errorf("the clear password %q is kept", u.Clear)
		}
	}
	res := ok(t, got(changePw(w, "alice@example.com", "")))
	if len(res.Password.Value.Reveal()) != 20 {
		t.Fatalf("generated %q", res.Password.Value.Reveal())
	}
	w.wantPassword("alice@example.com", res.Password.Value.Reveal())
	low, err := w.level(hermes.LimitedWrite).UserChangePw(t.Context(), hermes.UserChangePwRequest{User: alice})
	if err != nil || !low.Password.Set {
		t.Errorf("got %+v, %v: want the generated password for who made it, though without S", low, err)
	}
}

func TestChangePwRefuses(t *testing.T) {
	pw := func(user, pw string) func(w *world) error {
		return func(w *world) error { return only(changePw(w, user, pw)) }
	}
	play(t, []row{
		{"8 characters", pw("alice@example.com", "12345678"), ""},
		{"7 characters", pw("alice@example.com", "1234567"), hermes.Parameters},
		{"64 characters", pw("alice@example.com", strings.Repeat("x", 64)), ""},
		{"65 characters", pw("alice@example.com", strings.Repeat("x", 65)), hermes.Parameters},
		{"beyond ASCII for a local user", pw("alice@example.com", "wonderlånd"), hermes.Parameters},
		{"a control character", pw("alice@example.com", "1234567\n8"), hermes.Parameters},
		{"a remote user's may be one character", pw("carol@far.example", "ø"), ""},
		{"but no control character", pw("carol@far.example", "\n"), hermes.Parameters},
		{"nor 65", pw("carol@far.example", strings.Repeat("x", 65)), hermes.Parameters},
		{"a user that is not there", pw("new@example.com", "12345678"), hermes.NotFound},
		{"no user", func(w *world) error { return only(w.UserChangePw(w.Context(), hermes.UserChangePwRequest{})) }, hermes.Parameters},
	})
}

func TestChangePwOfARemoteUser(t *testing.T) {
	w := newWorld(t)
	ok(t, got(changePw(w, "carol@far.example", "ø")))
	o := ok(t, got(w.UserGet(t.Context(), hermes.UserGetRequest{User: carol}))).User
	if u := ok(t, got(w.store.User(t.Context(), carol))); o.Password.Value.Reveal() != "ø" || u.HA1 != "" || u.HA1B != "" {
		t.Errorf("password %q, hashes %q %q: want the password and nothing for Kamailio", o.Password.Value.Reveal(), u.HA1, u.HA1B)
	}
	res := ok(t, got(changePw(w, "carol@far.example", "")))
	if len(res.Password.Value.Reveal()) != 20 {
		t.Errorf("generated %q", res.Password.Value.Reveal())
	}
}

func TestKamailioPlaintext(t *testing.T) {
	w := newWorldWith(t, func(o *hermes.Options) { o.KamailioPlaintext = true })
	o, u := w.added(w.Client, hermes.UserAddRequest{User: addr("new@example.com")})
	if u.Clear != o.Password.Value.Reveal() {
		t.Errorf("subscriber.password is %q, want the clear password", u.Clear)
	}
	ok(t, got(changePw(w, "new@example.com", "wonderland")))
	if u := w.wantPassword("new@example.com", "wonderland"); u.Clear != "wonderland" {
		t.Errorf("subscriber.password is %q after the change", u.Clear)
	}
	if u := ok(t, got(w.store.User(t.Context(), carol))); u.Clear != "" {
		t.Errorf("a remote user's clear password %q is kept", u.Clear)
	}
}

func TestChangeEmail(t *testing.T) {
	email := func(user, email string) func(w *world) error {
		return func(w *world) error {
			return only(w.UserChangeEmail(w.Context(), hermes.UserChangeEmailRequest{User: addr(user), Email: email}))
		}
	}
	play(t, []row{
		{"a plain address", email("alice@example.com", "a@example.org"), ""},
		{"nothing: user/update empties it", email("alice@example.com", ""), hermes.Parameters},
		{"no address", email("alice@example.com", "x"), hermes.Parameters},
		{"a remote user", email("carol@far.example", "a@example.org"), hermes.NotFound},
		{"nobody", email("new@example.com", "a@example.org"), hermes.NotFound},
	})
	w := newWorld(t)
	res := ok(t, got(w.UserChangeEmail(t.Context(), hermes.UserChangeEmailRequest{User: alice, Email: "a@example.org"})))
	u := ok(t, got(w.store.User(t.Context(), alice)))
	if res != (hermes.UserChangeEmailResponse{User: alice, Email: "a@example.org"}) || u.Email != "a@example.org" {
		t.Errorf("answer %+v, kept %q", res, u.Email)
	}
}

func TestGeneratedPasswords(t *testing.T) {
	w := newWorld(t)
	a := ok(t, got(w.UserGeneratePassword(t.Context(), hermes.UserGeneratePasswordRequest{}))).Password
	b := ok(t, got(w.level(hermes.LimitedRead).UserGeneratePassword(t.Context(), hermes.UserGeneratePasswordRequest{}))).Password
	if a == b || len(a.Reveal()) != 20 {
		t.Errorf("%q, %q: want two of 20 characters", a.Reveal(), b.Reveal())
	}
	w.opts.Rand = strings.NewReader("")
	refused(t, only(w.over(w.store).UserGeneratePassword(t.Context(), hermes.UserGeneratePasswordRequest{})), hermes.Internal)
	refused(t, only(w.over(w.store).UserAdd(t.Context(), hermes.UserAddRequest{User: addr("new@example.com")})), hermes.Internal)
}
