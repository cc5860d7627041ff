package sip

import (
	"database/sql/driver"
	"fmt"
)

// AppendText appends the text of [Addr.String] to b. Its error is always nil.
func (a Addr) AppendText(b []byte) ([]byte, error) {
	if a.IsZero() {
		return b, nil
	}
	b = append(b, a.user...)
	b = append(b, '@')
	return append(b, a.domain...), nil
}

// MarshalText returns the text of [Addr.String]. Its error is always nil.
func (a Addr) MarshalText() ([]byte, error) { return a.AppendText(nil) }

// UnmarshalText sets a to the address that [Parse] reads, or to the zero Addr if text is empty. If
// it returns an error, a is unchanged.
func (a *Addr) UnmarshalText(text []byte) error { return a.set(string(text)) }

// Scan implements [database/sql.Scanner] for a text column. NULL sets a to the zero Addr, and other
// values follow the rules of [Addr.UnmarshalText]. To read rows whose addresses may be malformed,
// scan strings and pass them to [Unchecked].
func (a *Addr) Scan(src any) error {
	s, err := columnText(src)
	if err != nil {
		return err
	}
	return a.set(s)
}

// Value implements [driver.Valuer]. It returns the text of [Addr.String], or NULL for the zero
// Addr.
func (a Addr) Value() (driver.Value, error) {
	if a.IsZero() {
		return nil, nil
	}
	return a.String(), nil
}

func (a *Addr) set(s string) error {
	if s == "" {
		*a = Addr{}
		return nil
	}
	v, err := Parse(s)
	if err == nil {
		*a = v
	}
	return err
}

// AppendText appends the name to b. Its error is always nil.
func (d Domain) AppendText(b []byte) ([]byte, error) { return append(b, d.name...), nil }

// MarshalText returns the name. Its error is always nil.
func (d Domain) MarshalText() ([]byte, error) { return []byte(d.name), nil }

// UnmarshalText sets d to the domain that [ParseDomain] reads, or to the zero Domain if text is
// empty. If it returns an error, d is unchanged.
func (d *Domain) UnmarshalText(text []byte) error { return d.set(string(text)) }

// Scan implements [database/sql.Scanner] for a text column. NULL sets d to the zero Domain, and
// other values follow the rules of [Domain.UnmarshalText]. To read rows whose domains may be
// malformed, scan a string and pass it to [UncheckedDomain].
func (d *Domain) Scan(src any) error {
	s, err := columnText(src)
	if err != nil {
		return err
	}
	return d.set(s)
}

// Value implements [driver.Valuer]. It returns the name, or NULL for the zero Domain.
func (d Domain) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.name, nil
}

func (d *Domain) set(s string) error {
	if s == "" {
		*d = Domain{}
		return nil
	}
	v, err := ParseDomain(s)
	if err == nil {
		*d = v
	}
	return err
}

// columnText returns the text of a database column, or "" for NULL.
func columnText(src any) (string, error) {
	switch v := src.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	return "", fmt.Errorf("sip: column of type %T: want text or NULL", src)
}
