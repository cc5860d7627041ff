package hermes

import (
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// Secret is a text that must not be printed, logged or encoded by accident: passwords, keys,
// tokens. It compares with ==; the zero value is an empty secret.
//
// The text is kept behind a pointer: fmt prints what is in unexported fields without asking methods,
// and with the wrong verb anything. All that it finds there is an address.
type Secret struct{ text unique.Handle[string] }

const redacted = "[secret]"

// NewSecret wraps text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{unique.Make(text)}
}

// Reveal is the only way to the text.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.text.Value()
}

// IsZero tells whether the secret is empty.
func (s Secret) IsZero() bool { return s == Secret{} }

// String returns [secret].
func (s Secret) String() string { return redacted }

// GoString returns [secret].
func (s Secret) GoString() string { return redacted }

// Format prints [secret] for every verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue returns [secret].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns "[secret]"; hermes/api writes the text where an answer is made of it.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// UnmarshalText takes the text as it is.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}
