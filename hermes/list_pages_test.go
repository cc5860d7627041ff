package hermes

import (
	"slices"
	"strconv"
	"testing"
)

// TestList_Pages_bytes checks that a page is bounded in bytes, although entries that follow small
// ones are large. Few lists at a time have the larger bound.
func TestList_Pages_bytes(t *testing.T) {
	t.Parallel()
	places := NewPlaces[Principal](PlaceLimits{Total: 1})
	testPageBytes(t, places, largePageBytes)
	give, ok := places.Take(t.Context(), Principal{})
	if !ok {
		t.Fatal("a list that was read to its end has kept its place")
	}
	defer give()
	testPageBytes(t, places, pageBytes)
}

func testPageBytes(t *testing.T, places *Places[Principal], most int) {
	t.Helper()
	size := func(v int) int {
		switch {
		case v <= 1250:
			return 0
		case v == 3000:
			return 2 * largePageBytes
		}
		return 2000
	}
	for _, limit := range []int{0, 2000, 2999, 3000} {
		s := &numberSource{n: 4000}
		l, err := newList(t.Context(), &Client{largePages: places}, "user/list", limit, 0, s.page, strconv.Itoa, size)
		if err != nil {
			t.Fatal(err)
		}
		var all []int
		largest := 0
		for page, err := range l.Pages() {
			if err != nil {
				t.Fatal(err)
			}
			entries, bytes := page.([]int), 0
			for _, v := range entries {
				bytes += size(v)
			}
			if cap(entries) > 4000 || bytes > most && len(entries) > 1 {
				t.Errorf("limit %d: a page of %d entries and %d bytes, want at most %d", limit, len(entries), bytes, most)
			}
			all = append(all, entries...)
			if len(entries) > 1 {
				largest = max(largest, bytes)
			}
		}
		if limit == 0 && largest < most/2 {
			t.Errorf("the largest page has %d bytes, want more than half of %d", largest, most)
		}
		want, next := 4000, ""
		if limit > 0 {
			want, next = limit, strconv.Itoa(limit)
		}
		if !slices.Equal(all, numbersTo(want)) || l.Next() != next {
			t.Errorf("limit %d: %d entries, next %q; want %d in order, next %q", limit, len(all), l.Next(), want, next)
		}
	}
}
