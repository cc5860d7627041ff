package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestFailureHalfway(t *testing.T) {
	store := newEndless(10_000, func(page int) error {
		if page == 3 {
			return errors.New("the connection broke")
		}
		return nil
	})
	w := apitest.New(t, store, nil)
	a := w.Ask(question(w.Login("reader"), "alias/list"))
	list, _ := a.Members["list"].([]any)
	if a.Status != 200 || a.Is() != "failed/dbfail" || len(list) != 250+1000 || a.Text("next") != "" {
		t.Errorf("got %d %s, %d entries, next %q", a.Status, a.Is(), len(list), a.Text("next"))
	}
}

func TestLimitOfALongList(t *testing.T) {
	w := apitest.New(t, newEndless(10_000, func(int) error { return nil }), nil)
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
	w := apitest.New(t, store, nil)
	rec := &recorder{ResponseRecorder: httptest.NewRecorder(), gone: true}
	w.Handler.ServeHTTP(rec, question(w.Login("reader"), "alias/list").Request())
	if store.page > 3 {
		t.Errorf("%d pages were read for nobody", store.page)
	}
}

// TestDeadlines makes sure that a list may take longer than the server's timeouts: it ends when
// the client does not read, not when it reads long.
func TestDeadlines(t *testing.T) {
	w := apitest.New(t, newEndless(10_000, func(int) error { return nil }), nil)
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
	head := &recorder{ResponseRecorder: httptest.NewRecorder()}
	q := question(w.Login("reader"), "alias/list")
	q.Method = "HEAD"
	w.Handler.ServeHTTP(head, q.Request())
	if len(head.writes) == 0 {
		t.Error("no write deadline for HEAD")
	}
	if len(rec.reads) != 1 || !rec.reads[0].IsZero() {
		t.Errorf("read deadlines %v, want one that takes the server's away", rec.reads)
	}
}

// TestPanicHalfway makes sure that a half answer is not taken for a whole one.
func TestPanicHalfway(t *testing.T) {
	w := apitest.New(t, newEndless(100_000, func(page int) error {
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
	odd := sip.Unchecked("a\"b\\c\x00<é>\u2028", "EX AMPLE\n")
	store := memstore.New()
	if err := store.AddAlias(t.Context(), hermes.Alias{Alias: odd, Destination: destination}); err != nil {
		t.Fatal(err)
	}
	w := apitest.New(t, store, nil)
	a := w.Ask(question(w.Login("reader"), "alias/list"))
	entry := a.Members["list"].([]any)[0].(map[string]any)
	if entry["alias"] != odd.String() {
		t.Errorf("got %q, want %q", entry["alias"], odd)
	}
	if bytes.Contains([]byte(a.Body), []byte("\\u003c")) {
		t.Errorf("escaped as for HTML: %s", a.Body)
	}
}
