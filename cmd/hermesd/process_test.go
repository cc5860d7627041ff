package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// binary is hermesd, built once: package state because a process is what TestMain has.
var binary string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	folder, err := os.MkdirTemp("", "hermesd-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	binary = filepath.Join(folder, "hermesd")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return pgtest.Run(m)
}

// process is a hermesd that runs.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string
	http *http.Client

	mu    sync.Mutex
	more  *sync.Cond // lines, or ended
	lines []string
	ended bool
	exit  error
}

// start starts a hermesd on a port of its own and waits until it listens.
func start(t *testing.T, e env, args ...string) *process {
	t.Helper()
	p := launch(t, e, args...)
	p.listening()
	return p
}

// launch starts a hermesd in an empty folder.
func launch(t *testing.T, e env, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(binary, append([]string{"--listen", "127.0.0.1:0"}, args...)...), http: &http.Client{}}
	p.more = sync.NewCond(&p.mu)
	p.cmd.Dir = t.TempDir()
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, v := range e {
		p.cmd.Env = append(p.cmd.Env, name+"="+v)
	}
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
		p.wait()
	})
	return p
}

func (p *process) read(stderr io.Reader) {
	for s := bufio.NewScanner(stderr); s.Scan(); {
		p.mu.Lock()
		p.lines = append(p.lines, s.Text())
		p.mu.Unlock()
		p.more.Broadcast()
	}
	err := p.cmd.Wait()
	p.mu.Lock()
	p.ended, p.exit = true, err
	p.mu.Unlock()
	p.more.Broadcast()
}

// lineTime is more than any line takes to come.
const lineTime = 30 * time.Second

// line waits for a line of standard error that holds text.
func (p *process) line(text string) string {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	late := false
	defer time.AfterFunc(lineTime, func() {
		p.mu.Lock()
		late = true
		p.mu.Unlock()
		p.more.Broadcast()
	}).Stop()
	for seen := 0; ; p.more.Wait() {
		for ; seen < len(p.lines); seen++ {
			if strings.Contains(p.lines[seen], text) {
				return p.lines[seen]
			}
		}
		if p.ended || late {
			p.t.Fatalf("hermesd (ended: %v, %v) has no line that holds %q:\n%s", p.ended, p.exit, text, strings.Join(p.lines, "\n"))
		}
	}
}

func (p *process) listening() {
	p.t.Helper()
	p.url = strings.TrimPrefix(p.line("hermesd: listening on "), "hermesd: listening on ")
}

// log returns the lines of standard error so far.
func (p *process) log() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

// password is the one that was printed, "" where there was none until the process listened.
func (p *process) password() string {
	for _, line := range p.log() {
		if password, ok := strings.CutPrefix(line, "password: "); ok {
			return password
		}
	}
	return ""
}

// wait waits for the end and returns the exit code, or minus the number of the signal that ended it.
func (p *process) wait() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.ended {
		p.more.Wait()
	}
	var exit *exec.ExitError
	if !errors.As(p.exit, &exit) {
		return 0
	}
	if s := exit.Sys().(syscall.WaitStatus); s.Signaled() {
		return -int(s.Signal())
	}
	return exit.ExitCode()
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// get returns the status and the body.
func (p *process) get(path string) (int, string) {
	p.t.Helper()
	res, err := p.http.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(body))
}

// session is what a client holds after auth/login.
type session struct {
	p              *process
	session, key   string
	cookie         *http.Cookie
	answeredStatus int
}

// login wants it to succeed.
func (p *process) login(user, password string) *session {
	p.t.Helper()
	s := &session{p: p}
	a := s.call("auth/login", "username", user, "password", password)
	if a["response"] != "ok" {
		p.t.Fatalf("auth/login of %q: %v", user, a)
	}
	s.session, s.key = a["session"].(string), a["auth_key"].(string)
	return s
}

// call posts a node's parameters, name and value in turn, and returns the answer.
func (s *session) call(node string, params ...string) map[string]any {
	s.p.t.Helper()
	form := url.Values{}
	for i := 0; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	if s.key != "" {
		form.Set("session", s.session)
		form.Set("auth_key", s.key)
	}
	req, err := http.NewRequestWithContext(s.p.t.Context(), "POST", s.p.url+"/api/"+node, strings.NewReader(form.Encode()))
	if err != nil {
		s.p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s.cookie != nil {
		req.AddCookie(s.cookie)
	}
	res, err := s.p.http.Do(req)
	if err != nil {
		s.p.t.Fatal(err)
	}
	return s.answer(res)
}

func (s *session) answer(res *http.Response) map[string]any {
	s.p.t.Helper()
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		s.cookie = c
	}
	s.answeredStatus = res.StatusCode
	var a map[string]any
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		s.p.t.Fatal(err)
	}
	return a
}

// must wants ok.
func (s *session) must(node string, params ...string) map[string]any {
	s.p.t.Helper()
	a := s.call(node, params...)
	if a["response"] != "ok" {
		s.p.t.Fatalf("%s %q: %v", node, params, a)
	}
	return a
}
