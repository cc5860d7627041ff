package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/sip"
)

// endless is a store with that many aliases, which are made up as they are asked for. before runs ahead of
// each page, counted from 1, and may fail it.
type endless struct {
	hermes.Store
	count  int64
	before func(page int) error
	page   int
}

var firstNumber, destination = e164.MustParse("+4700000001"), sip.MustParse("reception@example.com")

func (s *endless) Aliases(_ context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	s.page++
	if err := s.before(s.page); err != nil {
		return nil, err
	}
	var next int64
	if !q.After.Alias.IsZero() {
		next = e164.MustParse(q.After.Alias.User()).Sub(firstNumber) + 1
	}
	page := make([]hermes.Alias, 0, q.Limit)
	for ; next < s.count && len(page) < q.Limit; next++ {
		n, _ := firstNumber.Offset(next)
		page = append(page, hermes.Alias{Alias: sip.Unchecked(n.String(), "example.com"), Destination: destination})
	}
	return page, nil
}

func newEndless(count int64, before func(page int) error) *endless {
	return &endless{Store: memstore.New(), count: count, before: before}
}

// TestMillionEntriesStream reads a list of 1,000,000 over a connection, and looks at the heap with each page.
func TestMillionEntriesStream(t *testing.T) {
	const count, most = 1_000_000, 64 << 20
	var start, peak uint64
	store := newEndless(count, func(page int) error {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if page == 1 {
			start = m.HeapAlloc
		}
		peak = max(peak, m.HeapAlloc)
		return nil
	})
	w := apitest.New(t, store, nil)
	server := httptest.NewServer(w.Handler)
	defer server.Close()
	r := question(w.Login("reader"), "alias/list").Request()
	r.URL, _ = r.URL.Parse(server.URL + r.RequestURI)
	r.RequestURI = ""
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	entries, tail := countEntries(t, res.Body)
	if entries != count || !bytes.HasSuffix(tail, []byte(`],"response":"ok"}`)) {
		t.Errorf("%d entries, and then %q", entries, tail)
	}
	if peak-start > most {
		t.Errorf("the heap grew by %d MiB, want %d at most", (peak-start)>>20, most>>20)
	}
	if store.page < 50 {
		t.Errorf("only %d pages", store.page)
	}
}

// countEntries counts without keeping them, and returns the end of the answer.
func countEntries(t *testing.T, body io.Reader) (n int, tail []byte) {
	t.Helper()
	buf := make([]byte, 64<<10)
	for kept := 0; ; {
		read, err := body.Read(buf[kept:])
		text := buf[:kept+read]
		last := bytes.LastIndexByte(text, '{')
		if last < 0 {
			t.Fatalf("no entries in %q", text)
		}
		n += bytes.Count(text[:last], []byte(`{"alias":`))
		kept = copy(buf, text[last:])
		if err == io.EOF {
			return n + bytes.Count(buf[:kept], []byte(`{"alias":`)), buf[:kept]
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
