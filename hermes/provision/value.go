package provision

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/hermes"
)

// maxPort is the largest port.
const maxPort = 65535

// check returns an error if a vendor's file cannot carry what f says. The error names the field,
// and never its value.
func (v vendor) check(f hermes.PhoneFile) error {
	if err := v.checkText("URL", f.URL.Reveal()); err != nil {
		return err
	}
	if err := v.checkText("model", f.Model); err != nil {
		return err
	}
	last := 0
	for _, l := range f.Lines {
		if l.Number < 1 || l.Number > hermes.MaxLines {
			return fmt.Errorf("line %d: number: want 1 to %d", l.Number, hermes.MaxLines)
		}
		if l.Number <= last {
			return fmt.Errorf("line %d: number: want the lines in order, each once", l.Number)
		}
		last = l.Number
		if err := v.checkLine(l); err != nil {
			return fmt.Errorf("line %d: %w", l.Number, err)
		}
	}
	return nil
}

// checkLine checks the fields of a line that is on. The others are not used.
func (v vendor) checkLine(l hermes.FileLine) error {
	if !l.On {
		return nil
	}
	for _, field := range []struct{ name, value string }{
		{"label", l.Label},
		{"display name", l.DisplayName},
		{"user", l.User},
		{"authentication name", l.Auth},
		{"domain", l.Domain.String()},
		{"password", l.Password.Reveal()},
		{"proxy", l.Proxy.String()},
		{"dialplan", l.Dialplan},
	} {
		if err := v.checkText(field.name, field.value); err != nil {
			return err
		}
	}
	for _, field := range []struct {
		name  string
		value int
	}{{"port", l.Port}, {"proxy port", l.ProxyPort}} {
		if field.value < 0 || field.value > maxPort {
			return fmt.Errorf("%s: want 0 to %d", field.name, maxPort)
		}
	}
	return nil
}

// yealinkNull is what Yealink's phones read as "the factory's value".
const yealinkNull = "%NULL%"

// checkText checks a value of any kind of file, and then what lines of key = value cannot carry:
// the phone cuts white space at both ends.
func (v vendor) checkText(field, s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s: want valid UTF-8", field)
	}
	if strings.ContainsFunc(s, unprintable) {
		return fmt.Errorf("%s: want no control characters, line breaks, or characters that XML does not have", field)
	}
	if v.form != keyValue {
		return nil
	}
	if strings.TrimSpace(s) != s {
		return fmt.Errorf("%s: want no spaces at either end, since this vendor's phones cut them", field)
	}
	if s == yealinkNull {
		return fmt.Errorf("%s: want something else than %s, by which this vendor's phones mean no value", field, yealinkNull)
	}
	return nil
}

// unprintable reports whether a character is a control character, breaks a line, or is none in XML.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufffe' || r == '\uffff'
}
