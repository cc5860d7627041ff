package apitest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Fixture is an empty store, for a script.
type Fixture struct {
	Store hermes.Store
	// Dump returns everything that the store has, as a text.
	Dump func(t *testing.T) string
	// Observe is called with the request of each case and its answer. If nil, there is no call.
	Observe func(t *testing.T, req Request, res Response)
}

// Run runs each script of dir as a subtest and compares all answers. The function open returns the
// fixture of a script; it may call t.Parallel.
func Run(t *testing.T, dir string, open func(t *testing.T) Fixture) {
	t.Helper()
	forEachScript(t, dir, func(t *testing.T, file string) {
		r := newRunner(t, open(t))
		for _, c := range mustReadScript(t, file).cases {
			if diff := cmp.Diff(c.answer, r.run(t, c)); diff != "" {
				t.Errorf("%s: %s (-want +got)\n%s", c.title, c.ask, diff)
			}
		}
	})
}

// Update runs each script of dir as Run does, and writes the answers into the script instead of
// comparing them. Results that differ from the titles are errors nevertheless.
func Update(t *testing.T, dir string, open func(t *testing.T) Fixture) {
	t.Helper()
	forEachScript(t, dir, func(t *testing.T, file string) {
		r := newRunner(t, open(t))
		s := mustReadScript(t, file)
		for _, c := range s.cases {
			c.answer = r.run(t, c)
		}
		if err := os.WriteFile(file, []byte(s.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	})
}

func forEachScript(t *testing.T, dir string, run func(t *testing.T, file string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { run(t, file) })
	}
}

// runner runs the cases of a script.
type runner struct {
	server *Server
	values map[string]string // of {name}
	Fixture
}

func newRunner(t *testing.T, f Fixture) *runner {
	opts := &Options{Client: hermes.Options{NumberQuarantine: 24 * time.Hour}}
	return &runner{server: NewServer(t, f.Store, opts), values: map[string]string{}, Fixture: f}
}

// run runs a case, checks the result and returns the answer in the format of scripts.
func (r *runner) run(t *testing.T, c *testCase) string {
	t.Helper()
	req, user := r.prepare(t, c)
	r.ask(c, &req, r.login(t, user))
	compare := r.rehearse(t, req)
	res := r.server.Do(t, req)
	compare(res)
	if r.Observe != nil {
		r.Observe(t, req, res)
	}
	if res.Result() != c.want() {
		t.Errorf("%s: answered %s; correct the title or the request", c.title, res.Body)
	}
	r.saveValues(res)
	return format(res)
}

// prepare carries out the steps of a case. It returns a request that has what they say of it, and
// the user whose request it is.
func (r *runner) prepare(t *testing.T, c *testCase) (req Request, user string) {
	t.Helper()
	user = "admin"
	for _, step := range c.steps {
		if name, ok := strings.CutPrefix(step, "as "); ok {
			user = name
			continue
		}
		r.step(t, &req, step)
	}
	return req, user
}

// ask adds to a request what the case asks.
func (r *runner) ask(c *testCase, req *Request, session Session) {
	method, target, _ := strings.Cut(c.ask, " ")
	req.Method = method
	req.Node, req.Query, _ = strings.Cut(r.expand(target), "?")
	req.Form = r.expand(c.form)
	req.Session = session
	if !isGuarded(req.Node) {
		req.Session = Session{Cookie: session.Cookie}
	}
}

// step carries out a step of a case, which may change its request.
func (r *runner) step(t *testing.T, req *Request, step string) {
	t.Helper()
	word, rest, _ := strings.Cut(step, " ")
	switch word {
	case "setup":
		if res := r.callAsAdmin(t, rest); res.Response != "ok" {
			t.Fatalf("%s: answered %s", step, res.Body)
		}
	case "try":
		count, ask, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		for range n {
			r.callAsAdmin(t, ask)
		}
	case "keep":
		name, from, _ := strings.Cut(rest, " ")
		r.values[name] = r.values[from]
	case "with":
		handlers := map[string]http.Handler{"broken": r.server.Broken, "down": r.server.Down, "readonly": r.server.ReadOnly}
		if req.Handler = handlers[rest]; req.Handler == nil {
			t.Fatalf("%s: want broken, down or readonly", step)
		}
	case "sleep":
		d, err := time.ParseDuration(rest)
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		r.server.Advance(d)
	case "header":
		name, value, _ := strings.Cut(rest, ": ")
		req.Header = map[string]string{name: value}
	default:
		t.Fatalf("%q: want setup, try, keep, as, with, sleep, header or a request", step)
	}
}

// callAsAdmin calls a node in preparation of a case.
func (r *runner) callAsAdmin(t *testing.T, ask string) Response {
	t.Helper()
	var req Request
	req.Node, req.Query, _ = strings.Cut(r.expand(ask), "?")
	if isGuarded(req.Node) {
		req.Session = r.server.Login(t, "admin")
	}
	res := r.server.Do(t, req)
	r.saveValues(res)
	return res
}

// login opens the session of a case, and saves the values of {session} and {auth_key}.
func (r *runner) login(t *testing.T, user string) Session {
	t.Helper()
	var session Session
	switch {
	case user == "key":
		session = r.server.LoginByKey(t, r.values["key"])
	case isUser(user):
		session = r.server.Login(t, user)
	default:
		return session
	}
	r.values["session"], r.values["auth_key"] = session.ID, session.AuthKey
	return session
}

// isGuarded reports whether a node has the parameters session and auth_key.
func isGuarded(path string) bool {
	for _, n := range hermes.Nodes() {
		if n.Path == path {
			return n.Needs != hermes.NoCapability
		}
	}
	return false
}

func (r *runner) saveValues(res Response) {
	for name := range res.Members {
		if text := res.Text(name); text != "" {
			r.values[name] = text
		}
	}
}

var variable = regexp.MustCompile(`\{[a-z_]+\}`)

// expand replaces each {name} by its value.
func (r *runner) expand(s string) string {
	pair := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return variable.ReplaceAllStringFunc(s, func(v string) string {
		switch name := strings.Trim(v, "{}"); name {
		case "pubkey":
			return url.QueryEscape(base64.StdEncoding.EncodeToString(pair.Public().(ed25519.PublicKey)))
		case "signature":
			message := hermes.LoginMessage(r.values["origin"], r.values["key"], hermes.NewSecret(r.values["nonce"]))
			return base64.RawURLEncoding.EncodeToString(ed25519.Sign(pair, message))
		default:
			return url.QueryEscape(r.values[name])
		}
	})
}

// token matches sessions, auth keys, cookies, nonces and API keys.
var token = regexp.MustCompile(`\b(he[acns]_)[0-9A-Za-z]+|\b(hek_)[0-9A-Za-z]+(_[0-9A-Za-z]+)?`)

// requestID matches the id of a request in an entry of the audit trail, which is random.
var requestID = regexp.MustCompile(`"request": "[^"]+"`)

// format returns an answer in the format of scripts.
func format(res Response) string {
	var b bytes.Buffer
	if res.Status != http.StatusOK {
		fmt.Fprintf(&b, "HTTP %d\n", res.Status)
	}
	for _, name := range []string{"Allow", "Retry-After", "Set-Cookie", "Idempotency-Replayed"} {
		for _, value := range res.Header.Values(name) {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	// Plain text is not indented, and a script does not have the line breaks at its end. If Indent
	// fails, it leaves the buffer unchanged.
	if json.Indent(&b, []byte(res.Body), "", "  ") != nil {
		b.WriteString(strings.TrimRight(res.Body, "\n"))
	}
	text := token.ReplaceAllString(b.String(), "$1$2…")
	return requestID.ReplaceAllString(text, `"request": "…"`)
}
