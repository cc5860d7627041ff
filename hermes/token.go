package hermes

import (
	"crypto/sha256"
	"crypto/subtle"
	"hash/crc32"
	"math/bits"
	"strings"
)

// A token is a prefix that names its kind, a base62 body, and the base62 CRC-32 of both in six
// characters. The checksum finds typing mistakes and cut tokens before the database is asked, and
// secret scanners recognize the form.
const (
	base62       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	checksumSize = 6

	sessionPrefix = "hes_"
	sessionBody   = 22 // 131 bits
	authKeyPrefix = "hea_"
	authKeyBody   = 30 // 178 bits
	cookiePrefix  = "hec_"
	cookieBody    = 43 // 256 bits
	noncePrefix   = "hen_"
	nonceBody     = 22
	apiKeyPrefix  = "hek_"
	apiKeyID      = 10                // after the prefix; prefix and id are the public id
	apiKeyBody    = apiKeyID + 1 + 43 // id, _, 256 bits
)

// newToken makes a random token.
func (c *Client) newToken(prefix string, body int) (Secret, error) {
	text, err := c.randomText(base62, body)
	return withChecksum(prefix + text), err
}

func withChecksum(s string) Secret {
	sum := [4]uint64{3: uint64(crc32.ChecksumIEEE([]byte(s)))}
	return NewSecret(s + base62Text(sum, checksumSize))
}

// wellFormed reports whether t has the length, the prefix and the checksum of a token of that kind.
func wellFormed(t Secret, prefix string, body int) bool {
	s := t.Reveal()
	if len(s) != len(prefix)+body+checksumSize || !strings.HasPrefix(s, prefix) {
		return false
	}
	return equalSecrets(withChecksum(s[:len(s)-checksumSize]), t)
}

// base62Text returns the last n base62 digits of v, whose first word is the most significant.
func base62Text(v [4]uint64, n int) string {
	text := make([]byte, n)
	for i := n - 1; i >= 0; i-- {
		var digit uint64
		for w := range v {
			v[w], digit = bits.Div64(digit, v[w], uint64(len(base62)))
		}
		text[i] = base62[digit]
	}
	return string(text)
}

func hashOf(t Secret) Hash { return sha256.Sum256([]byte(t.Reveal())) }

func equalSecrets(a, b Secret) bool {
	return subtle.ConstantTimeCompare([]byte(a.Reveal()), []byte(b.Reveal())) == 1
}

func equalHashes(a, b Hash) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }
