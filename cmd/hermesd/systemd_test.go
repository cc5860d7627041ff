package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// TestServer_Systemd restarts a service of systemd while clients connect all the time: each of them
// is answered, by the server that stops or by the next one.
func TestServer_Systemd(t *testing.T) {
	t.Parallel()
	supervisor := testserver.NewSupervisor(t, "127.0.0.1:0")
	data := filepath.Join(t.TempDir(), "data")
	start := func() *process {
		t.Helper()
		p := newHermesd(t, nil, "--data", data, "--domain", "example.test")
		supervisor.Attach(t, p.cmd, 200*time.Millisecond)
		p.launch(t)
		supervisor.Await(t, "READY=1")
		p.waitListening(t)
		return p
	}
	p := start()
	if p.url != "http://"+supervisor.Address() {
		t.Fatalf("listening on %s, want the socket %s", p.url, supervisor.Address())
	}
	supervisor.Await(t, "WATCHDOG=1")
	supervisor.Await(t, "WATCHDOG=1")
	s := p.login(t, firstUser, p.password())

	var answers atomic.Int64
	var clients sync.WaitGroup
	stop := make(chan struct{})
	for range 8 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := s.askWhoami(); err != nil {
					t.Error(err)
					return
				}
				answers.Add(1)
			}
		})
	}
	more := func() {
		t.Helper()
		before := answers.Load()
		testserver.WaitFor(t, "answers", func() bool { return answers.Load() > before+200 || t.Failed() })
	}
	for range 4 {
		more()
		p.signal(t, syscall.SIGTERM)
		supervisor.Await(t, "STOPPING=1")
		if code := p.waitExit(); code != exitOK {
			t.Fatalf("exit code %d", code)
		}
		p = start()
	}
	more()
	close(stop)
	clients.Wait()
}

// askWhoami calls a node over a connection of its own.
func (s *session) askWhoami() error {
	form := url.Values{"session": {s.session}, "auth_key": {s.key}}
	req, err := http.NewRequest("POST", s.p.url+"/api/auth/whoami", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.AddCookie(s.cookie)
	req.Close = true
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && !strings.Contains(string(body), `"response":"ok"`) {
		err = fmt.Errorf("%s: %s", res.Status, body)
	}
	return err
}

// TestApp_RunServe_Socket: the address of a socket that is passed on has to be one that the setting
// listen may have.
func TestApp_RunServe_Socket(t *testing.T) {
	t.Parallel()
	supervisor := testserver.NewSupervisor(t, "0.0.0.0:0")
	p := newHermesd(t, nil, "--db", "memory:")
	supervisor.Attach(t, p.cmd, 0)
	p.launch(t)
	line := p.waitForLine(t, "is not a loopback address")
	if code := p.waitExit(); code != exitUsage || !strings.HasPrefix(line, "hermesd: listen: ") || !strings.HasSuffix(line, "("+originSocket+")") {
		t.Errorf("exit code %d, %q", code, line)
	}
}

// TestLoad_Credential reads secrets that systemd has loaded for the service.
func TestLoad_Credential(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "hermesd.db")
	if err := os.WriteFile(path, []byte("sqlite:credential.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		env        env
		want, from string
	}{
		{env{}, "sqlite:credential.db", "file " + path + ", loaded by systemd"},
		{env{"HERMES_DB": "sqlite:env.db"}, "sqlite:env.db", "environment HERMES_DB"},
	} {
		tt.env[credentialsVariable] = folder
		c, err := load(newFlagSet(), nil, tt.env.get)
		if err != nil {
			t.Fatal(err)
		}
		if v := c.lookup("db"); v.text != tt.want || v.origin.String() != tt.from {
			t.Errorf("%v: got %q from %q, want %q from %q", tt.env, v.text, v.origin, tt.want, tt.from)
		}
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := load(newFlagSet(), nil, env{credentialsVariable: folder}.get); err == nil || !strings.Contains(err.Error(), "db: is empty") {
		t.Errorf("an empty credential: %v", err)
	}
}
