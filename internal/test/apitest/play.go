package apitest

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Play plays every script of dir, each in a World of its own over a store that open makes.
// With update it writes the answers into the scripts instead of comparing them; the response
// and cause that a case names must be answered all the same.
func Play(t *testing.T, dir string, open func(testing.TB) hermes.Store, update bool) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			s := read(t, file)
			p := &player{World: New(t, open(t), nil), known: map[string]string{}}
			for _, c := range s.cases {
				p.play(t, c, update)
			}
			if update {
				p.must(os.WriteFile(file, []byte(s.String()), 0o644))
			}
		})
	}
}

func read(t *testing.T, file string) *script {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parse(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s
}

// player is a World and what has been answered in it.
type player struct {
	*World
	known map[string]string
}

func (p *player) play(t *testing.T, c *scene, update bool) {
	t.Helper()
	q, user := Question{}, "admin"
	for _, step := range c.steps {
		if name, ok := strings.CutPrefix(step, "as "); ok {
			user = strings.TrimPrefix(name, "nobody")
		} else {
			p.step(t, &q, step)
		}
	}
	caller := p.login(user)
	q.Method, q.Node, _ = strings.Cut(c.ask, " ")
	q.Node, q.Query, _ = strings.Cut(p.expand(q.Node), "?")
	q.Form = p.expand(c.form)
	q.Caller = p.caller(q.Node, caller)
	a := p.Ask(q)
	if a.Is() != c.want() {
		t.Errorf("%s: answered %s", c.title, a.Body)
	}
	got := shown(a)
	if update {
		c.answer = got
	} else if diff := cmp.Diff(c.answer, got); diff != "" {
		t.Errorf("%s: %s (-want +got)\n%s", c.title, c.ask, diff)
	}
	p.learn(a)
}

func (p *player) step(t *testing.T, q *Question, step string) {
	t.Helper()
	word, rest, _ := strings.Cut(step, " ")
	switch word {
	case "setup":
		if a := p.asAdmin(rest); a.Response != "ok" {
			t.Fatalf("%s: answered %s", step, a.Body)
		}
	case "try":
		count, ask, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(count)
		p.must(err)
		for range n {
			p.asAdmin(ask)
		}
	case "keep":
		name, from, _ := strings.Cut(rest, " ")
		p.known[name] = p.known[from]
	case "with":
		q.Handler = map[string]http.Handler{"broken": p.Broken, "down": p.Down, "readonly": p.ReadOnly}[rest]
	case "sleep":
		d, err := time.ParseDuration(rest)
		p.must(err)
		p.Sleep(d)
	case "header":
		name, value, _ := strings.Cut(rest, ": ")
		q.Header = map[string]string{name: value}
	default:
		t.Fatalf("no such step: %q", step)
	}
}

// asAdmin asks before a case does.
func (p *player) asAdmin(ask string) Answer {
	node, query, _ := strings.Cut(p.expand(ask), "?")
	var admin Caller
	if guarded(node) {
		admin = p.Login("admin")
	}
	a := p.Ask(Question{Caller: admin, Node: node, Query: query})
	p.learn(a)
	return a
}

// login opens the session of a case, and makes its parts known.
func (p *player) login(user string) Caller {
	var c Caller
	switch user {
	case "":
		return c
	case "key":
		c = p.LoginByKey(p.known["key"])
	default:
		c = p.Login(user)
	}
	p.known["session"], p.known["auth_key"] = c.Session, c.AuthKey
	return c
}

// caller leaves the parameters of a session out where the node has none.
func (p *player) caller(node string, c Caller) Caller {
	if !guarded(node) {
		return Caller{Cookie: c.Cookie}
	}
	return c
}

func guarded(path string) bool {
	for _, n := range hermes.Nodes() {
		if n.Path == path {
			return n.Needs != hermes.NoCapability
		}
	}
	return false
}
