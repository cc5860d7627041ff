package memstore

import (
	"iter"

	"github.com/tidwall/btree"
)

// sortedMap is a map that yields its entries in the order of their keys. Its clones share their
// entries until one of them is changed. If V is large it is better a pointer, to a value that is
// never changed.
type sortedMap[K, V any] struct {
	tree *btree.BTreeG[entry[K, V]]
}

type entry[K, V any] struct {
	value V // the first field, since an empty struct at the end would be padded
	key   K
}

// newSortedMap returns an empty map. It needs no locks of its own: a map is changed by the one
// transaction that cloned it, and has no other user before the commit.
func newSortedMap[K, V any](compare func(a, b K) int) sortedMap[K, V] {
	less := func(a, b entry[K, V]) bool { return compare(a.key, b.key) < 0 }
	return sortedMap[K, V]{tree: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})}
}

func (m sortedMap[K, V]) clone() sortedMap[K, V] { return sortedMap[K, V]{tree: m.tree.Copy()} }

func (m sortedMap[K, V]) get(key K) (V, bool) {
	e, ok := m.tree.Get(entry[K, V]{key: key})
	return e.value, ok
}

func (m sortedMap[K, V]) has(key K) bool {
	_, ok := m.get(key)
	return ok
}

func (m sortedMap[K, V]) set(key K, value V) { m.tree.Set(entry[K, V]{value: value, key: key}) }

// remove removes the entry of key, and reports whether there was one.
func (m sortedMap[K, V]) remove(key K) bool {
	_, ok := m.tree.Delete(entry[K, V]{key: key})
	return ok
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

// all yields every entry.
func (m sortedMap[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		m.tree.Scan(func(e entry[K, V]) bool { return yield(e.key, e.value) })
	}
}

// after yields the entries whose key is after key. The zero key comes before all others and has no
// entry, so that it stands for the beginning of a list.
func after[K comparable, V any](m sortedMap[K, V], key K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for k, v := range m.from(key) {
			if k != key && !yield(k, v) {
				return
			}
		}
	}
}
