package api_test

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestHandler_Shares has all requests of two principals wait in the store, and then makes calls of
// others.
func TestHandler_Shares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proceed := make(chan struct{})
		store := usersStore{memstore.New(), func() ([]hermes.UserEntry, error) {
			<-proceed
			return nil, nil
		}}
		s := apitest.NewServer(t, store, &apitest.Options{API: api.Options{MaxInFlight: 16}})
		sessions := map[string]apitest.Session{}
		for _, user := range []string{"reader", "auditor", "writer", "admin"} {
			sessions[user] = s.Login(t, user)
		}
		answers := make(chan string, 100)
		occupy := func(user string, n int) {
			for range n {
				go func() { answers <- s.Do(t, newRequest(sessions[user], "user/list")).Result() }()
			}
			synctest.Wait()
		}
		occupy("reader", 10)
		for range 6 {
			if got := <-answers; got != "failed/busy" {
				t.Errorf("a request beyond the share of a principal: %s, want failed/busy", got)
			}
		}
		if res := s.Do(t, newRequest(sessions["reader"], "domain/list")); res.Result() != "failed/busy" || res.Status != 503 {
			t.Errorf("another node, the same principal: %d %s, want 503 failed/busy", res.Status, res.Body)
		}
		if res := s.Do(t, newRequest(sessions["auditor"], "domain/list")); res.Result() != "ok" {
			t.Errorf("another principal: %s", res.Body)
		}
		for _, user := range []string{"auditor", "writer", "admin"} {
			occupy(user, 4)
		}
		if res := s.Do(t, apitest.Request{Node: "user/list"}); res.Result() != "failed/busy" {
			t.Errorf("all places are taken: %s, want failed/busy", res.Body)
		}
		session := s.Login(t, "reader")
		ping := s.Do(t, newRequest(session, "auth/ping"))
		if ping.Result() != "pong" {
			t.Errorf("ping while all places are taken: %s", ping.Body)
		}
		logout := apitest.Request{Node: "auth/logout", Query: "session=" + session.ID}
		logout.Session.Cookie = session.Cookie
		if res := s.Do(t, logout); res.Result() != "ok" {
			t.Errorf("logout while all places are taken: %s", res.Body)
		}
		waited := make(chan string, 1)
		go func() { waited <- s.Do(t, apitest.Request{Node: "user/list"}).Result() }()
		synctest.Wait()
		close(proceed)
		for range 16 {
			if got := <-answers; got != "ok" {
				t.Errorf("a request that had a place: %s", got)
			}
		}
		if got := <-waited; got != "failed/unauthorized" {
			t.Errorf("a request that waited for less than a second: %s, want it to be worked on", got)
		}
		if res := s.Do(t, newRequest(sessions["reader"], "domain/list")); res.Result() != "ok" {
			t.Errorf("when the places are free again: %s", res.Body)
		}
	})
}

// TestHandler_LoginsWait has more logins at once than there are places for them.
func TestHandler_LoginsWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proceed := make(chan struct{})
		slow := false
		s := apitest.NewServer(t, storetest.Intercept(memstore.New(), func(method string) error {
			if slow && method == "Session" {
				<-proceed
			}
			return nil
		}), nil)
		sessions := make([]apitest.Session, 40)
		for i := range sessions {
			sessions[i] = s.Login(t, "reader")
		}
		slow = true
		answers := make(chan string, len(sessions))
		for _, session := range sessions {
			go func() { answers <- s.Do(t, newRequest(session, "auth/ping")).Result() }()
		}
		synctest.Wait()
		close(proceed)
		for range sessions {
			if got := <-answers; got != "pong" {
				t.Errorf("a ping among many: %s, want pong after others", got)
			}
		}
	})
}

