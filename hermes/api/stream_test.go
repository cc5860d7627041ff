package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/golden"
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
		page = append(page, hermes.Alias{Alias: sip.Foreign(n.String(), "example.com"), Destination: destination})
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
	w := golden.New(t, store, nil)
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

func TestFailureHalfway(t *testing.T) {
	store := newEndless(10_000, func(page int) error {
		if page == 3 {
			return errors.New("the connection broke")
		}
		return nil
	})
	w := golden.New(t, store, nil)
	a := w.Ask(question(w.Login("reader"), "alias/list"))
	list, _ := a.Members["list"].([]any)
	if a.Status != 200 || a.Is() != "failed/dbfail" || len(list) != 250+1000 || a.Text("next") != "" {
		t.Errorf("got %d %s, %d entries, next %q", a.Status, a.Is(), len(list), a.Text("next"))
	}
}

func TestLimitOfALongList(t *testing.T) {
	w := golden.New(t, newEndless(10_000, func(int) error { return nil }), nil)
	reader := w.Login("reader")
	for _, limit := range []int{1, 249, 250, 251, 5000} {
		seen, after := 0, ""
		for {
			a := w.Ask(question(reader, fmt.Sprintf("alias/list?limit=%d&after=%s", limit, after)))
			list := a.Members["list"].([]any)
			seen += len(list)
			if after = a.Text("next"); after == "" || seen > 20*limit {
				break
			}
		}
		if want := min(10_000, 21*limit); seen != want {
			t.Errorf("pages of %d: %d entries, want %d", limit, seen, want)
		}
	}
}

// recorder also takes deadlines, as a connection does, and may be one whose client has gone.
type recorder struct {
	*httptest.ResponseRecorder
	gone          bool
	reads, writes []time.Time
}

func (r *recorder) SetReadDeadline(t time.Time) error {
	r.reads = append(r.reads, t)
	return nil
}

func (r *recorder) SetWriteDeadline(t time.Time) error {
	r.writes = append(r.writes, t)
	return nil
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.gone {
		return 0, errors.New("broken pipe")
	}
	return r.ResponseRecorder.Write(b)
}

func TestNobodyListens(t *testing.T) {
	store := newEndless(1_000_000, func(int) error { return nil })
	w := golden.New(t, store, nil)
	rec := &recorder{ResponseRecorder: httptest.NewRecorder(), gone: true}
	w.Handler.ServeHTTP(rec, question(w.Login("reader"), "alias/list").Request())
	if store.page > 3 {
		t.Errorf("%d pages were read for nobody", store.page)
	}
}

// TestDeadlines makes sure that a list may take longer than the server's timeouts: it ends when
// the client does not read, not when it reads long.
func TestDeadlines(t *testing.T) {
	w := golden.New(t, newEndless(10_000, func(int) error { return nil }), nil)
	rec := &recorder{ResponseRecorder: httptest.NewRecorder()}
	before := time.Now()
	w.Handler.ServeHTTP(rec, question(w.Login("reader"), "alias/list").Request())
	if chunks := rec.Body.Len() / (40 << 10); len(rec.writes) < chunks {
		t.Errorf("%d write deadlines for %d bytes", len(rec.writes), rec.Body.Len())
	}
	for _, d := range rec.writes {
		if d.Before(before.Add(59 * time.Second)) {
			t.Errorf("a write deadline of %s", d.Sub(before))
		}
	}
	if len(rec.reads) != 1 || !rec.reads[0].IsZero() {
		t.Errorf("read deadlines %v, want one that takes the server's away", rec.reads)
	}
}

// TestPanicHalfway makes sure that a half answer is not taken for a whole one.
func TestPanicHalfway(t *testing.T) {
	w := golden.New(t, newEndless(100_000, func(page int) error {
		if page == 4 {
			panic("no such luck")
		}
		return nil
	}), nil)
	server := httptest.NewUnstartedServer(w.Handler)
	server.Start()
	defer server.Close()
	r := question(w.Login("reader"), "alias/list").Request()
	r.URL, _ = r.URL.Parse(server.URL + r.RequestURI)
	r.RequestURI = ""
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Errorf("%d bytes, and then a regular end", n)
	}
}

// TestOddRows lists what other tools may leave in Kamailio's tables.
func TestOddRows(t *testing.T) {
	odd := sip.Foreign("a\"b\\c\x00<é>\u2028", "EX AMPLE\n")
	store := memstore.New()
	if err := store.AddAlias(t.Context(), hermes.Alias{Alias: odd, Destination: destination}); err != nil {
		t.Fatal(err)
	}
	w := golden.New(t, store, nil)
	a := w.Ask(question(w.Login("reader"), "alias/list"))
	entry := a.Members["list"].([]any)[0].(map[string]any)
	if entry["alias"] != odd.String() {
		t.Errorf("got %q, want %q", entry["alias"], odd)
	}
	if bytes.Contains([]byte(a.Body), []byte("\\u003c")) {
		t.Errorf("escaped as for HTML: %s", a.Body)
	}
}
