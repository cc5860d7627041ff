package provision_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

// env is a Handler over a Client with a memory store, which serves example.com and example.net.
type env struct {
	client  *hermes.Client
	handler *provision.Handler
	log     *logText

	mu       sync.Mutex
	now      time.Time
	outcomes map[provision.Outcome]int
}

const (
	prefix   = "/prov"
	clientIP = "192.0.2.10" // of every request, unless a test says otherwise
)

// newEnv returns an env without users. change may change its options, or be nil.
func newEnv(t testing.TB, change func(*hermes.Options, *provision.Options)) *env {
	t.Helper()
	e := &env{log: &logText{}, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), outcomes: map[provision.Outcome]int{}}
	logger := slog.New(slog.NewJSONHandler(e.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	clientOpts := &hermes.Options{PhoneFiles: provision.Embedded(), Logger: logger, Now: e.time}
	opts := &provision.Options{
		Prefix: prefix, RefusalTime: -1, Logger: logger, Now: e.time,
		Secure: func(*http.Request) bool { return true },
		Outcome: func(o provision.Outcome) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.outcomes[o]++
		},
	}
	if change != nil {
		change(clientOpts, opts)
	}
	var err error
	if e.client, err = hermes.New(memstore.New(domainCom, domainNet), clientOpts); err != nil {
		t.Fatal(err)
	}
	e.handler = provision.New(e.client, clientOpts.PhoneFiles, opts)
	for _, d := range []sip.Domain{domainCom, domainNet} {
		_, err := e.client.DomainSetServers(t.Context(), hermes.DomainSetServersRequest{
			Domain: d, Registrar: d, RPort: 5060, Proxy: sip.MustParseDomain("proxy." + d.String()), PPort: 5061,
			ProvURL: "https://prov." + d.String() + prefix,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return e
}

var (
	domainCom, domainNet = sip.MustParseDomain("example.com"), sip.MustParseDomain("example.net")
	alice, bob           = sip.MustParse("alice@example.com"), sip.MustParse("bob@example.net")
	// yealink1 and snom1 are phones of these vendors; noVendor is of one that is not known.
	yealink1, snom1 = mac.MustParse("001565001122"), mac.MustParse("000413001122")
	noVendor        = mac.MustParse("020000001122")
)

// logText is what was logged.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (e *env) time() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

// sleep moves the clock of e.
func (e *env) sleep(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = e.now.Add(d)
}

// count returns how many requests had an outcome.
func (e *env) count(o provision.Outcome) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.outcomes[o]
}

// mustUserAdd adds a user and returns its password.
func (e *env) mustUserAdd(t testing.TB, user sip.Addr) string {
	t.Helper()
	res, err := e.client.UserAdd(t.Context(), hermes.UserAddRequest{User: user})
	if err != nil {
		t.Fatal(err)
	}
	return res.User.Password.Value.Reveal()
}

func (e *env) mustPhoneAdd(t testing.TB, m mac.Addr, user sip.Addr) {
	t.Helper()
	if _, err := e.client.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: m, User: user}); err != nil {
		t.Fatal(err)
	}
}

func (e *env) mustPhoneRemove(t testing.TB, m mac.Addr, user sip.Addr) {
	t.Helper()
	if _, err := e.client.PhoneRemove(t.Context(), hermes.PhoneRemoveRequest{MAC: m, User: user}); err != nil {
		t.Fatal(err)
	}
}

func (e *env) mustPhoneSet(t testing.TB, m mac.Addr, vendor string) {
	t.Helper()
	if _, err := e.client.PhoneSet(t.Context(), hermes.PhoneSetRequest{MAC: m, Vendor: vendor}); err != nil {
		t.Fatal(err)
	}
}

func (e *env) mustPhoneEnrol(t testing.TB, m mac.Addr, ttl time.Duration) {
	t.Helper()
	if _, err := e.client.PhoneEnrol(t.Context(), hermes.PhoneEnrolRequest{MAC: m, TTL: hermes.Duration(ttl)}); err != nil {
		t.Fatal(err)
	}
}

// mustProvKey returns the key of a domain, a new one if rotate is set.
func (e *env) mustProvKey(t testing.TB, req hermes.DomainProvKeyRequest) string {
	t.Helper()
	res, err := e.client.DomainProvKey(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return keyIn(res.URL.Reveal())
}

// domainKey returns the key of a domain.
func (e *env) domainKey(t testing.TB, d sip.Domain) string {
	t.Helper()
	return e.mustProvKey(t, hermes.DomainProvKeyRequest{Domain: d})
}

// ownKey returns the key that the next file tells a phone.
func (e *env) ownKey(t testing.TB, m mac.Addr) string {
	t.Helper()
	return keyIn(e.mustPhoneShow(t, m).URL.Value.Reveal())
}

func (e *env) mustPhoneShow(t testing.TB, m mac.Addr) hermes.PhoneShowResponse {
	t.Helper()
	res, err := e.client.PhoneShow(t.Context(), hermes.PhoneShowRequest{MAC: m})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// keyIn returns the last part of the address of files.
func keyIn(address string) string { return address[strings.LastIndexByte(address, '/')+1:] }

// call is a request to the handler. The zero value of a field is what a test does not care about.
type call struct {
	method string // GET if empty
	from   string // the address of the client; clientIP if empty
	agent  string
	header http.Header
}

// get asks for a file by a key.
func (e *env) get(key, file string) *httptest.ResponseRecorder { return e.do(key, file, call{}) }

// do is get with more about the request.
func (e *env) do(key, file string, c call) *httptest.ResponseRecorder {
	return e.send(prefix+"/"+key+"/"+file, c)
}

// send sends a request for a path, which may have a query.
func (e *env) send(path string, c call) *httptest.ResponseRecorder {
	if c.method == "" {
		c.method = http.MethodGet
	}
	if c.from == "" {
		c.from = clientIP
	}
	r := &http.Request{Method: c.method, Header: http.Header{}, RemoteAddr: c.from + ":5000", RequestURI: path}
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return nil
	}
	r.URL = u
	for name, values := range c.header {
		r.Header[name] = values
	}
	if c.agent != "" {
		r.Header.Set("User-Agent", c.agent)
	}
	w := httptest.NewRecorder()
	e.handler.ServeHTTP(w, r)
	return w
}

// wantStatus checks the status of an answer, and that a refusal is the same as every other.
func wantStatus(t testing.TB, why string, w *httptest.ResponseRecorder, want int) {
	t.Helper()
	if w.Code != want {
		t.Errorf("%s: status %d, want %d: %s", why, w.Code, want, w.Body)
	}
	if w.Code == http.StatusNotFound {
		wantRefusal(t, why, w)
	}
}

// wantRefusal checks that an answer is the one that every refusal gets.
func wantRefusal(t testing.TB, why string, w *httptest.ResponseRecorder) {
	t.Helper()
	want := "404 map[Cache-Control:[no-store] Content-Length:[10] Content-Type:[text/plain; charset=utf-8] " +
		"X-Content-Type-Options:[nosniff]] not found\n"
	if got := textOf(w); got != want {
		t.Errorf("%s: %q, want %q", why, got, want)
	}
}
