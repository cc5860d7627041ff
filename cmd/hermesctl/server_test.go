package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/sip"
)

// password is that of the users admin and reader.
const password = "correct horse"

// server is a server on a loopback port. It has the users admin, with every right, and reader, and
// the domain example.test with default servers.
type server struct {
	client *hermes.Client // may do everything
	url    string
	now    atomic.Int64 // in nanoseconds since 1970

	mu    sync.Mutex
	calls map[string]int  // requests by node
	cut   map[string]bool // nodes whose answers are lost
	// hold, if not nil, is called before the n-th request of a node is handled.
	hold func(node string, n int)
}

func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{calls: map[string]int{}, cut: map[string]bool{}}
	s.now.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	var handler http.Handler
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(handler, w, r) }))
	t.Cleanup(h.Close)
	s.url = h.URL
	key, err := hermes.ParseSecretKey(strings.Repeat("k", 43))
	if err != nil {
		t.Fatal(err)
	}
	s.client, err = hermes.New(memstore.New(), &hermes.Options{
		SecretKeys: []hermes.SecretKey{key}, Backends: []hermes.Backend{local.New(&local.Options{MemoryKiB: 8, Passes: 1})},
		Domains: []sip.Domain{sip.MustParseDomain("example.test")}, Now: func() time.Time { return time.Unix(0, s.now.Load()) },
		FailedLoginTime: -1, Origin: s.url, PhoneFiles: provision.Embedded(),
	})
	if err != nil {
		t.Fatal(err)
	}
	handler = api.New(s.client, nil)
	s.prepare(t)
	return s
}

func (s *server) prepare(t testing.TB) {
	t.Helper()
	ctx, domain := t.Context(), sip.MustParseDomain("example.test")
	_, err := s.client.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: domain, Registrar: domain, RPort: 5060, Proxy: domain, PPort: 5060, ProvURL: "https://prov.example.test/",
	})
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

func (s *server) serve(handler http.Handler, w http.ResponseWriter, r *http.Request) {
	node := strings.TrimPrefix(r.URL.Path, "/api/")
	s.mu.Lock()
	s.calls[node]++
	n, cut, hold := s.calls[node], s.cut[node], s.hold
	s.mu.Unlock()
	if hold != nil {
		hold(node, n)
	}
	if cut {
		handler.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	handler.ServeHTTP(w, r)
}

// count returns how often a node was asked.
func (s *server) count(node string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[node]
}

// addNumbers puts the first count numbers after +4720000000 into the pool.
func (s *server) addNumbers(t testing.TB, count int64) {
	t.Helper()
	first := int64(4720000000)
	number := func(n int64) e164.Number { return e164.MustParse("+" + decimal(n)) }
	_, err := s.client.NumberAddRange(t.Context(), hermes.NumberAddRangeRequest{Start: number(first), End: number(first + count - 1)})
	if err != nil {
		t.Fatal(err)
	}
}
