package hermes

import (
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/sip"
)

// Request is implemented by the request type of every node.
type Request interface {
	// Check reports the first fault that the request has by itself: a required field that is zero,
	// a malformed value, fields that exclude each other. It needs no store and changes nothing. It
	// returns nil or an *[Error] without a node. Every Client method calls it before it acts.
	//
	// A decoder that could not read the text of some parameters passes their names as malformed, so
	// that Check takes them as given. It need not pass those whose malformed text is itself a fault
	// with the cause Parameters, because that fault is as good as any that Check would report.
	Check(malformed ...string) error
}

// given reports whether a parameter was given: its value is not zero, or its text was malformed.
func given[T interface{ IsZero() bool }](name string, value T, malformed []string) bool {
	return !value.IsZero() || slices.Contains(malformed, name)
}

// firstError returns the first of errs that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkLimit(limit int) error {
	if limit < 0 {
		return badParameter("limit: want 1 or more")
	}
	return nil
}

// textMax is the longest free text of a user, in characters.
const textMax = 128

// CleanText reports whether s is valid UTF-8 without control characters (C0, DEL, C1) and without
// the characters that override the direction of text, which can make one name look like another.
func CleanText(s string) bool {
	// Of a long text, most bytes are ASCII, and these are decided about several times as fast.
	i := 0
	for i < len(s) && ' ' <= s[i] && s[i] <= '~' {
		i++
	}
	if s = s[i:]; !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) || overridesDirection(r) {
			return false
		}
	}
	return true
}

// overridesDirection reports whether r is an embedding, an override or an isolate of Unicode's
// UAX #9.
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

// apiUserMax is the length of the longest name of an API user, in characters.
const apiUserMax = 64

func checkAPIUser(user string) error {
	if user == "" {
		return badParameter("user: missing; want the name of an API user")
	}
	if strings.Contains(user, ":") {
		return badParameter("user %q: want a name without a colon", user)
	}
	return checkText("user", user, apiUserMax)
}

// checkNewAPIUser is checkAPIUser for a name that is about to be authorized. It refuses names that
// look like another one.
func checkNewAPIUser(user string) error {
	if err := checkAPIUser(user); err != nil {
		return err
	}
	if strings.TrimSpace(user) != user || strings.ContainsFunc(user, isFormat) {
		return badParameter("user %q: want a name without a blank at either end and without characters that are not shown", user)
	}
	return nil
}

// isFormat reports whether r is a format character of Unicode, such as the zero-width ones.
func isFormat(r rune) bool { return unicode.Is(unicode.Cf, r) }

// checkEmail accepts one plain address, or an empty text.
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

func checkHost(name string, d sip.Domain) error {
	if !d.Valid() {
		return badParameter("%s %q: want a host name or an IPv4 address", name, d)
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