// TestHandler_LoginsOfStrangers has logins of strangers take or wait for all places that they can.
func TestHandler_LoginsOfStrangers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proceed := make(chan struct{})
		var slow atomic.Bool
		var asked atomic.Int32 // how often the store was asked for a user
		s := apitest.NewServer(t, storetest.Intercept(memstore.New(), func(method string) error {
			if slow.Load() && method == "Credential" {
				asked.Add(1)
				<-proceed
			}
			return nil
		}), nil)
		session := s.Login(t, "reader")
		slow.Store(true)
		login := func(user, remote string) {
			req := apitest.Request{Node: "auth/login", Query: "username=" + user + "&password=wrong-password"}.HTTP()
			req.RemoteAddr = cmp.Or(remote, req.RemoteAddr)
			s.Handler.ServeHTTP(httptest.NewRecorder(), req)
		}
		var logins sync.WaitGroup
		for i := range 300 {
			logins.Go(func() {
				login(fmt.Sprintf("stranger%d", i), fmt.Sprintf("[2001:db8:%x::1]:1", i))
			})
		}
		synctest.Wait()
		before := asked.Load()
		logins.Go(func() { login("reader", "") })
		synctest.Wait()
		if after := asked.Load(); after != before+1 {
			t.Errorf("the login of a known user waits behind those of strangers: %d users were asked for, then %d", before, after)
		}
		pinged := make(chan string, 1)
		// A ping asks whether the user exists.
		go func() { pinged <- s.Do(t, newRequest(session, "auth/ping")).Result() }()
		synctest.Wait()
		if after := asked.Load(); after != before+2 {
			t.Errorf("a ping waits behind logins of strangers: %d users were asked for, then %d", before, after)
		}
		close(proceed)
		logins.Wait()
		if got := <-pinged; got != "pong" {
			t.Errorf("a ping beside logins of strangers: %s", got)
		}
	})
}

// TestHandler_LoginsWait_first has many right logins at once of a user who has not logged in from
// these networks before. They wait for each other, and have none of the places of others.
func TestHandler_LoginsWait_first(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proceed := make(chan struct{})
		slow := false
		s := apitest.NewServer(t, storetest.Intercept(memstore.New(), func(method string) error {
			if slow && method == "Credential" {
				<-proceed
			}
			return nil
		}), &apitest.Options{
			Client: hermes.Options{MaxUnknownLogins: 24},
			// The clients of httptest come from there.
			API: api.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
		})
		known := s.Login(t, "reader")
		slow = true
		answers := make(chan string, 200)
		for i := range cap(answers) {
			login := apitest.Request{
				Node: "auth/login", Form: "username=writer&password=" + strings.ReplaceAll(apitest.Password, " ", "+"),
				Header: map[string]string{"X-Forwarded-For": fmt.Sprintf("10.0.0.%d", i)},
			}
			go func() { answers <- s.Do(t, login).Result() }()
		}
		synctest.Wait()
		slow = false
		logout := apitest.Request{Node: "auth/logout", Query: "session=" + known.ID}
		logout.Session.Cookie = known.Cookie
		if res := s.Do(t, logout); res.Result() != "ok" {
			t.Errorf("logout meanwhile: %s", res.Body)
		}
		close(proceed)
		for range cap(answers) {
			if got := <-answers; got != "ok" {
				t.Errorf("a login among many: %s, want ok after others", got)
			}
		}
	})
}

// TestHandler_ListPlaces begins lists that are not read.
func TestHandler_ListPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := apitest.NewServer(t, newAliasGenerator(10_000, nil), nil)
		reader, stuck := s.Login(t, "reader"), make(chan struct{})
		for range 8 {
			go s.Handler.ServeHTTP(stuckWriter{header: http.Header{}, stuck: stuck}, newRequest(reader, "alias/list").HTTP())
		}
		synctest.Wait()
		res := s.Do(t, newRequest(reader, "alias/list"))
		if res.Status != 503 || res.Result() != "failed/busy" || res.Members["list"] != nil || res.Header.Get("Retry-After") != "1" {
			t.Errorf("a ninth list of a principal: %d %.200s, want 503 failed/busy", res.Status, res.Body)
		}
		if res := s.Do(t, newRequest(reader, "alias/list?limit=100")); res.Result() != "ok" {
			t.Errorf("a short list: %.200s", res.Body)
		}
		if res := s.Do(t, newRequest(s.Login(t, "writer"), "alias/list")); res.Result() != "ok" {
			t.Errorf("a list of another principal: %.200s", res.Body)
		}
		close(stuck)
		synctest.Wait()
		if res := s.Do(t, newRequest(reader, "alias/list")); res.Result() != "ok" {
			t.Errorf("when the others have ended: %.200s", res.Body)
		}
	})
}

