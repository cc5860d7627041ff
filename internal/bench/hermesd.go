package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// installation is a hermesd that can be started, with its database, which has the principals below.
type installation struct {
	*bench
	program string
	folder  string // has the secret key and the embedded database
	db      string // a postgres:// URL, memory:, or empty for the embedded database

	certFile, tlsKeyFile string // empty without TLS

	backend  string // for authentication, besides the local one; may be empty
	password string // of adminUser
}

// The principals of every installation.
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

// newInstallation makes the folder of an installation.
func (b *bench) newInstallation(ctx context.Context, db string) (*installation, error) {
	program, err := b.build(ctx)
	if err != nil {
		return nil, err
	}
	in := &installation{bench: b, program: program, folder: b.folder.Join(b.newName("hermesd")), db: db, password: adminPassword}
	if err := os.Mkdir(in.folder, 0o700); err != nil {
		return nil, err
	}
	return in, os.WriteFile(in.keyFile(), []byte(b.key.Reveal()), 0o600)
}

// install makes an installation with an embedded database, or over the empty one at a postgres://
// URL, and adds the principals and the SIP user.
func (b *bench) install(ctx context.Context, db string) (*installation, error) {
	in, err := b.newInstallation(ctx, db)
	if err != nil {
		return nil, err
	}
	if err := in.run(ctx, "", "migrate", "--kamailio-tables"); err != nil {
		return nil, err
	}
	if err := in.run(ctx, adminPassword, "bootstrap", "--user", adminUser, "--password-stdin"); err != nil {
		return nil, err
	}
	s, err := in.start(ctx)
	if err != nil {
		return nil, err
	}
	return in, s.addUsers(ctx, adminPassword)
}

// startInMemory starts a hermesd that keeps its database in memory, with the principals and the SIP
// user.
func (b *bench) startInMemory(ctx context.Context) (*server, error) {
	in, err := b.newInstallation(ctx, "memory:")
	if err != nil {
		return nil, err
	}
	s, err := in.start(ctx)
	if err != nil {
		return nil, err
	}
	password := firstPassword.FindStringSubmatch(testserver.ReadLog(s.log))
	if password == nil {
		return nil, errors.New("hermesd printed no password for its first user")
	}
	in.password = password[1]
	return s, s.addUsers(ctx, in.password)
}

// firstPassword finds the password of the first user, admin, in the log of a first start.
var firstPassword = regexp.MustCompile(`(?m)^password: (\S+)$`)

// installed makes an installation over a database of filled or copyOf.
func (b *bench) installed(ctx context.Context, d database) (*installation, error) {
	return b.newInstallation(ctx, d.url)
}

func (in *installation) data() string { return filepath.Join(in.folder, "data") }

func (in *installation) keyFile() string { return filepath.Join(in.folder, "key") }

// run runs a subcommand of hermesd to its end.
func (in *installation) run(ctx context.Context, stdin string, args ...string) error {
	cmd := exec.CommandContext(ctx, in.program, args...)
	cmd.Env, cmd.Stdin = in.env(), strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("hermesd %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// env has auth keys that live longer than any benchmark.
func (in *installation) env() []string {
	env := []string{
		"HERMES_DATA=" + in.data(),
		"HERMES_SECRET_KEY_FILE=" + in.keyFile(),
		"HERMES_DOMAIN=" + domainName,
		"HERMES_TRUSTED_PROXIES=127.0.0.1/32",
		"HERMES_AUTH_KEY_TTL=12h",
	}
	if in.db != "" {
		env = append(env, "HERMES_DB="+in.db)
	}
	if in.certFile != "" {
		env = append(env, "HERMES_TLS_CERT="+in.certFile, "HERMES_TLS_KEY="+in.tlsKeyFile)
	}
	if in.backend != "" {
		env = append(env, "HERMES_AUTH_BACKEND=local,"+in.backend)
	}
	return env
}

// addUsers adds the known user and the SIP user. password is that of admin.
func (s *server) addUsers(ctx context.Context, password string) error {
	admin, err := s.login(ctx, adminAddress, adminUser, password)
	if err != nil {
		return err
	}
	for _, call := range [][]string{
		{"domain/set_servers", "domain", domainName, "registrar", "sip.example.com", "r_port", "5060",
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
	*child
}

// hermesdListening begins the line in which hermesd says where it listens.
const hermesdListening = "hermesd: listening on "

// start starts hermesd and waits until it listens. It is stopped after the benchmark. Its log is a
// file.
func (in *installation) start(ctx context.Context) (*server, error) {
	cmd := in.bench.folder.Command(in.program, "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, in.env()...)
	c, err := in.bench.start(ctx, cmd, hermesdListening)
	if err != nil {
		return nil, err
	}
	return &server{installation: in, child: c}, nil
}

// startFilled starts a hermesd over the database with the rows that the command line asks for, and
// logs in.
func (b *bench) startFilled(ctx context.Context) (*server, *client, error) {
	d, err := b.filled(ctx, b.rows, bytewise)
	if err != nil {
		return nil, nil, err
	}
	return b.startOver(ctx, d)
}

// startOver starts a hermesd over a database and logs in.
func (b *bench) startOver(ctx context.Context, d database) (*server, *client, error) {
	in, err := b.installed(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	s, err := in.start(ctx)
	if err != nil {
		return nil, nil, err
	}
	admin, err := s.login(ctx, adminAddress, adminUser, adminPassword)
	return s, admin, err
}

// client returns a client with connections of its own.
func (s *server) client(address string) *client {
	return &client{url: s.url, address: address, http: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: maxOutstanding},
		Timeout:   10 * time.Minute,
	}}
}

// login returns a client that has logged in.
func (s *server) login(ctx context.Context, address, user, password string) (*client, error) {
	c := s.client(address)
	_, err := c.login(ctx, user, password)
	return c, err
}

// rss returns the resident memory of hermesd in bytes.
func (s *server) rss() (int64, error) { return s.status("VmRSS:") }

// status returns a line of the process' status in /proc, which is in kB, in bytes.
func (s *server) status(name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.PID()))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == name {
			kib, err := strconv.ParseInt(f[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("no %s in /proc", name)
}

// growth calls f and returns by how much the resident memory of hermesd was greater at its peak
// than before.
func (s *server) growth(f func() error) (memory, error) {
	// 5 sets the peak to the present memory.
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.process.PID()), []byte("5"), 0); err != nil {
		return memory{}, err
	}
	before, err := s.rss()
	if err != nil {
		return memory{}, err
	}
	if err := f(); err != nil {
		return memory{}, err
	}
	peak, err := s.status("VmHWM:")
	return memory{bytes: float64(max(0, peak-before)), measured: true}, err
}
