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
)

// Why a login failed is nobody's business: all that comes back is the same, but for the date and the request's number.
func TestFailedLoginsAreTheSame(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		w := newWorld(t, db)
		logins := failedLogins(w)
		var first string
		for _, why := range slices.Sorted(maps.Keys(logins)) {
			// A hermesd that has not seen any of them yet does not throttle.
			got := shown(newSite(t, w.store, afterwards).ask(caller{}, "auth/login", logins[why]))
			if first == "" {
				first = got
			}
			if diff := cmp.Diff(first, got); diff != "" {
				t.Errorf("%s (-another +this)\n%s", why, diff)
			}
		}
		if want := `{"response":"failed","cause":"unauthorized","detail":"login failed"}`; !strings.HasSuffix(first, "\n"+want) {
			t.Errorf("answered %s, want %s", first, want)
		}
	})
}

// afterwards is when some keys and nonces have expired.
func afterwards(o *hermes.Options) {
	o.Now = func() time.Time { return noon.Add(time.Hour) }
}

// shown is an answer to the byte.
func shown(a answer) string {
	var b strings.Builder
	fmt.Fprintln(&b, a.status)
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		if name != "Date" && name != "X-Request-Id" {
			fmt.Fprintln(&b, name, a.header[name])
		}
	}
	return b.String() + a.body
}

// failedLogins are forms, by why they fail.
func failedLogins(w *world) map[string]string {
	w.asAdmin("auth/add_user", "user=stranger&password=correct+horse")
	w.must(w.store.RemoveAuthorization(w.Context(), hermes.Principal{Kind: hermes.UserPrincipal, Name: "stranger"}))
	revoked := w.newKey(hermes.FullRead)
	w.asAdmin("auth/remove_key", "key="+revoked)
	live := w.newKey(hermes.FullRead)
	if checksummed(live[:len(live)-6]) != live {
		w.Fatal("keys do not end in the checksum that the test makes")
	}
	newKey := func(form string) string {
		return w.asAdmin("auth/new_key", "access=full_read&"+form).text("key")
	}
	p := newPair(w)
	unused := p.signature(w.site, p.id, origin)
	used := p.signature(w.site, p.id, origin)
	w.wants("ok", caller{}, "auth/login", used)
	// As of now, so that it has not expired.
	late := newSite(w, w.store, afterwards)
	return map[string]string{
		"wrong password":                "username=dave&password=wrong+horse",
		"unknown user":                  "username=nobody&password=correct+horse",
		"a user's name in another case": "username=Dave&password=correct+horse",
		"no authorization":              "username=stranger&password=correct+horse",
		"a key for a user":              "username=" + live[:14] + "&password=" + live,
		"wrong host":                    "api_key=" + newKey("host=192.0.2.0/24"),
		"a host that does not resolve":  "api_key=" + newKey("host=nowhere.invalid"),
		"revoked key":                   "api_key=" + revoked,
		"expired key":                   "api_key=" + newKey("host=127.0.0.0/8&expires=1m"),
		"a key with a wrong secret":     "api_key=" + wrongSecret(live),
		"a key with a typo":             "api_key=" + live[:len(live)-1] + "_",
		"a key's public id":             "api_key=" + live[:14],
		"the id of a key pair":          "api_key=" + p.id,
		"no key at all":                 "api_key=x",
		"bad signature":                 "key=" + p.id + "&nonce=" + p.nonce(late, p.id) + "&signature=" + strings.Repeat("A", 86),
		"a signature of another origin": p.signature(late, p.id, "https://evil.example.com"),
		"no signature at all":           "key=" + p.id + "&nonce=" + p.nonce(late, p.id) + "&signature=x",
		"reused nonce":                  used,
		"expired nonce":                 unused,
		"a nonce of another key":        p.signed(p.nonce(late, "hek_0123456789"), p.id, origin),
		"a nonce of nobody":             p.signed("hen_x", p.id, origin),
		"a key pair of nobody":          p.signature(late, "hek_0123456789", origin),
		"a bearer key for a pair":       p.signature(late, live[:14], origin),
	}
}

// wrongSecret is a key that is well-formed, with the id of another.
func wrongSecret(key string) string {
	body := key[:len("hek_0123456789_")] + strings.Repeat("0", 43)
	return checksummed(body)
}

// origin is that of a Client without one.
const origin = "hermes"

// pair is a key pair that may log in.
type pair struct {
	id      string
	private ed25519.PrivateKey
}

func newPair(w *world) pair {
	w.Helper()
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	public := base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey))
	return pair{w.asAdmin("auth/new_key", "access=full_read&pubkey="+url.QueryEscape(public)).text("key"), private}
}

func (p pair) nonce(s *site, id string) string {
	s.Helper()
	return s.wants("ok", caller{}, "auth/challenge", "key="+id).text("nonce")
}

// signature is the form of a login as a key, for an origin.
func (p pair) signature(s *site, id, origin string) string {
	s.Helper()
	return p.signed(p.nonce(s, id), id, origin)
}

func (p pair) signed(nonce, id, origin string) string {
	signature := ed25519.Sign(p.private, hermes.LoginMessage(origin, id, hermes.NewSecret(nonce)))
	return "key=" + id + "&nonce=" + nonce + "&signature=" + base64.RawURLEncoding.EncodeToString(signature)
}

// Logins of the same kinds succeed where nothing is wrong with them.
func TestLoginsThatAreRight(t *testing.T) {
	w := newWorld(t, memory{})
	p := newPair(w)
	for _, form := range []string{"username=dave&password=correct+horse", "api_key=" + w.newKey(hermes.FullRead), p.signature(w.site, p.id, origin),
		"api_key=" + w.asAdmin("auth/new_key", "access=full_read&host=127.0.0.0/8&expires=1m").text("key")} {
		w.wants("ok", caller{}, "auth/login", form)
	}
}
