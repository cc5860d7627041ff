package hermes

import "encoding/json"

// Opt is a value that may be absent, where absent and empty differ: user/update leaves an
// absent field alone and empties an empty one. The zero value is absent. In JSON it is its value; give
// the field the omitzero option.
type Opt[T any] struct {
	Value T
	Set   bool
}

// Some returns v as a value that is present.
func Some[T any](v T) Opt[T] { return Opt[T]{v, true} }

// IsZero tells whether the value is absent.
func (o Opt[T]) IsZero() bool { return !o.Set }

// MarshalJSON writes the value.
func (o Opt[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.Value) }

// UnmarshalJSON reads the value, which is then present.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	o.Set = true
	return json.Unmarshal(b, &o.Value)
}
