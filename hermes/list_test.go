package hermes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
)

// counting is a source of the numbers 1 to n, which notes how many were asked for.
type counting struct {
	n     int
	asked []int
	fail  int // fails at this call, from 1; 0: never
}

var errSource = errors.New("the source ran dry")

func (s *counting) page(_ context.Context, after, n int) ([]int, error) {
	s.asked = append(s.asked, n)
	if len(s.asked) == s.fail {
		return nil, errSource
	}
	var page []int
	for v := after + 1; v <= s.n && len(page) < n; v++ {
		page = append(page, v)
	}
	return page, nil
}

func (s *counting) list(t *testing.T, limit, after int) *List[int] {
	t.Helper()
	l, err := newList(t.Context(), "user/list", limit, after, s.page, strconv.Itoa)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func upTo(n int) []int {
	all := []int{}
	for v := 1; v <= n; v++ {
		all = append(all, v)
	}
	return all
}

func TestListPages(t *testing.T) {
	for _, r := range []struct {
		why   string
		n     int
		limit int
		want  int // entries
		next  string
		asked []int
	}{
		{"nothing", 0, 0, 0, "", []int{250}},
		{"a short list is one page", 249, 0, 249, "", []int{250}},
		{"a full page may have a successor", 250, 0, 250, "", []int{250, 1000}},
		{"pages grow", 7000, 0, 7000, "", []int{250, 1000, 4000, 16000}},
		{"and stop growing", 50_000, 0, 50_000, "", []int{250, 1000, 4000, 16000, 20000, 20000}},
		{"one more than the limit is asked for", 9, 3, 3, "3", []int{4}},
		{"the limit is exactly the end", 3, 3, 3, "", []int{4}},
		{"the limit is beyond the end", 2, 3, 2, "", []int{4}},
		{"the limit is one", 9, 1, 1, "1", []int{2}},
		{"the limit ends with the first page", 251, 250, 250, "250", []int{250, 1}},
		{"the limit and the list end with the first page", 250, 250, 250, "", []int{250, 1}},
		{"the limit ends in the second page", 9999, 300, 300, "300", []int{250, 51}},
		{"a limit of many pages", 9999, 5250, 5250, "5250", []int{250, 1000, 4000, 1}},
	} {
		t.Run(r.why, func(t *testing.T) {
			s := &counting{n: r.n}
			l := s.list(t, r.limit, 0)
			if l.Empty() != (r.n == 0) || l.Next() != "" {
				t.Errorf("before it is read: Empty %v, Next %q", l.Empty(), l.Next())
			}
			all, err := l.Collect()
			if err != nil || !slices.Equal(all, upTo(r.want)) {
				t.Errorf("got %d entries and %v, want %d in order", len(all), err, r.want)
			}
			if l.Next() != r.next || !slices.Equal(s.asked, r.asked) {
				t.Errorf("next %q, asked for %v; want %q, %v", l.Next(), s.asked, r.next, r.asked)
			}
		})
	}
}

func TestListGoesOn(t *testing.T) {
	var all []int
	for after := 0; ; {
		l := (&counting{n: 1003}).list(t, 100, after)
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
	if !slices.Equal(all, upTo(1003)) {
		t.Errorf("got %d entries over all pages, want 1003, each once and in order", len(all))
	}
}

func TestListAgain(t *testing.T) {
	l := (&counting{n: 600}).list(t, 500, 0)
	for range l.All() {
		break // a reader that goes away
	}
	if l.Next() != "" {
		t.Errorf("Next %q of a list that was not read to its end", l.Next())
	}
	for range 2 {
		if all, err := l.Collect(); err != nil || !slices.Equal(all, upTo(500)) || l.Next() != "500" {
			t.Errorf("read again: %d entries, %v, next %q; want 500 and the same next", len(all), err, l.Next())
		}
	}
}

func TestListFailsHalfway(t *testing.T) {
	s := &counting{n: 5000, fail: 3}
	l := s.list(t, 2000, 0)
	all, err := l.Collect()
	var e *Error
	if !errors.As(err, &e) || e.Node != "user/list" || e.Cause != StoreFailed || !errors.Is(err, errSource) {
		t.Errorf("got %v, want the node's own *Error with the source's inside", err)
	}
	if !slices.Equal(all, upTo(1250)) || l.Next() != "" || len(s.asked) != 3 {
		t.Errorf("%d entries, next %q, %d calls: want the two pages before the fault, no next and no further call", len(all), l.Next(), len(s.asked))
	}
	if _, err := l.MarshalJSON(); err != nil {
		t.Errorf("read again when the source has recovered: %v", err)
	}
}

func TestListFailsAtOnce(t *testing.T) {
	s := &counting{n: 5, fail: 1}
	_, err := newList(t.Context(), "user/list", 0, 0, s.page, strconv.Itoa)
	if e := asError(err); e.Node != "user/list" || e.Cause != StoreFailed {
		t.Errorf("got %v, want the call's own error", err)
	}
}

func TestListStream(t *testing.T) {
	var all []int
	for v, err := range (&counting{n: 300}).list(t, 0, 0).Stream() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v.(int))
	}
	if !slices.Equal(all, upTo(300)) {
		t.Errorf("got %d entries, want 300", len(all))
	}
}

