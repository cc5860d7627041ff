package hermes

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"strings"
	"sync"
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

func withChecksum(s string) Secret { return NewSecret(string(appendChecksum([]byte(s)))) }

// appendChecksum appends the checksum of token to it.
func appendChecksum(token []byte) []byte {
	return appendBase62(token, checksum(token), checksumSize)
}

func checksum(token []byte) [4]uint64 { return [4]uint64{3: uint64(crc32.ChecksumIEEE(token))} }

// wellFormed reports whether t has the length, the prefix and the checksum of a token of that kind.
func wellFormed(t []byte, prefix string, body int) bool {
	n := len(prefix) + body
	if len(t) != n+checksumSize || string(t[:len(prefix)]) != prefix {
		return false
	}
	var room [checksumSize]byte
	return subtle.ConstantTimeCompare(appendBase62(room[:0], checksum(t[:n]), checksumSize), t[n:]) == 1
}

// appendBase62 appends the last n base62 digits of v, whose first word is the most significant.
func appendBase62(b []byte, v [4]uint64, n int) []byte {
	// A division of all words is slow, so each one is for as many digits as a word can hold.
	const digits, chunk = 10, 62 * 62 * 62 * 62 * 62 * 62 * 62 * 62 * 62 * 62
	b = append(b, make([]byte, n)...)
	for text := b[len(b)-n:]; len(text) > 0; {
		var rest uint64
		for w := range v {
			v[w], rest = bits.Div64(rest, v[w], chunk)
		}
		for range min(digits, len(text)) {
			last := len(text) - 1
			text[last] = base62[rest%uint64(len(base62))]
			rest /= uint64(len(base62))
			text = text[:last]
		}
	}
	return b
}

// signer computes auth keys with the key that is derived for them from a secret key. It keeps what
// it allocated for the next time, because every call of the API needs it.
type signer struct {
	authenticator
	idle sync.Pool // of *signing
}

// signing is the memory for one computation.
type signing struct{ message, text []byte }

// appendAuthKey appends the auth_key of a generation to b. It is not stored anywhere, and a
// repeated ping can still return it again.
func (k *signer) appendAuthKey(b []byte, s Session, gen int64) []byte {
	x, ok := k.idle.Get().(*signing)
	if !ok {
		x = new(signing)
	}
	defer k.idle.Put(x)
	x.message = append(append(x.message[:0], s.ID[:]...), s.Salt...)
	x.message = binary.BigEndian.AppendUint64(x.message, uint64(gen))
	sum := k.mac(x.message)
	var v [4]uint64
	for i := range v {
		v[i] = binary.BigEndian.Uint64(sum[8*i:])
	}
	x.text = appendChecksum(appendBase62(append(x.text[:0], authKeyPrefix...), v, authKeyBody))
	return append(b, x.text...)
}

// authKey returns the auth_key of a generation.
func (k *signer) authKey(s Session, gen int64) Secret {
	return NewSecret(string(k.appendAuthKey(nil, s, gen)))
}

func hashOf(t Secret) Hash { return sha256.Sum256(t.reveal()) }

func equalHashes(a, b Hash) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }

// base62Value returns the number that appendBase62 wrote as digits.
func base62Value(digits []byte) (v int64) {
	for _, d := range digits {
		v = v*int64(len(base62)) + int64(strings.IndexByte(base62, d))
	}
	return v
}
