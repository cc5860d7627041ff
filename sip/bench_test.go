package sip_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/sip"
)

func BenchmarkParse(b *testing.B) {
	for name, s := range map[string]string{
		"lower": "sip:+4773500001@pbx.oslo.example.com",
		"upper": "sip:+4773500001@PBX.Oslo.example.com",
		"long":  letters64 + "@" + domain64,
		"ipv4":  "alice@192.0.2.1",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sip.Parse(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkString(b *testing.B) {
	a := sip.MustParse("+4773500001@pbx.oslo.example.com")
	b.ReportAllocs()
	for b.Loop() {
		_ = a.String()
	}
}

func BenchmarkAppendText(b *testing.B) {
	a := sip.MustParse("+4773500001@pbx.oslo.example.com")
	buffer := make([]byte, 0, 130)
	b.ReportAllocs()
	for b.Loop() {
		buffer, _ = a.AppendText(buffer[:0])
	}
}