func TestListJSON(t *testing.T) {
	for _, n := range []int{0, 3, 300} {
		text, err := json.Marshal((&counting{n: n}).list(t, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		var l *List[int]
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatal(err)
		}
		if all, err := l.Collect(); err != nil || !slices.Equal(all, upTo(n)) || l.Next() != "" {
			t.Errorf("%d entries came back as %d, %v, next %q", n, len(all), err, l.Next())
		}
	}
	if text, err := json.Marshal(&List[int]{}); err != nil || string(text) != "[]" {
		t.Errorf("the zero value is %s, %v; want an empty array", text, err)
	}
	if err := json.Unmarshal([]byte(`{}`), &List[int]{}); err == nil {
		t.Error("an object was taken for a list")
	}
}

func TestListZero(t *testing.T) {
	var l List[Alias]
	if all, err := l.Collect(); len(all) != 0 || err != nil || !l.Empty() || l.Next() != "" {
		t.Errorf("the zero value: %v, %v, next %q; want an empty list", all, err, l.Next())
	}
}

func TestPageToken(t *testing.T) {
	for _, fields := range [][]string{{"a"}, {"a", ""}, {"", "example.com"}, {"+4711", "example.com"}, {"%", "ø\u202e", "", "\x01"}} {
		got, err := parsePageToken(pageToken(fields...), len(fields))
		if err != nil || !slices.Equal(got, fields) {
			t.Errorf("%q came back as %q, %v", fields, got, err)
		}
	}
	if got, err := parsePageToken("", 2); got != nil || err != nil {
		t.Errorf("no token: %v, %v; want the start", got, err)
	}
}

func TestPageTokenRefuses(t *testing.T) {
	whole := pageToken("alice", "example.com")
	for _, r := range []struct{ token, why string }{
		{"alice@example.com", "no base64url"},
		{whole + "=", "padding"},
		{whole[:len(whole)-1], "cut"},
		{pageToken("alice"), "a field too few"},
		{pageToken("alice", "example.com", ""), "a field too many"},
		{pageToken("", ""), "a page does not end before its first entry"},
		{pageToken("\xff", "example.com"), "no UTF-8"},
		{"YR", "bits that no encoder sets"},
	} {
		_, err := parsePageToken(r.token, 2)
		if !errors.Is(err, Parameters) {
			t.Errorf("%q: %v, want parameters: %s", r.token, err, r.why)
		}
	}
	if _, err := tokenValue(pageToken("x"), strconv.Atoi); !errors.Is(err, Parameters) {
		t.Errorf("a field that its parser refuses: %v, want parameters", err)
	}
}

func TestCheckLimit(t *testing.T) {
	for limit, bad := range map[int]bool{-1: true, 0: false, 1: false} {
		if err := checkLimit(limit); errors.Is(err, Parameters) != bad {
			t.Errorf("limit %d: %v", limit, err)
		}
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
