package hermes_test

import (
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// The new key of a phone ends the old one and the window at its first use, once.
func TestClient_DeliverPhone(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	next := keyIn(mustPhoneShow(t, e.client, phone1).URL.Value)
	f, err := e.client.PhoneFacts(t.Context(), next, phone1)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // two requests that came at once
		if err := e.client.DeliverPhone(t.Context(), f, hermes.Agent{Vendor: "snom"}, office); err != nil {
			t.Fatal(err)
		}
	}
	d := storedDevice(t, e, phone1)
	if d.Key.Hash != sha256.Sum256([]byte(next)) || !d.Next.IsZero() || !d.OpenUntil.IsZero() {
		t.Errorf("got %+v, want the new key alone, and the window closed", d)
	}
	if d.Said != (hermes.Agent{Vendor: "snom"}) || d.LastAddress != office.String() || !d.LastSeen.Equal(e.clock.now()) {
		t.Errorf("got %+v, want what was said, and when", d)
	}

	// The phone is enrolled again between the decision and the delivery.
	mustPhoneEnrol(t, e.client, hermes.PhoneEnrolRequest{MAC: phone1})
	replaced := keyIn(mustPhoneShow(t, e.client, phone1).URL.Value)
	if f, err = e.client.PhoneFacts(t.Context(), replaced, phone1); err != nil {
		t.Fatal(err)
	}
	mustPhoneEnrol(t, e.client, hermes.PhoneEnrolRequest{MAC: phone1})
	if err := e.client.DeliverPhone(t.Context(), f, hermes.Agent{}, office); !errors.Is(err, hermes.NotFound) {
		t.Errorf("got %v, want NotFound", err)
	}
}

func TestClient_PhoneFacts_lines(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why   string
		user  func(u *hermes.User)
		want  func(l *hermes.FileLine)
		isOff bool
	}{
		{why: "as it was added", user: func(*hermes.User) {}, want: func(*hermes.FileLine) {}},
		{why: "the proxy is the domain", user: func(u *hermes.User) { u.Proxy = u.Address.Domain() },
			want: func(l *hermes.FileLine) { l.Port, l.Proxy, l.ProxyPort = 5060, sip.Domain{}, 0 }},
		{why: "no servers of its own", user: func(u *hermes.User) { u.Registrar, u.RPort, u.Proxy, u.PPort = sip.Domain{}, 0, sip.Domain{}, 0 },
			want: func(*hermes.FileLine) {}},
		{why: "another tool's account", user: func(u *hermes.User) { u.AuthID, u.DisplayName, u.LineText = "", "", "" },
			want: func(l *hermes.FileLine) { l.DisplayName, l.Label = "", "" }},
		{why: "texts", user: func(u *hermes.User) { u.LineText, u.DisplayName, u.Dialplan = "L", "D", "oslo" },
			want: func(l *hermes.FileLine) { l.Label, l.DisplayName, l.Dialplan = "L", "D", "oslo" }},
		{why: "another tool has changed the password", user: func(u *hermes.User) { u.HA1 = "x" }, isOff: true},
		{why: "no password is known", user: func(u *hermes.User) { u.Sealed = "" }, isOff: true},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			password := mustUserGet(t, e.client, alice).Password.Value
			u := storedUser(t, e.store, alice)
			tt.user(&u)
			if err := e.store.SetUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			f, err := e.client.PhoneFacts(t.Context(), keyIn(mustPhoneShow(t, e.client, phone1).URL.Value), phone1)
			if err != nil {
				t.Fatal(err)
			}
			want := hermes.FileLine{
				Number: 1, On: true, Label: "alice", DisplayName: "alice", User: "alice", Auth: "alice", Domain: domain("example.com"),
				Password: password, Proxy: domain("proxy.example.com"), ProxyPort: 5061,
			}
			if tt.isOff {
				want = hermes.FileLine{Number: 1}
			} else {
				tt.want(&want)
			}
			if len(f.File.Lines) != 1 || f.File.Lines[0] != want {
				t.Errorf("got %+v, want %+v", f.File.Lines, want)
			}
		})
	}
}
