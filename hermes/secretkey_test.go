package hermes

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/sip"
)

// repeatedSecretKey returns the key whose 32 bytes are those of char.
func repeatedSecretKey(t *testing.T, char string) SecretKey {
	t.Helper()
	k, err := ParseSecretKey(base64.StdEncoding.EncodeToString([]byte(strings.Repeat(char, 32))))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var (
	sealedAddr     = sip.MustParse("alice@example.com")
	sealedPassword = NewSecret("wonderland ø")
)

// mustSealPassword seals sealedPassword for sealedAddr.
func mustSealPassword(t *testing.T, c *Client) string {
	t.Helper()
	sealed, err := c.sealPassword(sealedAddr, sealedPassword)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestClient_sealPassword(t *testing.T) {
	t.Parallel()
	c := newTestClient(t, rand.Reader, repeatedSecretKey(t, "a"))
	a, b := mustSealPassword(t, c), mustSealPassword(t, c)
	if a == b {
		t.Error("the same password was sealed to the same text twice")
	}
	if strings.Contains(a, sealedPassword.Reveal()) {
		t.Error("the sealed text contains the password")
	}
}

func TestClient_openPassword(t *testing.T) {
	t.Parallel()
	a, b := repeatedSecretKey(t, "a"), repeatedSecretKey(t, "b")
	sealed := mustSealPassword(t, newTestClient(t, rand.Reader, a))
	for _, r := range []struct {
		rule  string
		keys  []SecretKey
		addr  sip.Addr
		opens bool
	}{
		{"the key that sealed it", []SecretKey{a}, sealedAddr, true},
		{"an older key, after a rotation", []SecretKey{b, a}, sealedAddr, true},
		{"another key", []SecretKey{b}, sealedAddr, false},
		{"another address", []SecretKey{a}, sip.MustParse("bob@example.com"), false},
		{"the same address in another case", []SecretKey{a}, sip.MustParse("Alice@example.com"), false},
	} {
		got, err := newTestClient(t, rand.Reader, r.keys...).openPassword(r.addr, sealed)
		if r.opens {
			if err != nil || got != sealedPassword {
				t.Errorf("%s: got %q, %v; want %q", r.rule, got.Reveal(), err, sealedPassword.Reveal())
			}
			continue
		}
		if !got.IsZero() || asError(err).Cause != Internal || !strings.Contains(asError(err).Err.Error(), r.addr.String()) {
			t.Errorf("%s: got %q, %v; want %s with an inner error that names the address", r.rule, got.Reveal(), err, Internal)
		}
	}
}

func TestClient_openPassword_tampered(t *testing.T) {
	t.Parallel()
	c := newTestClient(t, rand.Reader, repeatedSecretKey(t, "a"))
	whole := mustSealPassword(t, c)
	for n := range len(whole) {
		if got, err := c.openPassword(sealedAddr, whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes open as %q", n, len(whole), got.Reveal())
		}
	}
	if got, err := c.openPassword(sealedAddr, whole+"\x00"); err == nil {
		t.Errorf("the text with another byte at its end opens as %q", got.Reveal())
	}
	for i := range 8 * len(whole) {
		flipped := []byte(whole)
		flipped[i/8] ^= 1 << (i % 8)
		if got, err := c.openPassword(sealedAddr, string(flipped)); err == nil {
			t.Errorf("the text with bit %d flipped opens as %q", i, got.Reveal())
		}
	}
}

func TestParseSecretKey(t *testing.T) {
	t.Parallel()
	k, err := NewSecretKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := k.Reveal()
	for _, in := range []string{text, strings.TrimRight(text, "="), " " + text + "\n"} {
		if got, err := ParseSecretKey(in); err != nil || got != k {
			t.Errorf("%q: got %v, want the key", in, err)
		}
	}
	for _, r := range []struct{ rule, in string }{
		{"an empty text", ""},
		{"a key that was cut", text[:len(text)-4]},
		{"two keys", text + text},
		{"a character that is not base64", "*" + text[1:]},
		{"bits that no encoder sets", strings.Repeat("A", 42) + "B"},
		{"30 bytes", strings.Repeat("A", 40)},
	} {
		if _, err := ParseSecretKey(r.in); err == nil || r.in != "" && strings.Contains(err.Error(), r.in) {
			t.Errorf("%s: got %v, want an error that does not quote the key", r.rule, err)
		}
	}
}

func TestNewSecretKey_shortSource(t *testing.T) {
	t.Parallel()
	if _, err := NewSecretKey(strings.NewReader("short")); err == nil {
		t.Error("a key was made from 5 bytes")
	}
}

func TestNewKeyring_zeroKey(t *testing.T) {
	t.Parallel()
	if _, err := newKeyring(nil, &Options{SecretKeys: []SecretKey{{}}}); err == nil {
		t.Error("the zero key was accepted")
	}
}

// The expected values were made by another implementation of HKDF, HMAC and AES-GCM. Databases hold
// values that were derived like this, and a changed derivation could not read them.
func TestDerive(t *testing.T) {
	t.Parallel()
	c := newTestClient(t, rand.Reader, repeatedSecretKey(t, "a"))
	sealed, err := base64.StdEncoding.DecodeString("AfaS2d4AAQIDBAUGBwgJCgvwf+CqhK3hz47Zr6XT1/H60BQUk4EgXAkPZFsNHA==")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.openPassword(sealedAddr, string(sealed)); err != nil || got != sealedPassword {
		t.Errorf("the sealed password opens as %q, %v; want %q", got.Reveal(), err, sealedPassword.Reveal())
	}
	s := Session{ID: hashOf(NewSecret("session")), Salt: "0123456789abcdef"}
	if got := c.keys[0].sign.authKey(s, 3).Reveal(); got != "hea_JYjiu8ZVTtbgtQOyUgOv6BZIxuZWw61K0VO3" {
		t.Errorf("the auth_key of generation 3 is %s", got)
	}
}
