package hermes

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"time"
)

// A nonce proves by itself that this server made it, so that none is stored before it has been
// used. Its body is the time when it expires, in milliseconds since 1970; random characters, by
// which the nonces of one millisecond differ; and an HMAC over the key's id and both.
const (
	nonceTTL    = 60 * time.Second
	nonceTime   = 7 // base62 digits: enough until the year 2081
	nonceRandom = 5
	nonceMAC    = nonceBody - nonceTime - nonceRandom // 59 bits

	maxClockSkew = 10 * time.Second // of the servers over one database
)

// newNonce makes a nonce for a key's id.
func (c *Client) newNonce(key string) (Secret, error) {
	random, err := c.randomText(base62, nonceRandom)
	if err != nil {
		return Secret{}, err
	}
	expires := uint64(c.now().Add(nonceTTL).UnixMilli())
	token := appendBase62([]byte(noncePrefix), [4]uint64{3: expires}, nonceTime)
	token = append(token, random...)
	return NewSecret(string(appendChecksum(appendNonceMAC(token, c.keys[0].nonces, key)))), nil
}

// appendNonceMAC appends to a nonce, which ends before it, the HMAC for a key's id.
func appendNonceMAC(token, secret []byte, key string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write(token)
	mac.Write([]byte(key))
	sum := mac.Sum(nil)
	var v [4]uint64
	for i := range v {
		v[i] = binary.BigEndian.Uint64(sum[8*i:])
	}
	return appendBase62(token, v, nonceMAC)
}

// nonceExpiry returns when a nonce expires. It returns false for a nonce that has expired, and for
// one that was not made for the key's id, under any of the secret keys. It refuses a nonce from the
// future as well: the wall clock was set back, and the nonce may have been used and forgotten.
func (c *Client) nonceExpiry(key string, nonce Secret) (time.Time, bool) {
	token := nonce.reveal()
	if !wellFormed(token, noncePrefix, nonceBody) || !c.isNonce(key, token) {
		return time.Time{}, false
	}
	digits := token[len(noncePrefix):][:nonceTime]
	expires, now := time.UnixMilli(base62Value(digits)).UTC(), c.now()
	return expires, now.Before(expires) && !expires.After(now.Add(nonceTTL+maxClockSkew))
}

func (c *Client) isNonce(key string, token []byte) bool {
	n := len(noncePrefix) + nonceTime + nonceRandom
	var room [len(noncePrefix) + nonceBody]byte
	for _, k := range c.keys {
		own := appendNonceMAC(append(room[:0], token[:n]...), k.nonces, key)
		if subtle.ConstantTimeCompare(own, token[:len(own)]) == 1 {
			return true
		}
	}
	return false
}
