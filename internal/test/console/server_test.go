package console_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/console"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// server serves the API and the console as hermesd does, over a memory store.
type server struct {
	*apitest.Server
	url string

	// logoutLatency is how long the answer of auth/logout takes after the session has ended.
	logoutLatency time.Duration

	mu    sync.Mutex
	calls []string // the nodes that were called, in order
	keys  []string // the auth_keys with which auth/ping was called
}

// newServer returns a server whose auth_keys live that long.
func newServer(t *testing.T, authKeyTTL time.Duration) *server {
	t.Helper()
	s := &server{}
	s.Server = apitest.NewServer(t, memstore.New(), &apitest.Options{Client: hermes.Options{AuthKeyTTL: authKeyTTL}})
	page := console.New(&console.Options{API: "api/", Nodes: s.Handler, LowWater: map[string]int{"+477350": 10}})
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if page.Has(r.URL.Path) {
			page.ServeHTTP(w, r)
			return
		}
		node := s.note(t, r)
		s.Handler.ServeHTTP(w, r)
		if node == "auth/logout" {
			time.Sleep(s.logoutLatency)
		}
	}))
	t.Cleanup(h.Close)
	s.url = h.URL
	return s
}

// note notes a call and returns its node. The body is put back for the API.
func (s *server) note(t *testing.T, r *http.Request) (node string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	node = strings.TrimPrefix(r.URL.Path, "/api/")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, node)
	if form, err := url.ParseQuery(string(body)); err == nil && node == "auth/ping" {
		s.keys = append(s.keys, form.Get("auth_key"))
	}
	return node
}

// pingKeys returns the auth_keys with which auth/ping was called.
func (s *server) pingKeys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.keys)
}

// called returns how often a node was called.
func (s *server) called(node string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c == node {
			n++
		}
	}
	return n
}

// mustCall calls a node as admin.
func (s *server) mustCall(t *testing.T, node string, params ...string) apitest.Response {
	t.Helper()
	form := url.Values{"_": {""}}
	for i := 0; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	res := s.Do(t, apitest.Request{Session: s.Login(t, "admin"), Node: node, Form: form.Encode()})
	if res.Response != "ok" {
		t.Fatalf("%s: %s", node, res.Body)
	}
	return res
}

// fill makes users, numbers and phones, so that each view has something to show.
func (s *server) fill(t *testing.T) {
	t.Helper()
	s.mustCall(t, "domain/set_servers", "domain", "example.com", "registrar", "sip.example.com", "r_port", "5060",
		"proxy", "proxy.example.com", "p_port", "5061", "prov_url", "https://prov.example.com/prov")
	s.mustCall(t, "number/add_range", "start", "+4773500000", "end", "+4773500011")
	s.mustCall(t, "number/add_range", "start", "+4632100000", "end", "+4632100099")
	s.mustCall(t, "user/onboard", "user", "alice@example.com", "displayname", "Alice Liddell", "macs", "805ec0112233,000413445566",
		"number", "+4773500003", "permissions", "local,intl", "email", "alice@example.com")
	s.mustCall(t, "alias/add", "alias", "info@example.com", "destination", "alice@example.com")
	s.mustCall(t, "user/onboard", "user", "bob@example.com", "displayname", "Bob", "macs", "805ec0112233", "number", "+4773500004")
	s.mustCall(t, "user/suspend", "user", "bob@example.com", "reason", "stolen phone")
	s.mustCall(t, "user/add_remote", "user", "carol@example.org", "password", "s3cret-of-carol", "registrar", "sip.example.org", "displayname", "Carol")
	s.mustCall(t, "number/hold", "number", "+4773500007", "ttl", "1h")
	s.mustCall(t, "phone/set", "mac", "805ec0112233", "vendor", "yealink", "note", "at the reception")
	s.mustCall(t, "auth/new_key", "host", "192.0.2.0/24", "access", "limited_write", "comment", "exchange", "expires", "90d", "domains", "example.com")
}
