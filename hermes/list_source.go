package hermes

import "context"

// ListPage is a part of a list that another process has.
type ListPage[T any] struct {
	Entries []T
	Next    string // where the list goes on; "" if this is its end
}

// NewList returns a list that another process has, for implementations of [API] that call it. first
// is its beginning, limit is that of the request, and next returns the page that begins at after,
// with most entries at most. next is called with ctx when the page before has been read. Its error
// ends the list.
func NewList[T any](ctx context.Context, first ListPage[T], limit int,
	next func(ctx context.Context, after string, most int) (ListPage[T], error)) *List[T] {
	l := &List[T]{head: first.Entries, after: first.Next, limit: limit, ctx: ctx, source: next}
	if limit == 0 {
		l.limit = noLimit
	}
	return l
}

// sourcePages yields the pages of a list that another process has.
func (l *List[T]) sourcePages(yield func([]T, error) bool) {
	l.next = ""
	p, left := ListPage[T]{Entries: l.head, Next: l.after}, l.limit
	for {
		left -= len(p.Entries)
		if len(p.Entries) > 0 && !yield(p.Entries, nil) {
			return
		}
		if p.Next == "" || left <= 0 {
			l.next = p.Next
			return
		}
		var err error
		if p, err = l.source(l.ctx, p.Next, left); err != nil {
			yield(nil, err)
			return
		}
	}
}
