package hermes

import (
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// Secret is a text that must not be printed, logged or encoded by accident: a password, a key, a
// token. It compares with ==. The zero value is an empty secret.
type Secret struct {
	// The text is behind a pointer, because fmt prints unexported fields without calling their
	// methods, and with a wrong verb any field. It finds an address here.
	text unique.Handle[string]
}

const redacted = "[secret]"

// NewSecret wraps text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: unique.Make(text)}
}

// Reveal returns the text. It is the only way to get it.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.text.Value()
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s == Secret{} }

// String returns [secret].
func (s Secret) String() string { return redacted }

// GoString returns [secret].
func (s Secret) GoString() string { return redacted }

// Format prints [secret] for every verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue returns [secret].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns "[secret]". Package api writes the text itself into the answers that carry
// it.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// UnmarshalText takes the text as it is.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}
