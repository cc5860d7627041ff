package sip_test

import (
	"database/sql"
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/sip"
)

// value is what the two types have in common.
type value interface {
	comparable
	encoding.TextMarshaler
	encoding.TextAppender
	driver.Valuer
	String() string
	IsZero() bool
}

type pointer[T any] interface {
	*T
	encoding.TextUnmarshaler
	sql.Scanner
}

func TestRoundTrip(t *testing.T) {
	for _, s := range []string{"alice@example.com", "-_.!~*'()&=+$,;?/@192.0.2.1", letters64 + "@" + domain64} {
		a := sip.MustParse(s)
		roundTrip(t, a)
		roundTrip(t, a.Domain())
	}
	roundTrip(t, sip.Addr{})
	roundTrip(t, sip.Domain{})
}

func roundTrip[T value, P pointer[T]](t *testing.T, v T) {
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

func TestReadInto(t *testing.T) {
	readInto(t, sip.MustParse("alice@example.com"), "bob@ex_ample")
	readInto(t, sip.MustParseDomain("example.com"), "ex_ample")
}

// readInto reads into a variable that has a value already.
func readInto[T value, P pointer[T]](t *testing.T, v T, malformed string) {
	got := v
	if err := P(&got).UnmarshalText([]byte(malformed)); err == nil || got != v {
		t.Errorf("UnmarshalText(%q) = %v, and leaves %q: want an error and no change", malformed, err, got)
	}
	for _, src := range []any{malformed, []byte(malformed), 7, true, 1.5} {
		if err := P(&got).Scan(src); err == nil || got != v {
			t.Errorf("Scan(%#v) = %v, and leaves %q: want an error and no change", src, err, got)
		}
	}
	if err := P(&got).Scan(nil); err != nil || !got.IsZero() {
		t.Errorf("Scan(NULL) = %v, and leaves %q", err, got)
	}
	got = v
	if err := P(&got).UnmarshalText(nil); err != nil || !got.IsZero() {
		t.Errorf("UnmarshalText of nothing = %v, and leaves %q", err, got)
	}
}

// TestScanCopies: a driver uses its buffer again for the next row.
func TestScanCopies(t *testing.T) {
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

func TestCompare(t *testing.T) {
	// In order: by user, then by domain, byte-wise. The joined texts of a and a! are the other
	// way round.
	order := []sip.Addr{{}, sip.Unchecked("", "x"), sip.Unchecked("a", ""), sip.Unchecked("a", "B.example"),
		sip.MustParse("a@a.example"), sip.MustParse("a@b.example"), sip.MustParse("a!@a.example"),
		sip.MustParse("ab@a.example"), sip.MustParse("b@a.example"), sip.Unchecked("å", "a")}
	for i, a := range order {
		for j, b := range order {
			if got, want := a.Compare(b), strings.Compare(string(rune(i)), string(rune(j))); got != want {
				t.Errorf("%q.Compare(%q) = %d, want %d", a, b, got, want)
			}
			d, e := a.Domain(), b.Domain()
			if got, want := d.Compare(e), strings.Compare(d.String(), e.String()); got != want {
				t.Errorf("%q.Compare(%q) = %d, want %d", d, e, got, want)
			}
		}
	}
}

func TestMustParsePanics(t *testing.T) {
	for name, f := range map[string]func(){
		"MustParse":       func() { sip.MustParse("alice") },
		"MustParseDomain": func() { sip.MustParseDomain("ex_ample") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic on malformed input", name)
				}
			}()
			f()
		}()
	}
}
