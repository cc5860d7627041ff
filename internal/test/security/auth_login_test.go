package security_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
)

// TestAuthLogin_Failed tests that the answers to all failed logins are equal byte for byte, but for
// the date and the number of the request, so that they do not reveal the reason.
func TestAuthLogin_Failed(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		d := newDeployment(t, db)
		logins := failedLogins(t, d)
		var first string
		for _, name := range slices.Sorted(maps.Keys(logins)) {
			// A new server for each, since a server delays logins after a number of failures.
			got := fullText(newServer(t, d.store, laterTime).Call(t, hermesdtest.Session{}, "auth/login", logins[name]))
			if first == "" {
				first = got
			}
			if diff := cmp.Diff(first, got); diff != "" {
				t.Errorf("%s: differs from the first (-first +this)\n%s", name, diff)
			}
		}
		if want := `{"response":"failed","cause":"unauthorized","detail":"login failed"}`; !strings.HasSuffix(first, "\n"+want) {
			t.Errorf("answered %s, want %s", first, want)
		}
	})
}

// laterTime is a time at which some of the keys and nonces have expired.
var laterTime = testTime.Add(time.Hour)

// fullText returns the status, the headers but for Date and X-Request-Id, and the body.
func fullText(a hermesdtest.Answer) string {
	var b strings.Builder
	fmt.Fprintln(&b, a.Status)
	for _, name := range slices.Sorted(maps.Keys(a.Header)) {
		if name != "Date" && name != "X-Request-Id" {
			fmt.Fprintln(&b, name, a.Header[name])
		}
	}
	return b.String() + a.Body
}

// failedLogins returns forms of auth/login that fail at laterTime, by the reason.
func failedLogins(t *testing.T, d *deployment) map[string]string {
	t.Helper()
	d.mustCallAsAdmin(t, "auth/add_user", "user=unauthorized&password="+passwordForm)
	unauthorized := hermes.Principal{Kind: hermes.UserPrincipal, Name: "unauthorized"}
	if err := d.store.RemoveAuthorization(t.Context(), unauthorized); err != nil {
		t.Fatal(err)
	}
	newKey := func(form string) string {
		return d.mustCallAsAdmin(t, "auth/new_key", "access=full_read&"+form).Text("key")
	}
	revoked := d.mustNewKey(t, hermes.FullRead)
	d.mustCallAsAdmin(t, "auth/remove_key", "key="+revoked)
	live := d.mustNewKey(t, hermes.FullRead)
	if withChecksum(live[:len(live)-6]) != live {
		t.Fatal("API keys do not end in the checksum that withChecksum makes")
	}
	p := mustNewKeyPair(t, d)
	expired := p.mustSign(t, d.server, p.id, clientOrigin)
	reused := p.mustSign(t, d.server, p.id, clientOrigin)
	d.MustCall(t, "ok", hermesdtest.Session{}, "auth/login", reused)
	later := newServer(t, d.store, laterTime) // its nonces have not expired
	return map[string]string{
		"wrong password":                  "username=dave&password=wrong+horse",
		"unknown user":                    "username=unknown&password=" + passwordForm,
		"user name in another case":       "username=Dave&password=" + passwordForm,
		"no authorization":                "username=unauthorized&password=" + passwordForm,
		"API key as user":                 "username=" + live[:keyIDLength] + "&password=" + live,
		"wrong host":                      "api_key=" + newKey("host=192.0.2.0/24"),
		"host that does not resolve":      "api_key=" + newKey("host=nowhere.invalid"),
		"revoked key":                     "api_key=" + revoked,
		"expired key":                     "api_key=" + newKey("host=127.0.0.0/8&expires=1m"),
		"key with a wrong secret":         "api_key=" + withWrongSecret(live),
		"key with a typing error":         "api_key=" + live[:len(live)-1] + "_",
		"id of a key":                     "api_key=" + live[:keyIDLength],
		"id of a key pair":                "api_key=" + p.id,
		"text that is not a key":          "api_key=x",
		"bad signature":                   "key=" + p.id + "&nonce=" + mustChallenge(t, later, p.id) + "&signature=" + strings.Repeat("A", 86),
		"signature for another origin":    p.mustSign(t, later, p.id, "https://evil.example.com"),
		"text that is not a signature":    "key=" + p.id + "&nonce=" + mustChallenge(t, later, p.id) + "&signature=x",
		"reused nonce":                    reused,
		"expired nonce":                   expired,
		"nonce of another key":            p.sign(mustChallenge(t, later, "hek_0123456789"), p.id, clientOrigin),
		"text that is not a nonce":        p.sign("hen_x", p.id, clientOrigin),
		"unknown key pair":                p.mustSign(t, later, "hek_0123456789", clientOrigin),
		"API key instead of the key pair": p.mustSign(t, later, live[:keyIDLength], clientOrigin),
	}
}

// TestAuthLogin tests that logins like those above succeed if nothing is wrong with them.
func TestAuthLogin(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, memory{})
	p := mustNewKeyPair(t, d)
	for _, form := range []string{
		"username=dave&password=" + passwordForm,
		"api_key=" + d.mustNewKey(t, hermes.FullRead),
		p.mustSign(t, d.server, p.id, clientOrigin),
		"api_key=" + d.mustCallAsAdmin(t, "auth/new_key", "access=full_read&host=127.0.0.0/8&expires=1m").Text("key"),
	} {
		d.MustCall(t, "ok", hermesdtest.Session{}, "auth/login", form)
	}
}

// withWrongSecret returns a well-formed API key that has the id of another.
func withWrongSecret(key string) string {
	return withChecksum(key[:keyIDLength] + "_" + strings.Repeat("0", 43))
}

// clientOrigin is the origin of a Client whose options give none.
const clientOrigin = "hermes"

// keyPair is a key pair that may log in.
type keyPair struct {
	id      string
	private ed25519.PrivateKey
}

func mustNewKeyPair(t *testing.T, d *deployment) keyPair {
	t.Helper()
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	public := base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey))
	id := d.mustCallAsAdmin(t, "auth/new_key", "access=full_read&pubkey="+url.QueryEscape(public)).Text("key")
	return keyPair{id: id, private: private}
}

// mustChallenge returns a nonce for the key with that id.
func mustChallenge(t *testing.T, s *server, id string) string {
	t.Helper()
	return s.MustCall(t, "ok", hermesdtest.Session{}, "auth/challenge", "key="+id).Text("nonce")
}

// mustSign returns the form of a login with a new nonce.
func (p keyPair) mustSign(t *testing.T, s *server, id, origin string) string {
	t.Helper()
	return p.sign(mustChallenge(t, s, id), id, origin)
}

// sign returns the form of a login with a nonce.
func (p keyPair) sign(nonce, id, origin string) string {
	signature := ed25519.Sign(p.private, hermes.LoginMessage(origin, id, hermes.NewSecret(nonce)))
	return "key=" + id + "&nonce=" + nonce + "&signature=" + base64.RawURLEncoding.EncodeToString(signature)
}
