package memstore

import (
	"hash/maphash"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// userMap is a map of users by address. Its clones share their memory until one of them is changed,
// and then what did not change. It is a hash trie: among a million users, finding one costs a few
// cache misses, where a sorted tree would cost about twenty. The users lie in the trie themselves,
// because a pointer to each would cost one miss more.
type userMap struct {
	hash func(sip.Addr) uint64
	root userBucket
	// epoch tells clones apart: each has a higher one than the map that it was made of. What has
	// the epoch of a map belongs to that map alone, and is changed in place.
	epoch uint64
}

// userNode has a bucket for each value of a few bits of a hash. The root uses the lowest bits, and
// each level below it the next ones.
type userNode [1 << userNodeBits]userBucket

// userBucket has either users, in no order, or a node of the next level.
type userBucket struct {
	next  *userNode
	users []hermes.User
	epoch uint64 // of the map that next and the array of users belong to
	// tags has a few bits of the hash of each user. Few users have the same, so that mostly one
	// address is compared.
	tags [userBucketSize]uint8
}

const (
	userNodeBits = 4
	// userBucketSize is how many users a bucket has before it gets a node. A bucket whose users
	// have equal hashes may have more. With this size a bucket takes 64 bytes: one cache line.
	userBucketSize = 24
	// userBucketGrowth is for how many users a bucket gets room at once.
	userBucketGrowth = 8
)

func newUserMap() userMap {
	seed := maphash.MakeSeed()
	return userMap{hash: func(a sip.Addr) uint64 { return maphash.Comparable(seed, a) }}
}

// clone returns a map with the same users. It can be changed without changing m, which must not be
// changed any more.
func (m *userMap) clone() userMap {
	return userMap{hash: m.hash, root: m.root, epoch: m.epoch + 1}
}

// get returns the user at a, or nil. The user is valid until the map is changed, and is read only.
func (m *userMap) get(a sip.Addr) *hermes.User {
	hash := m.hash(a)
	b := &m.root
	for shift := 0; b.next != nil; shift += userNodeBits {
		b = b.next.bucket(hash, shift)
	}
	if i := b.index(hash, a); i >= 0 {
		return &b.users[i]
	}
	return nil
}

// set stores a copy of u, in the place of another user at that address.
func (m *userMap) set(u *hermes.User) {
	hash := m.hash(u.Address)
	b, shift := m.ownBucket(hash)
	if i := b.index(hash, u.Address); i >= 0 {
		b.users[i] = *u
		return
	}
	for len(b.users) >= userBucketSize && shift < 64 {
		m.split(b, shift)
		b, shift = b.next.bucket(hash, shift), shift+userNodeBits
	}
	b.add(hash, u)
}

// remove removes the user at a, if there is one.
func (m *userMap) remove(a sip.Addr) {
	hash := m.hash(a)
	b, _ := m.ownBucket(hash)
	i := b.index(hash, a)
	if i < 0 {
		return
	}
	last := len(b.users) - 1
	if i != last {
		b.put(i, m.hash(b.users[last].Address), &b.users[last])
	}
	b.users[last] = hermes.User{}
	b.users = b.users[:last]
}

// ownBucket returns the bucket of a hash for a change. It and the nodes from the root to it belong
// to m then: a copy takes the place of each that did not. The bits of hash from shift on are those
// that a node in the place of the bucket's users would use.
func (m *userMap) ownBucket(hash uint64) (b *userBucket, shift int) {
	b = &m.root
	for b.next != nil {
		if b.epoch != m.epoch {
			next := *b.next
			b.next, b.epoch = &next, m.epoch
		}
		b = b.next.bucket(hash, shift)
		shift += userNodeBits
	}
	if b.epoch != m.epoch {
		b.grow(1)
		b.epoch = m.epoch
	}
	return b, shift
}

// split moves the users of the bucket to a new node, which uses the bits from shift on.
func (m *userMap) split(b *userBucket, shift int) {
	next := new(userNode)
	for i := range next {
		next[i].epoch = m.epoch
	}
	for i := range b.users {
		hash := m.hash(b.users[i].Address)
		next.bucket(hash, shift).add(hash, &b.users[i])
	}
	*b = userBucket{next: next, epoch: m.epoch}
}

// bucket returns the bucket of a hash, of which the node uses the bits from shift on.
func (n *userNode) bucket(hash uint64, shift int) *userBucket { return &n[hash>>shift%uint64(len(n))] }

// tag returns the highest bits of a hash, which nodes use last.
func tag(hash uint64) uint8 { return uint8(hash >> 56) }

// index returns the index of the user at a, or -1.
func (b *userBucket) index(hash uint64, a sip.Addr) int {
	for i := range b.users {
		if (i >= len(b.tags) || b.tags[i] == tag(hash)) && b.users[i].Address == a {
			return i
		}
	}
	return -1
}

// add appends a copy of u. The bucket must be its map's own.
func (b *userBucket) add(hash uint64, u *hermes.User) {
	if len(b.users) == cap(b.users) {
		b.grow(userBucketGrowth)
	}
	b.users = b.users[:len(b.users)+1]
	b.put(len(b.users)-1, hash, u)
}

// put stores a copy of u at the index i.
func (b *userBucket) put(i int, hash uint64, u *hermes.User) {
	b.users[i] = *u
	if i < len(b.tags) {
		b.tags[i] = tag(hash)
	}
}

// grow moves the users to a new array, with room for n more.
func (b *userBucket) grow(n int) {
	users := make([]hermes.User, len(b.users), len(b.users)+n)
	copy(users, b.users)
	b.users = users
}
