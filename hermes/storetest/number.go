package storetest

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

func testNumber(t *testing.T, open openFunc) {
	t.Run("AddNumber", func(t *testing.T) { testAddNumber(t, open) })
	t.Run("RemoveNumber", func(t *testing.T) { testRemoveNumber(t, open) })
	t.Run("AddNumbers", func(t *testing.T) { testAddNumbers(t, open) })
	t.Run("SampleNumbers", func(t *testing.T) { testSampleNumbers(t, open) })
	t.Run("ShuffledNumbers", func(t *testing.T) { testShuffledNumbers(t, open) })
	t.Run("TakeNumber", func(t *testing.T) { testTakeNumber(t, open) })
	t.Run("TakeNumber at random", func(t *testing.T) { testTakeRandomNumber(t, open) })
}

func testAddNumber(t *testing.T, open openFunc) {
	t.Run("a number is in the pool once, and whether it is aliased does not matter", func(t *testing.T) {
		s := open(t).Store
		wantHasNumber(t, s, "+4773500001", false)
		mustAddAlias(t, s, alias("+4773500001@example.com", "alice@example.com"))
		mustAddNumber(t, s, "+4773500001")
		wantCause(t, addNumber(t.Context(), s, number("+4773500001")), hermes.Exists)
		wantHasNumber(t, s, "+4773500001", true)
		wantHasNumber(t, s, "+477350000", false)
		wantHasNumber(t, s, "+47735000010", false)
	})
}

func testRemoveNumber(t *testing.T, open openFunc) {
	t.Run("that number is removed and no other, and a missing one is NotFound", func(t *testing.T) {
		s := open(t).Store
		wantCause(t, removeNumber(t.Context(), s, number("+4711")), hermes.NotFound)
		mustAddNumber(t, s, "+4711", "+47110", "+999999999999999")
		must(t, removeNumber(t.Context(), s, number("+4711")))
		wantCause(t, removeNumber(t.Context(), s, number("+4711")), hermes.NotFound)
		wantPool(t, s, "+47110", "+999999999999999")
		must(t, removeNumber(t.Context(), s, number("+999999999999999")))
		wantPool(t, s, "+47110")
	})
}

func testAddNumbers(t *testing.T, open openFunc) {
	t.Run("both ends and all between are added, of that digit count only, and new ones counted", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4711", "+4714", "+47120")
		mustAddNumbers(t, s, "+4712", "+4715", 3)
		wantPool(t, s, "+4711", "+4712", "+47120", "+4713", "+4714", "+4715")
		mustAddNumbers(t, s, "+4712", "+4715", 0)
		mustAddNumbers(t, s, "+4710", "+4710", 1)
		mustAddNumbers(t, s, "+999999999999998", "+999999999999999", 2)
		mustAddNumbers(t, s, "+10", "+12", 3)
		wantPool(t, s, "+10", "+11", "+12", "+4710", "+4711", "+4712", "+47120", "+4713", "+4714", "+4715",
			"+999999999999998", "+999999999999999")
	})
	t.Run("a large range is added and counted like a small one", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4720005")
		mustAddNumbers(t, s, "+4710000", "+4729999", 19_999)
	})
	t.Run("a bulk transaction adds a range together with its other changes, or nothing", func(t *testing.T) {
		testBulkAddNumbers(t, open(t).Store)
	})
	t.Run("user parts of aliases in any domain are left out, and similar texts are not", func(t *testing.T) {
		s := open(t).Store
		aliases := []string{
			"+4711@example.com", "+4713@other.example", "+4713@example.com",
			"4714@example.com", "+47150@example.com", "+471@example.com", "x+4716@example.com",
		}
		for _, a := range aliases {
			mustAddAlias(t, s, alias(a, "+4712@example.com"))
		}
		mustAddNumber(t, s, "+4717")
		mustAddNumbers(t, s, "+4710", "+4719", 7)
		wantPool(t, s, "+4710", "+4712", "+4714", "+4715", "+4716", "+4717", "+4718", "+4719")
	})
	t.Run("a range may carry into every digit", func(t *testing.T) {
		s := open(t).Store
		mustAddNumbers(t, s, "+4798", "+5101", 304)
		var want []string
		for n := number("+4798"); n.Compare(number("+5101")) <= 0; n, _ = n.Offset(1) {
			want = append(want, n.String())
		}
		wantEqual(t, len(want), nil, 304)
		wantPool(t, s, want...)
	})
}

