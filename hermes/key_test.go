package hermes_test

import (
	"context"
	"encoding/json"
	"hash/crc32"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

var (
	elsewhere = netip.MustParseAddr("198.51.100.1")
	v4mapped  = netip.MustParseAddr("::ffff:192.0.2.10")
)

func keyFor(host string) hermes.AuthNewKeyRequest {
	return hermes.AuthNewKeyRequest{Host: host, Access: hermes.LimitedWrite}
}

func TestNewKey(t *testing.T) {
	w := newWorld(t)
	req := hermes.AuthNewKeyRequest{Host: "192.0.2.0/24,2001:db8::/32", Access: hermes.FullRead, Comment: "CI ø", Expires: hermes.Duration(90 * 24 * time.Hour)}
	res := ok(t, got(w.AuthNewKey(t.Context(), req)))
	if key := res.Key.Reveal(); len(key) != 14+1+43+6 || !strings.HasPrefix(key, "hek_") || res.Host != req.Host || res.Access != hermes.FullRead {
		t.Errorf("key %q, host %q, access %v", key, res.Host, res.Access)
	}
	if another := w.newKey(req); another == res.Key {
		t.Error("the same key twice")
	}
	k := ok(t, got(w.store.Key(t.Context(), res.Key.Reveal()[:14])))
	same(t, k, hermes.Key{
		ID: res.Key.Reveal()[:14], Hash: hashOf(res.Key), Host: req.Host, Comment: req.Comment,
		Created: w.clock.now(), Expires: w.clock.now().Add(90 * 24 * time.Hour),
	})
}

func TestNewKeyRefuses(t *testing.T) {
	full := hermes.AuthNewKeyRequest{Host: "192.0.2.1", Access: hermes.FullRead}
	with := func(change func(*hermes.AuthNewKeyRequest)) func(w *world) error {
		req := full
		change(&req)
		return func(w *world) error { return only(w.AuthNewKey(w.Context(), req)) }
	}
	play(t, []row{
		{"all is well", with(func(*hermes.AuthNewKeyRequest) {}), ""},
		{"no host and no key pair", with(func(r *hermes.AuthNewKeyRequest) { r.Host = "" }), hermes.Parameters},
		{"a host that is none", with(func(r *hermes.AuthNewKeyRequest) { r.Host = "192.0.2.1/24" }), hermes.Parameters},
		{"no level", with(func(r *hermes.AuthNewKeyRequest) { r.Access = 0 }), hermes.Parameters},
		{"a level that is none", with(func(r *hermes.AuthNewKeyRequest) { r.Access = 5 }), hermes.Parameters},
		{"a comment of 129 characters", with(func(r *hermes.AuthNewKeyRequest) { r.Comment = strings.Repeat("a", 129) }), hermes.Parameters},
		{"a comment of two lines", with(func(r *hermes.AuthNewKeyRequest) { r.Comment = "a\nb" }), hermes.Parameters},
	})
}

func TestKeyLogin(t *testing.T) {
	for _, r := range []struct {
		why, host string
		remote    netip.Addr
		want      hermes.Cause
	}{
		{"its address", "192.0.2.10", office, ""},
		{"its address, as a dual-stack socket shows it", "192.0.2.10", v4mapped, ""},
		{"its range", "192.0.2.0/24", office, ""},
		{"another address", "192.0.2.10", elsewhere, hermes.Unauthorized},
		{"an address that is not known", "192.0.2.10", netip.Addr{}, hermes.Unauthorized},
	} {
		t.Run(r.why, func(t *testing.T) {
			w := newWorld(t)
			cred, err := w.keyLogin(w.newKey(keyFor(r.host)), r.remote)
			if r.want != "" {
				refused(t, err, r.want)
				return
			}
			w.noError(err)
			wantAccess(t, ok(t, got(w.enter(cred))), hermes.LimitedWrite)
		})
	}
}

// forged is a key with the right id and checksum and a secret that was made up.
func forged(id string) hermes.Secret {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	text := id + "_" + strings.Repeat("a", 43)
	sum := make([]byte, 6)
	for i, v := 5, crc32.ChecksumIEEE([]byte(text)); i >= 0; i, v = i-1, v/62 {
		sum[i] = digits[v%62]
	}
	return hermes.NewSecret(text + string(sum))
}

func TestForgedKey(t *testing.T) {
	w := newWorld(t)
	key := w.newKey(keyFor("192.0.2.0/24"))
	watch := &storeCalls{fail: func(int) error { return nil }}
	c := w.over(watch.over(w.store)).As(hermes.Actor{Remote: office})
	_, err := c.AuthLogin(t.Context(), hermes.AuthLoginRequest{APIKey: forged(key.Reveal()[:14])})
	if refused(t, err, hermes.Unauthorized); len(watch.names) == 0 {
		t.Error("the forged key was refused for its form: the store was not asked")
	}
	_, err = c.AuthRemoveKey(t.Context(), hermes.AuthRemoveKeyRequest{Key: forged(key.Reveal()[:14])})
	refused(t, err, hermes.Unauthorized)
	_, err = w.AuthRemoveKey(t.Context(), hermes.AuthRemoveKeyRequest{Key: forged(key.Reveal()[:14])})
	refused(t, err, hermes.NotFound)
}

// asked counts look-ups of names.
type asked struct{ times int }

func (a *asked) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	a.times++
	return []netip.Addr{office}, nil
}

