package memstore

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestTrie does the same to a trie and to a map, and wants older tries to stay as they were.
func TestTrie(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	users, now := map[sip.Addr]*hermes.User{}, newTrie()
	old, oldUsers := now, maps.Clone(users)
	for i := range 30_000 {
		a := address(r.IntN(5000))
		if r.IntN(3) == 0 {
			delete(users, a)
			now = now.without(a)
		} else {
			users[a] = &hermes.User{Address: a, RPort: i}
			now = now.with(users[a])
		}
		if i == 10_000 {
			old, oldUsers = now, maps.Clone(users)
		}
	}
	sameUsers(t, old, oldUsers)
	sameUsers(t, now, users)
}

func sameUsers(t *testing.T, got trie, want map[sip.Addr]*hermes.User) {
	t.Helper()
	for i := range 5000 {
		if a := address(i); got.get(a) != want[a] {
			t.Fatalf("%s: got %v, want %v", a, got.get(a), want[a])
		}
	}
}

// TestTrieCollisions has more users of one hash than a slot is to have, which no bit parts.
func TestTrieCollisions(t *testing.T) {
	for _, hash := range []uint64{0, 1<<64 - 1} {
		tr := newTrie()
		for i := range 2 * trieSlot {
			tr = tr.put(hash, &hermes.User{Address: address(i)})
		}
		for i := range 2 * trieSlot {
			if u := tr.find(hash, address(i)); u == nil || u.Address != address(i) {
				t.Fatalf("hash %x, user %d: got %v", hash, i, u)
			}
		}
		if u := tr.find(hash, address(2*trieSlot)); u != nil {
			t.Fatalf("got %v, want none", u)
		}
	}
}