// testBulkAddNumbers adds a few numbers and many, each time with another one, in bulk transactions.
func testBulkAddNumbers(t *testing.T, s hermes.Store) {
	for _, r := range []struct{ first, last, other string }{
		{"+4710", "+4719", "+46"}, {"+4810000", "+4829999", "+49"},
	} {
		first, last := number(r.first), number(r.last)
		size := last.Sub(first) + 1
		addOther := func(tx hermes.Store) error { return addNumber(t.Context(), tx, number(r.other)) }
		_, err := addNumbersInBulk(t.Context(), s, first, last, func(tx hermes.Store) error {
			return firstError(addOther(tx), errUndo)
		})
		wantEqual(t, err, nil, error(errUndo))
		wantHasNumber(t, s, r.first, false)
		wantHasNumber(t, s, r.other, false)
		added, err := addNumbersInBulk(t.Context(), s, first, last, addOther)
		wantEqual(t, added, err, size)
		pool, err := s.Numbers(t.Context(), hermes.NumberQuery{Match: pattern(r.first[:3] + "*"), Limit: 30_000})
		wantEqual(t, int64(len(pool)), err, size)
		wantHasNumber(t, s, r.other, true)
	}
}

func testShuffledNumbers(t *testing.T, open openFunc) {
	t.Run("the order is that of Shuffle and then of the numbers, for every seed and digit count", func(t *testing.T) {
		s := open(t).Store
		want := numbers("+10", "+99", "+4711", "+47110", "+999999999999999", "+100000000000000",
			"+2147483647", "+4294967294", "+2147483648")
		for i := range 60 {
			want = append(want, nthNumber("+4773", 4, i*31))
		}
		for _, n := range want {
			must(t, addNumber(t.Context(), s, n))
		}
		for _, seed := range []int64{0, 1, 12345, math.MaxInt32 - 1} {
			slices.SortFunc(want, byShuffle(seed))
			got, err := s.ShuffledNumbers(t.Context(), hermes.NumberQuery{Seed: seed, Limit: 1000})
			wantList(t, got, err, want)
		}
	})
}

func testSampleNumbers(t *testing.T, open openFunc) {
	t.Run("all that match are returned if there are no more than asked for", func(t *testing.T) {
		s := open(t).Store
		wantSample(t, s, "", 3, 0)
		mustAddNumber(t, s, "+46123", "+4711", "+47110", "+999999999999999")
		wantSample(t, s, "", 4, 4)
		wantSample(t, s, "+47*", 5, 2)
		wantSample(t, s, "+48*", 5, 0)
		wantSample(t, s, "*11*", 1, 1)
	})
	t.Run("of many, as many as asked for are returned, also from a pool with gaps", func(t *testing.T) {
		s := open(t).Store
		mustAddNumbers(t, s, "+4710000", "+4711999", 2000)
		mustAddNumbers(t, s, "+8810000000", "+8810000499", 500)
		mustAddNumber(t, s, "+10", "+999999999999999", "+5512345")
		for _, n := range []int{1, 10, 600, 1500} {
			wantSample(t, s, "", n, n)
		}
		wantSample(t, s, "+47*", 400, 400)
		wantSample(t, s, "+88*", 1000, 500)
		wantSample(t, s, "*7", 100, 100)
		wantSample(t, s, "*9999*", 10, 1)
	})
	t.Run("every number is picked at some time, and in every place", func(t *testing.T) {
		s := open(t).Store
		mustAddNumbers(t, s, "+4710", "+4713", 4)
		seen := map[string]bool{}
		for range 500 {
			got, err := s.SampleNumbers(t.Context(), hermes.NumberQuery{Limit: 2})
			must(t, err)
			seen[got[0].String()+got[1].String()] = true
		}
		wantEqual(t, len(seen), nil, 12)
	})
}

// wantSample checks that a sample of n has want different numbers that match.
func wantSample(t *testing.T, s hermes.Store, match string, n, want int) {
	t.Helper()
	got, err := s.SampleNumbers(t.Context(), hermes.NumberQuery{Match: pattern(match), Limit: n})
	must(t, err)
	seen := map[e164.Number]bool{}
	for _, n := range got {
		if seen[n] || !pattern(match).Match(n.String()) {
			t.Fatalf("%s is twice in the sample or does not match %q", n, match)
		}
		wantHasNumber(t, s, n.String(), true)
		seen[n] = true
	}
	if len(got) != want {
		t.Fatalf("a sample of %d for %q has %d numbers, want %d", n, match, len(got), want)
	}
}

// byShuffle returns the comparison that [hermes.NumberStore] promises for shuffled pages.
func byShuffle(seed int64) func(a, b e164.Number) int {
	return func(a, b e164.Number) int {
		return cmp.Or(cmp.Compare(hermes.Shuffle(a, seed), hermes.Shuffle(b, seed)), a.Compare(b))
	}
}

