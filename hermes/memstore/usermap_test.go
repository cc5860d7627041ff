package memstore

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestUserMap makes the same random changes to a userMap and a Go map. Each round changes a clone
// of the map before, as a transaction does, and every third round is rolled back.
func TestUserMap(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	m, want := newUserMap(), map[sip.Addr]hermes.User{}
	for round := range 30 {
		changed, wantChanged := m.clone(), maps.Clone(want)
		for i := range 1000 {
			a := address(r.IntN(5000))
			if r.IntN(3) == 0 {
				delete(wantChanged, a)
				changed.remove(a)
			} else {
				wantChanged[a] = hermes.User{Address: a, RPort: round*1000 + i}
				u := wantChanged[a]
				changed.set(&u)
			}
		}
		wantUsers(t, "the map that was cloned", m, want)
		wantUsers(t, "the clone", changed, wantChanged)
		if round%3 > 0 {
			m, want = changed, wantChanged
		}
	}
}

func wantUsers(t *testing.T, name string, m userMap, want map[sip.Addr]hermes.User) {
	t.Helper()
	for i := range 5000 {
		a := address(i)
		u, ok := want[a]
		if got := m.get(a); (got != nil) != ok || ok && *got != u {
			t.Fatalf("%s: %s: got %v, want %v, %t", name, a, got, u, ok)
		}
	}
}

// TestUserMap_EqualHashes stores more users with one hash than a bucket has without being split.
func TestUserMap_EqualHashes(t *testing.T) {
	t.Parallel()
	for _, hash := range []uint64{0, 1<<64 - 1} {
		m := userMap{hash: func(sip.Addr) uint64 { return hash }}
		for i := range 2 * userBucketSize {
			m.set(&hermes.User{Address: address(i)})
		}
		const removed = 5
		m.remove(address(removed))
		for i := range 2*userBucketSize + 1 {
			want := i < 2*userBucketSize && i != removed
			if u := m.get(address(i)); (u != nil) != want || want && u.Address != address(i) {
				t.Fatalf("hash %x, user %d: got %v, want one: %t", hash, i, u, want)
			}
		}
	}
}

// TestUserMap_InPlace checks that a transaction copies a bucket once.
func TestUserMap_InPlace(t *testing.T) {
	t.Parallel()
	m := newUserMap()
	u := hermes.User{Address: address(1)}
	m.set(&u)
	clone := m.clone()
	clone.set(&u)
	copied := clone.get(u.Address)
	if copied == m.get(u.Address) {
		t.Error("the first change: the clone has the user of the map that was cloned, want a copy")
	}
	u.RPort = 5060
	clone.set(&u)
	if clone.get(u.Address) != copied || copied.RPort != 5060 {
		t.Error("the second change: the clone has another copy, want the same one, changed")
	}
}
