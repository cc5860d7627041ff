package doctor

import (
	"context"
	"fmt"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

// LowWater is a mark: fewer than Count free numbers under Prefix are few.
type LowWater struct {
	Prefix string // such as +4773
	Count  int    // at least 1
}

// Pattern returns the pattern of the numbers under the prefix.
func (w LowWater) Pattern() hermes.Pattern {
	p, _ := hermes.ParsePattern(w.Prefix + "*") // it is well-formed
	return p
}

// Text says how many numbers are free, if these are few.
func (w LowWater) Text(free int) string {
	return fmt.Sprintf("%d free numbers under %s, fewer than %d", free, w.Prefix, w.Count)
}

var lowWaterCheck = check{
	name: "number-low-water", level: Warn, ok: "there are enough free numbers under each prefix of number-low-water",
	fault:  "few free numbers",
	remedy: "number/add_range, or a lower mark in number-low-water; number/stats shows what is held or cooling",
}

// numbers compares the free numbers with the marks. Without marks it reports nothing.
func (e *examiner) numbers(ctx context.Context) {
	if len(e.LowWater) == 0 {
		return
	}
	t := newTally(lowWaterCheck)
	err := e.schemaErr
	if err == nil {
		err = e.Database.read(ctx, func(ctx context.Context, s *bunstore.Store) error {
			for _, mark := range e.LowWater {
				free, err := s.Numbers(ctx, hermes.NumberQuery{Now: e.Now(), Match: mark.Pattern(), Limit: mark.Count})
				if err != nil {
					return err
				}
				t.addIf(len(free) < mark.Count, mark.Text(len(free)))
			}
			return nil
		})
	}
	e.reportTally(t, err)
}
