package memstore

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSortedMap makes the same random changes to a sortedMap and a Go map. Each round changes a
// clone of the map before, as a transaction does, and every third round is rolled back.
func TestSortedMap(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 10))
	m, want := newSortedMap[int, int](cmp.Compare), map[int]int{}
	for round := range 30 {
		changed, wantChanged := m.clone(), maps.Clone(want)
		for i := range 1000 {
			key := r.IntN(5000)
			if r.IntN(3) == 0 {
				_, there := wantChanged[key]
				delete(wantChanged, key)
				if removed := changed.remove(key); removed != there {
					t.Fatalf("remove %d: got %t, want %t", key, removed, there)
				}
			} else {
				wantChanged[key] = round*1000 + i
				changed.set(key, wantChanged[key])
			}
		}
		wantEntries(t, "the map that was cloned", m, want)
		wantEntries(t, "the clone", changed, wantChanged)
		if round%3 > 0 {
			m, want = changed, wantChanged
		}
	}
}

func wantEntries(t *testing.T, name string, m sortedMap[int, int], want map[int]int) {
	t.Helper()
	if got := maps.Collect(m.all()); !maps.Equal(got, want) || m.size() != len(want) {
		t.Fatalf("%s: got %d entries and the size %d, want %d, or other values", name, len(got), m.size(), len(want))
	}
	if len(want) == 0 {
		return
	}
	keys := slices.Sorted(maps.Keys(want))
	middle := keys[len(keys)/2]
	var after []int
	for key := range m.after(middle) {
		after = append(after, key)
	}
	if !slices.Equal(after, keys[len(keys)/2+1:]) {
		t.Fatalf("%s: got other keys after %d than those of a Go map, sorted", name, middle)
	}
}

// TestSortedMap_OneCopy checks that a transaction copies the tree of a map when it first changes
// it, and once.
func TestSortedMap_OneCopy(t *testing.T) {
	t.Parallel()
	m := newSortedMap[int, int](cmp.Compare)
	m.set(1, 1)
	clone := m.clone()
	if clone.tree != m.tree {
		t.Error("before the first change: the clone has a tree of its own, want the tree of the map that was cloned")
	}
	clone.set(2, 2)
	copied := clone.tree
	if copied == m.tree {
		t.Error("the first change: the clone has the tree of the map that was cloned, want a copy")
	}
	clone.set(3, 3)
	clone.remove(2)
	if clone.tree != copied {
		t.Error("the next changes: the clone has another tree, want the same one")
	}
}
