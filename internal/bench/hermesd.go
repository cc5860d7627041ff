package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// installation is a built hermesd and its database, which has the users below.
type installation struct {
	folder string // has the program, the secret key and the embedded database
	db     string // a postgres:// URL, or empty for the embedded database
}

// The users of every installation.
const (
	adminUser     = "admin"
	adminPassword = "the password of admin"
	adminAddress  = "192.0.2.254"

	// knownUser has logged in from knownAddress before.
	knownUser     = "known"
	knownPassword = "the password of known"
	knownAddress  = "192.0.2.1"

	sipUser = "alice@example.com"
)

// install builds hermesd and sets up its database. The caller must call remove.
func install(ctx context.Context, db string) (_ *installation, err error) {
	in := &installation{db: db}
	if in.folder, err = os.MkdirTemp("", "hermes-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			in.remove()
		}
	}()
	build := exec.CommandContext(ctx, "go", "build", "-o", in.program(), "github.com/hermes-voip/go-hermes/cmd/hermesd")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build hermesd: %w\n%s", err, out)
	}
	key := make([]byte, 32)
	rand.Read(key)
	if err := os.WriteFile(in.keyFile(), []byte(base64.StdEncoding.EncodeToString(key)), 0o600); err != nil {
		return nil, err
	}
	if err := in.command(ctx, "", "migrate", "--kamailio-tables"); err != nil {
		return nil, err
	}
	if err := in.command(ctx, adminPassword, "bootstrap", "--user", adminUser, "--password-stdin"); err != nil {
		return nil, err
	}
	return in, in.addUsers(ctx)
}

func (in *installation) remove() { _ = os.RemoveAll(in.folder) }

func (in *installation) program() string { return filepath.Join(in.folder, "hermesd") }

func (in *installation) data() string { return filepath.Join(in.folder, "data") }

func (in *installation) keyFile() string { return filepath.Join(in.folder, "key") }

// command runs a subcommand of hermesd to its end.
func (in *installation) command(ctx context.Context, stdin string, args ...string) error {
	cmd := exec.CommandContext(ctx, in.program(), args...)
	cmd.Env, cmd.Stdin = in.env(), strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("hermesd %s: %w\n%s", args[0], err, out)
	}
	return nil
}

func (in *installation) env() []string {
	env := []string{
		"HERMES_DATA=" + in.data(),
		"HERMES_SECRET_KEY_FILE=" + in.keyFile(),
		"HERMES_DOMAIN=example.com",
		"HERMES_TRUSTED_PROXIES=127.0.0.1/32",
	}
	if in.db != "" {
		env = append(env, "HERMES_DB="+in.db)
	}
	return env
}

// addUsers adds the known user and the SIP user.
func (in *installation) addUsers(ctx context.Context) error {
	s, err := in.start()
	if err != nil {
		return err
	}
	defer s.stop()
	admin, err := s.login(ctx, adminAddress, adminUser, adminPassword)
	if err != nil {
		return err
	}
	for _, call := range [][]string{
		{"domain/set_servers", "domain", "example.com", "registrar", "sip.example.com", "r_port", "5060",
			"proxy", "sip.example.com", "p_port", "5060", "prov_url", "http://prov.example.com/"},
		{"user/add", "user", sipUser},
		{"auth/add_user", "user", knownUser, "password", knownPassword},
	} {
		if _, err := admin.mustCall(ctx, call[0], call[1:]...); err != nil {
			return err
		}
	}
	_, err = s.login(ctx, knownAddress, knownUser, knownPassword)
	return err
}

// server is a running hermesd.
type server struct {
	*installation
	cmd   *exec.Cmd
	url   string
	ended chan struct{} // closed when the process has ended
}

// start starts hermesd and waits until it listens. The caller must call stop.
func (in *installation) start() (*server, error) {
	s := &server{installation: in, ended: make(chan struct{})}
	s.cmd = exec.Command(in.program(), "--listen", "127.0.0.1:0")
	s.cmd.Env = in.env()
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(stderr)
	var log strings.Builder
	for s.url == "" {
		line, err := lines.ReadString('\n')
		log.WriteString(line)
		if err != nil {
			_ = s.cmd.Process.Kill()
			_ = s.cmd.Wait()
			return nil, fmt.Errorf("hermesd does not listen: %s", log.String())
		}
		if url, ok := strings.CutPrefix(strings.TrimSpace(line), "hermesd: listening on "); ok {
			s.url = url
		}
	}
	go func() {
		defer close(s.ended)
		_, _ = io.Copy(io.Discard, lines) // the log has a line for each request
		_ = s.cmd.Wait()
	}()
	return s, nil
}

// stop ends hermesd and waits for its end.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	<-s.ended
}

// client returns a client with connections of its own.
func (s *server) client(address string) *client {
	return &client{url: s.url, address: address, http: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: maxOutstanding},
		Timeout:   30 * time.Second,
	}}
}

// login returns a client that has logged in.
func (s *server) login(ctx context.Context, address, user, password string) (*client, error) {
	c := s.client(address)
	_, err := c.login(ctx, user, password)
	return c, err
}

// rss returns the resident memory of hermesd in bytes.
func (s *server) rss() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kib, err := strconv.ParseInt(f[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no VmRSS in /proc")
}
