package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/sip"
)

// aliasGenerator is a store that has count aliases without keeping them: it generates each page.
type aliasGenerator struct {
	hermes.Store
	count  int64
	before func(page int) error // called before each page; its error fails the page
	pages  atomic.Int64
}

// newAliasGenerator returns a store with count aliases. If before is nil, no page fails.
func newAliasGenerator(count int64, before func(page int) error) *aliasGenerator {
	if before == nil {
		before = func(int) error { return nil }
	}
	return &aliasGenerator{Store: memstore.New(), count: count, before: before}
}

var firstNumber, destination = e164.MustParse("+4700000001"), sip.MustParse("reception@example.com")

func (s *aliasGenerator) Aliases(_ context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	if err := s.before(int(s.pages.Add(1))); err != nil {
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

// mustGetAliasList sends alias/list over a connection to a server that serves s.
func mustGetAliasList(t *testing.T, s *apitest.Server) *http.Response {
	t.Helper()
	server := httptest.NewServer(s.Handler)
	t.Cleanup(server.Close)
	r := newRequest(s.Login(t, "reader"), "alias/list").HTTP()
	r.URL, _ = r.URL.Parse(server.URL + r.RequestURI)
	r.RequestURI = ""
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// TestHandler_StreamMemory reads a list of 1,000,000 entries and measures the heap before each
// page. It is not parallel, since other tests would add to the heap.
func TestHandler_StreamMemory(t *testing.T) {
	const count, maxGrowth = 1_000_000, 64 << 20
	var start, peak uint64
	store := newAliasGenerator(count, func(page int) error {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if page == 1 {
			start = m.HeapAlloc
		}
		peak = max(peak, m.HeapAlloc)
		return nil
	})
	res := mustGetAliasList(t, apitest.NewServer(t, store, nil))
	entries, tail := countEntries(t, res.Body)
	if entries != count || !bytes.HasSuffix(tail, []byte(`],"response":"ok"}`)) {
		t.Errorf("%d entries, and then %q", entries, tail)
	}
	if peak > start+maxGrowth {
		t.Errorf("the heap grew by %d MiB, want at most %d", (peak-start)>>20, maxGrowth>>20)
	}
	if pages := store.pages.Load(); pages < 50 {
		t.Errorf("the list was read in %d pages, want at least 50", pages)
	}
}

// countEntries counts the entries of a list without keeping it, and returns the end of the answer.
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

func TestHandler_StreamFailure(t *testing.T) {
	t.Parallel()
	store := newAliasGenerator(10_000, func(page int) error {
		if page == 3 {
			return errors.New("the connection broke")
		}
		return nil
	})
	s := apitest.NewServer(t, store, nil)
	res := s.Do(t, newRequest(s.Login(t, "reader"), "alias/list"))
	list, _ := res.Members["list"].([]any)
	if res.Status != 200 || res.Result() != "failed/dbfail" || len(list) != 250+1000 || res.Text("next") != "" {
		t.Errorf("got %d %s, %d entries, next %q", res.Status, res.Result(), len(list), res.Text("next"))
	}
}

func TestHandler_StreamPanic(t *testing.T) {
	t.Parallel()
	store := newAliasGenerator(100_000, func(page int) error {
		if page == 4 {
			panic("no such luck")
		}
		return nil
	})
	res := mustGetAliasList(t, apitest.NewServer(t, store, nil))
	if n, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Errorf("the body ended regularly after %d bytes, want an aborted connection", n)
	}
}

func TestHandler_StreamLimit(t *testing.T) {
	t.Parallel()
	s := apitest.NewServer(t, newAliasGenerator(10_000, nil), nil)
	reader := s.Login(t, "reader")
	for _, limit := range []int{1, 249, 250, 251, 5000} {
		entries, after := 0, ""
		for {
			res := s.Do(t, newRequest(reader, fmt.Sprintf("alias/list?limit=%d&after=%s", limit, after)))
			list := res.Members["list"].([]any)
			entries += len(list)
			if after = res.Text("next"); after == "" || entries > 20*limit {
				break
			}
		}
		if want := min(10_000, 21*limit); entries != want {
			t.Errorf("pages of %d: %d entries, want %d", limit, entries, want)
		}
	}
}

// deadlineRecorder records deadlines, too. If disconnected is set, writing fails.
type deadlineRecorder struct {
	*httptest.ResponseRecorder
	disconnected  bool
	reads, writes []time.Time
}

func newDeadlineRecorder() *deadlineRecorder {
	return &deadlineRecorder{ResponseRecorder: httptest.NewRecorder()}
}

func (r *deadlineRecorder) SetReadDeadline(t time.Time) error {
	r.reads = append(r.reads, t)
	return nil
}

func (r *deadlineRecorder) SetWriteDeadline(t time.Time) error {
	r.writes = append(r.writes, t)
	return nil
}

func (r *deadlineRecorder) Write(b []byte) (int, error) {
	if r.disconnected {
		return 0, errors.New("broken pipe")
	}
	return r.ResponseRecorder.Write(b)
}

func TestHandler_StreamDisconnected(t *testing.T) {
	t.Parallel()
	store := newAliasGenerator(1_000_000, nil)
	s := apitest.NewServer(t, store, nil)
	rec := newDeadlineRecorder()
	rec.disconnected = true
	s.Handler.ServeHTTP(rec, newRequest(s.Login(t, "reader"), "alias/list").HTTP())
	if pages := store.pages.Load(); pages > 3 {
		t.Errorf("%d pages were read after the client disconnected, want at most 3", pages)
	}
}

// TestHandler_StreamDeadlines checks that a list may take longer than the timeouts of the server as
// long as the client reads.
func TestHandler_StreamDeadlines(t *testing.T) {
	t.Parallel()
	s := apitest.NewServer(t, newAliasGenerator(10_000, nil), nil)
	req := newRequest(s.Login(t, "reader"), "alias/list")
	rec := newDeadlineRecorder()
	before := time.Now()
	s.Handler.ServeHTTP(rec, req.HTTP())
	if chunks := rec.Body.Len() / (36 << 10); len(rec.writes) < 2*chunks {
		t.Errorf("%d write deadlines for %d bytes, want one before and after each of %d chunks", len(rec.writes), rec.Body.Len(), chunks)
	}
	for _, deadline := range rec.writes {
		if !deadline.IsZero() && deadline.Before(before.Add(9*time.Second)) {
			t.Errorf("a write deadline after %s, want 10 s", deadline.Sub(before))
		}
	}
	if last := rec.writes[len(rec.writes)-1]; last.IsZero() {
		t.Error("no deadline for what the server writes at the end")
	}
	if len(rec.reads) != 1 || !rec.reads[0].IsZero() {
		t.Errorf("read deadlines %v, want one that removes the server's", rec.reads)
	}
	head := newDeadlineRecorder()
	req.Method = http.MethodHead
	s.Handler.ServeHTTP(head, req.HTTP())
	if len(head.writes) == 0 {
		t.Error("no write deadline for HEAD")
	}
}

// TestHandler_StreamMalformedRow lists a row such as other programs may leave in Kamailio's tables.
func TestHandler_StreamMalformedRow(t *testing.T) {
	t.Parallel()
	address := sip.Unchecked("a\"b\\c\x00<é>\u2028", "EX AMPLE\n")
	store := memstore.New()
	if _, err := store.AddAlias(t.Context(), hermes.Alias{Alias: address, Destination: destination}, hermes.NumberUse{}); err != nil {
		t.Fatal(err)
	}
	s := apitest.NewServer(t, store, nil)
	res := s.Do(t, newRequest(s.Login(t, "reader"), "alias/list"))
	entry := res.Members["list"].([]any)[0].(map[string]any)
	if entry["alias"] != address.String() {
		t.Errorf("got %q, want %q", entry["alias"], address)
	}
	if strings.Contains(res.Body, "\\u003c") {
		t.Errorf("escaped for HTML: %s", res.Body)
	}
}
