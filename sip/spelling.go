package sip

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rows of shared tables may have texts that no answer and no request can carry: bytes that are not
// UTF-8, control characters, characters that change the direction of text. [Spell] writes them so
// that every row has a text of its own, and [Unspell] reads that.

// Spell returns a user name of any program as Hermes shows it. Each byte of what is not UTF-8, of
// a control character and of a character with Unicode's property Bidi_Control is written as \x and
// two hex digits in lower case. So is a backslash that would be read as the beginning of that. All
// other texts are returned as they are.
func Spell(user string) string { return spell(user, false) }

// Unspell returns the text of which [Spell] returns s, or s itself if there is none.
func Unspell(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	text := unescape(s)
	if spell(text, false) != s && spell(text, true) != s {
		return s
	}
	return text
}

// spell is Spell, which may also write the @ of a domain: then the last @ of an address is the one
// between its parts.
func spell(s string, domain bool) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if isEscaped(r, size) || r == '@' && domain || isEscape(s[i:]) {
			for _, c := range []byte(s[i : i+size]) {
				b.WriteString(`\x` + hex.EncodeToString([]byte{c}))
			}
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// isPlain reports whether s has only bytes of well-formed addresses, as nearly all texts do.
func isPlain(s string) bool {
	for i := range len(s) {
		if !userBytes[s[i]] {
			return false
		}
	}
	return true
}

// isEscaped reports whether a rune of that size is written as escapes.
func isEscaped(r rune, size int) bool {
	return r == utf8.RuneError && size <= 1 || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

const escapeLength = len(`\x00`)

// isEscape reports whether s begins with \x and two hex digits in lower case.
func isEscape(s string) bool {
	const digits = "0123456789abcdef"
	return len(s) >= escapeLength && strings.HasPrefix(s, `\x`) &&
		strings.IndexByte(digits, s[2]) >= 0 && strings.IndexByte(digits, s[3]) >= 0
}

// unescape returns s with each escape replaced by its byte.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if !isEscape(s[i:]) {
			b.WriteByte(s[i])
			i++
			continue
		}
		c, _ := hex.DecodeString(s[i+2 : i+escapeLength])
		b.Write(c)
		i += escapeLength
	}
	return b.String()
}

// ParseAny reads any text that [Addr.String] returns, those of malformed addresses included, and
// returns the address as [Unchecked] does: nothing is checked or changed. The last @ is the one
// between the user and the domain. It returns an error if there is none, or nothing beside it.
// [Addr.Normal] applies the rules of [Parse] to the result.
func ParseAny(s string) (Addr, error) {
	i := strings.LastIndexByte(s, '@')
	if i < 0 || len(s) == 1 {
		return Addr{}, fault{part: "address", text: s, want: "user@domain"}
	}
	return Unchecked(Unspell(s[:i]), Unspell(s[i+1:])), nil
}

// JoinAny returns the address of which user and domain are the parts, written as in [ParseAny]. As
// in [Join], the user must not have the prefix "sip:".
func JoinAny(user, domain string) (Addr, error) {
	if hasScheme(user) {
		return Join(user, domain)
	}
	return Unchecked(Unspell(user), Unspell(domain)), nil
}

// Normal returns the address that [Parse] makes of the user and the domain: a leading "sip:" of the
// user is dropped, and the domain is converted to lower case.
func (a Addr) Normal() (Addr, error) {
	user := a.user
	if hasScheme(user) {
		user = user[len(scheme):]
	}
	return Join(user, a.domain)
}
