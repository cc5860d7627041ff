package campaign_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

const (
	// drained is how many requests are in flight when hermesd is stopped. One principal may have a
	// quarter of hermesd's 256 places, and one network 128 connections: there are callers enough.
	drained = 200
	callers = 4
)

// TestDrain stops hermesd by SIGTERM while 200 requests are in flight: hermesd has begun to answer
// them, and waits for their bodies, which come when it says that it is draining. Each is answered
// with what it asked for, what was answered as added is there, and hermesd exits with 0.
func TestDrain(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, d *database) {
		s := newMeasuredSite(t, d)
		s.process.MustCall(t, "ok", s.admin, "domain/set_servers", takerServers)
		s.process.MustCall(t, "ok", s.admin, "user/add", "user=present@"+takerDomain)
		bodies := make(chan struct{})
		release := sync.OnceFunc(func() { close(bodies) })
		var requests sync.WaitGroup
		defer requests.Wait()
		defer release()
		for c := range callers {
			e, session := s.mustEnterCaller(t, c, bodies)
			for i := range drained / callers {
				requests.Go(func() { mustAnswerDrained(t, e, session, fmt.Sprintf("c%dr%d", c, i), i%2 == 0) })
			}
		}
		testserver.WaitFor(t, "all requests to be in flight", func() bool {
			return strings.Contains(s.scrape(t), fmt.Sprintf("\nhermes_requests_in_flight %d\n", drained))
		})
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			s.process.Stop()
		}()
		testserver.WaitFor(t, "hermesd to drain", func() bool { return s.isDraining(t) })
		release()
		requests.Wait()
		<-stopped
		if code := s.process.ExitCode(); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		if n := s.count(t, "subscriber WHERE username <> 'present'"); n != drained/2 {
			t.Errorf("%d users were added, want %d", n, drained/2)
		}
	})
}

// isDraining reports whether hermesd says so at /readyz.
func (s *site) isDraining(t *testing.T) bool {
	t.Helper()
	res, err := s.process.HTTP.Get(s.process.URL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode == http.StatusServiceUnavailable && strings.TrimSpace(string(text)) == "draining"
}

// mustEnterCaller makes an API user and opens its session. The bodies of the requests to the
// endpoint, which come from an address of the caller's own, are sent when the channel is closed.
func (s *site) mustEnterCaller(t *testing.T, caller int, bodies <-chan struct{}) (hermesdtest.Endpoint, hermesdtest.Session) {
	t.Helper()
	name := fmt.Sprintf("caller%d", caller)
	s.process.MustCall(t, "ok", s.admin, "auth/add_user", "password=correct+horse&user="+name)
	s.process.MustCall(t, "ok", s.admin, "auth/authorize", "access=full_write&user="+name)
	e := s.process.DialedBy(t, net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+caller))}})
	session := e.MustLogin(t, "password=correct+horse&username="+name)
	e.HTTP.Transport = heldTransport{RoundTripper: e.HTTP.Transport, bodies: bodies}
	return e, session
}

// mustAnswerDrained adds a user, or gets the one that is there, and checks the answer.
func mustAnswerDrained(t *testing.T, e hermesdtest.Endpoint, session hermesdtest.Session, name string, add bool) {
	node, user := "user/get", "present@"+takerDomain
	if add {
		node, user = "user/add", name+"@"+takerDomain
	}
	a, err := e.Post(t.Context(), session, node, "user="+user)
	object, _ := a.Members["user"].(map[string]any)
	if err != nil || a.Status != http.StatusOK || a.Class() != "ok" || object["user"] != user {
		t.Errorf("%s %s, while hermesd was stopped: answered %d %s, %v; want the user", node, user, a.Status, a.Body, err)
	}
}

// heldTransport sends the headers of requests, and their bodies when the channel is closed.
type heldTransport struct {
	http.RoundTripper
	bodies <-chan struct{}
}

// RoundTrip implements [http.RoundTripper].
func (h heldTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Body = heldBody{ReadCloser: r.Body, release: h.bodies}
	return h.RoundTripper.RoundTrip(r)
}

type heldBody struct {
	io.ReadCloser
	release <-chan struct{}
}

// Read waits before the first byte. net/http sends the headers before it reads a body of a type
// that it does not know.
func (b heldBody) Read(p []byte) (int, error) {
	<-b.release
	return b.ReadCloser.Read(p)
}
