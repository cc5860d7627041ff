package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a running hermesd.
type process struct {
	cmd  *exec.Cmd
	url  string // set by waitListening
	http *http.Client

	mu      sync.Mutex
	changed *sync.Cond // signals a change of the fields below
	lines   []string   // of standard error
	ended   bool
	waitErr error
}

// startHermesd starts a hermesd in an empty folder, on a free port, and waits until it listens.
func startHermesd(t *testing.T, e env, args ...string) *process {
	t.Helper()
	p := launchHermesd(t, e, args...)
	p.waitListening(t)
	return p
}

// launchHermesd is [startHermesd] without the waiting.
func launchHermesd(t *testing.T, e env, args ...string) *process {
	t.Helper()
	p := newHermesd(t, e, args...)
	p.launch(t)
	return p
}

// newHermesd returns a hermesd that has not started, in an empty folder.
func newHermesd(t *testing.T, e env, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, append([]string{"--listen", "127.0.0.1:0"}, args...)...), http: &http.Client{}}
	p.changed = sync.NewCond(&p.mu)
	p.cmd.Dir = t.TempDir()
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, v := range e {
		p.cmd.Env = append(p.cmd.Env, name+"="+v)
	}
	return p
}

// launch starts the process, which is killed when the test ends.
func (p *process) launch(t *testing.T) {
	t.Helper()
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(stderr)
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.waitExit()
	})
}

// restartHermesd stops p and starts a hermesd in its place.
func restartHermesd(t *testing.T, p *process, e env) *process {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	if code := p.waitExit(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	return startHermesd(t, e)
}

// read collects the lines of standard error until the process ends.
func (p *process) read(stderr io.Reader) {
	for s := bufio.NewScanner(stderr); s.Scan(); {
		p.mu.Lock()
		p.lines = append(p.lines, s.Text())
		p.mu.Unlock()
		p.changed.Broadcast()
	}
	err := p.cmd.Wait()
	p.mu.Lock()
	p.ended, p.waitErr = true, err
	p.mu.Unlock()
	p.changed.Broadcast()
}

// lineTimeout is far more than hermesd takes to print any line.
const lineTimeout = 60 * time.Second

// waitForLine waits for a line of standard error that contains text, and returns the first one.
func (p *process) waitForLine(t *testing.T, text string) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	late := false
	defer time.AfterFunc(lineTimeout, func() {
		p.mu.Lock()
		late = true
		p.mu.Unlock()
		p.changed.Broadcast()
	}).Stop()
	for seen := 0; ; p.changed.Wait() {
		for ; seen < len(p.lines); seen++ {
			if strings.Contains(p.lines[seen], text) {
				return p.lines[seen]
			}
		}
		if p.ended || late {
			t.Fatalf("hermesd (ended: %v, %v) printed no line with %q:\n%s", p.ended, p.waitErr, text, strings.Join(p.lines, "\n"))
		}
	}
}

// waitListening waits until the process listens, and sets p.url.
func (p *process) waitListening(t *testing.T) {
	t.Helper()
	p.url = strings.TrimPrefix(p.waitForLine(t, "hermesd: listening on "), "hermesd: listening on ")
}

// log returns the lines of standard error so far.
func (p *process) log() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

// password returns the password that was printed, or "".
func (p *process) password() string {
	for _, line := range p.log() {
		if password, ok := strings.CutPrefix(line, "password: "); ok {
			return password
		}
	}
	return ""
}

// waitExit waits until the process ends. It returns the exit code or, if a signal ended the
// process, minus the signal's number.
func (p *process) waitExit() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.ended {
		p.changed.Wait()
	}
	var exit *exec.ExitError
	if !errors.As(p.waitErr, &exit) {
		return 0
	}
	if s := exit.Sys().(syscall.WaitStatus); s.Signaled() {
		return -int(s.Signal())
	}
	return exit.ExitCode()
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// get returns the status and the trimmed body.
func (p *process) get(t *testing.T, path string) (int, string) {
	t.Helper()
	res, err := p.http.Get(p.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(body))
}

// waitReadyz waits until /readyz answers with that status and a text that contains text. It keeps
// an answer for a while.
func (p *process) waitReadyz(t *testing.T, status int, text string) {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(readyFor / 10) {
		gotStatus, got := p.get(t, "/readyz")
		if gotStatus == status && strings.Contains(got, text) {
			return
		}
		if time.Since(begun) > lineTimeout {
			t.Fatalf("/readyz: %d %q, want %d and %q in it", gotStatus, got, status, text)
		}
	}
}

// session calls the API of a process. Before a login it calls without credentials.
type session struct {
	p            *process
	session, key string
	cookie       *http.Cookie
	lastStatus   int
}

// login logs in with a password. The test fails if that is refused.
func (p *process) login(t *testing.T, user, password string) *session {
	t.Helper()
	s := &session{p: p}
	a := s.mustCall(t, "auth/login", "username", user, "password", password)
	s.session, s.key = a["session"].(string), a["auth_key"].(string)
	return s
}

// call posts parameters, which alternate between name and value, and returns the answer.
func (s *session) call(t *testing.T, node string, params ...string) map[string]any {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	if s.key != "" {
		form.Set("session", s.session)
		form.Set("auth_key", s.key)
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.p.url+"/api/"+node, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s.cookie != nil {
		req.AddCookie(s.cookie)
	}
	res, err := s.p.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return s.readAnswer(t, res)
}

// mustCall is [session.call]. The test fails if the answer is not ok.
func (s *session) mustCall(t *testing.T, node string, params ...string) map[string]any {
	t.Helper()
	a := s.call(t, node, params...)
	if a["response"] != "ok" {
		t.Fatalf("%s %q: %v", node, params, a)
	}
	return a
}

// readAnswer reads an answer, and keeps its cookie and status.
func (s *session) readAnswer(t *testing.T, res *http.Response) map[string]any {
	t.Helper()
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		s.cookie = c
	}
	s.lastStatus = res.StatusCode
	var a map[string]any
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

// mustSetServers sets the default servers of example.test.
func (s *session) mustSetServers(t *testing.T) {
	t.Helper()
	s.mustCall(t, "domain/set_servers", "domain", "example.test", "registrar", "sip.example.test", "r_port", "5060",
		"proxy", "sip.example.test", "p_port", "5060", "prov_url", "https://prov.example.test/")
}

// mustAddUsers adds three users, with default servers for their domain. It returns the answers of
// user/add by address.
func (s *session) mustAddUsers(t *testing.T) map[string]any {
	t.Helper()
	s.mustSetServers(t)
	added := map[string]any{}
	for _, user := range []string{"alice@example.test", "bob@example.test", "carol@example.test"} {
		added[user] = s.mustCall(t, "user/add", "user", user)["user"]
	}
	return added
}
