package hermes

import (
	"crypto/rand"
	"hash/crc32"
	"math/big"
	"strings"
	"testing"
)

type tokenKind struct {
	name, prefix string
	body, length int
}

// tokenKinds are the kinds of tokens with the length that SECURITY.md states for each.
var tokenKinds = []tokenKind{
	{"session", sessionPrefix, sessionBody, 4 + 22 + 6},
	{"auth_key", authKeyPrefix, authKeyBody, 4 + 30 + 6},
	{"cookie", cookiePrefix, cookieBody, 4 + 43 + 6},
	{"nonce", noncePrefix, nonceBody, 4 + 22 + 6},
}

func TestClient_newToken(t *testing.T) {
	t.Parallel()
	c := newTestClient(t, rand.Reader)
	for _, k := range tokenKinds {
		a, err := c.newToken(k.prefix, k.body)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := c.newToken(k.prefix, k.body)
		text := a.Reveal()
		if len(text) != k.length || !strings.HasPrefix(text, k.prefix) || strings.Trim(text[4:], base62) != "" {
			t.Errorf("%s: got %q, want %d characters: %s and then base62", k.name, text, k.length, k.prefix)
		}
		if a == b {
			t.Errorf("%s: got %q twice", k.name, text)
		}
		if !wellFormed(a.reveal(), k.prefix, k.body) {
			t.Errorf("%s: the new token %q is not well formed", k.name, text)
		}
	}
}

func TestWellFormed(t *testing.T) {
	t.Parallel()
	c := newTestClient(t, rand.Reader)
	for _, k := range tokenKinds {
		token, err := c.newToken(k.prefix, k.body)
		if err != nil {
			t.Fatal(err)
		}
		text := token.Reveal()
		for i := range text {
			other := "x"
			if text[i] == 'x' {
				other = "y"
			}
			for _, bad := range []string{
				text[:i] + other + text[i+1:], // one character replaced
				text[:i],                      // the end cut off
				text[:i] + text[i+1:],         // one character left out
				text[i:],                      // the beginning cut off
				text[:i] + "0" + text[i:],     // one character too many
			} {
				if bad != text && wellFormed([]byte(bad), k.prefix, k.body) {
					t.Errorf("%s: %q was changed to %q and is still well formed", k.name, text, bad)
				}
			}
		}
		for _, other := range tokenKinds {
			if other.prefix != k.prefix && wellFormed([]byte(text), other.prefix, other.body) {
				t.Errorf("a token of the kind %s is well formed as %s", k.name, other.name)
			}
		}
	}
}

// The checksum is the CRC-32 (IEEE) of everything before it in base62, which other programs can
// compute too.
func TestWithChecksum(t *testing.T) {
	t.Parallel()
	const sum = 0xcbf43926 // of the text 123456789, from a catalogue of CRCs
	if crc32.ChecksumIEEE([]byte("123456789")) != sum {
		t.Fatal("hash/crc32 does not compute the CRC-32 that is expected here")
	}
	var digits []byte
	for v := uint64(sum); len(digits) < 6; v /= 62 {
		digits = append([]byte{base62[v%62]}, digits...)
	}
	if got := withChecksum("123456789").Reveal(); got != "123456789"+string(digits) {
		t.Errorf("got %s, want the checksum %s at its end", got, digits)
	}
}

func TestAppendBase62(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		v    [4]uint64
		n    int
		want string
	}{
		{[4]uint64{3: 0}, 1, "0"},
		{[4]uint64{3: 0}, 3, "000"},
		{[4]uint64{3: 61}, 1, "z"},
		{[4]uint64{3: 62}, 2, "10"},
		{[4]uint64{3: 62*62 - 1}, 2, "zz"},
		{[4]uint64{3: 62 * 62}, 2, "00"},
		{[4]uint64{3: 10}, 2, "0A"},
		{[4]uint64{3: 36}, 2, "0a"},
		{[4]uint64{2: 1}, 11, "LygHa16AHYG"}, // 2^64, as bc prints it: the carry between words
	} {
		if got := string(appendBase62(nil, r.v, r.n)); got != r.want {
			t.Errorf("%d in %d digits: got %q, want %q", r.v, r.n, got, r.want)
		}
	}
}

