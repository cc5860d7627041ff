package e164

import (
	"database/sql/driver"
	"fmt"
)

// AppendText appends the text of [Number.String] to b. Its error is always nil.
func (n Number) AppendText(b []byte) ([]byte, error) {
	if n.IsZero() {
		return b, nil
	}
	var text [maxDigits + 1]byte
	text[0] = '+'
	digits, v := n.Digits(), n.integer()
	for i := digits; i > 0; i-- {
		text[i] = '0' + byte(v%10)
		v /= 10
	}
	return append(b, text[:digits+1]...), nil
}

// MarshalText returns the text of [Number.String]. Its error is always nil.
func (n Number) MarshalText() ([]byte, error) { return n.AppendText(nil) }

// UnmarshalText sets n to the number that [Parse] reads, or to the zero Number if text is empty. If
// it returns an error, n is unchanged.
func (n *Number) UnmarshalText(text []byte) error { return set(n, text) }

// Scan implements [database/sql.Scanner] for a text column. NULL sets n to the zero Number, and
// other values follow the rules of [Number.UnmarshalText].
func (n *Number) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*n = Number{}
		return nil
	case string:
		return set(n, v)
	case []byte:
		return set(n, v)
	}
	return fmt.Errorf("e164: column of type %T: want text or NULL", src)
}

// Value implements [driver.Valuer]. It returns the text of [Number.String], or NULL for the zero
// Number.
func (n Number) Value() (driver.Value, error) {
	if n.IsZero() {
		return nil, nil
	}
	return n.String(), nil
}

func set[T string | []byte](n *Number, s T) error {
	v, ok := parse(s)
	if !ok && len(s) > 0 {
		return malformedError(s)
	}
	*n = v
	return nil
}
