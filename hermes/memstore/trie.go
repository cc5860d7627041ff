package memstore

import (
	"hash/maphash"
	"slices"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// trie finds users by the hashes of their addresses: among a million one is a few cache misses
// away, and some twenty in an ordered tree. A trie is a value: with and without return another
// one, which shares all but the nodes on the way.
type trie struct {
	seed maphash.Seed
	root *node
}

// node branches by five bits of the hash, the lowest first.
type node [1 << trieBits]slot

// slot has a few users, in no order, or a node that has more.
type slot struct {
	users []hashed
	next  *node
}

type hashed struct {
	hash uint64
	user *hermes.User
}

const (
	trieBits = 5
	trieSlot = 48 // users in a slot; more become a node, while there are bits
)

func newTrie() trie { return trie{maphash.MakeSeed(), new(node)} }

func (n *node) slot(hash uint64, shift int) *slot { return &n[hash>>shift%uint64(len(n))] }

func (t trie) hash(a sip.Addr) uint64 { return maphash.Comparable(t.seed, a) }

// get returns the user at a, or nil.
func (t trie) get(a sip.Addr) *hermes.User { return t.find(t.hash(a), a) }

func (t trie) find(hash uint64, a sip.Addr) *hermes.User {
	s := t.root.slot(hash, 0)
	for shift := trieBits; s.next != nil; shift += trieBits {
		s = s.next.slot(hash, shift)
	}
	if i := s.index(hash, a); i >= 0 {
		return s.users[i].user
	}
	return nil
}

func (s *slot) index(hash uint64, a sip.Addr) int {
	for i := range s.users {
		if s.users[i].hash == hash && s.users[i].user.Address == a {
			return i
		}
	}
	return -1
}

// with has u instead of whom it had at that address.
func (t trie) with(u *hermes.User) trie { return t.put(t.hash(u.Address), u) }

func (t trie) put(hash uint64, u *hermes.User) trie {
	return t.alter(hash, func(s *slot, shift int) {
		s.users = append(s.without(hash, u.Address), hashed{hash, u})
		if len(s.users) > trieSlot && shift < 64 {
			s.split(shift)
		}
	})
}

func (t trie) without(a sip.Addr) trie {
	hash := t.hash(a)
	return t.alter(hash, func(s *slot, _ int) { s.users = s.without(hash, a) })
}

// alter copies the nodes on the way to a slot, and hands a copy of it to change, with the shift
// of the node that would come next.
func (t trie) alter(hash uint64, change func(s *slot, shift int)) trie {
	altered := trie{t.seed, t.root}
	way := &altered.root
	for shift := 0; ; shift += trieBits {
		n := **way
		*way = &n
		s := n.slot(hash, shift)
		if s.next == nil {
			change(s, shift+trieBits)
			return altered
		}
		way = &s.next
	}
}

// without returns a copy of the users but one.
func (s *slot) without(hash uint64, a sip.Addr) []hashed {
	users := make([]hashed, 0, len(s.users)+1)
	users = append(users, s.users...)
	if i := s.index(hash, a); i >= 0 {
		users = slices.Delete(users, i, i+1)
	}
	return users
}

func (s *slot) split(shift int) {
	n := new(node)
	for _, h := range s.users {
		below := n.slot(h.hash, shift)
		below.users = append(below.users, h)
	}
	*s = slot{next: n}
}
