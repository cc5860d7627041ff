package security_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
)

// arrival is a request of a browser at hermesd, and its answer.
type arrival struct {
	tag, kind    string // of the page, and of the way in which it asked
	method       string
	site, origin string // Sec-Fetch-Site and Origin
	cookie       bool
	answer       answer
}

// report is what a page tells of what its scripts could see, by kind.
type report struct {
	Tag  string            `json:"tag"`
	Seen map[string]string `json:"seen"`
}

// stage is hermesd's origin with a page of its own, and the server of other origins' pages.
type stage struct {
	w *world

	mu   sync.Mutex
	more *sync.Cond // arrivals
	all  []arrival
	told map[string]report // by tag
}

// patience bounds each wait for a browser.
const patience = 30 * time.Second

// own is hermesd with a page beside the API, as an application on the same origin would be.
func (s *stage) own(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		s.page(w, r)
		return
	}
	rec := httptest.NewRecorder()
	s.w.handler.ServeHTTP(rec, r)
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	w.Write(rec.Body.Bytes())
	if tag, kind, ok := strings.Cut(r.URL.Query().Get("_"), "."); ok {
		s.note(tag, kind, r, rec.Result())
	}
}

func (s *stage) note(tag, kind string, r *http.Request, res *http.Response) {
	answer, err := read(res)
	if err != nil {
		s.w.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, arrival{
		tag: tag, kind: kind, method: r.Method, site: r.Header.Get("Sec-Fetch-Site"), origin: r.Header.Get("Origin"),
		cookie: len(r.CookiesNamed("hermes")) > 0, answer: answer,
	})
	s.more.Broadcast()
}

// page serves the pages of testdata, takes their reports, and redirects where a page wants that.
func (s *stage) page(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch r.URL.Path {
	case "/own.html", "/evil.html", "/kinds.js":
		http.ServeFile(w, r, "testdata"+r.URL.Path)
	case "/redirect":
		http.Redirect(w, r, query.Get("to"), http.StatusTemporaryRedirect)
	case "/arrived":
		s.await(r.Context(), query.Get("tag"), strings.Split(query.Get("kinds"), ","))
	case "/told":
		var told report
		if err := json.NewDecoder(r.Body).Decode(&told); err != nil {
			s.w.Error(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.told[told.Tag] = told
	default:
		http.NotFound(w, r)
	}
}

// await waits until every kind has arrived from a page.
func (s *stage) await(ctx context.Context, tag string, kinds []string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer context.AfterFunc(ctx, s.more.Broadcast)()
	s.mu.Lock()
	defer s.mu.Unlock()
	for ctx.Err() == nil && !s.arrived(tag, kinds) {
		s.more.Wait()
	}
	for _, kind := range kinds {
		if !s.arrived(tag, []string{kind}) {
			s.w.Errorf("%s.%s has not arrived", tag, kind)
		}
	}
}

func (s *stage) arrived(tag string, kinds []string) bool {
	seen := map[string]bool{}
	for _, a := range s.all {
		seen[a.kind] = seen[a.kind] || a.tag == tag
	}
	return !slices.ContainsFunc(kinds, func(kind string) bool { return !seen[kind] })
}

// perform runs a browser through the pages: hermesd's own, one of another site ("cross"), and one of the same
// site at another port ("near"), to which SameSite cookies go too. The last one sends its window to hermesd.
func perform(t *testing.T, w *world) *stage {
	t.Helper()
	s := &stage{w: w, told: map[string]report{}}
	s.more = sync.NewCond(&s.mu)
	own, evil := httptest.NewServer(http.HandlerFunc(s.own)), httptest.NewServer(http.HandlerFunc(s.page))
	t.Cleanup(own.Close)
	t.Cleanup(evil.Close)
	near := evil.URL + "/evil.html?tag=near"
	cross := strings.Replace(evil.URL, "127.0.0.1", "localhost", 1) + "/evil.html?tag=cross&next=" + url.QueryEscape(near)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	startChromium(ctx, t, own.URL+"/own.html?next="+url.QueryEscape(cross))
	s.await(ctx, "near", []string{"top"})
	return s
}

func TestOtherOriginsDoNothing(t *testing.T) {
	w := newWorld(t, memory{})
	w.newUser(name, hermes.FullWrite)
	before := w.records()
	s := perform(t, w)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.all {
		if a.tag == "own" {
			a.wantDone(t)
		} else {
			a.wantRefused(t)
		}
	}
	for _, tag := range []string{"cross", "near"} {
		for kind, text := range s.told[tag].Seen {
			if text != "" {
				t.Errorf("%s.%s: the page could read %q", tag, kind, text)
			}
		}
	}
	if text := s.told["own"].Seen["fetch_cors"]; !strings.Contains(text, `"password"`) {
		t.Errorf("hermesd's own page could not read its answer: %q", text)
	}
	after := slices.DeleteFunc(strings.SplitAfter(w.records(), "\n"), func(line string) bool { return strings.Contains(line, "=own.") })
	if diff := cmp.Diff(before, strings.Join(after, "")); diff != "" {
		t.Errorf("other pages changed (-before +after)\n%s", diff)
	}
}

// wantDone is the control: from hermesd's own page each kind works, but for those which work nowhere.
func (a arrival) wantDone(t *testing.T) {
	t.Helper()
	const noForm = http.StatusUnsupportedMediaType
	status, odd := map[string]int{"form_parts": noForm, "form_text": noForm, "link_ping": noForm, "sandbox": http.StatusForbidden}[a.kind]
	if !odd && (a.answer.is() != "ok" || !a.cookie) || odd && a.answer.status != status {
		t.Errorf("own.%s: answered %d %s", a.kind, a.answer.status, a.answer.body)
	}
}

func (a arrival) wantRefused(t *testing.T) {
	t.Helper()
	switch {
	case a.method == http.MethodOptions && a.answer.status == http.StatusMethodNotAllowed: // and nothing follows it
	case a.answer.status != http.StatusForbidden || a.answer.is() != "failed/forbidden":
		t.Errorf("%s.%s: answered %d %s (Sec-Fetch-Site %q, Origin %q)", a.tag, a.kind, a.answer.status, a.answer.body, a.site, a.origin)
	case a.tag == "near" && a.kind != "sandbox" && !a.cookie:
		t.Errorf("near.%s: came without the cookie, and proves less than it should", a.kind)
	}
}
