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

var errDown = errors.New("connection refused")

// kamailio is one that fails at first, and notes when it was asked for what.
type kamailio struct {
	fails int // this often
	begun time.Time
	asked []string
}

func (k *kamailio) drop(_ context.Context, address string) error {
	k.asked = append(k.asked, fmt.Sprintf("%s after %s", address, time.Since(k.begun)))
	if k.fails > 0 {
		k.fails--
		return errDown
	}
	return nil
}

// watch runs a queue with these addresses in it for a while, and returns its log.
func (k *kamailio) watch(during time.Duration, addresses ...sip.Addr) string {
	var log bytes.Buffer
	k.begun = time.Now()
	c := newContacts(k.drop, slog.New(slog.NewTextHandler(&log, nil)))
	for _, a := range addresses {
		c.removed(a)
	}
	ctx, cancel := context.WithTimeout(context.Background(), during)
	defer cancel()
	c.run(ctx)
	return log.String()
}

func TestContacts(t *testing.T) {
	for _, tt := range []struct {
		why    string
		fails  int
		during time.Duration
		asked  []string
		warns  string // the count of failures, and the address that is given up
	}{
		{"at once", 0, time.Hour, []string{"anna@example.test after 0s", "bert@example.test after 0s"}, "0"},
		{"again, and the next one waits for that", 2, time.Hour, []string{"anna@example.test after 0s", "anna@example.test after 1s",
			"anna@example.test after 6s", "bert@example.test after 6s"}, "2"},
		{"not for ever", 4, time.Hour, []string{"anna@example.test after 0s", "anna@example.test after 1s",
			"anna@example.test after 6s", "anna@example.test after 21s", "bert@example.test after 21s"}, "4 anna@example.test"},
		{"the end cuts a pause short, and everything is tried once more", 2, 3 * time.Second, []string{"anna@example.test after 0s",
			"anna@example.test after 1s", "bert@example.test after 3s", "anna@example.test after 3s"}, "2"},
		{"once", 4, 3 * time.Second, []string{"anna@example.test after 0s",
			"anna@example.test after 1s", "bert@example.test after 3s", "anna@example.test after 3s"}, "4 bert@example.test anna@example.test"},
	} {
		synctest.Test(t, func(t *testing.T) {
			k := &kamailio{fails: tt.fails}
			log := k.watch(tt.during, anna, bert)
			if d := cmp.Diff(tt.asked, k.asked); d != "" {
				t.Errorf("%s: %s", tt.why, d)
			}
			if d := cmp.Diff(tt.warns, warned(log)); d != "" {
				t.Errorf("%s: %s\n%s", tt.why, d, log)
			}
		})
	}
}

// warned counts the failures in a log, and names the addresses that were given up.
func warned(log string) string {
	var given string
	for line := range strings.Lines(log) {
		if _, rest, ok := strings.Cut(line, "keeps the contacts of a removed user until they expire\" user="); ok {
			name, _, _ := strings.Cut(rest, " ")
			given += " " + name
		}
	}
	return fmt.Sprint(strings.Count(log, "level=WARN"), given)
}

// Nobody waits for a Kamailio that does not answer, not even the end of hermesd for long.
func TestContactsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c := newContacts(func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() { defer close(stopped); c.run(ctx) }()
		for range contactsQueue + 10 {
			c.removed(anna)
		}
		synctest.Wait()
		c.removed(bert)
		begun := time.Now()
		cancel()
		<-stopped
		if took := time.Since(begun); took != contactsTime {
			t.Errorf("stopping took %s, want %s", took, contactsTime)
		}
		if n := strings.Count(log.String(), "user="+anna.String()); n < contactsQueue+10 {
			t.Errorf("%d lines name the address, want one for each removal", n)
		}
		if len(c.queue) != 0 {
			t.Errorf("%d are left in the queue", len(c.queue))
		}
	})
}

// rpcServer is Kamailio's JSON-RPC over HTTP, in which every request waits for its answer.
func rpcServer(t *testing.T) (url string, asked chan map[string]any, answers chan string) {
	t.Helper()
	asked, answers = make(chan map[string]any), make(chan string)
	over := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		select {
		case asked <- body:
		case <-over:
			return
		}
		select {
		case text := <-answers:
			w.WriteHeader(http.StatusInternalServerError) // Kamailio's own way with errors
			io.WriteString(w, text)
		case <-over:
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(over) })
	return s.URL + "/RPC", asked, answers
}

// A user is removed while Kamailio does not answer; it is asked again after it failed, and at the end of hermesd.
func TestKamailioRPC(t *testing.T) {
	rpc, asked, answers := rpcServer(t)
	p := start(t, nil, "--db", "memory:", "--domain", "example.test", "--kamailio-rpc", rpc)
	s := p.login("admin", p.password())
	addUsers(s)
	want := func(user string) {
		t.Helper()
		w := map[string]any{"jsonrpc": "2.0", "method": "ul.rm", "params": []any{"location", user}, "id": 1.0}
		select {
		case got := <-asked:
			if d := cmp.Diff(w, got); d != "" {
				t.Error(d)
			}
		case <-time.After(time.Minute):
			t.Fatalf("nothing was asked about %s", user)
		}
	}
	s.must("user/remove", "user", "alice@example.test")
	want("alice@example.test")
	s.must("user/remove", "user", "bob@example.test") // Kamailio has not answered yet
	answers <- "<html>busy"
	line := p.line("could not be dropped")
	if !strings.Contains(line, "level=WARN") || !strings.Contains(line, "user=alice@example.test") {
		t.Errorf("%q: want a warning with the address", line)
	}
	want("alice@example.test")
	answers <- `{"jsonrpc":"2.0","result":{},"id":1}`
	want("bob@example.test")
	s.must("user/remove", "user", "carol@example.test")
	p.signal(syscall.SIGTERM)
	p.line("msg=stopping")
	answers <- `{"jsonrpc":"2.0","error":{"code":404,"message":"AOR not found"},"id":1}`
	want("carol@example.test")
	answers <- `{"jsonrpc":"2.0","result":{},"id":1}`
	if code := p.wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
