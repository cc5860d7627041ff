package remote_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/remote"
	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

// password is that of the users admin and reader.
const password = "correct horse"

// origin is that of every server.
const origin = "https://hermes.example.com"

// server is a server on a loopback port that can be restarted and loses answers. It has the users
// admin and reader, the numbers from +4773500000 to +4773501999, and the domain example.com.
type server struct {
	client  *hermes.Client // may do everything
	store   hermes.Store
	url     string
	handler atomic.Pointer[api.Handler]
	now     atomic.Int64 // in nanoseconds since 1970
	lose    func(n int64, node string) loss

	opts     *hermes.Options
	requests atomic.Int64
	mu       sync.Mutex
	http     *http.Server
	calls    map[string]int // requests by node
	secrets  []string       // the sessions and keys that were answered
}

// loss says what a server does to an answer.
type loss int

const (
	keep     loss = iota
	unheard       // the connection is cut before the request is handled
	lost          // the connection is cut in the place of an answer
	truncate      // the connection is cut after a half of the answer
	unended       // the answer ends with its half
)

func newServer(t *testing.T) *server {
	t.Helper()
	return newServerOver(t, memstore.New())
}

func newServerOver(t *testing.T, store hermes.Store) *server {
	t.Helper()
	s := &server{store: store, calls: map[string]int{}, lose: func(int64, string) loss { return keep }}
	s.now.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	s.opts = &hermes.Options{
		Backends: []hermes.Backend{local.New(&local.Options{MemoryKiB: 8, Passes: 1})},
		Domains:  []sip.Domain{sip.MustParseDomain("example.com")},
		Now:      s.time, FailedLoginTime: -1, Origin: origin,
	}
	var err error
	if s.opts.SecretKeys, err = newKeys(); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + listener.Addr().String()
	s.serve(t, listener)
	t.Cleanup(func() { s.http.Close() })
	s.prepare(t)
	return s
}

func newKeys() ([]hermes.SecretKey, error) {
	key, err := hermes.ParseSecretKey(strings.Repeat("k", 43))
	return []hermes.SecretKey{key}, err
}

func (s *server) prepare(t *testing.T) {
	t.Helper()
	ctx, domain := t.Context(), sip.MustParseDomain("example.com")
	_, err := s.client.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: domain, Registrar: domain, RPort: 5060, Proxy: domain, PPort: 5060, ProvURL: "https://example.com/",
	})
	if err == nil {
		_, err = s.client.NumberAddRange(ctx, hermes.NumberAddRangeRequest{Start: number(0), End: number(1999)})
	}
	if err == nil {
		err = s.client.Bootstrap(ctx, "admin", hermes.NewSecret(password))
	}
	if err == nil {
		_, err = s.client.AuthAddUser(ctx, hermes.AuthAddUserRequest{User: "reader", Password: hermes.NewSecret(password)})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *server) time() time.Time { return time.Unix(0, s.now.Load()) }

// advance moves the clock of the server and of its clients.
func (s *server) advance(d time.Duration) { s.now.Add(int64(d)) }

func (s *server) serve(t *testing.T, listener net.Listener) {
	t.Helper()
	client, err := hermes.New(s.store, s.opts)
	if err != nil {
		t.Fatal(err)
	}
	s.client = client
	s.handler.Store(api.New(client, nil))
	s.http = &http.Server{Handler: s}
	go s.http.Serve(listener)
}

// restart ends the server with all its connections, and starts it again.
func (s *server) restart(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.http.Close()
	listener, err := net.Listen("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Error(err)
		return
	}
	s.serve(t, listener)
}

// ServeHTTP implements [http.Handler].
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	node := strings.TrimPrefix(r.URL.Path, "/api/")
	loss := s.lose(s.requests.Add(1), node)
	if loss == unheard {
		panic(http.ErrAbortHandler)
	}
	rec := httptest.NewRecorder()
	s.handler.Load().ServeHTTP(rec, r)
	s.note(node, rec)
	if loss == lost {
		panic(http.ErrAbortHandler)
	}
	body := rec.Body.Bytes()
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	if loss == unended {
		body = body[:len(body)/2]
		w.Header().Del("Content-Length")
	}
	w.WriteHeader(rec.Code)
	if loss == truncate {
		w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	}
	w.Write(body)
}

// note counts a request, and keeps the secrets of its answer.
func (s *server) note(node string, rec *httptest.ResponseRecorder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[node]++
	for _, member := range []string{`"session":"`, `"auth_key":"`} {
		if _, rest, ok := strings.Cut(rec.Body.String(), member); ok {
			secret, _, _ := strings.Cut(rest, `"`)
			s.secrets = append(s.secrets, secret)
		}
	}
	for _, c := range rec.Result().Cookies() {
		s.secrets = append(s.secrets, c.Value)
	}
}

// count returns how often a node was asked.
func (s *server) count(node string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[node]
}

// endSessions ends the sessions of admin, behind the back of the clients.
func (s *server) endSessions(t *testing.T) {
	t.Helper()
	admin := hermes.Principal{Kind: hermes.UserPrincipal, Name: "admin"}
	if err := s.store.RemoveSessions(t.Context(), admin, hermes.Hash{}); err != nil {
		t.Error(err)
	}
}

// asAdmin returns options for the user admin.
func (s *server) asAdmin() *remote.Options {
	return &remote.Options{User: "admin", Password: hermes.NewSecret(password), Now: s.time}
}

func mustDial(t *testing.T, s *server, opts *remote.Options) *remote.Client {
	t.Helper()
	c, err := remote.Dial(t.Context(), s.url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// wantError checks that err is an *hermes.Error of a node, and what errors.Is says of it.
func wantError(t *testing.T, err error, node string, is ...error) {
	t.Helper()
	var e *hermes.Error
	if !errors.As(err, &e) || e.Node != node {
		t.Fatalf("got %v, want an error of %s", err, node)
	}
	for _, target := range is {
		if !errors.Is(err, target) {
			t.Errorf("got %v (%v), which is not: %v", err, e.Err, target)
		}
	}
}

// roundTripper is a function that makes requests.
type roundTripper func(r *http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
