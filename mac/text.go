package mac

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
)

// AppendText appends String's text.
func (a Addr) AppendText(b []byte) ([]byte, error) {
	if a.IsZero() {
		return b, nil
	}
	octets := a.octets()
	return hex.AppendEncode(b, octets[:]), nil
}

func (a Addr) octets() [6]byte {
	return [6]byte{byte(a.v >> 40), byte(a.v >> 32), byte(a.v >> 24), byte(a.v >> 16), byte(a.v >> 8), byte(a.v)}
}

// MarshalText returns String's text.
func (a Addr) MarshalText() ([]byte, error) { return a.AppendText(nil) }

// UnmarshalText reads what Parse accepts; an empty text sets zero. On an error a is unchanged.
func (a *Addr) UnmarshalText(text []byte) error { return set(a, text) }

// Scan implements sql.Scanner for a text column, by UnmarshalText's rules; NULL sets zero.
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

// Value implements driver.Valuer: String's text, and NULL for the zero Addr.
func (a Addr) Value() (driver.Value, error) {
	if a.IsZero() {
		return nil, nil
	}
	return a.String(), nil
}

func set[T string | []byte](a *Addr, s T) error {
	v, ok := parse(s)
	if !ok && len(s) > 0 {
		return malformed(string(s))
	}
	*a = v
	return nil
}
