package hermes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
)

// numberSource has the numbers from 1 to n and records the size of each page that it was asked for.
type numberSource struct {
	n        int
	asked    []int
	failCall int // the call that fails, from 1; 0 means none
}

var errSource = errors.New("the source failed")

func (s *numberSource) page(_ context.Context, after, n int) ([]int, error) {
	s.asked = append(s.asked, n)
	if len(s.asked) == s.failCall {
		return nil, errSource
	}
	var page []int
	for v := after + 1; v <= s.n && len(page) < n; v++ {
		page = append(page, v)
	}
	return page, nil
}

// noText is the size of the texts of an entry that has none.
func noText(int) int { return 0 }

// mustNewList returns a List over the source. limit 0 means no limit.
func mustNewList(t *testing.T, s *numberSource, limit, after int) *List[int] {
	t.Helper()
	l, err := newList(t.Context(), &Client{largePages: NewPlaces[Principal](largePageLimits)}, "user/list", limit, after, s.page, strconv.Itoa, noText)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// numbersTo returns the numbers from 1 to n.
func numbersTo(n int) []int {
	all := []int{}
	for v := 1; v <= n; v++ {
		all = append(all, v)
	}
	return all
}

func TestList_All(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule  string
		n     int
		limit int
		want  int // entries
		next  string
		asked []int
	}{
		{"an empty list", 0, 0, 0, "", []int{250}},
		{"a short list is one page", 249, 0, 249, "", []int{250}},
		{"a full page may have a successor", 250, 0, 250, "", []int{250, 1000}},
		{"pages grow", 7000, 0, 7000, "", []int{250, 1000, 4000, 16000}},
		{"pages stop growing", 50_000, 0, 50_000, "", []int{250, 1000, 4000, 16000, 20000, 20000}},
		{"one entry more than the limit is asked for", 9, 3, 3, "3", []int{4}},
		{"the limit is the length of the list", 3, 3, 3, "", []int{4}},
		{"the limit is more than the length of the list", 2, 3, 2, "", []int{4}},
		{"the limit is one", 9, 1, 1, "1", []int{2}},
		{"the limit is the first page", 251, 250, 250, "250", []int{250, 1}},
		{"the limit and the length of the list are the first page", 250, 250, 250, "", []int{250, 1}},
		{"the limit ends in the second page", 9999, 300, 300, "300", []int{250, 51}},
		{"a limit of many pages", 9999, 5250, 5250, "5250", []int{250, 1000, 4000, 1}},
	} {
		t.Run(r.rule, func(t *testing.T) {
			t.Parallel()
			s := &numberSource{n: r.n}
			l := mustNewList(t, s, r.limit, 0)
			if l.Empty() != (r.n == 0) || l.Next() != "" {
				t.Errorf("before it is read: Empty is %v, Next is %q", l.Empty(), l.Next())
			}
			all, err := l.Collect()
			if err != nil || !slices.Equal(all, numbersTo(r.want)) {
				t.Errorf("got %d entries, %v; want %d in order", len(all), err, r.want)
			}
			if l.Next() != r.next || !slices.Equal(s.asked, r.asked) {
				t.Errorf("Next is %q, the pages are %v; want %q, %v", l.Next(), s.asked, r.next, r.asked)
			}
		})
	}
}

func TestList_All_failsHalfway(t *testing.T) {
	t.Parallel()
	s := &numberSource{n: 5000, failCall: 3}
	l := mustNewList(t, s, 2000, 0)
	all, err := l.Collect()
	var e *Error
	if !errors.As(err, &e) || e.Node != "user/list" || e.Cause != StoreFailed || !errors.Is(err, errSource) {
		t.Errorf("got %v, want an *Error of the node with the source's error inside", err)
	}
	if !slices.Equal(all, numbersTo(1250)) {
		t.Errorf("got %d entries, want the two pages before the failure", len(all))
	}
	if l.Next() != "" || len(s.asked) != 3 {
		t.Errorf("Next is %q after %d calls, want no next and no call after the failure", l.Next(), len(s.asked))
	}
	if _, err := l.MarshalJSON(); err != nil {
		t.Errorf("the second reading, without a failure: %v", err)
	}
}

