package hermes

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"iter"
	"math"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/sip"
)

// A list is fetched in pages that grow: a short list is cheap, a long one needs few statements, and
// many lists that are read slowly are not large beside the memory of a process. A few lists at a
// time have large pages, of which a long list needs fewer.
const (
	firstPage      = 250
	pageGrowth     = 4
	largestPage    = 20_000          // entries
	pageBytes      = 256 << 10       // of memory; a page of one entry may need more
	largePageBytes = 4 << 20         // the same, of a large page
	noLimit        = math.MaxInt - 1 // leaves room to ask for one more
)

// largePageLimits bound the lists that have large pages.
var largePageLimits = PlaceLimits{Total: 4, Share: 1}

// List is the list in an answer. It is fetched page by page while it is read: no connection is held
// meanwhile, and memory does not grow with its length. The context of the call that made it must
// not end before it has been read. The list of an actor that has a session ends with Unauthorized
// when the session does, or the actor's rights. A List may be read by one goroutine at a time. The
// zero value is an empty list.
type List[T any] struct {
	head  []T  // the entries of the first page
	more  bool // there may be entries after them
	bytes int  // of memory that they need
	limit int
	ctx   context.Context                                            // of the call that made the list
	fetch func(ctx context.Context, after T, n int) (page[T], error) // if nil, head is the whole list
	token func(T) string
	size  func(T) int // the length of the texts of an entry
	inTx  bool        // fetch is for the goroutine of the reader only
	next  string
	// goOn is called before each page after the first. Its error ends the list.
	goOn func() error
	// takeLarge takes a place for a list with large pages, and returns the function that gives it
	// back.
	takeLarge func() (give func(), ok bool)
	giveLarge func() // nil unless the list has such a place
	pageBytes int    // the bound of the pages that are fetched next; zero if fetch is nil
	// source has the list if another process has it; head is then the beginning, and the fields for
	// fetching are not used.
	source func(ctx context.Context, after string, most int) (ListPage[T], error)
	after  string // where head ends
}

// page is a part of a list.
type page[T any] struct {
	entries []T
	more    bool // there may be entries after these
	bytes   int  // of memory that the entries need
}

// newList fetches the first page, so that a failure there is the error of the call. limit 0 means
// no limit.
func newList[T any](ctx context.Context, c *Client, node string, limit int, after T,
	read pageFunc[T], token func(T) string, size func(T) int) (*List[T], error) {
	l := &List[T]{
		limit: min(limit, noLimit), ctx: ctx, goOn: c.reauthorization(ctx, node), token: token, size: size, inTx: c.tx != nil,
		pageBytes: pageBytes,
		takeLarge: func() (func(), bool) { return c.largePages.Take(ctx, c.sharer()) },
	}
	if limit == 0 {
		l.limit = noLimit
	}
	l.fetch = func(ctx context.Context, after T, n int) (p page[T], err error) {
		defer wrap(&err, node)
		return l.bounded(ctx, read, after, n)
	}
	first, err := l.fetch(ctx, after, min(firstPage, l.limit+1))
	l.head, l.more, l.bytes = first.entries, first.more, first.bytes
	return l, err
}

// bounded reads a page of n entries or, if they are larger than l.pageBytes, of those that are not.
func (l *List[T]) bounded(ctx context.Context, read pageFunc[T], after T, n int) (page[T], error) {
	entryBytes := int(reflect.TypeFor[T]().Size())
	for cut := false; ; cut = true {
		entries, err := read(ctx, after, n)
		if err != nil {
			return page[T]{}, err
		}
		p := page[T]{entries: entries, more: cut || len(entries) == n}
		fits := len(entries)
		for i, e := range entries {
			if p.bytes += entryBytes + l.size(e); p.bytes > l.pageBytes && i > 0 {
				fits = i
				break
			}
		}
		if fits == len(entries) {
			return p, nil
		}
		// The page is read again, because a part of it would keep the memory of the whole.
		n = fits
	}
}

// nextSize returns how many entries to ask for after p, of which at most left are wanted.
func (l *List[T]) nextSize(p page[T], left int) int {
	return max(1, min(len(p.entries)*pageGrowth, largestPage, l.pageBytes*len(p.entries)/max(1, p.bytes), left+1))
}

// enlarge lets the pages after p be large if the list is long, and few others have large pages. It
// does so until shrink is called.
func (l *List[T]) enlarge(p page[T]) {
	if l.giveLarge != nil || p.bytes < l.pageBytes/2 {
		return
	}
	if give, ok := l.takeLarge(); ok {
		l.pageBytes, l.giveLarge = largePageBytes, give
	}
}

// shrink ends what enlarge began.
func (l *List[T]) shrink() {
	if l.giveLarge != nil {
		l.giveLarge()
		l.pageBytes, l.giveLarge = pageBytes, nil
	}
}

// fetching is a page that is being fetched, or will be when it is waited for.
type fetching[T any] struct {
	wait func() (page[T], error)
	stop func() // ends the fetching of a page that is not wanted any more
}

// later fetches a page when it is waited for.
func (l *List[T]) later(after T, n int) fetching[T] {
	return fetching[T]{
		wait: func() (page[T], error) { return l.fetch(l.ctx, after, n) },
		stop: func() {},
	}
}

// now starts to fetch a page in a goroutine of its own. If that panics, so does wait.
func (l *List[T]) now(after T, n int) fetching[T] {
	ctx, cancel := context.WithCancel(l.ctx)
	done := make(chan struct{})
	var p page[T]
	var err error
	var panicked any
	go func() {
		defer close(done)
		defer cancel()
		defer func() { panicked = recover() }()
		p, err = l.fetch(ctx, after, n)
	}()
	return fetching[T]{
		wait: func() (page[T], error) {
			<-done
			if panicked != nil {
				panic(panicked)
			}
			return p, err
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
	if l.source != nil {
		l.sourcePages(yield)
		return
	}
	l.next = ""
	defer l.shrink()
	p, left := page[T]{entries: l.head, more: l.more, bytes: l.bytes}, l.limit
	var last T
	for {
		entries := p.entries[:min(len(p.entries), left)]
		over := len(p.entries) > left
		left -= len(entries)
		if len(entries) > 0 {
			last = entries[len(entries)-1]
		}
		next := fetching[T]{stop: func() {}}
		if p.more && !over {
			l.enlarge(p)
			next = fetch(last, l.nextSize(p, left))
		}
		if !yieldPage(entries, next, yield) {
			return
		}
		if over {
			l.next = l.token(last)
		}
		if over || !p.more {
			return
		}
		var err error
		if p, err = next.wait(); err == nil {
			err = l.goOn()
		}
		if err != nil {
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

// addrSize returns the length of an address.
func addrSize(a sip.Addr) int { return len(a.User()) + len(a.Domain().String()) + 1 }

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
	// Strict still passes over line breaks.
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	fields := strings.Split(string(b), "\x00")
	if err != nil || strings.ContainsAny(token, "\r\n") || len(fields) != n || !utf8.Valid(b) || strings.Join(fields, "") == "" {
		return nil, errPageToken()
	}
	return fields, nil
}
