package remote_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/remote"
	"github.com/hermes-voip/go-hermes/sip"
)

func number(i int64) e164.Number {
	n, _ := e164.MustParse("+4773500000").Offset(i)
	return n
}

func user(i int) sip.Addr { return sip.MustParse(fmt.Sprintf("u%d@example.com", i)) }

// TestClient_faults makes 1,000 calls of four kinds in four goroutines, while every tenth answer is
// lost in one way or another, auth keys expire, sessions end and the server is restarted. Each call
// is answered rightly, and no change is made twice.
func TestClient_faults(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := mustDial(t, s, s.asAdmin())
	s.lose = func(n int64, _ string) loss {
		if n%10 != 0 {
			return keep
		}
		return []loss{unheard, lost, truncate, unended}[n/10%4]
	}
	const workers, rounds = 4, 63
	var done atomic.Int64
	var mu sync.Mutex
	claimed := map[string]bool{}
	var running sync.WaitGroup
	for w := range workers {
		running.Go(func() {
			for i := range rounds {
				switch done.Add(1) % 50 {
				case 10:
					s.advance(3 * time.Minute) // the auth_key is to be renewed
				case 20:
					s.advance(10 * time.Minute) // it has expired
				case 30:
					s.endSessions(t)
				case 40:
					s.restart(t)
				}
				n := faultRound(t, c, w*rounds+i)
				mu.Lock()
				if claimed[n.String()] {
					t.Errorf("%s was claimed before", n)
				}
				claimed[n.String()] = true
				mu.Unlock()
			}
		})
	}
	running.Wait()
	users, err := s.store.Users(t.Context(), hermes.UserQuery{Limit: 10_000})
	if err != nil || len(users) != workers*rounds {
		t.Errorf("%d users, %v; want %d", len(users), err, workers*rounds)
	}
	pool, err := s.store.Numbers(t.Context(), hermes.NumberQuery{Limit: 10_000})
	if err != nil || len(pool) != 2000-workers*rounds {
		t.Errorf("%d numbers, %v; want %d", len(pool), err, 2000-workers*rounds)
	}
	if s.count("auth/login") < 5 || s.count("auth/ping") < 2 {
		t.Errorf("%d logins and %d pings, want more", s.count("auth/login"), s.count("auth/ping"))
	}
	t.Logf("%d requests, %d logins, %d pings", s.requests.Load(), s.count("auth/login"), s.count("auth/ping"))
}

// faultRound makes four calls and returns the number that one of them took.
func faultRound(t *testing.T, c hermes.API, i int) e164.Number {
	ctx := t.Context()
	added, err := c.UserAdd(ctx, hermes.UserAddRequest{User: user(i), DisplayName: "æ + b"})
	if err != nil || added.User.User != user(i) || added.User.Password.Value.IsZero() {
		t.Errorf("user/add of %s: %s, %v", user(i), added.User.User, err)
	}
	got, err := c.UserGet(ctx, hermes.UserGetRequest{User: user(i)})
	if err != nil || got.User.Password != added.User.Password || got.User.DisplayName != "æ + b" {
		t.Errorf("user/get of %s: %v; want the password of user/add", user(i), err)
	}
	claimed, err := c.NumberClaim(ctx, hermes.NumberClaimRequest{})
	if err != nil {
		t.Errorf("number/claim: %v", err)
	}
	if _, err := c.NumberTest(ctx, hermes.NumberTestRequest(claimed)); !errors.Is(err, hermes.NotFound) {
		t.Errorf("number/test of a number that was claimed: %v, want nonexistant", err)
	}
	return claimed.Number
}

// A change of auth takes no idempotency key. So it is not made again if its answer is lost.
func TestClient_AuthNewKey_answerLost(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]loss{"no answer": lost, "a half of it": truncate} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			c := mustDial(t, s, s.asAdmin())
			s.lose = func(_ int64, node string) loss {
				if node == "auth/new_key" {
					return kind
				}
				return keep
			}
			_, err := c.AuthNewKey(t.Context(), hermes.AuthNewKeyRequest{Host: "192.0.2.1", Access: hermes.FullRead})
			wantError(t, err, "auth/new_key", hermes.ErrOutcomeUnknown, hermes.StoreFailed)
			if keys, err := s.store.Keys(t.Context()); err != nil || len(keys) != 1 {
				t.Errorf("%d keys, %v; want the one that was made", len(keys), err)
			}
		})
	}
}

func TestClient_UserAdd_noTimeForMore(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	opts := s.asAdmin()
	opts.RetryFor = -1
	c := mustDial(t, s, opts)
	s.lose = func(int64, string) loss { return lost }
	_, err := c.UserAdd(t.Context(), hermes.UserAddRequest{User: user(1)})
	wantError(t, err, "user/add", hermes.ErrOutcomeUnknown, hermes.StoreFailed)
	_, err = c.UserGet(t.Context(), hermes.UserGetRequest{User: user(1)})
	wantError(t, err, "user/get", remote.ErrUnreachable, hermes.Busy)
}

