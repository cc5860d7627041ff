package hermes

import (
	"crypto/md5"
	"encoding/hex"

	"github.com/hermes-voip/go-hermes/sip"
)

// kamailioHashes returns what Kamailio's auth_db compares: ha1 is the MD5 of
// user:domain:password (RFC 2617's A1), ha1b that of user@domain:domain:password, for phones
// that put the domain into the user name. MD5 is the protocol's choice.
func kamailioHashes(a sip.Addr, password Secret) (ha1, ha1b string) {
	domain, clear := a.Domain().String(), password.Reveal()
	return md5hex(a.User() + ":" + domain + ":" + clear), md5hex(a.String() + ":" + domain + ":" + clear)
}

func md5hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// passwordAlphabet leaves out what is mistaken for something else on a phone's display:
// 0 O o, 1 I l. Twenty of these 56 are 116 bits.
const (
	passwordAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"
	passwordLength   = 20
)

func (c *core) generatePassword() (Secret, error) {
	text, err := c.randomText(passwordAlphabet, passwordLength)
	return NewSecret(text), err
}

// randomText draws n characters of alphabet, each as likely as any other: bytes past the last
// whole multiple of its length are thrown away.
func (c *core) randomText(alphabet string, n int) (string, error) {
	text := make([]byte, 0, n)
	most := 256 - 256%len(alphabet)
	for len(text) < n {
		draw, err := c.random(n)
		if err != nil {
			return "", err
		}
		for _, b := range draw {
			if int(b) < most && len(text) < n {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(text), nil
}
