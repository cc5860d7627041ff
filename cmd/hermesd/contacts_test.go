package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/sip"
)

var (
	anna = sip.MustParse("anna@example.test")
	bert = sip.MustParse("bert@example.test")
)

func TestContacts_Run(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why      string
		failures int           // the number of calls that fail first
		stop     time.Duration // when hermesd stops
		calls    []string
		warnings int
		kept     []string // the addresses that are given up
	}{
		{
			"Kamailio answers at once", 0, time.Hour,
			[]string{"anna@example.test after 0s", "bert@example.test after 0s"}, 0, nil,
		},
		{
			"a failed call is repeated, and the next address waits for it", 2, time.Hour,
			[]string{"anna@example.test after 0s", "anna@example.test after 1s", "anna@example.test after 6s",
				"bert@example.test after 6s"}, 2, nil,
		},
		{
			"an address is given up after four tries", 4, time.Hour,
			[]string{"anna@example.test after 0s", "anna@example.test after 1s", "anna@example.test after 6s",
				"anna@example.test after 21s", "bert@example.test after 21s"}, 4, []string{"anna@example.test"},
		},
		{
			"stopping ends a pause, and all that is left is tried once more", 2, 3 * time.Second,
			[]string{"anna@example.test after 0s", "anna@example.test after 1s", "bert@example.test after 3s",
				"anna@example.test after 3s"}, 2, nil,
		},
		{
			"while stopping a failed call is not repeated", 4, 3 * time.Second,
			[]string{"anna@example.test after 0s", "anna@example.test after 1s", "bert@example.test after 3s",
				"anna@example.test after 3s"}, 4, []string{"bert@example.test", "anna@example.test"},
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			var calls []string
			drop := func(_ context.Context, address string) error {
				calls = append(calls, fmt.Sprintf("%s after %s", address, time.Since(begun)))
				if len(calls) <= tt.failures {
					return errors.New("connection refused")
				}
				return nil
			}
			var log bytes.Buffer
			c := newContacts(drop, slog.New(slog.NewTextHandler(&log, nil)))
			c.add(anna)
			c.add(bert)
			ctx, cancel := context.WithTimeout(t.Context(), tt.stop)
			defer cancel()
			c.run(ctx)
			if d := cmp.Diff(tt.calls, calls); d != "" {
				t.Errorf("%s: calls (-want +got)\n%s", tt.why, d)
			}
			if n := strings.Count(log.String(), "level=WARN"); n != tt.warnings {
				t.Errorf("%s: %d warnings, want %d\n%s", tt.why, n, tt.warnings, log.String())
			}
			if d := cmp.Diff(tt.kept, keptAddresses(log.String())); d != "" {
				t.Errorf("%s: addresses given up (-want +got)\n%s", tt.why, d)
			}
		})
	}
}

// keptAddresses returns the addresses that the log says are given up.
func keptAddresses(log string) (addresses []string) {
	for line := range strings.Lines(log) {
		if _, rest, ok := strings.Cut(line, "keeps the contacts of a user that was removed, suspended or renamed until they expire\" user="); ok {
			address, _, _ := strings.Cut(rest, " ")
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// TestContacts_Run_KamailioHangs checks that a Kamailio that never answers blocks no removal, and
// delays the end of hermesd by contactsStopTimeout only.
func TestContacts_Run_KamailioHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c := newContacts(func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() { defer close(stopped); c.run(ctx) }()
		for range contactsQueueSize + 10 {
			c.add(anna)
		}
		synctest.Wait()
		c.add(bert)
		begun := time.Now()
		cancel()
		<-stopped
		if took := time.Since(begun); took != contactsStopTimeout {
			t.Errorf("stopping took %s, want %s", took, contactsStopTimeout)
		}
		if n := strings.Count(log.String(), "user="+anna.String()); n < contactsQueueSize+10 {
			t.Errorf("%d log lines name the address, want one for each removal", n)
		}
		if len(c.queue) != 0 {
			t.Errorf("%d addresses are left in the queue", len(c.queue))
		}
	})
}

// startRPC starts a server for Kamailio's JSON-RPC over HTTP. It sends each request to requests,
// and then waits for its answer.
func startRPC(t *testing.T) (url string, requests chan map[string]any, answers chan string) {
	t.Helper()
	requests, answers = make(chan map[string]any), make(chan string)
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		select {
		case requests <- body:
		case <-done:
			return
		}
		select {
		case text := <-answers:
			w.WriteHeader(http.StatusInternalServerError) // Kamailio's status for errors
			io.WriteString(w, text)
		case <-done:
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(done) })
	return s.URL + "/RPC", requests, answers
}

