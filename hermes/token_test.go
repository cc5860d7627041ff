package hermes

import (
	"crypto/rand"
	"hash/crc32"
	"strings"
	"testing"
)

// kinds are the tokens with the whole length that SECURITY names for each.
var kinds = []struct {
	name, prefix string
	body, length int
}{
	{"session", sessionPrefix, sessionBody, 4 + 22 + 6},
	{"auth_key", authKeyPrefix, authKeyBody, 4 + 30 + 6},
	{"cookie", cookiePrefix, cookieBody, 4 + 43 + 6},
	{"nonce", noncePrefix, nonceBody, 4 + 22 + 6},
}

func TestTokenForm(t *testing.T) {
	c := with(t, rand.Reader)
	for _, k := range kinds {
		a, err := c.newToken(k.prefix, k.body)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := c.newToken(k.prefix, k.body)
		text := a.Reveal()
		if len(text) != k.length || !strings.HasPrefix(text, k.prefix) || strings.Trim(text[4:], base62) != "" || a == b {
			t.Errorf("%s %q: want %d characters of base62 after %s, each time others", k.name, text, k.length, k.prefix)
		}
		if !wellFormed(a, k.prefix, k.body) {
			t.Errorf("%s %q is not well formed", k.name, text)
		}
	}
}

// A checksum of 32 bits sees each wrong character.
func TestTokenChecksum(t *testing.T) {
	c := with(t, rand.Reader)
	for _, k := range kinds {
		token, err := c.newToken(k.prefix, k.body)
		if err != nil {
			t.Fatal(err)
		}
		text := token.Reveal()
		for i := range text {
			other := byte('x')
			if text[i] == other {
				other = 'y'
			}
			for _, bad := range []string{text[:i] + string(other) + text[i+1:], text[:i], text[:i] + text[i+1:], text[i:], text[:i] + "0" + text[i:]} {
				if bad != text && wellFormed(NewSecret(bad), k.prefix, k.body) {
					t.Errorf("%s %q passes as %q", k.name, text, bad)
				}
			}
		}
		for _, other := range kinds {
			if other.prefix != k.prefix && wellFormed(token, other.prefix, other.body) {
				t.Errorf("a %s passes as a %s", k.name, other.name)
			}
		}
	}
}

// The checksum is one that others can make: the base62 CRC-32 (IEEE) of all before it.
func TestChecksumVector(t *testing.T) {
	const sum = 0xcbf43926 // of the digits 1 to 9, as catalogues of CRCs have it
	if crc32.ChecksumIEEE([]byte("123456789")) != sum {
		t.Fatal("not the CRC-32 that is meant")
	}
	var digits []byte
	for v := uint64(sum); len(digits) < 6; v /= 62 {
		digits = append([]byte{base62[v%62]}, digits...)
	}
	if got := withChecksum("123456789").Reveal(); got != "123456789"+string(digits) {
		t.Errorf("got %s, want it to end with %s", got, digits)
	}
}

func TestBase62Text(t *testing.T) {
	for _, r := range []struct {
		v    uint64
		n    int
		want string
	}{{0, 1, "0"}, {0, 3, "000"}, {61, 1, "z"}, {62, 2, "10"}, {62*62 - 1, 2, "zz"}, {62 * 62, 2, "00"}, {10, 2, "0A"}, {36, 2, "0a"}} {
		if got := base62Text([4]uint64{3: r.v}, r.n); got != r.want {
			t.Errorf("%d in %d digits is %q, want %q", r.v, r.n, got, r.want)
		}
	}
	// 2^64 in base 62, as bc says, for the carry from word to word.
	if got := base62Text([4]uint64{2: 1}, 11); got != "LygHa16AHYG" {
		t.Errorf("2^64: %s, want LygHa16AHYG", got)
	}
}

func TestKeyID(t *testing.T) {
	id := apiKeyPrefix + "0123456789"
	key := withChecksum(id + "_" + strings.Repeat("a", 43))
	for _, r := range []struct {
		in   string
		id   string
		good bool
		why  string
	}{
		{key.Reveal(), id, true, "a key"},
		{id, id, true, "an id"},
		{key.Reveal()[:60], id, false, "a cut key names its id, and is none"},
		{withChecksum(id + "-" + strings.Repeat("a", 43)).Reveal(), id, false, "no underscore"},
		{id + "_", id, false, "no secret"},
		{id[:13], "", false, "a cut id"},
		{"", "", false, "nothing"},
		{"hes_0123456789", "", false, "a session"},
	} {
		got, good := keyID(NewSecret(r.in))
		if got != r.id || good != r.good {
			t.Errorf("%q: %q, %v; want %q, %v: %s", r.in, got, good, r.id, r.good, r.why)
		}
	}
}