func TestClient_serverGone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	opts := s.asAdmin()
	opts.RetryFor = 200 * time.Millisecond
	c := mustDial(t, s, opts)
	s.http.Close()
	// This call finds that the connection that was kept is closed.
	_, err := c.UserGet(t.Context(), hermes.UserGetRequest{User: user(1)})
	wantError(t, err, "user/get", remote.ErrUnreachable)
	_, err = c.AuthNewKey(t.Context(), hermes.AuthNewKeyRequest{Host: "192.0.2.1", Access: hermes.FullRead})
	if wantError(t, err, "auth/new_key", remote.ErrUnreachable); errors.Is(err, hermes.ErrOutcomeUnknown) {
		t.Errorf("got %v; the request was not sent", err)
	}
	_, err = remote.Dial(t.Context(), s.url, opts)
	wantError(t, err, "auth/login", remote.ErrUnreachable)
}

func TestClient_contextCancelled(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := mustDial(t, s, s.asAdmin())
	before := s.requests.Load()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.UserAdd(ctx, hermes.UserAddRequest{User: user(1)})
	if wantError(t, err, "user/add", context.Canceled); errors.Is(err, hermes.ErrOutcomeUnknown) {
		t.Errorf("got %v; the request was not sent", err)
	}
	if n := s.requests.Load(); n != before {
		t.Errorf("%d requests were sent", n-before)
	}
	ctx, cancel = context.WithCancel(t.Context())
	s.lose = func(int64, string) loss { cancel(); return lost }
	_, err = c.UserAdd(ctx, hermes.UserAddRequest{User: user(1)})
	wantError(t, err, "user/add", context.Canceled, hermes.ErrOutcomeUnknown)
}

// A server that is not ready says when to come again.
func TestClient_busy(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := mustDial(t, s, s.asAdmin())
	s.handler.Load().Hold()
	s.lose = func(_ int64, node string) loss {
		if s.count(node) > 0 { // the second request
			s.handler.Load().Release()
		}
		return keep
	}
	if _, err := c.UserAdd(t.Context(), hermes.UserAddRequest{User: user(1)}); err != nil {
		t.Error(err)
	}
	s.handler.Load().Hold()
	s.lose = func(int64, string) loss { return keep }
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := c.UserAdd(ctx, hermes.UserAddRequest{User: user(2)})
	wantError(t, err, "user/add", hermes.Busy)
}

func TestClient_With(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := mustDial(t, s, s.asAdmin())
	ctx, req := t.Context(), hermes.UserAddRequest{User: user(1)}
	if res, err := c.DryRun().UserAdd(ctx, req); err != nil || res.User.Password.Set {
		t.Errorf("a dry run: %v, %v; want no password", res, err)
	}
	var replayed bool
	keyed := c.With(hermes.CallOptions{IdempotencyKey: "k", Replayed: &replayed})
	first, err := keyed.UserAdd(ctx, req)
	if err != nil || replayed {
		t.Fatalf("the first call: %v, replayed: %v", err, replayed)
	}
	second, err := keyed.WithOptions(hermes.CallOptions{IdempotencyKey: "k", Replayed: &replayed}).UserAdd(ctx, req)
	if err != nil || !replayed || !reflect.DeepEqual(first, second) {
		t.Errorf("the second call: %v, replayed: %v; want the first response", err, replayed)
	}
	_, err = keyed.AuthNewKey(ctx, hermes.AuthNewKeyRequest{Host: "192.0.2.1", Access: hermes.FullRead})
	wantError(t, err, "auth/new_key", hermes.Parameters)
	_, err = c.With(hermes.CallOptions{IdempotencyKey: "a b"}).UserGet(ctx, hermes.UserGetRequest{User: user(1)})
	wantError(t, err, "user/get", hermes.Parameters)
}

// A redirect is not followed, since it would send the parameters to another server.
func TestClient_redirect(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var redirected atomic.Bool
	opts := s.asAdmin()
	opts.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "other.example" {
			t.Error("the redirect was followed")
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err == nil && redirected.Load() {
			res.StatusCode, res.Header = http.StatusTemporaryRedirect, http.Header{"Location": {"http://other.example/"}}
			res.Body = http.NoBody
		}
		return res, err
	})
	c := mustDial(t, s, opts)
	redirected.Store(true)
	_, err := c.UserGet(t.Context(), hermes.UserGetRequest{User: user(1)})
	wantError(t, err, "user/get", hermes.Internal)
}

// goroutinesOf returns the stacks of the goroutines that run a function of a package.
func goroutinesOf(pkg string) (stacks []string) {
	all := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(all[:runtime.Stack(all, true)]), "\n\n") {
		if strings.Contains(stack, pkg) {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

// A Client makes no goroutines of its own, except those of HTTP for its connections.
func TestClient_goroutines(t *testing.T) {
	s := newServer(t)
	c := mustDial(t, s, s.asAdmin())
	ctx, cancel := context.WithCancel(t.Context())
	for range 10 {
		s.advance(3 * time.Minute)
		if _, err := c.NumberList(ctx, hermes.NumberListRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if stacks := goroutinesOf("go-hermes/hermes/remote."); len(stacks) > 0 {
		t.Errorf("there are goroutines of package remote:\n%s", strings.Join(stacks, "\n\n"))
	}
}
