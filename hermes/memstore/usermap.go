package memstore

import (
	"hash/maphash"
	"slices"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// userMap is an immutable map of users by address: with and without return a changed map, which
// shares most of its memory with the old one. It is a hash trie: among a million users, finding one
// costs a few cache misses, where a sorted tree would cost about twenty.
type userMap struct {
	seed maphash.Seed
	root *userNode
}

// userNode has a bucket for each value of a few bits of a hash. The root uses the lowest bits, and
// each level below it the next ones.
type userNode [1 << userNodeBits]userBucket

// userBucket has either users, in no order, or a node of the next level.
type userBucket struct {
	users []hashedUser
	next  *userNode
}

type hashedUser struct {
	hash uint64
	user *hermes.User
}

const (
	userNodeBits = 5
	// userBucketSize is how many users a bucket has before it gets a node. A bucket whose users
	// have equal hashes may have more.
	userBucketSize = 48
)

func newUserMap() userMap { return userMap{seed: maphash.MakeSeed(), root: new(userNode)} }

func (m userMap) hash(a sip.Addr) uint64 { return maphash.Comparable(m.seed, a) }

// get returns the user at a, or nil.
func (m userMap) get(a sip.Addr) *hermes.User { return m.find(m.hash(a), a) }

// find is get with the hash of a.
func (m userMap) find(hash uint64, a sip.Addr) *hermes.User {
	b := m.root.bucket(hash, 0)
	for shift := userNodeBits; b.next != nil; shift += userNodeBits {
		b = b.next.bucket(hash, shift)
	}
	if i := b.index(hash, a); i >= 0 {
		return b.users[i].user
	}
	return nil
}

// with returns a map that has u, in the place of another user at that address.
func (m userMap) with(u *hermes.User) userMap { return m.withHash(m.hash(u.Address), u) }

// withHash is with, with the hash of u.Address.
func (m userMap) withHash(hash uint64, u *hermes.User) userMap {
	return m.change(hash, func(b *userBucket, nextShift int) {
		b.users = append(b.without(hash, u.Address), hashedUser{hash: hash, user: u})
		if len(b.users) > userBucketSize && nextShift < 64 {
			b.split(nextShift)
		}
	})
}

// without returns a map that has no user at a.
func (m userMap) without(a sip.Addr) userMap {
	hash := m.hash(a)
	return m.change(hash, func(b *userBucket, _ int) { b.users = b.without(hash, a) })
}

// change returns a map in which fn has changed the bucket of hash. It copies the nodes from the
// root to the bucket. The shift that it passes to fn is that of a node which fn may put into the
// bucket.
func (m userMap) change(hash uint64, fn func(b *userBucket, nextShift int)) userMap {
	changed := userMap{seed: m.seed, root: m.root}
	node := &changed.root
	for shift := 0; ; shift += userNodeBits {
		nodeCopy := **node
		*node = &nodeCopy
		b := nodeCopy.bucket(hash, shift)
		if b.next == nil {
			fn(b, shift+userNodeBits)
			return changed
		}
		node = &b.next
	}
}

// bucket returns the bucket of a hash, of which the node uses the bits from shift on.
func (n *userNode) bucket(hash uint64, shift int) *userBucket { return &n[hash>>shift%uint64(len(n))] }

// index returns the index of the user at a, or -1.
func (b *userBucket) index(hash uint64, a sip.Addr) int {
	for i := range b.users {
		if b.users[i].hash == hash && b.users[i].user.Address == a {
			return i
		}
	}
	return -1
}

// without returns a copy of the bucket's users except for the one at a.
func (b *userBucket) without(hash uint64, a sip.Addr) []hashedUser {
	users := make([]hashedUser, 0, len(b.users)+1)
	users = append(users, b.users...)
	if i := b.index(hash, a); i >= 0 {
		users = slices.Delete(users, i, i+1)
	}
	return users
}

// split moves the users of the bucket to a new node, which uses the bits from shift on.
func (b *userBucket) split(shift int) {
	n := new(userNode)
	for _, u := range b.users {
		below := n.bucket(u.hash, shift)
		below.users = append(below.users, u)
	}
	*b = userBucket{next: n}
}
