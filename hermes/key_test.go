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

// keyIDLength is the length of the public id that a key begins with.
const keyIDLength = 14

var (
	elsewhere  = netip.MustParseAddr("198.51.100.1")
	officeIPv6 = netip.MustParseAddr("::ffff:192.0.2.10") // as a dual-stack socket shows it
)

// keyFor returns a request for a key with limited_write.
func keyFor(host string) hermes.AuthNewKeyRequest {
	return hermes.AuthNewKeyRequest{Host: host, Access: hermes.LimitedWrite}
}

func idOf(key hermes.Secret) string { return key.Reveal()[:keyIDLength] }

// forgedKey returns a key with a valid form and checksum and a wrong secret.
func forgedKey(id string) hermes.Secret {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	text := id + "_" + strings.Repeat("a", 43)
	sum := make([]byte, 6)
	for i, v := 5, crc32.ChecksumIEEE([]byte(text)); i >= 0; i, v = i-1, v/62 {
		sum[i] = digits[v%62]
	}
	return hermes.NewSecret(text + string(sum))
}

func mustRemoveKey(t testing.TB, c *hermes.Client, key hermes.Secret) {
	t.Helper()
	if _, err := c.AuthRemoveKey(t.Context(), hermes.AuthRemoveKeyRequest{Key: key}); err != nil {
		t.Fatal(err)
	}
}

// removeKey returns the error of AuthRemoveKey.
func removeKey(t testing.TB, c *hermes.Client, key hermes.Secret) error {
	t.Helper()
	_, err := c.AuthRemoveKey(t.Context(), hermes.AuthRemoveKeyRequest{Key: key})
	return err
}

func mustListKeys(t testing.TB, c *hermes.Client) []hermes.AuthKeyEntry {
	t.Helper()
	res, err := c.AuthListKeys(t.Context(), hermes.AuthListKeysRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return res.List
}

func TestClient_AuthNewKey(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	req := hermes.AuthNewKeyRequest{
		Host: "192.0.2.0/24,2001:db8::/32", Access: hermes.FullRead, Comment: "CI ø",
		Expires: hermes.Duration(90 * 24 * time.Hour),
	}
	res, err := e.client.AuthNewKey(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if key := res.Key.Reveal(); len(key) != keyIDLength+1+43+6 || !strings.HasPrefix(key, "hek_") {
		t.Errorf("got the key %q, want hek_ and 64 characters", key)
	}
	if res.Host != req.Host || res.Access != hermes.FullRead {
		t.Errorf("got the host %q and %v, want those of the request", res.Host, res.Access)
	}
	if another := mustNewKey(t, e.client, req); another == res.Key {
		t.Error("got the same key twice")
	}
	stored, err := e.store.Key(t.Context(), idOf(res.Key))
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, stored, hermes.Key{
		ID: idOf(res.Key), Hash: hashOf(res.Key), Host: req.Host, Comment: req.Comment,
		Created: e.clock.now(), Expires: e.clock.now().Add(90 * 24 * time.Hour),
	})
}

func TestClient_AuthNewKey_parameters(t *testing.T) {
	t.Parallel()
	const host, access = "192.0.2.1", hermes.FullRead
	for _, tt := range []struct {
		name string
		req  hermes.AuthNewKeyRequest
		want hermes.Cause
	}{
		{"a host and an access level", hermes.AuthNewKeyRequest{Host: host, Access: access}, ""},
		{"neither host nor public key", hermes.AuthNewKeyRequest{Access: access}, hermes.Parameters},
		{"a malformed host", hermes.AuthNewKeyRequest{Host: "192.0.2.1/24", Access: access}, hermes.Parameters},
		{"no access level", hermes.AuthNewKeyRequest{Host: host}, hermes.Parameters},
		{"an unknown access level", hermes.AuthNewKeyRequest{Host: host, Access: 5}, hermes.Parameters},
		{"a comment of 129 characters", hermes.AuthNewKeyRequest{
			Host: host, Access: access, Comment: strings.Repeat("a", 129),
		}, hermes.Parameters},
		{"a comment of two lines", hermes.AuthNewKeyRequest{
			Host: host, Access: access, Comment: "a\nb",
		}, hermes.Parameters},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := newEnv(t).client.AuthNewKey(t.Context(), tt.req)
			wantCause(t, err, tt.want)
		})
	}
}

func TestClient_AuthNewKey_forbidden(t *testing.T) {
	t.Parallel()
	_, err := newEnv(t).withAccess(hermes.LimitedWrite).AuthNewKey(t.Context(), hermes.AuthNewKeyRequest{
		Host: "192.0.2.1", Access: hermes.LimitedRead,
	})
	wantCause(t, err, hermes.Forbidden)
}

