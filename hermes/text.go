package hermes

import (
	"net/mail"
	"net/url"
	"unicode"
	"unicode/utf8"
)

// textMax is the longest free text of a user, in characters.
const textMax = 128

// CleanText tells whether s is valid UTF-8 without control characters (C0, DEL, C1) and
// without those that override the direction of text, which can make a name look like another.
func CleanText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) || overridesDirection(r) {
			return false
		}
	}
	return true
}

// overridesDirection names the embeddings, overrides and isolates of Unicode's UAX #9.
func overridesDirection(r rune) bool {
	return '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}

func checkText(name, s string, most int) error {
	if !CleanText(s) {
		return badParameter("%s: want UTF-8 without control characters", name)
	}
	if utf8.RuneCountInString(s) > most {
		return badParameter("%s: want at most %d characters", name, most)
	}
	return nil
}

func checkEmail(s string) error {
	if s == "" {
		return nil
	}
	if err := checkText("email", s, textMax); err != nil {
		return err
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s {
		return badParameter("email %q: want one plain address, such as user@example.com", s)
	}
	return nil
}

func checkPort(name string, port int) error {
	if port < 1 || port > 65535 {
		return badParameter("%s: want a port from 1 to 65535", name)
	}
	return nil
}

func checkURL(name, s string) error {
	if err := checkText(name, s, 255); err != nil {
		return err
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return badParameter("%s %q: want an http or https URL", name, s)
	}
	return nil
}

// Password rules. A SIP password is typed on desk phones and travels in digests, so it is
// ASCII; a remote account's was chosen by others; an API user's may be of any script.
func checkSIPPassword(p Secret) error {
	s := p.Reveal()
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return badParameter("password: want printable ASCII characters")
		}
	}
	if len(s) < 8 || len(s) > 64 {
		return badParameter("password: want 8 to 64 characters")
	}
	return nil
}

func checkRemotePassword(p Secret) error { return checkSecret("password", p, 1, 64) }

func checkAPIPassword(name string, p Secret) error { return checkSecret(name, p, 8, 128) }

func checkSecret(name string, p Secret, least, most int) error {
	s := p.Reveal()
	n := utf8.RuneCountInString(s)
	if !CleanText(s) || n < least || n > most {
		return badParameter("%s: want %d to %d characters, none of them a control character", name, least, most)
	}
	return nil
}
