package hermes

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/sip"
)

func secretKey(t *testing.T, fill string) SecretKey {
	t.Helper()
	k, err := ParseSecretKey(base64.StdEncoding.EncodeToString([]byte(strings.Repeat(fill, 32))))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var (
	sealedFor = sip.MustParse("alice@example.com")
	sealedIt  = NewSecret("wonderland ø")
)

func seal(t *testing.T, c *Client) string {
	t.Helper()
	sealed, err := c.sealPassword(sealedFor, sealedIt)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSeal(t *testing.T) {
	a, b := secretKey(t, "a"), secretKey(t, "b")
	byA := seal(t, with(t, rand.Reader, a))
	other := seal(t, with(t, rand.Reader, a))
	if byA == other || strings.Contains(byA, sealedIt.Reveal()) {
		t.Error("the same password is sealed to the same text, or shows through")
	}
	for _, r := range []struct {
		why  string
		keys []SecretKey
		addr sip.Addr
		good bool
	}{
		{"the key that sealed it", []SecretKey{a}, sealedFor, true},
		{"an older key, after a rotation", []SecretKey{b, a}, sealedFor, true},
		{"another key", []SecretKey{b}, sealedFor, false},
		{"another row", []SecretKey{a}, sip.MustParse("bob@example.com"), false},
		{"another user of the same letters", []SecretKey{a}, sip.MustParse("Alice@example.com"), false},
	} {
		got, err := with(t, rand.Reader, r.keys...).openPassword(r.addr, byA)
		if r.good && (err != nil || got != sealedIt) {
			t.Errorf("%s: got %q, %v", r.why, got.Reveal(), err)
		}
		if !r.good && (!got.IsZero() || asError(err).Cause != Internal || !strings.Contains(asError(err).Err.Error(), r.addr.String())) {
			t.Errorf("%s: got %q, %v; want a fault that names the row in the log", r.why, got.Reveal(), err)
		}
	}
}

func TestSealTampered(t *testing.T) {
	c := with(t, rand.Reader, secretKey(t, "a"))
	whole := seal(t, c)
	for n := range len(whole) {
		if got, err := c.openPassword(sealedFor, whole[:n]); err == nil {
			t.Errorf("cut to %d of %d bytes it opens as %q", n, len(whole), got.Reveal())
		}
	}
	if got, err := c.openPassword(sealedFor, whole+"\x00"); err == nil {
		t.Errorf("with a byte more it opens as %q", got.Reveal())
	}
	for i := range 8 * len(whole) {
		flipped := []byte(whole)
		flipped[i/8] ^= 1 << (i % 8)
		if got, err := c.openPassword(sealedFor, string(flipped)); err == nil {
			t.Errorf("with bit %d flipped it opens as %q", i, got.Reveal())
		}
	}
}

func TestParseSecretKey(t *testing.T) {
	k, err := NewSecretKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := k.Reveal()
	for _, in := range []string{text, strings.TrimRight(text, "="), " " + text + "\n"} {
		if got, err := ParseSecretKey(in); err != nil || got != k {
			t.Errorf("%q: %v, want the key again", in, err)
		}
	}
	for _, r := range []struct{ in, why string }{
		{"", "nothing"}, {text[:len(text)-4], "cut"}, {text + text, "twice"}, {"*" + text[1:], "no base64"},
		{strings.Repeat("A", 42) + "B", "bits that no encoder sets"}, {strings.Repeat("A", 40), "30 bytes"},
	} {
		if _, err := ParseSecretKey(r.in); err == nil || r.in != "" && strings.Contains(err.Error(), r.in) {
			t.Errorf("%v: want an error that does not quote the key: %s", err, r.why)
		}
	}
	if _, err := NewSecretKey(strings.NewReader("short")); err == nil {
		t.Error("a key was made of 5 bytes")
	}
	if _, err := newKeyring(nil, &Options{SecretKeys: []SecretKey{{}}}); err == nil {
		t.Error("the zero key was taken")
	}
}

// The vectors come from another implementation of HKDF, HMAC and AES-GCM: databases hold what was made so, and
// another derivation could not read them.
func TestDerivation(t *testing.T) {
	c := with(t, rand.Reader, secretKey(t, "a"))
	sealed, err := base64.StdEncoding.DecodeString("AfaS2d4AAQIDBAUGBwgJCgvwf+CqhK3hz47Zr6XT1/H60BQUk4EgXAkPZFsNHA==")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.openPassword(sealedFor, string(sealed)); err != nil || got != sealedIt {
		t.Errorf("sealed password: %q, %v; want %q", got.Reveal(), err, sealedIt.Reveal())
	}
	s := Session{ID: hashOf(NewSecret("session")), Salt: "0123456789abcdef"}
	if got := authKey(c.keys[0], s, 3).Reveal(); got != "hea_JYjiu8ZVTtbgtQOyUgOv6BZIxuZWw61K0VO3" {
		t.Errorf("auth_key of generation 3: %s", got)
	}
}