func TestKeyID(t *testing.T) {
	t.Parallel()
	const id = apiKeyPrefix + "0123456789"
	key := withChecksum(id + "_" + strings.Repeat("a", 43)).Reveal()
	for _, r := range []struct {
		rule string
		in   string
		id   string
		ok   bool
	}{
		{"a key", key, id, true},
		{"an id", id, id, true},
		{"a key that was cut has an id, but is not a key", key[:60], id, false},
		{"a key without the underscore", withChecksum(id + "-" + strings.Repeat("a", 43)).Reveal(), id, false},
		{"a key without a secret", id + "_", id, false},
		{"an id that was cut", id[:13], "", false},
		{"an empty text", "", "", false},
		{"a session token", "hes_0123456789", "", false},
	} {
		if got, ok := keyID(NewSecret(r.in)); got != r.id || ok != r.ok {
			t.Errorf("%s: keyID(%q) = %q, %v; want %q, %v", r.rule, r.in, got, ok, r.id, r.ok)
		}
	}
}

// TestAppendBase62_anyLength compares with a division digit by digit, by math/big.
func TestAppendBase62_anyLength(t *testing.T) {
	t.Parallel()
	v := [4]uint64{0xfedcba9876543210, 0x0123456789abcdef, 0, 0xffffffffffffffff}
	value := new(big.Int)
	for _, w := range v {
		value.Lsh(value, 64).Or(value, new(big.Int).SetUint64(w))
	}
	var want []byte
	for n := range 50 {
		if got := string(appendBase62([]byte("x"), v, n)); got != "x"+string(want) {
			t.Errorf("%d digits: got %q, want x%s", n, got, want)
		}
		digit := new(big.Int)
		value.DivMod(value, big.NewInt(62), digit)
		want = append([]byte{base62[digit.Int64()]}, want...)
	}
}

// FuzzWellFormed reads any text as a token of each kind. One that is well formed has the checksum
// of its text, and is not well formed any more if a character of it changes.
func FuzzWellFormed(f *testing.F) {
	c := newTestClient(f, rand.Reader)
	for _, k := range tokenKinds {
		token, err := c.newToken(k.prefix, k.body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(token.Reveal(), uint8(7))
	}
	f.Add(apiKeyPrefix+strings.Repeat("0", apiKeyBody+checksumSize), uint8(0))
	f.Add("hes_\x00\xff", uint8(1))
	f.Fuzz(func(t *testing.T, text string, at uint8) {
		for _, k := range append(tokenKinds, tokenKind{"API key", apiKeyPrefix, apiKeyBody, len(apiKeyPrefix) + apiKeyBody + checksumSize}) {
			if !wellFormed([]byte(text), k.prefix, k.body) {
				continue
			}
			if len(text) != k.length || withChecksum(text[:len(text)-checksumSize]).Reveal() != text {
				t.Errorf("%q is a well-formed %s, but has another length or checksum", text, k.name)
			}
			other := []byte(text)
			other[int(at)%len(other)] ^= 1
			if wellFormed(other, k.prefix, k.body) {
				t.Errorf("%q and %q, which differ in one character, are both a well-formed %s", text, other, k.name)
			}
		}
	})
}

// FuzzParsePageToken reads any text as the place where a page ended. What is read is written again
// as the same text.
func FuzzParsePageToken(f *testing.F) {
	f.Add(pageToken("alice", "example.com"), uint8(2))
	f.Add(pageToken("+4773500001"), uint8(1))
	f.Add(pageToken("", "æ", "a\x01b", ""), uint8(4))
	f.Add("YQ==", uint8(1))
	f.Add("A00\r", uint8(1))
	f.Fuzz(func(t *testing.T, token string, n uint8) {
		fields, err := parsePageToken(token, int(n))
		if err != nil || token == "" {
			return
		}
		if len(fields) != int(n) || pageToken(fields...) != token {
			t.Errorf("%q as %d fields: got %q, which is %q", token, n, fields, pageToken(fields...))
		}
	})
}