// TestHandler_LongAnswers asks for answers that are long, although they are no lists, and are not
// read.
func TestHandler_LongAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var domains []sip.Domain
		for i := range 3000 {
			domains = append(domains, sip.MustParseDomain(fmt.Sprintf("d%04d.example.com", i)))
		}
		s := apitest.NewServer(t, memstore.New(domains...), nil)
		reader, stuck := s.Login(t, "reader"), make(chan struct{})
		for range 8 {
			go s.Handler.ServeHTTP(stuckWriter{header: http.Header{}, stuck: stuck}, newRequest(reader, "domain/list").HTTP())
		}
		synctest.Wait()
		if res := s.Do(t, newRequest(reader, "domain/list")); res.Status != 503 || res.Result() != "failed/busy" {
			t.Errorf("a ninth long answer: %d %.200s, want 503 failed/busy", res.Status, res.Body)
		}
		close(stuck)
		synctest.Wait()
		rec := newDeadlineRecorder()
		s.Handler.ServeHTTP(rec, newRequest(reader, "domain/list").HTTP())
		if chunks := rec.Body.Len() / (32 << 10); rec.Code != 200 || len(rec.writes) < chunks {
			t.Errorf("%d, %d write deadlines for %d bytes, want one for each of %d chunks", rec.Code, len(rec.writes), rec.Body.Len(), chunks)
		}
	})
}

// TestHandler_LogSampling makes more refused requests in a second than are logged.
func TestHandler_LogSampling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		observed := 0
		s := newServer(t, &apitest.Options{API: api.Options{
			Logger: slog.New(slog.NewTextHandler(&log, nil)), Observe: func(api.Outcome) { observed++ },
		}})
		reader := s.Login(t, "reader")
		log.Reset()
		observed = 0
		for range 80 {
			s.Do(t, apitest.Request{Node: "user/list"})
		}
		for range 80 {
			s.Do(t, newRequest(reader, "user/remove?user=alice@example.com"))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := strings.Count(log.String(), "cause=unauthorized"); n != 50 || !strings.Contains(log.String(), " count=30\n") {
			t.Errorf("%d of 80 refusals of strangers were logged, want 50 and the number of the others:\n%.300s", n, log.String())
		}
		if n := strings.Count(log.String(), "cause=forbidden"); n != 80 || observed != 160 {
			t.Errorf("%d of 80 refusals of a principal were logged, and %d of 160 observed; want all", n, observed)
		}
	})
}

// countingReader counts what is read of a body.
type countingReader struct {
	strings.Reader
	read atomic.Int64
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.read.Add(int64(n))
	return n, err
}

// TestHandler_LargeBodies has requests with large bodies take all places that there are for them.
func TestHandler_LargeBodies(t *testing.T) {
	t.Parallel()
	const size = 60 << 10
	for _, row := range []struct {
		why    string
		node   string
		form   string
		method string // of the store, in which the requests wait
		places int
		waits  bool // for a place
	}{
		{"a login beyond the places would have to be read and parsed only to be refused", "auth/login",
			"username=writer&password=", "Credential", 8, false},
		{"another request is that of a principal, and waits", "domain/list", "_=", "Session", 16, true},
	} {
		t.Run(row.node, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				proceed := make(chan struct{})
				var slow atomic.Bool
				s := apitest.NewServer(t, storetest.Intercept(memstore.New(), func(method string) error {
					if slow.Load() && method == row.method {
						<-proceed
					}
					return nil
				}), &apitest.Options{API: api.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}})
				session := s.Login(t, "reader")
				slow.Store(true)
				send := func(i, size int) (answer chan string, read *atomic.Int64) {
					req := apitest.Request{
						Node: row.node, Form: row.form + strings.Repeat("x", size), Session: session,
						Header: map[string]string{"X-Forwarded-For": fmt.Sprintf("10.0.0.%d", i)},
					}
					if row.node == "auth/login" {
						req.Session = apitest.Session{}
					}
					body := &countingReader{Reader: *strings.NewReader(req.Form)}
					r := req.HTTP()
					r.Body, answer = io.NopCloser(body), make(chan string, 1)
					go func() { answer <- apitest.Serve(t, s.Handler, r).Result() }()
					synctest.Wait()
					return answer, &body.read
				}
				for i := range row.places {
					if answer, _ := send(i, size); len(answer) != 0 {
						t.Fatalf("request %d: %s, want it to be worked on", i, <-answer)
					}
				}
				answer, read := send(100, size)
				if n := read.Load(); n > 8<<10 {
					t.Errorf("%d bytes of a body beyond the places were read", n)
				}
				if row.waits != (len(answer) == 0) {
					t.Errorf("%s: waits %t, want %t", row.why, len(answer) == 0, row.waits)
				}
				if small, _ := send(101, 10); len(small) != 0 {
					t.Errorf("a small request beside large ones: %s, want it to be worked on", <-small)
				}
				close(proceed)
				if got, want := <-answer, map[bool]string{true: "ok", false: "failed/busy"}[row.waits]; got != want {
					t.Errorf("%s: %s, want %s", row.why, got, want)
				}
			})
		})
	}
}
