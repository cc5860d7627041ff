package plan_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/e164/plan"
)

func BenchmarkCheck(b *testing.B) {
	n := e164.MustParse("+4773500001")
	for _, p := range []plan.Plan{plan.Shape, plan.Possible, plan.Valid} {
		b.Run(p.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Check(n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
