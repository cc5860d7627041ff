package hermes

import (
	"slices"
	"strconv"
	"testing"
)

// TestList_Pages_bytes checks that a page is bounded in bytes, although entries that follow small
// ones are large.
func TestList_Pages_bytes(t *testing.T) {
	t.Parallel()
	size := func(v int) int {
		switch {
		case v <= 1250:
			return 0
		case v == 3000:
			return 2 * pageBytes
		}
		return 1000
	}
	for _, limit := range []int{0, 2000, 2999, 3000} {
		s := &numberSource{n: 4000}
		l, err := newList(t.Context(), &Client{}, "user/list", limit, 0, s.page, strconv.Itoa, size)
		if err != nil {
			t.Fatal(err)
		}
		var all []int
		for page, err := range l.Pages() {
			if err != nil {
				t.Fatal(err)
			}
			entries, bytes := page.([]int), 0
			for _, v := range entries {
				bytes += size(v)
			}
			if cap(entries) > 4000 || bytes > pageBytes && len(entries) > 1 {
				t.Errorf("limit %d: a page of %d entries and %d bytes, want at most %d", limit, len(entries), bytes, pageBytes)
			}
			all = append(all, entries...)
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
