package e164_test

import (
	"math"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
)

func TestOffset(t *testing.T) {
	for _, row := range []struct {
		from string
		by   int64
		to   string // "": none
		why  string
	}{
		{"+4773500001", 0, "+4773500001", "itself"},
		{"+4773500001", 1, "+4773500002", "the next one"},
		{"+4773500001", -1, "+4773500000", "the one before"},
		{"+4773500099", 1, "+4773500100", "a carry"},
		{"+4773500100", -1, "+4773500099", "a borrow"},
		{"+4773500001", 999_999, "+4774500000", "the end of a range of a million"},
		{"+4799999999", 1, "+4800000000", "into another country: the caller's to notice"},
		{"+10", 89, "+99", "the last one of 2 digits"},
		{"+10", 90, "", "3 digits would be needed"},
		{"+10", -1, "", "the first digit would be 0"},
		{"+99", -89, "+10", "the first one of 2 digits"},
		{"+999999999999999", 0, "+999999999999999", "the greatest number there is"},
		{"+999999999999999", 1, "", "16 digits would be needed"},
		{"+100000000000000", -1, "", "14 digits are another count"},
		{"+100000000000000", 899_999_999_999_999, "+999999999999999", "the longest way there is"},
		{"+999999999999999", math.MaxInt64, "", "no overflow"},
		{"+999999999999999", math.MinInt64, "", "no underflow"},
		{"+10", math.MaxInt64, "", "no overflow from a short number"},
		{"+10", math.MinInt64, "", "no underflow from a short number"},
	} {
		from := e164.MustParse(row.from)
		to, ok := from.Offset(row.by)
		if ok != (row.to != "") || to.String() != row.to {
			t.Errorf("%s.Offset(%d) = %q, %v, want %q: %s", row.from, row.by, to, ok, row.to, row.why)
		}
		if ok && (to.Sub(from) != row.by || from.Sub(to) != -row.by) {
			t.Errorf("%s.Sub(%s) = %d, and back %d, want %d", to, from, to.Sub(from), from.Sub(to), row.by)
		}
	}
}

// TestOffsetKeepsOrder: what is further on is greater, so that a range is an interval of the
// order in which lists are.
func TestOffsetKeepsOrder(t *testing.T) {
	last := e164.MustParse("+4773499990")
	for range 200 {
		next, ok := last.Offset(1)
		if !ok || next.Compare(last) <= 0 || next.String() <= last.String() {
			t.Fatalf("%s.Offset(1) = %q, %v: want the next one in order", last, next, ok)
		}
		last = next
	}
}
