package doctor

import (
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

func TestExaminer_numbers(t *testing.T) {
	eachEngine(t, func(t *testing.T, newDB func(*testing.T) *testDB) {
		db := newDB(t)
		populate(t, db)
		ctx := t.Context()
		_, err := db.client.NumberAddRange(ctx, hermes.NumberAddRangeRequest{
			Start: e164.MustParse("+4673500000"), End: e164.MustParse("+4673500004"),
		})
		must(t, err)
		for range 2 {
			_, err = db.client.NumberHold(ctx, hermes.NumberHoldRequest{Search: LowWater{Prefix: "+46"}.Pattern()})
			must(t, err)
		}
		marks := func(o *Options) {
			o.LowWater = []LowWater{{Prefix: "+46", Count: 4}, {Prefix: "+467350", Count: 3}, {Prefix: "+48", Count: 1}}
		}
		checkProblems(t, db.examine(t, marks), map[string]string{
			"number-low-water": "warn few free numbers: 2 (3 free numbers under +46, fewer than 4, 0 free numbers under +48, fewer than 1)",
		})
		enough := func(o *Options) { o.LowWater = []LowWater{{Prefix: "+46", Count: 3}} }
		checkProblems(t, db.examine(t, enough), map[string]string{})
	})
}
