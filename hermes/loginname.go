package hermes

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// limitKey names what a limit counts. It has a fixed size, so that no table keeps anything that a
// client sent.
type limitKey [16]byte

// limitKeys makes the keys of all limits: by user, by network, and by both.
type limitKeys struct {
	secret []byte // so that no client can choose names that share a key
}

func newLimitKeys(secret []byte) limitKeys { return limitKeys{secret: secret} }

func (k limitKeys) user(name string) limitKey { return k.sum("user", foldName(name), "") }

func (k limitKeys) network(a netip.Addr) limitKey { return k.sum("network", "", network(a)) }

// pair returns the key of a user in a network, which is a text that [network] made.
func (k limitKeys) pair(name, network string) limitKey { return k.sum("pair", foldName(name), network) }

func (k limitKeys) sum(kind, name, network string) (key limitKey) {
	mac := hmac.New(sha256.New, k.secret)
	mac.Write([]byte(kind + "\x00" + network + "\x00" + name))
	copy(key[:], mac.Sum(nil))
	return key
}

// network returns [NetworkOf] as a text, without the length of a single address.
func network(a netip.Addr) string {
	if p := NetworkOf(a); !p.IsSingleIP() {
		return p.String()
	}
	return a.Unmap().WithZone("").String()
}

// foldName maps the spellings of a name that a directory may take for the same user to one: upper
// and lower case, compatibility characters such as full-width letters, accents composed or not,
// white space, and characters that are not shown (RFC 4518, section 2). It may map different users
// to one as well; they share their limits then. All names that are longer than any user's become
// one.
func foldName(name string) string {
	if len(name) > apiUserMax*utf8.UTFMax {
		return ""
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(name) {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Z, unicode.Cc, unicode.Cf):
		case r == 'ß' || r == 'ẞ':
			b.WriteString("ss")
		default:
			b.WriteRune(unicode.ToLower(unicode.ToUpper(r)))
		}
	}
	return b.String()
}
