package hermes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func mustPhoneShow(t testing.TB, c *hermes.Client, m mac.Addr) hermes.PhoneShowResponse {
	t.Helper()
	res, err := c.PhoneShow(t.Context(), hermes.PhoneShowRequest{MAC: m})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func mustPhoneRemove(t testing.TB, c *hermes.Client, m mac.Addr, user sip.Addr) {
	t.Helper()
	if _, err := c.PhoneRemove(t.Context(), hermes.PhoneRemoveRequest{MAC: m, User: user}); err != nil {
		t.Fatal(err)
	}
}

func mustPhoneEnrol(t testing.TB, c *hermes.Client, req hermes.PhoneEnrolRequest) hermes.PhoneEnrolResponse {
	t.Helper()
	res, err := c.PhoneEnrol(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func mustProvKey(t testing.TB, c *hermes.Client, req hermes.DomainProvKeyRequest) string {
	t.Helper()
	res, err := c.DomainProvKey(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return keyIn(res.URL)
}

// keyIn returns the key at the end of an address.
func keyIn(address hermes.Secret) string {
	text := address.Reveal()
	return text[strings.LastIndexByte(text, '/')+1:]
}

func storedDevice(t testing.TB, e *env, m mac.Addr) hermes.Device {
	t.Helper()
	d, err := e.store.Device(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestClient_PhoneAdd_device checks which phones get a key and a window.
func TestClient_PhoneAdd_device(t *testing.T) {
	t.Parallel()
	const kept, made = "kept", "made"
	far := carol // a user of another domain
	for _, tt := range []struct {
		why    string
		before func(t *testing.T, e *env) // with phone1, which alice has
		add    sip.Addr
		want   string
	}{
		{"a second user of the same domain", func(*testing.T, *env) {}, bob, kept},
		{"a second user of another domain", func(*testing.T, *env) {}, far, kept},
		{"the first user again", func(t *testing.T, e *env) { mustPhoneRemove(t, e.client, phone1, alice) }, alice, kept},
		{"another user of the domain, the only one now", func(t *testing.T, e *env) { mustPhoneRemove(t, e.client, phone1, alice) }, bob, kept},
		{"a user of another domain, the only one now", func(t *testing.T, e *env) { mustPhoneRemove(t, e.client, phone1, alice) }, far, made},
		{"back to the first domain", func(t *testing.T, e *env) {
			mustPhoneRemove(t, e.client, phone1, alice)
			mustPhoneAdd(t, e.client, phone1, far)
			mustPhoneRemove(t, e.client, phone1, far)
		}, alice, made},
		{"the user of another domain was added last, and goes first", func(t *testing.T, e *env) {
			mustPhoneAdd(t, e.client, phone1, far)
			mustPhoneRemove(t, e.client, phone1, far)
			mustPhoneRemove(t, e.client, phone1, alice)
		}, far, kept},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			if _, err := e.client.PhoneSet(t.Context(), hermes.PhoneSetRequest{MAC: phone1, Vendor: "snom", Note: "theirs"}); err != nil {
				t.Fatal(err)
			}
			tt.before(t, e)
			before := storedDevice(t, e, phone1)
			e.clock.sleep(time.Hour)
			mustPhoneAdd(t, e.client, phone1, tt.add)
			after := storedDevice(t, e, phone1)
			want := before
			if want.Domain = tt.add.Domain(); tt.want == made {
				if after.Next.IsZero() || after.Next == before.Next {
					t.Errorf("got the key %x, want a new one", after.Next.Hash)
				}
				want.Next, want.Note, want.OpenUntil = after.Next, "", e.clock.now().Add(24*time.Hour)
			}
			if after != want {
				t.Errorf("got %+v, want %+v", after, want)
			}
		})
	}
}

func TestClient_PhoneAdd_window(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct{ window, want time.Duration }{
		"default": {0, 24 * time.Hour}, "an hour": {time.Hour, time.Hour}, "none": {-1, 0},
	} {
		e := newEnvWith(t, func(o *hermes.Options) { o.ProvisioningWindow = tt.window })
		want := time.Time{}
		if tt.want > 0 {
			want = e.clock.now().Add(tt.want)
		}
		if got := mustPhoneShow(t, e.client, phone1).OpenUntil; !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", why, got, want)
		}
	}
}

func TestClient_PhoneShow(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustPhoneAdd(t, e.client, phone1, carol)
	want := hermes.PhoneShowResponse{
		MAC: phone1, Vendor: hermes.AutoVendor,
		Lines:     []hermes.ShownLine{{Line: 1, User: alice, DisplayName: "alice"}, {Line: 2, User: carol, DisplayName: "carol"}},
		Enrolment: hermes.EnrolmentOpen, OpenUntil: e.clock.now().Add(24 * time.Hour),
	}
	got := mustPhoneShow(t, e.client, phone1)
	if address := got.URL.Value.Reveal(); !strings.HasPrefix(address, "https://prov.example.com/") || len(keyIn(got.URL.Value)) != 26 {
		t.Errorf("the address is %s", address)
	}
	got.URL = hermes.Opt[hermes.Secret]{}
	if diff := cmp.Diff(want, got, compareUnexported()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := mustPhoneShow(t, e.withAccess(hermes.LimitedRead), phone1); got.URL.Set || len(got.Redacted) != 1 {
		t.Errorf("without the right to see secrets: %+v", got)
	}
}

func TestClient_PhoneEnrol(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	before := storedDevice(t, e, phone1)
	e.clock.sleep(48 * time.Hour)
	res := mustPhoneEnrol(t, e.client, hermes.PhoneEnrolRequest{MAC: phone1, TTL: hermes.Duration(time.Hour)})
	after := storedDevice(t, e, phone1)
	if want := e.clock.now().Add(time.Hour); !res.OpenUntil.Equal(want) || !after.OpenUntil.Equal(want) {
		t.Errorf("open until %v, stored %v; want %v", res.OpenUntil, after.OpenUntil, want)
	}
	if after.Next == before.Next || after.Key != before.Key {
		t.Errorf("got the keys %+v, %+v; want a new Next", after.Key, after.Next)
	}
}

// Phones that were associated before devices were kept get no file until they are enrolled.
func TestClient_phonesWithoutDevice(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	key := mustProvKey(t, e.client, hermes.DomainProvKeyRequest{Domain: alice.Domain()})
	if err := e.store.AddPhone(t.Context(), hermes.Phone{MAC: phone2, User: alice, Line: 1}, hermes.Device{}); err != nil {
		t.Fatal(err)
	}
	facts := func() hermes.PhoneFacts {
		f, err := e.client.PhoneFacts(t.Context(), key, phone2)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	if f := facts(); !f.Known || f.Own || f.Opens || !f.File.URL.IsZero() {
		t.Errorf("before: %+v", f)
	}
	if got := mustPhoneShow(t, e.client, phone2); got.Enrolment != hermes.EnrolmentClosed || got.URL.Set {
		t.Errorf("before: %+v", got)
	}
	if _, err := e.client.PhoneSet(t.Context(), hermes.PhoneSetRequest{MAC: phone2, Vendor: "snom"}); err != nil {
		t.Fatal(err)
	}
	if f := facts(); f.Opens || f.Vendor != "snom" {
		t.Errorf("after phone/set: %+v", f)
	}
	mustPhoneEnrol(t, e.client, hermes.PhoneEnrolRequest{MAC: phone2})
	if f := facts(); !f.Opens || f.File.URL.IsZero() {
		t.Errorf("after phone/enrol: %+v", f)
	}
}

// What a phone was, before its next owner gets it, is not for others.
func TestClient_phoneWithoutUsers_scope(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustPhoneRemove(t, e.client, phone1, alice)
	other := e.client.As(hermes.Actor{Access: hermes.FullWrite, Scope: hermes.Scope{Domains: "far.example"}})
	_, err := other.PhoneShow(t.Context(), hermes.PhoneShowRequest{MAC: phone1})
	wantCause(t, err, hermes.Forbidden)
	_, err = other.PhoneSet(t.Context(), hermes.PhoneSetRequest{MAC: phone1, Note: "mine"})
	wantCause(t, err, hermes.Forbidden)
	_, err = other.PhoneEnrol(t.Context(), hermes.PhoneEnrolRequest{MAC: phone1})
	wantCause(t, err, hermes.Forbidden)
	_, err = other.PhoneConfig(t.Context(), hermes.PhoneConfigRequest{MAC: phone1, Vendor: "snom"})
	wantCause(t, err, hermes.Forbidden)
	mustPhoneAdd(t, other, phone1, carol)
	if got := mustPhoneShow(t, other, phone1); got.Note != "" {
		t.Errorf("got %+v, want no note of the former owner", got)
	}
}
