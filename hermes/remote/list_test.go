package remote_test

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
)

// A list of 102,000 numbers is read in pages, of which none is large.
func TestClient_NumberList_long(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	end, _ := e164.MustParse("+4773600000").Offset(99_999)
	req := hermes.NumberAddRangeRequest{Start: e164.MustParse("+4773600000"), End: end}
	if _, err := s.client.NumberAddRange(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	var largest atomic.Int64
	opts := s.asAdmin()
	opts.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		res, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			res.Body = &countingBody{ReadCloser: res.Body, largest: &largest}
		}
		return res, err
	})
	c := mustDial(t, s, opts)
	s.lose = func(n int64, _ string) loss { return []loss{keep, keep, truncate, keep, unended}[n%5] }
	res, err := c.NumberList(t.Context(), hermes.NumberListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	count, last := 0, e164.Number{}
	for n, err := range res.List.All() {
		if err != nil {
			t.Fatal(err)
		}
		if n.Compare(last) <= 0 {
			t.Fatalf("%s comes after %s", n, last)
		}
		count, last = count+1, n
	}
	if count != 102_000 || last != end || res.List.Next() != "" {
		t.Errorf("%d numbers up to %s, next %q; want 102000 up to %s", count, last, res.List.Next(), end)
	}
	if n := largest.Load(); n > 512<<10 {
		t.Errorf("an answer has %d bytes, want 512 KiB at most", n)
	}
}

type countingBody struct {
	io.ReadCloser
	n       int64
	largest *atomic.Int64
}

// Read implements [io.Reader].
func (b *countingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	b.largest.Store(max(b.largest.Load(), b.n))
	return n, err
}

func TestClient_NumberList_limit(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := mustDial(t, s, s.asAdmin())
	for _, tt := range []struct {
		name  string
		limit int
		want  int
		more  bool
	}{
		{"within the first page", 10, 10, true},
		{"the first page", 250, 250, true},
		{"one more than the first page", 251, 251, true},
		{"several pages", 1999, 1999, true},
		{"the whole list", 2000, 2000, false},
		{"more than there are", 5000, 2000, false},
		{"no limit", 0, 2000, false},
	} {
		res, err := c.NumberList(t.Context(), hermes.NumberListRequest{Limit: tt.limit})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a list can be read again
			all, err := res.List.Collect()
			if err != nil || len(all) != tt.want || (res.List.Next() != "") != tt.more {
				t.Errorf("%s: %d numbers, next %q, %v; want %d", tt.name, len(all), res.List.Next(), err, tt.want)
			}
		}
		if !tt.more {
			continue
		}
		rest, err := c.NumberList(t.Context(), hermes.NumberListRequest{After: res.List.Next()})
		if err != nil {
			t.Fatal(err)
		}
		if all, err := rest.List.Collect(); err != nil || len(all) != 2000-tt.want || all[0] != number(int64(tt.want)) {
			t.Errorf("%s: %d numbers after that, %v; want %d", tt.name, len(all), err, 2000-tt.want)
		}
	}
	random, err := c.NumberList(t.Context(), hermes.NumberListRequest{Random: true})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[e164.Number]bool{}
	for n := range random.List.All() {
		seen[n] = true
	}
	if len(seen) != 2000 {
		t.Errorf("%d numbers in random order, want 2000", len(seen))
	}
}

// A failure after the first page ends the list with an error.
func TestClient_NumberList_failsHalfway(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	s := newServerOver(t, storetest.Intercept(memstore.New(), func(method string) error {
		if broken.Load() && method == "Numbers" {
			return errors.New("the database is broken")
		}
		return nil
	}))
	c := mustDial(t, s, s.asAdmin())
	res, err := c.NumberList(t.Context(), hermes.NumberListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	all, err := res.List.Collect()
	wantError(t, err, "number/list", hermes.StoreFailed)
	if len(all) != 250 {
		t.Errorf("%d numbers, want those of the first page", len(all))
	}
}
