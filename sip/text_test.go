package sip_test

import (
	"database/sql"
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"testing"

	"github.com/hermes-voip/go-hermes/sip"
)

// value has the methods that Addr and Domain have in common.
type value interface {
	comparable
	encoding.TextMarshaler
	encoding.TextAppender
	driver.Valuer
	String() string
	IsZero() bool
}

// pointer has the methods of *Addr and *Domain that change the value.
type pointer[T any] interface {
	*T
	encoding.TextUnmarshaler
	sql.Scanner
}

func TestAddr_Text(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"alice@example.com", "-_.!~*'()&=+$,;?/@192.0.2.1", letters64 + "@" + domain64} {
		testRoundTrip(t, sip.MustParse(s))
	}
	testRoundTrip(t, sip.Addr{})
	testOverwrite(t, sip.MustParse("alice@example.com"), "bob@ex_ample")
}

func TestDomain_Text(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"example.com", "192.0.2.1", domain64} {
		testRoundTrip(t, sip.MustParseDomain(s))
	}
	testRoundTrip(t, sip.Domain{})
	testOverwrite(t, sip.MustParseDomain("example.com"), "ex_ample")
}

// testRoundTrip converts v to text, to JSON and to a database value, and back.
func testRoundTrip[T value, P pointer[T]](t *testing.T, v T) {
	t.Helper()
	text, err := v.MarshalText()
	if err != nil || string(text) != v.String() {
		t.Errorf("%q: MarshalText %q, %v", v, text, err)
	}
	if b, err := v.AppendText([]byte("x")); err != nil || string(b) != "x"+v.String() {
		t.Errorf("%q: AppendText %q, %v", v, b, err)
	}
	var back T
	if err := P(&back).UnmarshalText(text); err != nil || back != v {
		t.Errorf("%q: UnmarshalText %q, %v", v, back, err)
	}
	column, err := v.Value()
	if err != nil || !driver.IsValue(column) || (column == nil) != v.IsZero() {
		t.Errorf("%q: Value %#v, %v", v, column, err)
	}
	for _, src := range []any{column, v.String(), text} {
		var back T
		if err := P(&back).Scan(src); err != nil || back != v {
			t.Errorf("%q: Scan(%#v) %q, %v", v, src, back, err)
		}
	}
	keyed, err := json.Marshal(map[T]T{v: v})
	var m map[T]T
	if err != nil || json.Unmarshal(keyed, &m) != nil || m[v] != v || len(m) != 1 {
		t.Errorf("%q: as JSON %s, %v", v, keyed, err)
	}
}

// testOverwrite reads texts into a variable that already holds v.
func testOverwrite[T value, P pointer[T]](t *testing.T, v T, malformed string) {
	t.Helper()
	got := v
	if err := P(&got).UnmarshalText([]byte(malformed)); err == nil || got != v {
		t.Errorf("UnmarshalText(%q) = %v, value %q: want an error and no change", malformed, err, got)
	}
	for _, src := range []any{malformed, []byte(malformed), 7, true, 1.5} {
		if err := P(&got).Scan(src); err == nil || got != v {
			t.Errorf("Scan(%#v) = %v, value %q: want an error and no change", src, err, got)
		}
	}
	if err := P(&got).Scan(nil); err != nil || !got.IsZero() {
		t.Errorf("Scan(NULL) = %v, value %q, want the zero value", err, got)
	}
	got = v
	if err := P(&got).UnmarshalText(nil); err != nil || !got.IsZero() {
		t.Errorf("UnmarshalText of an empty text = %v, value %q, want the zero value", err, got)
	}
}

// A database driver may overwrite its buffer with the next row: Scan must copy it.
func TestAddr_Scan(t *testing.T) {
	t.Parallel()
	buffer := []byte("alice@example.com")
	var a sip.Addr
	var d sip.Domain
	if err := a.Scan(buffer); err != nil {
		t.Fatal(err)
	}
	if err := d.Scan(buffer[6:]); err != nil {
		t.Fatal(err)
	}
	copy(buffer, "xxxxxxxxxxxxxxxxx")
	if a != sip.MustParse("alice@example.com") || d != a.Domain() {
		t.Errorf("the next row changed the values to %q and %q", a, d)
	}
}

func BenchmarkAddr_AppendText(b *testing.B) {
	a := sip.MustParse("+4773500001@pbx.oslo.example.com")
	buffer := make([]byte, 0, 130)
	b.ReportAllocs()
	for b.Loop() {
		buffer, _ = a.AppendText(buffer[:0])
	}
}
