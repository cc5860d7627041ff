package mac

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
)

// AppendText appends the text of [Addr.String] to b. Its error is always nil.
func (a Addr) AppendText(b []byte) ([]byte, error) {
	if a.IsZero() {
		return b, nil
	}
	v := a.v
	octets := [6]byte{byte(v >> 40), byte(v >> 32), byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
	return hex.AppendEncode(b, octets[:]), nil
}

// MarshalText returns the text of [Addr.String]. Its error is always nil.
func (a Addr) MarshalText() ([]byte, error) { return a.AppendText(nil) }

// UnmarshalText sets a to the address that [Unchecked] reads, or to the zero Addr if text is empty.
// If it returns an error, a is unchanged. Check [Addr.Valid] where an address is stored.
func (a *Addr) UnmarshalText(text []byte) error { return set(a, text) }

// Scan implements [database/sql.Scanner] for a text column. NULL sets a to the zero Addr, and
// other values follow the rules of [Addr.UnmarshalText].
func (a *Addr) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*a = Addr{}
		return nil
	case string:
		return set(a, v)
	case []byte:
		return set(a, v)
	}
	return fmt.Errorf("mac: column of type %T: want text or NULL", src)
}

// Value implements [driver.Valuer]. It returns the text of [Addr.String], or NULL for the zero
// Addr.
func (a Addr) Value() (driver.Value, error) {
	if a.IsZero() {
		return nil, nil
	}
	return a.String(), nil
}

func set[T string | []byte](a *Addr, s T) error {
	v, ok := parse(s)
	if !ok && len(s) > 0 {
		return malformedError(s)
	}
	*a = v
	return nil
}
