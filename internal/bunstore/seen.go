package bunstore

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// seenTime bounds the writing of one batch.
const seenTime = 10 * time.Second

// seenBatch gathers when something was seen, so that a request does not wait until that has been
// written.
type seenBatch[K comparable, V any] struct {
	key   func(V) K         // what one time is kept of
	at    func(V) time.Time // when it was seen
	write func(context.Context, []V) error

	mu      sync.Mutex
	waiting map[K]V
	writing map[K]V
	done    chan struct{} // closed when the goroutine that writes has ended; nil if there is none
}

// add returns at once, and a goroutine writes all that was gathered since it last began to write.
// An error there means only that it looks as if what was seen had not been used.
func (b *seenBatch[K, V]) add(ctx context.Context, seen []V) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range seen {
		b.keepLatest(v)
	}
	if b.done == nil && len(b.waiting) > 0 {
		b.done = make(chan struct{})
		go b.writeAll(b.done)
	}
	return nil
}

func (b *seenBatch[K, V]) keepLatest(v V) {
	key := b.key(v)
	for _, known := range []map[K]V{b.writing, b.waiting} {
		if old, ok := known[key]; ok && !b.at(old).Before(b.at(v)) {
			return
		}
	}
	if b.waiting == nil {
		b.waiting = map[K]V{}
	}
	b.waiting[key] = v
}

// next returns the batch to be written, which is empty when the goroutine has to end.
func (b *seenBatch[K, V]) next() []V {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writing, b.waiting = b.waiting, nil
	if len(b.writing) == 0 {
		b.done = nil
	}
	return slices.Collect(maps.Values(b.writing))
}

// writeAll writes batches until nothing is waiting.
func (b *seenBatch[K, V]) writeAll(done chan struct{}) {
	defer close(done)
	for batch := b.next(); len(batch) > 0; batch = b.next() {
		ctx, cancel := context.WithTimeout(context.Background(), seenTime)
		_ = b.write(ctx, batch)
		cancel()
	}
}

// flush waits until what was gathered has been written.
func (b *seenBatch[K, V]) flush() {
	b.mu.Lock()
	done := b.done
	b.mu.Unlock()
	if done != nil {
		<-done
	}
}

// Flush waits until what [Store.Touch] and [Store.SeePhones] gathered has been written.
func (s *Store) Flush() {
	s.seen.flush()
	s.phonesSeen.flush()
}

// seenKey is what Touch keeps one time of.
type seenKey struct {
	session   hermes.Hash
	principal hermes.Principal
}

// Touch implements [hermes.Store]. Outside a transaction it returns at once, and what it gathers is
// written soon.
func (s *Store) Touch(ctx context.Context, seen []hermes.Seen) error {
	if s.tx != nil || s.single {
		return s.touch(ctx, slices.Clone(seen))
	}
	return s.seen.add(ctx, seen)
}

// newSeen returns a batch of what Touch gathers.
func (s *Store) newSeen() *seenBatch[seenKey, hermes.Seen] {
	return &seenBatch[seenKey, hermes.Seen]{
		key:   func(v hermes.Seen) seenKey { return seenKey{v.Session, v.Principal} },
		at:    func(v hermes.Seen) time.Time { return v.At },
		write: s.touch,
	}
}

// touch writes in one transaction. The order of the rows is the same for all processes, so that
// they cannot stop each other.
func (s *Store) touch(ctx context.Context, seen []hermes.Seen) error {
	st := s.sql()
	return s.write(ctx, TxOptions{Pool: Auth}, nil, func(in *Store) error {
		slices.SortFunc(seen, func(a, b hermes.Seen) int { return bytes.Compare(a.Session[:], b.Session[:]) })
		for _, v := range seen {
			if v.Session == (hermes.Hash{}) {
				continue
			}
			if err := in.change(ctx, st.touchSession, nil, stamp(v.At), v.Session[:]); err != nil {
				return err
			}
		}
		slices.SortStableFunc(seen, func(a, b hermes.Seen) int { return strings.Compare(a.Principal.Name, b.Principal.Name) })
		for _, v := range seen {
			if v.Principal.Kind != hermes.KeyPrincipal {
				continue
			}
			if err := in.change(ctx, st.touchKey, nil, stamp(v.At), v.Principal.Name); err != nil {
				return err
			}
		}
		return nil
	})
}