func TestClient_AuthLogin_keyHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, host string
		remote     netip.Addr
		want       hermes.Cause
	}{
		{"the address of the key", "192.0.2.10", office, ""},
		{"the address as an IPv4-mapped one", "192.0.2.10", officeIPv6, ""},
		{"an address in the range of the key", "192.0.2.0/24", office, ""},
		{"another address", "192.0.2.10", elsewhere, hermes.Unauthorized},
		{"an unknown address", "192.0.2.10", netip.Addr{}, hermes.Unauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			cred, err := e.loginWithKey(t, mustNewKey(t, e.client, keyFor(tt.host)), tt.remote)
			wantCause(t, err, tt.want)
			if tt.want == "" {
				wantAccess(t, mustAuthenticate(t, e, cred), hermes.LimitedWrite)
			}
		})
	}
}

func TestClient_AuthLogin_forgedKey(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	forged := forgedKey(idOf(mustNewKey(t, e.client, keyFor("192.0.2.0/24"))))
	calls := &storeCalls{}
	c := e.newClient(t, calls.over(e.store)).As(hermes.Actor{Remote: office})
	_, err := c.AuthLogin(t.Context(), hermes.AuthLoginRequest{APIKey: forged})
	wantCause(t, err, hermes.Unauthorized)
	if len(calls.names) == 0 {
		t.Error("the key was refused for its form, want the store to be asked")
	}
}

// fakeResolver resolves every name to the address of the office and counts the look-ups.
type fakeResolver struct{ lookups int }

func (r *fakeResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	r.lookups++
	return []netip.Addr{office}, nil
}

// The host name of a key is looked up only for a caller that has proved to have the key.
func TestClient_AuthLogin_keyHostLookup(t *testing.T) {
	t.Parallel()
	resolver := &fakeResolver{}
	e := newEnvWith(t, func(o *hermes.Options) { o.Resolver = resolver })
	key := mustNewKey(t, e.client, keyFor("ci.example.com"))
	_, err := e.loginWithKey(t, forgedKey(idOf(key)), office)
	wantCause(t, err, hermes.Unauthorized)

	req := keyFor("ci.example.com")
	if err := req.PublicKey.UnmarshalText([]byte(strings.Repeat("A", 43))); err != nil {
		t.Fatal(err)
	}
	pairID := mustNewKey(t, e.client, req).Reveal()
	_, err = e.from(office).AuthLogin(t.Context(), hermes.AuthLoginRequest{
		Key: pairID, Nonce: mustChallenge(t, e, pairID).Nonce, Signature: strings.Repeat("B", 86),
	})
	wantCause(t, err, hermes.Unauthorized)
	if resolver.lookups != 0 {
		t.Errorf("got %d look-ups before the key was shown, want none", resolver.lookups)
	}
	mustLoginWithKey(t, e, key)
	if resolver.lookups != 1 {
		t.Errorf("got %d look-ups for the right key, want one", resolver.lookups)
	}
}

// A failure of the store is not reported as a wrong key.
func TestClient_AuthLogin_keyStoreFails(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	key := mustNewKey(t, e.client, keyFor("192.0.2.0/24"))
	for n := 1; ; n++ {
		broken := failCall(n)
		c := e.newClient(t, broken.over(e.store)).As(hermes.Actor{Remote: office})
		_, err := c.AuthLogin(t.Context(), hermes.AuthLoginRequest{APIKey: key})
		if len(broken.names) < n { // every call has failed once
			wantCause(t, err, "")
			return
		}
		wantStoreFailed(t, err)
	}
}

// The key, its host and its expiry are checked for each request of its sessions.
func TestClient_Authenticate_key(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	req := keyFor("192.0.2.0/24")
	req.Expires = hermes.Duration(4 * time.Minute)
	key := mustNewKey(t, e.client, req)
	cred := mustLoginWithKey(t, e, key)
	_, err := e.from(elsewhere).Authenticate(t.Context(), cred)
	wantCause(t, err, hermes.Unauthorized)
	mustAuthenticate(t, e, cred)

	e.clock.sleep(4*time.Minute - time.Microsecond)
	mustAuthenticate(t, e, cred)
	e.clock.sleep(time.Microsecond)
	_, err = e.authenticate(t, cred)
	wantCause(t, err, hermes.Unauthorized)
	_, err = e.loginWithKey(t, key, office)
	wantCause(t, err, hermes.Unauthorized)
}