// TestServer_Contacts removes users while Kamailio does not answer. hermesd asks again after a
// failure, and once more before it ends.
func TestServer_Contacts(t *testing.T) {
	t.Parallel()
	rpc, requests, answers := startRPC(t)
	p := startHermesd(t, nil, "--db", "memory:", "--domain", "example.test", "--kamailio-rpc", rpc)
	s := p.login(t, "admin", p.password())
	s.mustAddUsers(t)
	wantRequest := func(user string) {
		t.Helper()
		want := map[string]any{"jsonrpc": "2.0", "method": "ul.rm", "params": []any{"location", user}, "id": 1.0}
		select {
		case got := <-requests:
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("request (-want +got)\n%s", d)
			}
		case <-time.After(time.Minute):
			t.Fatalf("no request about %s", user)
		}
	}
	s.mustCall(t, "user/remove", "user", "alice@example.test")
	wantRequest("alice@example.test")
	s.mustCall(t, "user/remove", "user", "bob@example.test") // Kamailio has not answered yet
	answers <- "<html>busy"
	line := p.waitForLine(t, "could not be dropped")
	if !strings.Contains(line, "level=WARN") || !strings.Contains(line, "user=alice@example.test") {
		t.Errorf("%q: want a warning with the address", line)
	}
	wantRequest("alice@example.test")
	answers <- `{"jsonrpc":"2.0","result":{},"id":1}`
	wantRequest("bob@example.test")
	s.mustCall(t, "user/remove", "user", "carol@example.test")
	p.signal(t, syscall.SIGTERM)
	p.waitForLine(t, "msg=stopping")
	answers <- `{"jsonrpc":"2.0","error":{"code":404,"message":"AOR not found"},"id":1}`
	wantRequest("carol@example.test")
	answers <- `{"jsonrpc":"2.0","result":{},"id":1}`
	if code := p.waitExit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestServer_UserContacts asks for the contacts of a user, of a Kamailio that runs, of one that is
// stopped, and without the setting.
func TestServer_UserContacts(t *testing.T) {
	t.Parallel()
	rpc := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"jsonrpc":"2.0","result":{"Contacts":[{"Contact":{"Address":"sip:alice@192.0.2.1","Expires":42,
			"User-Agent":"Desk","Received":"[not set]"}}]},"id":1}`)
	}))
	t.Cleanup(rpc.Close)
	p := startHermesd(t, nil, "--db", "memory:", "--domain", "example.test", "--kamailio-rpc", rpc.URL)
	s := p.login(t, "admin", p.password())
	s.mustAddUsers(t)
	got := s.mustCall(t, "user/contacts", "user", "alice@example.test")["list"]
	want := []any{map[string]any{"contact": "sip:alice@192.0.2.1", "user_agent": "Desk", "received": "", "expires": 42.0}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("contacts (-want +got)\n%s", d)
	}
	rpc.Close()
	if a := s.call(t, "user/contacts", "user", "alice@example.test"); a["cause"] != "busy" {
		t.Errorf("Kamailio is stopped: answered %v, want failed/busy", a)
	}
	p = startHermesd(t, nil, "--db", "memory:", "--domain", "example.test")
	s = p.login(t, "admin", p.password())
	s.mustAddUsers(t)
	if a := s.call(t, "user/contacts", "user", "alice@example.test"); a["cause"] != "notconfigured" {
		t.Errorf("without the setting: answered %v, want failed/notconfigured", a)
	}
}
