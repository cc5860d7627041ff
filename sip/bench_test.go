package sip_test

import (
	"database/sql"
	"database/sql/driver"
	"encoding"
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

func BenchmarkParse_refused(b *testing.B) {
	for _, s := range refused() {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sip.Parse(s); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

func BenchmarkAddr_String(b *testing.B) {
	a := sip.MustParse("+4773500001@pbx.oslo.example.com")
	b.ReportAllocs()
	for b.Loop() {
		_ = a.String()
	}
}

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

func BenchmarkAddr_AppendText(b *testing.B) {
	a := sip.MustParse("+4773500001@pbx.oslo.example.com")
	buffer := make([]byte, 0, 130)
	b.ReportAllocs()
	for b.Loop() {
		buffer, _ = a.AppendText(buffer[:0])
	}
}