func TestClient_AuthRemoveKey(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	key, other := mustNewKey(t, e.client, keyFor("192.0.2.0/24")), mustNewKey(t, e.client, keyFor("192.0.2.0/24"))
	cred, otherCred := mustLoginWithKey(t, e, key), mustLoginWithKey(t, e, other)

	res, err := e.client.AuthRemoveKey(t.Context(), hermes.AuthRemoveKeyRequest{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if res.Key != key {
		t.Error("got another key in the response, want the one of the request")
	}
	wantNoSession(t, e, cred)
	wantSession(t, e, otherCred)
	_, err = e.loginWithKey(t, key, office)
	wantCause(t, err, hermes.Unauthorized)

	id := hermes.NewSecret(idOf(other))
	mustRemoveKey(t, e.client, id)
	wantNoSession(t, e, otherCred)
	wantCause(t, removeKey(t, e.client, id), hermes.NotFound)

	authorizations, err := e.store.Authorizations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range authorizations {
		if a.Principal.Kind == hermes.KeyPrincipal {
			t.Errorf("the authorization %v of a removed key is left", a)
		}
	}
}

func TestClient_AuthRemoveKey_refused(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	key, other := mustNewKey(t, e.client, keyFor("192.0.2.0/24")), mustNewKey(t, e.client, keyFor("192.0.2.0/24"))
	cred := mustLoginWithKey(t, e, key)
	for name, given := range map[string]string{
		"text that is no key":               "garbage",
		"an unknown id":                     "hek_0123456789",
		"the secret of another key":         idOf(other) + key.Reveal()[keyIDLength:],
		"a wrong secret and right checksum": forgedKey(idOf(key)).Reveal(),
		"a key without its last character":  key.Reveal()[:63],
		"the name of a user":                "writer",
	} {
		t.Run(name, func(t *testing.T) {
			wantCause(t, removeKey(t, e.client, hermes.NewSecret(given)), hermes.NotFound)
			wantSession(t, e, cred)
		})
	}
	t.Run("no key", func(t *testing.T) {
		wantCause(t, removeKey(t, e.client, hermes.Secret{}), hermes.Parameters)
	})
	t.Run("a caller without a session", func(t *testing.T) {
		wantCause(t, removeKey(t, e.from(office), forgedKey(idOf(key))), hermes.Unauthorized)
	})
}

func TestClient_AuthRemoveKey_lastAdmin(t *testing.T) {
	t.Parallel()
	t.Run("the last principal with full_write is not removed", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		key := mustNewAdminKey(t, e, 0)
		mustRemoveAPIUser(t, e.client, "admin")
		wantCause(t, removeKey(t, e.client, key), hermes.InUse)
	})
	t.Run("a key that expires is removed", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		key := mustNewAdminKey(t, e, time.Hour)
		mustRemoveCredential(t, e, "admin")
		wantCause(t, removeKey(t, e.client, key), "")
	})
}

func TestClient_AuthListKeys(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	if list := mustListKeys(t, e.client); list == nil || len(list) != 0 {
		t.Errorf("got %#v without keys, want an empty list", list)
	}
	req := keyFor("192.0.2.0/24")
	req.Comment, req.Expires = "CI", hermes.Duration(time.Hour)
	created := e.clock.now()
	key, unused := mustNewKey(t, e.client, req), mustNewKey(t, e.client, keyFor("ci.example.com"))
	e.clock.sleep(time.Minute)
	cred := mustLoginWithKey(t, e, key)
	want := map[string]hermes.AuthKeyEntry{
		idOf(key): {
			Key: idOf(key), Host: req.Host, Access: hermes.LimitedWrite, Comment: "CI", Created: created,
			LastUsed: hermes.Some(e.clock.now()), Expires: hermes.Some(created.Add(time.Hour)),
		},
		idOf(unused): {Key: idOf(unused), Host: "ci.example.com", Access: hermes.LimitedWrite, Created: created},
	}
	wantKeys(t, e, want)

	e.clock.sleep(time.Minute)
	mustAuthenticate(t, e, cred)
	used := want[idOf(key)]
	used.LastUsed = hermes.Some(e.clock.now())
	want[idOf(key)] = used
	wantKeys(t, e, want)
}

// wantKeys checks the listed keys, which must be ordered by id.
func wantKeys(t testing.TB, e *env, want map[string]hermes.AuthKeyEntry) {
	t.Helper()
	got, last := map[string]hermes.AuthKeyEntry{}, ""
	for _, k := range mustListKeys(t, e.client) {
		if k.Key <= last {
			t.Errorf("got %s after %s, want them in order", k.Key, last)
		}
		got[k.Key], last = k, k.Key
	}
	wantEqual(t, got, want)
}

func TestClient_AuthListKeys_noSecrets(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	key := mustNewKey(t, e.client, keyFor("192.0.2.0/24"))
	text, err := json.Marshal(mustListKeys(t, e.client))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), key.Reveal()[keyIDLength+1:]) || !strings.Contains(string(text), idOf(key)) {
		t.Errorf("got %s, want the id without the secret", text)
	}
}
