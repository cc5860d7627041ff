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

// refused are addresses with a fault at the beginning, in the middle and at the end.
func refused() []string {
	return []string{"", "alice", "al ice@example.com", "alice@ex_ample.com"}
}

func TestParse_allocations(t *testing.T) {
	const accepted = "sip:+4773500001@pbx.oslo.example.com"
	for _, s := range append(refused(), accepted) {
		if n := testing.AllocsPerRun(10, func() {
			if _, err := sip.Parse(s); (err == nil) != (s == accepted) {
				t.Errorf("Parse(%q): accepted is %t", s, err == nil)
			}
		}); n != 0 {
			t.Errorf("Parse(%q) allocates %v times, want 0", s, n)
		}
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
