package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// hermesd is a process, and the folder that has its program and its database.
type hermesd struct {
	folder string
	db     string // "" for the embedded one
	cmd    *exec.Cmd
	url    string
	ended  chan struct{}
}

// adminPassword is that of the user admin.
const adminPassword = "loginflood admin"

// startHermesd builds hermesd, makes its first user and waits until it listens.
func startHermesd(ctx context.Context, db string) (_ *hermesd, err error) {
	h := &hermesd{db: db, ended: make(chan struct{})}
	if h.folder, err = os.MkdirTemp("", "loginflood-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			h.stop()
		}
	}()
	build := exec.CommandContext(ctx, "go", "build", "-o", h.program(), "github.com/hermes-voip/go-hermes/cmd/hermesd")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build hermesd: %w\n%s", err, out)
	}
	if err := h.prepare(ctx); err != nil {
		return nil, err
	}
	return h, h.serve()
}

func (h *hermesd) program() string { return filepath.Join(h.folder, "hermesd") }

func (h *hermesd) data() string { return filepath.Join(h.folder, "data") }

func (h *hermesd) keyFile() string { return filepath.Join(h.folder, "key") }

// prepare makes the secret key, the tables and the first user.
func (h *hermesd) prepare(ctx context.Context) error {
	key := make([]byte, 32)
	rand.Read(key)
	if err := os.WriteFile(h.keyFile(), []byte(base64.StdEncoding.EncodeToString(key)), 0o600); err != nil {
		return err
	}
	if err := h.do(ctx, "", "migrate", "--kamailio-tables"); err != nil {
		return err
	}
	return h.do(ctx, adminPassword, "bootstrap", "--user", "admin", "--password-stdin")
}

func (h *hermesd) do(ctx context.Context, stdin string, args ...string) error {
	cmd := exec.CommandContext(ctx, h.program(), args...)
	cmd.Env, cmd.Stdin = h.env(), strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("hermesd %s: %w\n%s", args[0], err, out)
	}
	return nil
}

func (h *hermesd) env() []string {
	env := []string{"HERMES_DATA=" + h.data(), "HERMES_SECRET_KEY_FILE=" + h.keyFile(), "HERMES_DOMAIN=example.com"}
	if h.db != "" {
		env = append(env, "HERMES_DB="+h.db)
	}
	return env
}

func (h *hermesd) serve() error {
	h.cmd = exec.Command(h.program(), "--listen", "127.0.0.1:0", "--trusted-proxies", "127.0.0.1/32")
	h.cmd.Env = h.env()
	stderr, err := h.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := h.cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewReader(stderr)
	var told strings.Builder
	for h.url == "" {
		line, err := lines.ReadString('\n')
		if told.WriteString(line); err != nil {
			return fmt.Errorf("hermesd does not listen: %s", told.String())
		}
		if url, ok := strings.CutPrefix(strings.TrimSpace(line), "hermesd: listening on "); ok {
			h.url = url
		}
	}
	go func() {
		defer close(h.ended)
		_, _ = io.Copy(io.Discard, lines) // the log has a line for each request
		_ = h.cmd.Wait()
	}()
	return nil
}

// stop ends hermesd and removes its folder.
func (h *hermesd) stop() {
	if h.url != "" {
		_ = h.cmd.Process.Signal(syscall.SIGTERM)
		<-h.ended
	} else if h.cmd != nil && h.cmd.Process != nil {
		_ = h.cmd.Process.Kill()
		_ = h.cmd.Wait()
	}
	_ = os.RemoveAll(h.folder)
}

// rss returns the process's resident memory in bytes.
func (h *hermesd) rss() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.cmd.Process.Pid))
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