func TestList_All_again(t *testing.T) {
	t.Parallel()
	l := mustNewList(t, &numberSource{n: 600}, 500, 0)
	for range l.All() {
		break
	}
	if l.Next() != "" {
		t.Errorf("Next is %q after a part of the list, want none", l.Next())
	}
	for range 2 {
		if all, err := l.Collect(); err != nil || !slices.Equal(all, numbersTo(500)) || l.Next() != "500" {
			t.Errorf("got %d entries, %v, next %q; want 500 and next 500 at each reading", len(all), err, l.Next())
		}
	}
}

func TestList_Next(t *testing.T) {
	t.Parallel()
	var all []int
	for after := 0; ; {
		l := mustNewList(t, &numberSource{n: 1003}, 100, after)
		page, err := l.Collect()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if l.Next() == "" {
			break
		}
		after, _ = strconv.Atoi(l.Next())
	}
	if !slices.Equal(all, numbersTo(1003)) {
		t.Errorf("got %d entries over all pages, want 1003 in order, each once", len(all))
	}
}

func TestNewList_firstPageFails(t *testing.T) {
	t.Parallel()
	s := &numberSource{n: 5, failCall: 1}
	_, err := newList(t.Context(), &Client{largePages: NewPlaces[Principal](largePageLimits)}, "user/list", 0, 0, s.page, strconv.Itoa, noText)
	if e := asError(err); e.Node != "user/list" || e.Cause != StoreFailed {
		t.Errorf("got %v, want an error of the call", err)
	}
}

func TestList_Pages(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule     string
		n, limit int
		want     []int // entries of each page
		next     string
	}{
		{"an empty list has no page", 0, 0, nil, ""},
		{"pages grow", 3000, 0, []int{250, 1000, 1750}, ""},
		{"the limit cuts a page", 3000, 700, []int{250, 450}, "700"},
		{"the limit ends with a page", 3000, 250, []int{250}, "250"},
		{"the limit is the length of the list", 1250, 1250, []int{250, 1000}, ""},
	} {
		for _, c := range []*Client{{}, {tx: &transaction{}}} {
			l, err := newList(t.Context(), c, "user/list", r.limit, 0, (&numberSource{n: r.n}).page, strconv.Itoa, noText)
			if err != nil {
				t.Fatal(err)
			}
			var sizes, all []int
			for page, err := range l.Pages() {
				if err != nil {
					t.Fatal(err)
				}
				sizes, all = append(sizes, len(page.([]int))), append(all, page.([]int)...)
			}
			if !slices.Equal(sizes, r.want) || !slices.Equal(all, numbersTo(len(all))) || l.Next() != r.next {
				t.Errorf("%s, in a transaction: %v: pages of %v entries, next %q; want %v, %q",
					r.rule, c.tx != nil, sizes, l.Next(), r.want, r.next)
			}
		}
	}
}

// TestList_Pages_ahead checks that the next page is fetched while one is in use.
func TestList_Pages_ahead(t *testing.T) {
	t.Parallel()
	fetched := make(chan int, 10)
	s := &numberSource{n: 600}
	page := func(ctx context.Context, after, n int) ([]int, error) {
		defer func() { fetched <- after }()
		return s.page(ctx, after, n)
	}
	l, err := newList(t.Context(), &Client{largePages: NewPlaces[Principal](largePageLimits)}, "user/list", 0, 0, page, strconv.Itoa, noText)
	if err != nil {
		t.Fatal(err)
	}
	<-fetched
	for range l.Pages() {
		if after := <-fetched; after != 250 {
			t.Errorf("a page was fetched after %d, want the second one", after)
		}
		break
	}
}

func TestList_Pages_inTx(t *testing.T) {
	t.Parallel()
	s := &numberSource{n: 600}
	l, err := newList(t.Context(), &Client{tx: &transaction{}}, "user/list", 0, 0, s.page, strconv.Itoa, noText)
	if err != nil {
		t.Fatal(err)
	}
	pages := 0
	for range l.Pages() {
		if pages++; len(s.asked) != pages {
			t.Errorf("while page %d is in use %d were fetched", pages, len(s.asked))
		}
	}
}

