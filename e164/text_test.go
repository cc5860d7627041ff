package e164_test

import (
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
)

var (
	_ encoding.TextAppender = e164.Number{}
	_ driver.Valuer         = e164.Number{}
)

func TestNumber_Text(t *testing.T) {
	t.Parallel()
	t.Run("round trip", func(t *testing.T) {
		t.Parallel()
		for _, want := range []string{"", "+10", "+99", "+4773500001", "+390612345678", "+100000000000000",
			"+999999999999999"} {
			var n, back e164.Number
			if err := n.UnmarshalText([]byte(want)); err != nil {
				t.Fatal(err)
			}
			if text, err := n.MarshalText(); err != nil || string(text) != want {
				t.Errorf("%q: MarshalText %q, %v", want, text, err)
			}
			if text, err := n.AppendText([]byte("x")); err != nil || string(text) != "x"+want {
				t.Errorf("%q: AppendText %q, %v", want, text, err)
			}
			column, err := n.Value()
			if err != nil || !driver.IsValue(column) || (column == nil) != n.IsZero() {
				t.Errorf("%q: Value %#v, %v", want, column, err)
			}
			for _, src := range []any{column, want, []byte(want)} {
				if err := back.Scan(src); err != nil || back != n {
					t.Errorf("%q: Scan(%#v) %q, %v", want, src, back, err)
				}
			}
			keyed, err := json.Marshal(map[e164.Number]e164.Number{n: n})
			var m map[e164.Number]e164.Number
			if err != nil || json.Unmarshal(keyed, &m) != nil || m[n] != n || len(m) != 1 {
				t.Errorf("%q: as JSON %s, %v", want, keyed, err)
			}
		}
	})
	t.Run("overwrites", func(t *testing.T) {
		t.Parallel()
		was := e164.MustParse("+4773500001")
		n := was
		if err := n.UnmarshalText([]byte("4773500001")); err == nil || n != was {
			t.Errorf("UnmarshalText of a malformed text = %v, value %q: want an error and no change", err, n)
		}
		for _, src := range []any{"4773500001", []byte("+0"), int64(4773500001), true, 1.5} {
			if err := n.Scan(src); err == nil || n != was {
				t.Errorf("Scan(%#v) = %v, value %q: want an error and no change", src, err, n)
			}
		}
		if err := n.Scan(nil); err != nil || !n.IsZero() {
			t.Errorf("Scan(NULL) = %v, value %q, want the zero Number", err, n)
		}
		n = was
		if err := n.UnmarshalText(nil); err != nil || !n.IsZero() {
			t.Errorf("UnmarshalText of an empty text = %v, value %q, want the zero Number", err, n)
		}
	})
}

func BenchmarkNumber_AppendText(b *testing.B) {
	n := e164.MustParse("+4773500001")
	buffer := make([]byte, 0, 16)
	b.ReportAllocs()
	for b.Loop() {
		buffer, _ = n.AppendText(buffer[:0])
	}
}

func BenchmarkNumber_Scan(b *testing.B) {
	column := any([]byte("+4773500001"))
	var n e164.Number
	b.ReportAllocs()
	for b.Loop() {
		if err := n.Scan(column); err != nil {
			b.Fatal(err)
		}
	}
}
