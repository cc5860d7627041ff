package security_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// The pages of testdata send requests to hermesd in every way that kinds.js has. There are three
// origins, whose names tag the requests:
const (
	ownOrigin   = "own"   // of hermesd itself
	crossOrigin = "cross" // of another site
	nearOrigin  = "near"  // of the same site at another port, to which SameSite cookies are sent
)

// browserTimeout limits each wait for a browser.
const browserTimeout = 60 * time.Second

// TestBrowser tests that pages of other origins can neither change anything in hermesd nor read its
// answers, although the browser has the user's cookie and the pages know the session and auth_key.
func TestBrowser(t *testing.T) {
	d := newDeployment(t, memory{})
	d.mustAddUser(t, testUser, hermes.FullWrite)
	before := d.records(t)
	p := visitPages(t, d)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		if r.origin == ownOrigin {
			r.testAnswered(t)
		} else {
			r.testRefused(t)
		}
	}
	for _, origin := range []string{crossOrigin, nearOrigin} {
		for kind, text := range p.reports[origin].Seen {
			if text != "" {
				t.Errorf("%s.%s: the page could read %q", origin, kind, text)
			}
		}
	}
	if text := p.reports[ownOrigin].Seen["fetch_cors"]; !strings.Contains(text, `"password"`) {
		t.Errorf("hermesd's own page could not read its answer: %q", text)
	}
	after := slices.DeleteFunc(strings.SplitAfter(d.records(t), "\n"), func(line string) bool { return strings.Contains(line, "=own.") })
	if diff := cmp.Diff(before, strings.Join(after, "")); diff != "" {
		t.Errorf("pages of other origins changed records (-before +after)\n%s", diff)
	}
}

// browserRequest is a request of a browser to hermesd, and its answer.
type browserRequest struct {
	origin, kind string // of the page, and the way of kinds.js in which it was sent
	method       string
	fetchSite    string // Sec-Fetch-Site
	originHeader string
	cookie       bool
	answer       hermesdtest.Answer
}

// testAnswered wants a request of hermesd's own page to succeed, so that the same request of
// another page fails for no other reason than its origin. A few kinds can never succeed.
func (r browserRequest) testAnswered(t *testing.T) {
	t.Helper()
	const notForm = http.StatusUnsupportedMediaType
	failing := map[string]int{"form_parts": notForm, "form_text": notForm, "link_ping": notForm, "sandbox": http.StatusForbidden}
	if status, ok := failing[r.kind]; ok {
		if r.answer.Status != status {
			t.Errorf("own.%s: answered %d %s, want %d", r.kind, r.answer.Status, r.answer.Body, status)
		}
	} else if r.answer.Class() != "ok" || !r.cookie {
		t.Errorf("own.%s: answered %d %s, with the cookie: %v", r.kind, r.answer.Status, r.answer.Body, r.cookie)
	}
}

func (r browserRequest) testRefused(t *testing.T) {
	t.Helper()
	if r.method == http.MethodOptions && r.answer.Status == http.StatusMethodNotAllowed {
		return // a preflight request, after which the browser sends nothing more
	}
	if r.answer.Status != http.StatusForbidden || r.answer.Class() != "failed/forbidden" {
		t.Errorf("%s.%s: answered %d %s (Sec-Fetch-Site %q, Origin %q)", r.origin, r.kind, r.answer.Status, r.answer.Body, r.fetchSite, r.originHeader)
	} else if r.origin == nearOrigin && r.kind != "sandbox" && !r.cookie {
		t.Errorf("near.%s: sent without the cookie, so the request would have failed anyway", r.kind)
	}
}

// pages serves the pages of testdata, and hermesd's API on the own origin.
type pages struct {
	t *testing.T
	d *deployment

	mu       sync.Mutex
	arrived  *sync.Cond // signals a new entry of requests
	requests []browserRequest
	reports  map[string]pageReport // by origin
}

// pageReport is the answers that the scripts of a page could read, by kind.
type pageReport struct {
	Origin string            `json:"origin"`
	Seen   map[string]string `json:"seen"`
}

