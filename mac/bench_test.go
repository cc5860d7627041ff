package mac_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/mac"
)

func BenchmarkParse(b *testing.B) {
	for _, s := range []string{"001122aabbcc", "00:11:22:AA:BB:CC", "0011.22aa.bbcc"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := mac.Parse(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendText(b *testing.B) {
	a := mac.MustParse("001122aabbcc")
	buffer := make([]byte, 0, 12)
	b.ReportAllocs()
	for b.Loop() {
		buffer, _ = a.AppendText(buffer[:0])
	}
}

func BenchmarkScan(b *testing.B) {
	column := any([]byte("001122aabbcc"))
	var a mac.Addr
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Scan(column); err != nil {
			b.Fatal(err)
		}
	}
}
