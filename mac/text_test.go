package mac_test

import (
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"testing"

	"github.com/hermes-voip/go-hermes/mac"
)

var (
	_ encoding.TextAppender = mac.Addr{}
	_ driver.Valuer         = mac.Addr{}
)

func TestAddr_Text(t *testing.T) {
	t.Parallel()
	t.Run("round trip", func(t *testing.T) {
		t.Parallel()
		for _, want := range []string{"", "000000000000", "001122aabbcc", "ffffffffffff"} {
			var a, back mac.Addr
			if err := a.UnmarshalText([]byte(want)); err != nil {
				t.Fatal(err)
			}
			if text, err := a.MarshalText(); err != nil || string(text) != want {
				t.Errorf("%q: MarshalText %q, %v", want, text, err)
			}
			if text, err := a.AppendText([]byte("x")); err != nil || string(text) != "x"+want {
				t.Errorf("%q: AppendText %q, %v", want, text, err)
			}
			column, err := a.Value()
			if err != nil || !driver.IsValue(column) || (column == nil) != a.IsZero() {
				t.Errorf("%q: Value %#v, %v", want, column, err)
			}
			for _, src := range []any{column, want, []byte(want)} {
				if err := back.Scan(src); err != nil || back != a {
					t.Errorf("%q: Scan(%#v) %q, %v", want, src, back, err)
				}
			}
			keyed, err := json.Marshal(map[mac.Addr]mac.Addr{a: a})
			var m map[mac.Addr]mac.Addr
			if err != nil || json.Unmarshal(keyed, &m) != nil || m[a] != a || len(m) != 1 {
				t.Errorf("%q: as JSON %s, %v", want, keyed, err)
			}
		}
	})
	t.Run("overwrites", func(t *testing.T) {
		t.Parallel()
		was := mac.MustParse("001122aabbcc")
		a := was
		if err := a.UnmarshalText([]byte("00:11:22:aa:bb-cc")); err == nil || a != was {
			t.Errorf("UnmarshalText of a malformed text = %v, value %q: want an error and no change", err, a)
		}
		for _, src := range []any{"0:1:2:a:b:c", []byte{0, 17, 34, 170, 187, 204}, int64(1122), true, 1.5} {
			if err := a.Scan(src); err == nil || a != was {
				t.Errorf("Scan(%#v) = %v, value %q: want an error and no change", src, err, a)
			}
		}
		if err := a.Scan(nil); err != nil || !a.IsZero() {
			t.Errorf("Scan(NULL) = %v, value %q, want the zero Addr", err, a)
		}
		a = was
		if err := a.UnmarshalText(nil); err != nil || !a.IsZero() {
			t.Errorf("UnmarshalText of an empty text = %v, value %q, want the zero Addr", err, a)
		}
	})
}

func BenchmarkAddr_AppendText(b *testing.B) {
	a := mac.MustParse("001122aabbcc")
	buffer := make([]byte, 0, 12)
	b.ReportAllocs()
	for b.Loop() {
		buffer, _ = a.AppendText(buffer[:0])
	}
}

func BenchmarkAddr_Scan(b *testing.B) {
	column := any([]byte("001122aabbcc"))
	var a mac.Addr
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Scan(column); err != nil {
			b.Fatal(err)
		}
	}
}
