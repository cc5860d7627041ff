package memstore

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestUserMap makes the same random changes to a userMap and a Go map.
func TestUserMap(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	want, m := map[sip.Addr]*hermes.User{}, newUserMap()
	oldWant, old := maps.Clone(want), m
	for i := range 30_000 {
		a := address(r.IntN(5000))
		if r.IntN(3) == 0 {
			delete(want, a)
			m = m.without(a)
		} else {
			want[a] = &hermes.User{Address: a, RPort: i}
			m = m.with(want[a])
		}
		if i == 10_000 {
			oldWant, old = maps.Clone(want), m
		}
	}
	t.Run("a map has the users that were added and not removed", func(t *testing.T) { wantUsers(t, m, want) })
	t.Run("a map stays as it was when another is made of it", func(t *testing.T) { wantUsers(t, old, oldWant) })
}

func wantUsers(t *testing.T, m userMap, want map[sip.Addr]*hermes.User) {
	t.Helper()
	for i := range 5000 {
		if a := address(i); m.get(a) != want[a] {
			t.Fatalf("%s: got %v, want %v", a, m.get(a), want[a])
		}
	}
}

// TestUserMap_EqualHashes adds more users with one hash than a bucket has without being split.
func TestUserMap_EqualHashes(t *testing.T) {
	t.Parallel()
	for _, hash := range []uint64{0, 1<<64 - 1} {
		m := newUserMap()
		for i := range 2 * userBucketSize {
			m = m.withHash(hash, &hermes.User{Address: address(i)})
		}
		for i := range 2 * userBucketSize {
			if u := m.find(hash, address(i)); u == nil || u.Address != address(i) {
				t.Fatalf("hash %x, user %d: got %v", hash, i, u)
			}
		}
		if u := m.find(hash, address(2*userBucketSize)); u != nil {
			t.Fatalf("hash %x, a user that was not added: got %v, want nil", hash, u)
		}
	}
}