// Who knows the id of a key, and not the key, makes nobody look names up.
func TestNamesAreLookedUpForWhoHasTheKey(t *testing.T) {
	names := &asked{}
	w := newWorldWith(t, func(o *hermes.Options) { o.Resolver = names })
	key := w.newKey(keyFor("ci.example.com"))
	refused(t, only(w.keyLogin(forged(key.Reveal()[:14]), office)), hermes.Unauthorized)
	pair := keyFor("ci.example.com")
	w.noError(pair.PublicKey.UnmarshalText([]byte(strings.Repeat("A", 43))))
	id := w.newKey(pair).Reveal()
	nonce := ok(t, got(w.door(office).AuthChallenge(t.Context(), hermes.AuthChallengeRequest{Key: id}))).Nonce
	_, err := w.door(office).AuthLogin(t.Context(), hermes.AuthLoginRequest{Key: id, Nonce: nonce, Signature: strings.Repeat("B", 86)})
	if refused(t, err, hermes.Unauthorized); names.times != 0 {
		t.Errorf("%d look-ups, want none", names.times)
	}
	ok(t, got(w.keyLogin(key, office)))
	if names.times != 1 {
		t.Errorf("%d look-ups for who has the key, want one", names.times)
	}
}

// A database that is down is no wrong key.
func TestKeyLoginOverAFailingStore(t *testing.T) {
	w := newWorld(t)
	key := w.newKey(keyFor("192.0.2.0/24"))
	for at := 1; ; at++ {
		broken := &storeCalls{fail: func(n int) error { return map[int]error{at: errDisk}[n] }}
		_, err := w.over(broken.over(w.store)).As(hermes.Actor{Remote: office}).AuthLogin(t.Context(), hermes.AuthLoginRequest{APIKey: key})
		if len(broken.names) < at {
			w.noError(err)
			return
		}
		wantDBFail(t, err)
	}
}

// The key, its host and its expiry are looked at with each request of its session.
func TestKeyAtEachRequest(t *testing.T) {
	w := newWorld(t)
	req := keyFor("192.0.2.0/24")
	req.Expires = hermes.Duration(4 * time.Minute)
	key := w.newKey(req)
	cred := ok(t, got(w.keyLogin(key, office)))
	_, err := w.door(elsewhere).Authenticate(t.Context(), cred)
	refused(t, err, hermes.Unauthorized)
	ok(t, got(w.enter(cred)))
	w.clock.sleep(4*time.Minute - time.Microsecond)
	ok(t, got(w.enter(cred)))
	w.clock.sleep(time.Microsecond)
	refused(t, only(w.enter(cred)), hermes.Unauthorized)
	refused(t, only(w.keyLogin(key, office)), hermes.Unauthorized)
}