// visitPages starts a browser on hermesd's own page, which goes on to the page of another site, and
// that to the page of the same site, whose last request is the browser's navigation to hermesd.
func visitPages(t *testing.T, d *deployment) *pages {
	t.Helper()
	p := &pages{t: t, d: d, reports: map[string]pageReport{}}
	p.arrived = sync.NewCond(&p.mu)
	own, evil := httptest.NewServer(http.HandlerFunc(p.serveOwn)), httptest.NewServer(http.HandlerFunc(p.servePage))
	t.Cleanup(own.Close)
	t.Cleanup(evil.Close)
	near := evil.URL + "/evil.html?origin=" + nearOrigin
	cross := strings.Replace(evil.URL, "127.0.0.1", "localhost", 1) + "/evil.html?origin=" + crossOrigin + "&next=" + url.QueryEscape(near)
	ctx, cancel := context.WithTimeout(t.Context(), 2*browserTimeout)
	defer cancel()
	startChromium(ctx, t, own.URL+"/own.html?next="+url.QueryEscape(cross))
	p.waitFor(ctx, nearOrigin, []string{"top"})
	return p
}

// serveOwn serves hermesd's API beside a page, as an application on the same origin would.
func (p *pages) serveOwn(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		p.servePage(w, r)
		return
	}
	rec := httptest.NewRecorder()
	p.d.handler.ServeHTTP(rec, r)
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	w.Write(rec.Body.Bytes())
	if origin, kind, ok := strings.Cut(r.URL.Query().Get("_"), "."); ok {
		p.add(origin, kind, r, rec.Result())
	}
}

func (p *pages) add(origin, kind string, r *http.Request, res *http.Response) {
	answer, err := hermesdtest.ReadAnswer(res)
	if err != nil {
		p.t.Error(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, browserRequest{
		origin:       origin,
		kind:         kind,
		method:       r.Method,
		fetchSite:    r.Header.Get("Sec-Fetch-Site"),
		originHeader: r.Header.Get("Origin"),
		cookie:       len(r.CookiesNamed("hermes")) > 0,
		answer:       answer,
	})
	p.arrived.Broadcast()
}

// servePage serves the files of testdata and what their scripts call.
func (p *pages) servePage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch r.URL.Path {
	case "/own.html", "/evil.html", "/kinds.js":
		http.ServeFile(w, r, "testdata"+r.URL.Path)
	case "/redirect":
		http.Redirect(w, r, query.Get("to"), http.StatusTemporaryRedirect)
	case "/wait":
		p.waitFor(r.Context(), query.Get("origin"), strings.Split(query.Get("kinds"), ","))
	case "/report":
		var report pageReport
		if err := json.NewDecoder(r.Body).Decode(&report); err != nil {
			p.t.Error(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.reports[report.Origin] = report
	default:
		http.NotFound(w, r)
	}
}

// waitFor waits until requests of all the kinds have arrived from the page of an origin.
func (p *pages) waitFor(ctx context.Context, origin string, kinds []string) {
	ctx, cancel := context.WithTimeout(ctx, browserTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, p.arrived.Broadcast)()
	p.mu.Lock()
	defer p.mu.Unlock()
	missing := p.missing(origin, kinds)
	for ctx.Err() == nil && len(missing) > 0 {
		p.arrived.Wait()
		missing = p.missing(origin, kinds)
	}
	for _, kind := range missing {
		p.t.Errorf("%s.%s has not arrived", origin, kind)
	}
}

// missing returns the kinds that have not arrived. The caller holds the lock.
func (p *pages) missing(origin string, kinds []string) []string {
	return slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool {
		return slices.ContainsFunc(p.requests, func(r browserRequest) bool { return r.origin == origin && r.kind == kind })
	})
}

// startChromium opens a page in a headless browser until ctx ends. The browser has a profile of its
// own and connects to this machine only.
func startChromium(ctx context.Context, t *testing.T, url string) {
	t.Helper()
	path := testserver.RequireProgram(t, "chromium", "chromium")
	// Not t.TempDir, which fails the test if a process that is being killed still writes.
	home, err := os.MkdirTemp("", "security-browser-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, append(testserver.ChromiumArgs(home), url)...)
	cmd.Env = testserver.ChromiumEnv(home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// The whole group, since the browser starts processes of its own.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		<-ended
		_ = os.RemoveAll(home)
	})
}
