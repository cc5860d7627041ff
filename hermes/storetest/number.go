package storetest

import (
	"math"
	"slices"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

func numberCases() []testCase {
	return []testCase{
		{"exists", "a number is in the pool once; whether it is aliased is not looked at", func(k *kit) {
			n := number("+4773500001")
			equal(k, got(k.HasNumber(k.ctx, n)), false)
			k.ok(k.AddAlias(k.ctx, alias("+4773500001@example.com", "alice@example.com")), k.AddNumber(k.ctx, n))
			k.is(k.AddNumber(k.ctx, n), hermes.Exists)
			equal(k, got(k.HasNumber(k.ctx, n)), true)
			equal(k, got(k.HasNumber(k.ctx, number("+477350000"))), false)
			equal(k, got(k.HasNumber(k.ctx, number("+47735000010"))), false)
		}},
		{"remove", "RemoveNumber takes out that number and no other", func(k *kit) {
			k.is(k.RemoveNumber(k.ctx, number("+4711")), hermes.NotFound)
			k.pool("+4711", "+47110", "+999999999999999")
			k.ok(k.RemoveNumber(k.ctx, number("+4711")))
			k.is(k.RemoveNumber(k.ctx, number("+4711")), hermes.NotFound)
			k.pooled("+47110", "+999999999999999")
			k.ok(k.RemoveNumber(k.ctx, number("+999999999999999")))
			k.pooled("+47110")
		}},
		{"range", "AddNumbers adds both ends and all between, of that digit count only, and counts those that were new", addRange},
		{"range_aliased", "AddNumbers passes over user parts of aliases, in any domain, and over nothing like them", addRangeAliased},
		{"range_wide", "a range crosses every carry", func(k *kit) {
			equal(k, got(k.AddNumbers(k.ctx, number("+4798"), number("+5101"))), 304)
			all := value(k, got(k.Numbers(k.ctx, hermes.NumberQuery{Limit: 1000})))
			for i, n := range all {
				if want, _ := number("+4798").Offset(int64(i)); n != want {
					k.Fatalf("number %d is %s, want %s", i, n, want)
				}
			}
			equal(k, got(len(all), nil), 304)
		}},
		{"shuffle", "ShuffledNumbers is in the order of Shuffle and then number, for every seed and digit count", shuffled},
		{"take_first", "TakeNumber takes the first that matches out of the pool", func(k *kit) {
			k.pool("+4712", "+4711", "+47110", "+4611", "+4713")
			for _, c := range []struct{ match, want string }{{"", "+4611"}, {"*12", "+4712"}, {"+47*", "+4711"}, {"+47???", "+47110"}} {
				equal(k, got(k.TakeNumber(k.ctx, pattern(c.match), false)), number(c.want))
			}
			k.pooled("+4713")
		}},
		{"take_none", "TakeNumber tells NotFound where nothing matches, and takes nothing", func(k *kit) {
			for _, random := range []bool{false, true} {
				refused(k, got(k.TakeNumber(k.ctx, hermes.Pattern{}, random)), hermes.NotFound)
			}
			k.pool("+4711", "+4712")
			for _, random := range []bool{false, true} {
				refused(k, got(k.TakeNumber(k.ctx, pattern("+46*"), random)), hermes.NotFound)
			}
			k.pooled("+4711", "+4712")
		}},
		{"take_random", "random takes any that matches, each once, until there is none", takeRandom},
	}
}

func (k *kit) pool(texts ...string) {
	k.Helper()
	for _, s := range texts {
		k.ok(k.AddNumber(k.ctx, number(s)))
	}
}

// pooled wants exactly these in the pool.
func (k *kit) pooled(texts ...string) {
	k.Helper()
	list(k, got(k.Numbers(k.ctx, hermes.NumberQuery{Limit: 1000})), numbers(texts...)...)
}

func addRange(k *kit) {
	k.pool("+4711", "+4714", "+47120")
	equal(k, got(k.AddNumbers(k.ctx, number("+4712"), number("+4715"))), 3)
	k.pooled("+4711", "+4712", "+47120", "+4713", "+4714", "+4715")
	equal(k, got(k.AddNumbers(k.ctx, number("+4712"), number("+4715"))), 0)
	equal(k, got(k.AddNumbers(k.ctx, number("+4710"), number("+4710"))), 1)
	equal(k, got(k.AddNumbers(k.ctx, number("+999999999999998"), number("+999999999999999"))), 2)
	equal(k, got(k.AddNumbers(k.ctx, number("+10"), number("+12"))), 3)
	k.pooled("+10", "+11", "+12", "+4710", "+4711", "+4712", "+47120", "+4713", "+4714", "+4715", "+999999999999998", "+999999999999999")
}

func addRangeAliased(k *kit) {
	for _, a := range []string{"+4711@example.com", "+4713@other.example", "+4713@example.com", "4714@example.com", "+47150@example.com", "+471@example.com", "x+4716@example.com"} {
		k.ok(k.AddAlias(k.ctx, alias(a, "+4712@example.com")))
	}
	k.pool("+4717")
	equal(k, got(k.AddNumbers(k.ctx, number("+4710"), number("+4719"))), 7)
	k.pooled("+4710", "+4712", "+4714", "+4715", "+4716", "+4717", "+4718", "+4719")
}

func shuffled(k *kit) {
	texts := []string{"+10", "+99", "+4711", "+47110", "+999999999999999", "+100000000000000", "+2147483647", "+4294967294", "+2147483648"}
	for i := range 60 {
		texts = append(texts, poolNumber("+4773", 4, i*31).String())
	}
	k.pool(texts...)
	want := numbers(texts...)
	for _, seed := range []int64{0, 1, 12345, math.MaxInt32 - 1} {
		slices.SortFunc(want, byShuffle(seed))
		list(k, got(k.ShuffledNumbers(k.ctx, hermes.NumberQuery{Seed: seed, Limit: 1000})), want...)
	}
}

func byShuffle(seed int64) func(a, b e164.Number) int {
	return func(a, b e164.Number) int {
		if c := hermes.Shuffle(a, seed) - hermes.Shuffle(b, seed); c != 0 {
			return int(c)
		}
		return a.Compare(b)
	}
}

func takeRandom(k *kit) {
	equal(k, got(k.AddNumbers(k.ctx, number("+4710"), number("+4749"))), 40)
	k.pool("+46123", "+99")
	seen := map[e164.Number]bool{}
	for range 40 {
		n := value(k, got(k.TakeNumber(k.ctx, pattern("+47*"), true)))
		if seen[n] || !pattern("+47*").Match(n.String()) {
			k.Fatalf("took %s: again, or it does not match", n)
		}
		seen[n] = true
	}
	refused(k, got(k.TakeNumber(k.ctx, pattern("+47*"), true)), hermes.NotFound)
	k.pooled("+46123", "+99")
}
