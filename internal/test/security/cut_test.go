package security_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// lostAnswers is how many answers of each node are cut off.
const lostAnswers = 200

// TestIdempotency_lostAnswers loses the answers of changes that were committed. The same calls
// again, with the same keys, get them after all, and nothing has been done twice.
func TestIdempotency_lostAnswers(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) hermes.Store{
		"sqlite": func(t *testing.T) hermes.Store {
			s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "hermes.db"), nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		},
		"postgresql": func(t *testing.T) hermes.Store {
			s := openStore(t, pgtest.New(t, pgtest.Options{NoFsync: true}))
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			return s
		},
	} {
		t.Run(name, func(t *testing.T) { testLostAnswers(t, open(t)) })
	}
}

func testLostAnswers(t *testing.T, store hermes.Store) {
	s := newServer(t, store, testTime)
	ctx := t.Context()
	if err := s.client.Bootstrap(ctx, "admin", hermes.NewSecret("correct horse")); err != nil {
		t.Fatal(err)
	}
	admin := s.MustLogin(t, "username=admin&password=correct+horse")
	s.MustCall(t, "ok", admin, "domain/set_servers", "domain=example.com&registrar=a.example.com&r_port=5060"+
		"&proxy=b.example.com&p_port=5060&prov_url=https://c.example.com/")
	s.MustCall(t, "ok", admin, "number/add_range", "start=%2B4773500000&end=%2B4773500599")
	cut := newCutter(t, strings.TrimPrefix(s.URL, "http://"))
	through := hermesdtest.Endpoint{URL: "http://" + cut.listener.Addr().String(), HTTP: &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true},
	}}
	seen := map[string]bool{}
	for _, node := range []string{"user/add", "number/claim", "number/assign"} {
		for i := range lostAnswers {
			form := fmt.Sprintf("user=u%d@example.com&idempotency_key=k-%d", i, i)
			if node == "number/claim" {
				form = fmt.Sprintf("idempotency_key=k-%d", i)
			}
			lost := cut.next()
			if a, err := through.Post(ctx, admin, node, form); err == nil {
				t.Fatalf("%s %s: answered %s, want a broken connection", node, form, a.Body)
			}
			again, err := through.Post(ctx, admin, node, form)
			if err != nil {
				t.Fatal(err)
			}
			if again.Class() != "ok" || again.Body != lost() || again.Header.Get("Idempotency-Replayed") != "true" {
				t.Fatalf("%s %s: answered %s again, after %s was lost", node, form, again.Body, lost())
			}
			if n := again.Text("number"); node != "user/add" && (n == "" || seen[n]) {
				t.Fatalf("%s: %q was given out before", node, n)
			} else {
				seen[n] = true
			}
		}
	}
	wantNumbers(t, store, seen)
}

// wantNumbers checks that each of the 600 numbers is in the pool or was given out, and that as many
// users and aliases were made as there were calls.
func wantNumbers(t *testing.T, store hermes.Store, seen map[string]bool) {
	t.Helper()
	pool, err := store.Numbers(t.Context(), hermes.NumberQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range pool {
		seen[n.String()] = true
	}
	lost := 0
	for i := range int64(600) {
		if n, _ := e164.MustParse("+4773500000").Offset(i); !seen[n.String()] {
			lost++
		}
	}
	users, err := store.Users(t.Context(), hermes.UserQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	aliases, err := store.Aliases(t.Context(), hermes.AliasQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if lost != 0 || len(pool) != 600-2*lostAnswers || len(users) != lostAnswers || len(aliases) != lostAnswers {
		t.Errorf("%d numbers are lost, %d in the pool, %d users, %d aliases; want 0, %d, %d, %d",
			lost, len(pool), len(users), len(aliases), 600-2*lostAnswers, lostAnswers, lostAnswers)
	}
}

// cutter forwards connections to a server. It reads an answer and closes the connection instead of
// forwarding it, if it is told to.
type cutter struct {
	listener net.Listener
	server   string
	running  sync.WaitGroup
	cut      atomic.Pointer[chan string] // gets the body of the next answer, which is lost
}

func newCutter(t *testing.T, server string) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{listener: listener, server: server}
	c.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.running.Go(func() { c.forward(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		c.running.Wait()
	})
	return c
}

// next makes the next answer get lost. The function that it returns returns its body.
func (c *cutter) next() func() string {
	body := make(chan string, 1)
	c.cut.Store(&body)
	return sync.OnceValue(func() string { return <-body })
}

func (c *cutter) forward(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	defer server.Close()
	c.running.Go(func() { _, _ = io.Copy(server, client) })
	answer := bufio.NewReader(server)
	if _, err := answer.Peek(1); err != nil {
		return
	}
	// The answer begins after the commit.
	lost := c.cut.Swap(nil)
	if lost == nil {
		_, _ = io.Copy(client, answer)
		return
	}
	body := ""
	if res, err := http.ReadResponse(answer, nil); err == nil {
		if b, err := io.ReadAll(res.Body); err == nil {
			body = string(b)
		}
	}
	*lost <- body
}
