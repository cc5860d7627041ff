package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

func TestHandler_MaxInFlight(t *testing.T) {
	t.Parallel()
	called, proceed, responses := make(chan bool), make(chan bool), make(chan apitest.Response, 2)
	store := usersStore{memstore.New(), func() ([]hermes.UserEntry, error) {
		called <- true
		<-proceed
		return nil, nil
	}}
	s := apitest.NewServer(t, store, &apitest.Options{API: api.Options{MaxInFlight: 2}})
	reader := s.Login(t, "reader")
	for range 2 {
		go func() { responses <- s.Do(t, newRequest(reader, "user/list")) }()
		select {
		case <-called:
		case res := <-responses:
			t.Fatalf("a request in flight: %s", res.Body)
		}
	}
	res := s.Do(t, newRequest(reader, "domain/list"))
	if res.Status != 503 || res.Result() != "failed/busy" || res.Header.Get("Retry-After") != "1" {
		t.Errorf("a third request: got %d %s, Retry-After %q", res.Status, res.Result(), res.Header.Get("Retry-After"))
	}
	s.Handler.Drain()
	close(proceed)
	for range 2 {
		if res := <-responses; res.Result() != "ok" {
			t.Errorf("a request in flight when Drain is called: %s", res.Body)
		}
	}
	if res := s.Do(t, newRequest(reader, "domain/list")); res.Status != 503 || res.Result() != "failed/busy" {
		t.Errorf("after Drain: got %d %s", res.Status, res.Result())
	}
}

func TestHandler_ReleasesInFlight(t *testing.T) {
	t.Parallel()
	s := newServer(t, &apitest.Options{API: api.Options{MaxInFlight: 1}})
	reader := s.Login(t, "reader")
	for range 3 {
		if res := s.Do(t, newRequest(reader, "domain/list")); res.Result() != "ok" {
			t.Fatalf("one request after the other: %s", res.Body)
		}
	}
}

// startSlowRequest sends user/list with an unfinished body, which the Handler has begun to read
// when startSlowRequest returns. The returned function completes the body and returns the answer.
func startSlowRequest(t *testing.T, s *apitest.Server, session apitest.Session) (finish func() apitest.Response) {
	t.Helper()
	body, client := io.Pipe()
	r := apitest.Request{Session: session, Node: "user/list", Form: "x"}.HTTP()
	r.Body, r.ContentLength = body, -1
	responses := make(chan apitest.Response)
	go func() { responses <- apitest.Serve(t, s.Handler, r) }()
	// Write returns when the Handler has read.
	if _, err := io.WriteString(client, "limit="); err != nil {
		t.Fatal(err)
	}
	return func() apitest.Response {
		io.WriteString(client, "1")
		client.Close()
		return <-responses
	}
}

func TestHandler_SlowBodyIsNotInFlight(t *testing.T) {
	t.Parallel()
	s := newServer(t, &apitest.Options{API: api.Options{MaxInFlight: 1}})
	reader := s.Login(t, "reader")
	finish := startSlowRequest(t, s, reader)
	if res := s.Do(t, newRequest(reader, "domain/list")); res.Result() != "ok" {
		t.Errorf("during a slow request: %s", res.Body)
	}
	if res := finish(); res.Result() != "ok" {
		t.Errorf("the slow request: %s", res.Body)
	}
}

func TestHandler_DrainDuringBody(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	finish := startSlowRequest(t, s, s.Login(t, "reader"))
	s.Handler.Drain()
	if res := finish(); res.Result() != "ok" {
		t.Errorf("a request that came before Drain: %s", res.Body)
	}
}

func TestHandler_SecurityHeaders(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	reader := s.Login(t, "reader")
	drained := api.New(s.Client, nil)
	drained.Drain()
	for why, req := range map[string]apitest.Request{
		"ok":         {Session: reader, Node: "user/list"},
		"plain text": {Session: reader, Node: "user/generate_password"},
		"forbidden":  {Session: reader, Node: "user/remove", Query: "user=alice@example.com"},
		"404":        {Node: "nowhere"},
		"405":        {Node: "user/list", Method: "PATCH"},
		"503":        {Node: "user/list", Handler: drained},
	} {
		header := s.Do(t, req).Header
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", why, name, got, want)
			}
		}
		for name := range header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: the CORS header %s is set", why, name)
			}
		}
		if got := header.Get("Content-Type"); why != "plain text" && got != "application/json; charset=utf-8" {
			t.Errorf("%s: Content-Type is %q", why, got)
		}
	}
}

func TestHandler_Head(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	reader := s.Login(t, "reader")
	domainListSize := s.Do(t, newRequest(reader, "domain/list")).Header.Get("Content-Length")
	for node, want := range map[string]struct {
		status int
		allow  string
		size   string
	}{
		"user/list":              {200, "", ""},
		"domain/list":            {200, "", domainListSize},
		"user/generate_password": {200, "", "20"},
		// It can change permissions, although it does not without the parameter permissions.
		"user/permissions": {405, "GET, POST", ""},
		"user/add":         {405, "GET, POST", ""},
		"auth/ping":        {405, "GET, POST", ""},
	} {
		res := s.Do(t, apitest.Request{Session: reader, Method: http.MethodHead, Node: node})
		if res.Status != want.status || res.Header.Get("Allow") != want.allow || res.Body != "" {
			t.Errorf("HEAD %s: got %d, Allow %q, body %q, want %d, %q and no body",
				node, res.Status, res.Header.Get("Allow"), res.Body, want.status, want.allow)
		}
		if got := res.Header.Get("Content-Length"); want.size != "" && got != want.size {
			t.Errorf("HEAD %s: Content-Length %q, want %q", node, got, want.size)
		}
	}
	if res := s.Do(t, apitest.Request{Method: "PUT", Node: "user/list"}); res.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("Allow of a node that changes nothing: %q", res.Header.Get("Allow"))
	}
}