// TestList_Pages_stopped checks that no page is being fetched when a reader has stopped, however it
// did.
func TestList_Pages_stopped(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(){"by break": func() {}, "by a panic": func() { panic("the reader") }} {
		var ended atomic.Bool
		page := func(ctx context.Context, after, n int) ([]int, error) {
			if after > 0 {
				<-ctx.Done()
				ended.Store(true)
				return nil, ctx.Err()
			}
			return (&numberSource{n: 600}).page(ctx, after, n)
		}
		l, err := newList(t.Context(), &Client{largePages: NewPlaces[Principal](largePageLimits)}, "user/list", 0, 0, page, strconv.Itoa, noText)
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() { _ = recover() }()
			for range l.Pages() {
				stop()
				break
			}
		}()
		if !ended.Load() {
			t.Errorf("%s: the next page is still being fetched", name)
		}
	}
}

func TestList_Pages_panics(t *testing.T) {
	t.Parallel()
	page := func(ctx context.Context, after, n int) ([]int, error) {
		if after > 0 {
			panic("no such luck")
		}
		return (&numberSource{n: 600}).page(ctx, after, n)
	}
	l, err := newList(t.Context(), &Client{largePages: NewPlaces[Principal](largePageLimits)}, "user/list", 0, 0, page, strconv.Itoa, noText)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if p := recover(); p != "no such luck" {
			t.Errorf("the reader's panic is %v, want that of the page", p)
		}
	}()
	for range l.Pages() {
	}
	t.Error("the list ended without a panic")
}

func TestList_JSON(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 3, 300} {
		text, err := json.Marshal(mustNewList(t, &numberSource{n: n}, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		var l *List[int]
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatal(err)
		}
		if all, err := l.Collect(); err != nil || !slices.Equal(all, numbersTo(n)) || l.Next() != "" {
			t.Errorf("%d entries were read back as %d, %v, next %q", n, len(all), err, l.Next())
		}
	}
	if text, err := json.Marshal(&List[int]{}); err != nil || string(text) != "[]" {
		t.Errorf("the zero value is written as %s, %v; want an empty array", text, err)
	}
	if err := json.Unmarshal([]byte(`{}`), &List[int]{}); err == nil {
		t.Error("an object was read as a list")
	}
}

func TestList_zeroValue(t *testing.T) {
	t.Parallel()
	var l List[Alias]
	if all, err := l.Collect(); len(all) != 0 || err != nil || !l.Empty() || l.Next() != "" {
		t.Errorf("got %v, %v, Empty %v, next %q; want an empty list", all, err, l.Empty(), l.Next())
	}
}

func TestParsePageToken(t *testing.T) {
	t.Parallel()
	for _, fields := range [][]string{
		{"a"}, {"a", ""}, {"", "example.com"}, {"+4711", "example.com"}, {"%", "ø\u202e", "", "\x01"},
	} {
		got, err := parsePageToken(pageToken(fields...), len(fields))
		if err != nil || !slices.Equal(got, fields) {
			t.Errorf("the token of %q was read as %q, %v", fields, got, err)
		}
	}
	if got, err := parsePageToken("", 2); got != nil || err != nil {
		t.Errorf("the empty token: got %v, %v; want the start of the list", got, err)
	}
	whole := pageToken("alice", "example.com")
	for _, r := range []struct{ rule, token string }{
		{"a text that is not base64url", "alice@example.com"},
		{"padding", whole + "="},
		{"a token that was cut", whole[:len(whole)-1]},
		{"a field too few", pageToken("alice")},
		{"a field too many", pageToken("alice", "example.com", "")},
		{"empty fields: a page does not end before its first entry", pageToken("", "")},
		{"a field that is not UTF-8", pageToken("\xff", "example.com")},
		{"bits that no encoder sets", "YR"},
	} {
		if _, err := parsePageToken(r.token, 2); !errors.Is(err, Parameters) {
			t.Errorf("%s: %q: got %v, want the cause %s", r.rule, r.token, err, Parameters)
		}
	}
}

func TestTokenValue_badField(t *testing.T) {
	t.Parallel()
	if _, err := tokenValue(pageToken("x"), strconv.Atoi); !errors.Is(err, Parameters) {
		t.Errorf("a field that its parser refuses: got %v, want the cause %s", err, Parameters)
	}
}

func ExampleList() {
	l := &List[string]{}
	_ = json.Unmarshal([]byte(`["+4773500001","+4773500002"]`), l)
	for number, err := range l.All() {
		fmt.Println(number, err)
	}
	// Output:
	// +4773500001 <nil>
	// +4773500002 <nil>
}
