package e164_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
)

func BenchmarkParse(b *testing.B) {
	for _, s := range []string{"+4773500001", "+123456789012345"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e164.Parse(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendText(b *testing.B) {
	n := e164.MustParse("+4773500001")
	buffer := make([]byte, 0, 16)
	b.ReportAllocs()
	for b.Loop() {
		buffer, _ = n.AppendText(buffer[:0])
	}
}

func BenchmarkString(b *testing.B) {
	n := e164.MustParse("+4773500001")
	var s string
	b.ReportAllocs()
	for b.Loop() {
		s = n.String()
	}
	_ = s
}

func BenchmarkScan(b *testing.B) {
	column := any([]byte("+4773500001"))
	var n e164.Number
	b.ReportAllocs()
	for b.Loop() {
		if err := n.Scan(column); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOffset(b *testing.B) {
	n := e164.MustParse("+4773500001")
	b.ReportAllocs()
	for b.Loop() {
		n.Offset(999_999)
	}
}

func BenchmarkCountryCode(b *testing.B) {
	n := e164.MustParse("+4773500001")
	b.ReportAllocs()
	for b.Loop() {
		_ = n.CountryCode()
	}
}
