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

// seenKey is what one time is kept of.
type seenKey struct {
	session   hermes.Hash
	principal hermes.Principal
}

// seenBatch gathers when sessions were seen, so that a request does not wait until that has been
// written. The zero value is ready to use.
type seenBatch struct {
	mu      sync.Mutex
	waiting map[seenKey]hermes.Seen
	writing map[seenKey]hermes.Seen
	done    chan struct{} // closed when the goroutine that writes has ended; nil if there is none
}

// Touch implements [hermes.Store]. Outside a transaction it returns at once, and a goroutine writes
// all that was gathered since it last began to write. An error there means only that the sessions
// look as if they had not been used.
func (s *Store) Touch(ctx context.Context, seen []hermes.Seen) error {
	if s.tx != nil || s.single {
		return s.touch(ctx, slices.Clone(seen))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	b := &s.seen
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range seen {
		b.add(v)
	}
	if b.done == nil && len(b.waiting) > 0 {
		b.done = make(chan struct{})
		go s.writeSeen(b.done)
	}
	return nil
}

// add keeps the latest time of each session.
func (b *seenBatch) add(v hermes.Seen) {
	key := seenKey{v.Session, v.Principal}
	if !b.writing[key].At.Before(v.At) || !b.waiting[key].At.Before(v.At) {
		return
	}
	if b.waiting == nil {
		b.waiting = map[seenKey]hermes.Seen{}
	}
	b.waiting[key] = v
}

// next returns the batch to be written, which is empty when the goroutine has to end.
func (b *seenBatch) next() []hermes.Seen {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writing, b.waiting = b.waiting, nil
	if len(b.writing) == 0 {
		b.done = nil
	}
	return slices.Collect(maps.Values(b.writing))
}

// writeSeen writes batches until nothing is waiting.
func (s *Store) writeSeen(done chan struct{}) {
	defer close(done)
	for batch := s.seen.next(); len(batch) > 0; batch = s.seen.next() {
		ctx, cancel := context.WithTimeout(context.Background(), seenTime)
		_ = s.touch(ctx, batch)
		cancel()
	}
}

// Flush waits until what [Store.Touch] gathered has been written.
func (s *Store) Flush() {
	s.seen.mu.Lock()
	done := s.seen.done
	s.seen.mu.Unlock()
	if done != nil {
		<-done
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