func testTakeNumber(t *testing.T, open openFunc) {
	t.Run("the first number that matches is taken", func(t *testing.T) {
		s := open(t).Store
		mustAddNumber(t, s, "+4712", "+4711", "+47110", "+4611", "+4713")
		takes := []struct{ match, want string }{
			{match: "", want: "+4611"},
			{match: "*12", want: "+4712"},
			{match: "+47*", want: "+4711"},
			{match: "+47???", want: "+47110"},
		}
		for _, take := range takes {
			got, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Match: pattern(take.match)})
			wantEqual(t, got, err, number(take.want))
		}
		wantPool(t, s, "+4713")
	})
	t.Run("numbers that an alias has, in any domain, stay in the pool", func(t *testing.T) {
		testTakeUnaliased(t, open(t).Store, false)
	})
	t.Run("without a match it is NotFound, and nothing is taken", func(t *testing.T) {
		s := open(t).Store
		wantNoneToTake(t, s, hermes.Pattern{}, false)
		mustAddNumber(t, s, "+4711", "+4712")
		wantNoneToTake(t, s, pattern("+46*"), false)
		wantPool(t, s, "+4711", "+4712")
	})
}

func testTakeRandomNumber(t *testing.T, open openFunc) {
	t.Run("every number that matches is taken once, until none is left", func(t *testing.T) {
		s := open(t).Store
		mustAddNumbers(t, s, "+4710", "+4749", 40)
		mustAddNumber(t, s, "+46123", "+99")
		seen := map[e164.Number]bool{}
		for range 40 {
			n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Match: pattern("+47*"), Random: true})
			must(t, err)
			if seen[n] || !pattern("+47*").Match(n.String()) {
				t.Fatalf("took %s: it was taken before or does not match", n)
			}
			seen[n] = true
		}
		wantNoneToTake(t, s, pattern("+47*"), true)
		wantPool(t, s, "+46123", "+99")
	})
	t.Run("numbers that an alias has, in any domain, stay in the pool", func(t *testing.T) {
		testTakeUnaliased(t, open(t).Store, true)
	})
	t.Run("without a match it is NotFound, and nothing is taken", func(t *testing.T) {
		s := open(t).Store
		wantNoneToTake(t, s, hermes.Pattern{}, true)
		mustAddNumber(t, s, "+4711", "+4712")
		wantNoneToTake(t, s, pattern("+46*"), true)
		wantPool(t, s, "+4711", "+4712")
	})
}

func testTakeUnaliased(t *testing.T, s hermes.Store, random bool) {
	t.Helper()
	for _, a := range []string{"+4710@example.com", "+4712@other.example", "+4714@example.com", "4713@example.com", "+47110@example.com"} {
		mustAddAlias(t, s, alias(a, "+4711@example.com"))
	}
	mustAddNumber(t, s, "+4710", "+4711", "+4712", "+4713", "+4714")
	taken := []e164.Number{}
	for range 2 {
		n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Match: pattern("+47*"), Random: random})
		must(t, err)
		taken = append(taken, n)
	}
	slices.SortFunc(taken, e164.Number.Compare)
	wantList(t, taken, nil, numbers("+4711", "+4713"))
	wantNoneToTake(t, s, pattern("+47*"), random)
	must(t, errorOf(s.RemoveAlias(t.Context(), addr("+4712@other.example"))))
	n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Match: pattern("+47*"), Random: random})
	wantEqual(t, n, err, number("+4712"))
	wantPool(t, s, "+4710", "+4714")
}

func mustAddNumber(t *testing.T, s hermes.Store, texts ...string) {
	t.Helper()
	for _, n := range numbers(texts...) {
		must(t, addNumber(t.Context(), s, n))
	}
}

// addNumbersInBulk adds a range in a bulk transaction, and calls then in it unless that is nil.
func addNumbersInBulk(
	ctx context.Context, s hermes.Store, first, last e164.Number, then func(hermes.Store) error,
) (added int64, err error) {
	err = s.Tx(ctx, &hermes.TxOptions{Bulk: true}, func(tx hermes.Store) (err error) {
		if added, err = tx.AddNumbers(ctx, first, last); err == nil && then != nil {
			err = then(tx)
		}
		return err
	})
	return added, err
}

// mustAddNumbers adds a range and checks how many of its numbers were new.
func mustAddNumbers(t *testing.T, s hermes.Store, first, last string, wantAdded int64) {
	t.Helper()
	added, err := s.AddNumbers(t.Context(), number(first), number(last))
	wantEqual(t, added, err, wantAdded)
}

func wantHasNumber(t *testing.T, s hermes.Store, text string, want bool) {
	t.Helper()
	got, err := hasNumber(t.Context(), s, number(text))
	must(t, err)
	if got != want {
		t.Fatalf("%s: in the pool: %t, want %t", text, got, want)
	}
}

// wantPool checks that exactly these numbers are in the pool, in this order.
func wantPool(t *testing.T, s hermes.Store, texts ...string) {
	t.Helper()
	got, err := s.Numbers(t.Context(), hermes.NumberQuery{Limit: 1000})
	wantList(t, got, err, numbers(texts...))
}

func wantNoneToTake(t *testing.T, s hermes.Store, match hermes.Pattern, random bool) {
	t.Helper()
	got, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Match: match, Random: random})
	wantNone(t, got, err)
}
