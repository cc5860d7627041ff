package memstore

import (
	"iter"

	"github.com/tidwall/btree"
)

// sortedMap is a map that yields its entries in the order of their keys. Its clones share their
// entries until one of them is changed. If V is large it is better a pointer, to a value that is
// never changed.
type sortedMap[K comparable, V any] struct {
	tree *btree.BTreeG[entry[K, V]]
	// shared is set if another map may have the same tree. It is copied before the first change, so
	// that a transaction pays for the maps that it changes, and for no others.
	shared bool
}

type entry[K, V any] struct {
	value V // the first field, since an empty struct at the end would be padded
	key   K
}

// newSortedMap returns an empty map. It needs no locks of its own: a map is changed by the one
// transaction that cloned it, and has no other user before the commit.
func newSortedMap[K comparable, V any](compare func(a, b K) int) sortedMap[K, V] {
	less := func(a, b entry[K, V]) bool { return compare(a.key, b.key) < 0 }
	return sortedMap[K, V]{tree: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})}
}

// clone returns a map with the same entries. It can be changed without changing m, which must not
// be changed any more.
func (m sortedMap[K, V]) clone() sortedMap[K, V] {
	return sortedMap[K, V]{tree: m.tree, shared: true}
}

func (m sortedMap[K, V]) get(key K) (V, bool) {
	e, ok := m.tree.Get(entry[K, V]{key: key})
	return e.value, ok
}

func (m sortedMap[K, V]) has(key K) bool {
	_, ok := m.get(key)
	return ok
}

func (m *sortedMap[K, V]) set(key K, value V) {
	m.own()
	m.tree.Set(entry[K, V]{value: value, key: key})
}

// remove removes the entry of key, and reports whether there was one.
func (m *sortedMap[K, V]) remove(key K) bool {
	m.own()
	_, ok := m.tree.Delete(entry[K, V]{key: key})
	return ok
}

// own makes the tree one that no other map has. The two trees share their nodes, each of which is
// copied once, when it is first changed. Copy takes the right to change nodes in place from the old
// tree, too. It writes to that tree for this, but to a field that readers of the tree do not read.
func (m *sortedMap[K, V]) own() {
	if m.shared {
		m.tree, m.shared = m.tree.Copy(), false
	}
}

// at returns the key with the index i in the order of keys.
func (m sortedMap[K, V]) at(i int) K {
	e, _ := m.tree.GetAt(i)
	return e.key
}

func (m sortedMap[K, V]) size() int { return m.tree.Len() }

// from yields the entries whose key is key or after it.
func (m sortedMap[K, V]) from(key K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		m.tree.Ascend(entry[K, V]{key: key}, func(e entry[K, V]) bool { return yield(e.key, e.value) })
	}
}

// after yields the entries whose key is after key. The zero key comes before all others and has no
// entry, so that it stands for the beginning of a list.
func (m sortedMap[K, V]) after(key K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		m.tree.Ascend(entry[K, V]{key: key}, func(e entry[K, V]) bool {
			return e.key == key || yield(e.key, e.value)
		})
	}
}

// before yields the entries whose key is before key, the last one first. The zero key stands for
// the end.
func (m sortedMap[K, V]) before(key K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		each := func(e entry[K, V]) bool { return e.key == key || yield(e.key, e.value) }
		var zero K
		if key == zero {
			m.tree.Reverse(each)
		} else {
			m.tree.Descend(entry[K, V]{key: key}, each)
		}
	}
}

// all yields every entry.
func (m sortedMap[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		m.tree.Scan(func(e entry[K, V]) bool { return yield(e.key, e.value) })
	}
}
