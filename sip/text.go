package sip

import (
	"database/sql/driver"
	"fmt"
)

// AppendText appends String's text.
func (a Addr) AppendText(b []byte) ([]byte, error) {
	if a.IsZero() {
		return b, nil
	}
	b = append(b, a.user...)
	b = append(b, '@')
	return append(b, a.domain...), nil
}

// MarshalText returns String's text.
func (a Addr) MarshalText() ([]byte, error) { return a.AppendText(nil) }

// UnmarshalText reads what Parse accepts; an empty text sets zero. On an error a is unchanged.
func (a *Addr) UnmarshalText(text []byte) error { return a.set(string(text)) }

// Scan implements sql.Scanner for a text column, by UnmarshalText's rules; NULL sets zero. A
// row with an odd address, which those refuse, is read as strings and given to Unchecked.
func (a *Addr) Scan(src any) error {
	s, err := column(src)
	if err != nil {
		return err
	}
	return a.set(s)
}

// Value implements driver.Valuer: String's text, and NULL for the zero Addr.
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

// AppendText appends the name.
func (d Domain) AppendText(b []byte) ([]byte, error) { return append(b, d.name...), nil }

// MarshalText returns the name.
func (d Domain) MarshalText() ([]byte, error) { return []byte(d.name), nil }

// UnmarshalText reads what ParseDomain accepts; an empty text sets zero. On an error d is
// unchanged.
func (d *Domain) UnmarshalText(text []byte) error { return d.set(string(text)) }

// Scan implements sql.Scanner for a text column, by UnmarshalText's rules; NULL sets zero. A
// row with an odd domain, which those refuse, is read as a string and given to UncheckedDomain.
func (d *Domain) Scan(src any) error {
	s, err := column(src)
	if err != nil {
		return err
	}
	return d.set(s)
}

// Value implements driver.Valuer: the name, and NULL for the zero Domain.
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

// column returns the text of a database column; NULL is the empty text.
func column(src any) (string, error) {
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
