package hermes

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"iter"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/sip"
)

// A list is fetched in pages that grow: a short list is cheap, a long one needs few statements, and
// no page is large beside the memory of a process.
const (
	firstPage   = 250
	pageGrowth  = 4
	largestPage = 20_000
	noLimit     = math.MaxInt - 1 // leaves room to ask for one more
)

// List is the list in an answer. It is fetched page by page while it is read: no connection is held
// meanwhile, and memory does not grow with its length. The context of the call that made it must
// not end before it has been read. A List may be read by one goroutine at a time. The zero value is
// an empty list.
type List[T any] struct {
	head  []T // the first page
	size  int // how many entries were asked for in it
	limit int
	ctx   context.Context                                        // of the call that made the list
	fetch func(ctx context.Context, after T, n int) ([]T, error) // if nil, head is the whole list
	token func(T) string
	inTx  bool // fetch is for the goroutine of the reader only
	next  string
}

// newList fetches the first page, so that a failure there is the error of the call. limit 0 means
// no limit.
func newList[T any](ctx context.Context, c *Client, node string, limit int, after T,
	page func(ctx context.Context, after T, n int) ([]T, error), token func(T) string) (*List[T], error) {
	l := &List[T]{limit: min(limit, noLimit), ctx: ctx, token: token, inTx: c.tx != nil}
	if limit == 0 {
		l.limit = noLimit
	}
	l.fetch = func(ctx context.Context, after T, n int) (entries []T, err error) {
		defer wrap(&err, node)
		return page(ctx, after, n)
	}
	l.size = min(firstPage, l.limit+1)
	var err error
	l.head, err = l.fetch(ctx, after, l.size)
	return l, err
}

// fetching is a page that is being fetched, or will be when it is waited for.
type fetching[T any] struct {
	wait func() ([]T, error)
	stop func() // ends the fetching of a page that is not wanted any more
}

// later fetches a page when it is waited for.
func (l *List[T]) later(after T, n int) fetching[T] {
	return fetching[T]{
		wait: func() ([]T, error) { return l.fetch(l.ctx, after, n) },
		stop: func() {},
	}
}

// now starts to fetch a page in a goroutine of its own. If that panics, so does wait.
func (l *List[T]) now(after T, n int) fetching[T] {
	ctx, cancel := context.WithCancel(l.ctx)
	done := make(chan struct{})
	var page []T
	var err error
	var panicked any
	go func() {
		defer close(done)
		defer cancel()
		defer func() { panicked = recover() }()
		page, err = l.fetch(ctx, after, n)
	}()
	return fetching[T]{
		wait: func() ([]T, error) {
			<-done
			if panicked != nil {
				panic(panicked)
			}
			return page, err
		},
		stop: func() {
			cancel()
			<-done
		},
	}
}

// pages yields the pages in order. It ends after an error, which is an *[Error]. fetch is called
// for the next page before a page is yielded.
func (l *List[T]) pages(fetch func(after T, n int) fetching[T], yield func([]T, error) bool) {
	l.next = ""
	page, size, left := l.head, l.size, l.limit
	var last T
	for {
		more, over := len(page) == size && l.fetch != nil, len(page) > left
		page = page[:min(len(page), left)]
		left -= len(page)
		if len(page) > 0 {
			last = page[len(page)-1]
		}
		next := fetching[T]{stop: func() {}}
		if more && !over {
			size = min(size*pageGrowth, largestPage, left+1)
			next = fetch(last, size)
		}
		if !yieldPage(page, next, yield) {
			return
		}
		if over {
			l.next = l.token(last)
		}
		if over || !more {
			return
		}
		var err error
		if page, err = next.wait(); err != nil {
			yield(nil, err)
			return
		}
	}
}

// yieldPage stops the fetching of the next page if the reader wants no more, or panics.
func yieldPage[T any](page []T, next fetching[T], yield func([]T, error) bool) (more bool) {
	defer func() {
		if !more {
			next.stop()
		}
	}()
	return len(page) == 0 || yield(page, nil)
}

// All yields the entries in order. It ends after an error, which is an *[Error].
func (l *List[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		l.pages(l.later, func(page []T, err error) bool {
			for _, v := range page {
				if !yield(v, nil) {
					return false
				}
			}
			var none T
			return err == nil || yield(none, err)
		})
	}
}

// Pages yields the entries in order for callers that do not know their type: each value is a []T
// with at least one entry, or nil with an error. It is faster than All, because the next page is
// fetched by another goroutine while one is in use. In [Client.Tx], where calls are for one
// goroutine at a time, it is fetched afterwards.
func (l *List[T]) Pages() iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		fetch := l.now
		if l.inTx {
			fetch = l.later
		}
		l.pages(fetch, func(page []T, err error) bool {
			if err != nil {
				return yield(nil, err)
			}
			return yield(page, nil)
		})
	}
}

// Next returns the value of After with which the same request goes on, or "" if the list is
// complete. It is known once All has been read to its end.
func (l *List[T]) Next() string { return l.next }

// Empty reports whether the list has no entry.
func (l *List[T]) Empty() bool { return len(l.head) == 0 }

// Collect reads the whole list.
func (l *List[T]) Collect() ([]T, error) {
	all := make([]T, 0, len(l.head))
	for v, err := range l.All() {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}

// MarshalJSON reads the whole list and returns it as an array.
func (l *List[T]) MarshalJSON() ([]byte, error) {
	all, err := l.Collect()
	if err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads an array, which is the whole list then.
func (l *List[T]) UnmarshalJSON(b []byte) error {
	*l = List[T]{limit: noLimit}
	return json.Unmarshal(b, &l.head)
}

// pageToken returns where a page ended, as the fields of its last entry, so that paging needs no
// state. The form survives a URL. No field may contain a NUL.
func pageToken(fields ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(fields, "\x00")))
}

// addrToken is pageToken for an entry of addresses.
func addrToken(addrs ...sip.Addr) string {
	var fields []string
	for _, a := range addrs {
		fields = append(fields, sip.Spell(a.User()), sip.Spell(a.Domain().String()))
	}
	return pageToken(fields...)
}

// tokenAddr returns the address of which addrToken wrote the fields.
func tokenAddr(user, domain string) sip.Addr {
	return sip.Unchecked(sip.Unspell(user), sip.Unspell(domain))
}

// tokenValue reads a token of one field with that field's own parser. The empty token is the zero
// value.
func tokenValue[T any](token string, parse func(string) (T, error)) (v T, err error) {
	fields, err := parsePageToken(token, 1)
	if err != nil || fields == nil {
		return v, err
	}
	if v, err = parse(fields[0]); err != nil {
		return v, errPageToken()
	}
	return v, nil
}

func errPageToken() *Error { return badParameter("after: want the value of next from the page before") }

// parsePageToken reads a token of n fields. The empty token is the start of the list and gives nil.
// Some fields may be empty, because other tools write rows without a user name, but not all of
// them.
func parsePageToken(token string, n int) ([]string, error) {
	if token == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	fields := strings.Split(string(b), "\x00")
	if err != nil || len(fields) != n || !utf8.Valid(b) || strings.Join(fields, "") == "" {
		return nil, errPageToken()
	}
	return fields, nil
}
