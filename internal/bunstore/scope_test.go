package bunstore

import (
	"cmp"
	"errors"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	lists := [][]int{{}, {1, 4, 7, 9}, {2}, {4, 5, 6, 9}, nil}
	for i := range 1000 {
		lists[4] = append(lists[4], 10+i)
	}
	all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(lists...))))
	fetch := func(list []int, after, n int) ([]int, error) {
		i, found := slices.BinarySearch(list, after)
		if found {
			i++
		}
		return list[i:min(i+n, len(list))], nil
	}
	for _, after := range []int{0, 3, 4, 9, 500, 5000} {
		want := slices.DeleteFunc(slices.Clone(all), func(v int) bool { return v <= after })
		for _, limit := range []int{1, 2, 3, 8, 99, 100, 101, 250, 2000} {
			got, err := merge(lists, after, limit, cmp.Compare[int], fetch)
			if err != nil || !slices.Equal(got, want[:min(limit, len(want))]) {
				t.Errorf("%d after %d: got %d, %v; want the first of %d", limit, after, got, err, want)
			}
		}
	}
	failure := errors.New("x")
	_, err := merge(lists, 0, 5, cmp.Compare[int], func(list []int, after, n int) ([]int, error) {
		if len(list) == 1 {
			return nil, failure
		}
		return fetch(list, after, n)
	})
	if err != failure {
		t.Errorf("a list that cannot be read: %v, want %v", err, failure)
	}
	if got, err := merge(nil, 0, 5, cmp.Compare[int], fetch); got != nil || err != nil {
		t.Errorf("no lists: got %d, %v", got, err)
	}
}

func TestNumberParts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		why, search, scope string
		want               []string
	}{
		{"neither", "", "", []string{""}},
		{"a search with a beginning", "+47*", "", []string{"+47"}},
		{"a scope", "*9", "+46,+4773", []string{"+46", "+4773"}},
		{"a scope within the search", "+47*", "+46,+4771,+4773", []string{"+4771", "+4773"}},
		{"a search within the scope", "+47735*", "+46,+4773", []string{"+47735"}},
		{"a search that is a prefix", "+4773*", "+46,+4773", []string{"+4773"}},
		{"nothing in common", "+48*", "+46,+4773", nil},
		{"a search for a text in the middle", "73", "+46,+4773", []string{"+46", "+4773"}},
	} {
		match, err := hermes.ParsePattern(row.search)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range numberParts(match, hermes.Scope{Numbers: row.scope}) {
			got = append(got, p.prefix)
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", row.why, got, row.want)
		}
	}
}