func TestRemoveKey(t *testing.T) {
	w := newWorld(t)
	key, other := w.newKey(keyFor("192.0.2.0/24")), w.newKey(keyFor("192.0.2.0/24"))
	cred, kept := ok(t, got(w.keyLogin(key, office))), ok(t, got(w.keyLogin(other, office)))
	forged := other.Reveal()[:14] + key.Reveal()[14:]
	for why, given := range map[string]string{
		"a key that is none": "garbage", "an id that is none": "hek_0123456789", "another's secret": forged, "a cut key": key.Reveal()[:63], "a user's name": "writer",
	} {
		_, err := w.AuthRemoveKey(t.Context(), hermes.AuthRemoveKeyRequest{Key: hermes.NewSecret(given)})
		if refused(t, err, hermes.NotFound); !w.lives(cred) {
			t.Errorf("%s: the session ended", why)
		}
	}
	refused(t, only(w.AuthRemoveKey(t.Context(), hermes.AuthRemoveKeyRequest{})), hermes.Parameters)
	if res := ok(t, got(w.AuthRemoveKey(t.Context(), hermes.AuthRemoveKeyRequest{Key: key}))); res.Key != key {
		t.Error("the answer does not have the key as it was given")
	}
	id := hermes.NewSecret(other.Reveal()[:14])
	w.wantAlive(cred, false)
	w.wantAlive(kept, true)
	refused(t, only(w.keyLogin(key, office)), hermes.Unauthorized)
	ok(t, got(w.AuthRemoveKey(t.Context(), hermes.AuthRemoveKeyRequest{Key: id})))
	w.wantAlive(kept, false)
	refused(t, only(w.AuthRemoveKey(t.Context(), hermes.AuthRemoveKeyRequest{Key: id})), hermes.NotFound)
	for _, a := range ok(t, got(w.store.Authorizations(t.Context()))) {
		if a.Principal.Kind == hermes.KeyPrincipal {
			t.Errorf("%v is left of a removed key", a)
		}
	}
}

func TestListKeys(t *testing.T) {
	w := newWorld(t)
	if list := ok(t, got(w.AuthListKeys(t.Context(), hermes.AuthListKeysRequest{}))).List; list == nil || len(list) != 0 {
		t.Errorf("no keys are %v, want an empty list", list)
	}
	req := keyFor("192.0.2.0/24")
	req.Comment, req.Expires = "CI", hermes.Duration(time.Hour)
	key, unused := w.newKey(req), w.newKey(keyFor("ci.example.com"))
	created := w.clock.now()
	w.clock.sleep(time.Minute)
	cred := ok(t, got(w.keyLogin(key, office)))
	want := map[string]hermes.AuthKeyEntry{
		key.Reveal()[:14]: {Host: req.Host, Access: hermes.LimitedWrite, Comment: "CI", Created: created,
			LastUsed: hermes.Some(w.clock.now()), Expires: hermes.Some(created.Add(time.Hour))},
		unused.Reveal()[:14]: {Host: "ci.example.com", Access: hermes.LimitedWrite, Created: created},
	}
	for id, e := range want {
		e.Key = id
		want[id] = e
	}
	same(t, w.listedKeys(), want)
	w.clock.sleep(time.Minute)
	ok(t, got(w.enter(cred)))
	e := want[key.Reveal()[:14]]
	e.LastUsed = hermes.Some(w.clock.now())
	want[e.Key] = e
	same(t, w.listedKeys(), want)
}

func (w *world) listedKeys() map[string]hermes.AuthKeyEntry {
	w.Helper()
	all := map[string]hermes.AuthKeyEntry{}
	last := ""
	for _, e := range ok(w.T, got(w.AuthListKeys(w.Context(), hermes.AuthListKeysRequest{}))).List {
		if e.Key <= last {
			w.Errorf("%s after %s: want them in order", e.Key, last)
		}
		all[e.Key], last = e, e.Key
	}
	return all
}

// A list never has what opens a session.
func TestListKeysHasNoSecret(t *testing.T) {
	w := newWorld(t)
	key := w.newKey(keyFor("192.0.2.0/24"))
	text, err := json.Marshal(ok(t, got(w.AuthListKeys(t.Context(), hermes.AuthListKeysRequest{}))))
	w.noError(err)
	if strings.Contains(string(text), key.Reveal()[15:]) || !strings.Contains(string(text), key.Reveal()[:14]) {
		t.Errorf("%s: want the id, and not the secret", text)
	}
}
