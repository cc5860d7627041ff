package memstore

import (
	"iter"

	"github.com/tidwall/btree"
)

// table keeps rows in the order of their keys. A large V is better a pointer, to a value that
// nobody alters.
type table[K, V any] struct {
	tree *btree.BTreeG[row[K, V]]
}

type row[K, V any] struct {
	value V // first, since an empty one at the end would be padded
	key   K
}

// none is the value of a table that is a set.
type none = struct{}

// newTable needs no locks in the tree: rows are altered under the writer's lock, in a copy that
// nobody else sees yet.
func newTable[K, V any](compare func(a, b K) int) table[K, V] {
	less := func(a, b row[K, V]) bool { return compare(a.key, b.key) < 0 }
	return table[K, V]{btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})}
}

// copy shares all rows until either is written.
func (t table[K, V]) copy() table[K, V] { return table[K, V]{t.tree.Copy()} }

func (t table[K, V]) get(key K) (V, bool) {
	r, ok := t.tree.Get(row[K, V]{key: key})
	return r.value, ok
}

func (t table[K, V]) has(key K) bool {
	_, ok := t.get(key)
	return ok
}

func (t table[K, V]) set(key K, value V) { t.tree.Set(row[K, V]{value, key}) }

// remove tells whether there was something to remove.
func (t table[K, V]) remove(key K) bool {
	_, ok := t.tree.Delete(row[K, V]{key: key})
	return ok
}

// from yields the rows from key on, that one too, in order.
func (t table[K, V]) from(key K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		t.tree.Ascend(row[K, V]{key: key}, func(r row[K, V]) bool { return yield(r.key, r.value) })
	}
}

// all yields every row in order.
func (t table[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		t.tree.Scan(func(r row[K, V]) bool { return yield(r.key, r.value) })
	}
}

// after yields the rows past key, or all for the zero key, which is nobody's.
func after[K comparable, V any](t table[K, V], key K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for k, v := range t.from(key) {
			if k != key && !yield(k, v) {
				return
			}
		}
	}
}
