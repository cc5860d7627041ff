package packages_test

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// machine is a folder that stands for the root of a machine without systemd: dpkg installs packages
// there, and calls their scripts with DPKG_ROOT.
type machine struct{ root string }

func newMachine(t *testing.T) machine {
	t.Helper()
	root, err := os.MkdirTemp("", "machine-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil { // the user hermes runs a program there
		t.Fatal(err)
	}
	m := machine{root: root}
	for _, folder := range []string{"/etc", "/usr", "/var/lib/dpkg/updates", "/var/lib/dpkg/info"} {
		if err := os.MkdirAll(m.path(folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"status", "available"} {
		if err := os.WriteFile(m.path("/var/lib/dpkg/"+file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// path returns where a path of the machine is.
func (m machine) path(name string) string { return m.root + name }

// dpkg runs dpkg, as an administrator does who keeps changed settings.
func (m machine) dpkg(t *testing.T, args ...string) string {
	t.Helper()
	return mustRun(t, "dpkg", append([]string{
		"--root=" + m.root, "--log=" + m.path("/var/lib/dpkg/log"), "--force-script-chrootless", "--force-depends", "--force-confold",
	}, args...)...)
}

// files returns the files of the machine, except those of dpkg and of the table of users.
func (m machine) files(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir(m.root, func(path string, e fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, m.root)
		ofUsers := slices.Contains([]string{"passwd", "group", "shadow", "gshadow", ".pwd.lock"}, strings.TrimSuffix(e.Name(), "-"))
		if err == nil && !e.IsDir() && !strings.HasPrefix(name, "/var/lib/dpkg/") && !ofUsers {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// user returns the ids of a user of the machine.
func (m machine) user(t *testing.T, name string) *syscall.Credential {
	t.Helper()
	for line := range strings.Lines(m.read(t, "/etc/passwd")) {
		fields := strings.Split(line, ":")
		if fields[0] == name {
			uid, uidErr := strconv.ParseUint(fields[2], 10, 32)
			gid, gidErr := strconv.ParseUint(fields[3], 10, 32)
			if uidErr != nil || gidErr != nil {
				t.Fatalf("/etc/passwd: %q", line)
			}
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	t.Fatalf("there is no user %s", name)
	return nil
}

func (m machine) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(m.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// settings returns the values of the lines NAME=VALUE of a file of the machine. The last one
// counts.
func (m machine) settings(t *testing.T, file string) map[string]string {
	t.Helper()
	values := map[string]string{}
	for line := range strings.Lines(m.read(t, file)) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(name, "#") {
			values[name] = value
		}
	}
	return values
}

// service is a running hermesd.
type service struct {
	cmd        *exec.Cmd
	supervisor *testserver.Supervisor
	stderr     *bytes.Buffer
}

// start starts the service as its unit says.
func (m machine) start(t *testing.T, s *testserver.Supervisor) *service {
	t.Helper()
	unit := m.settings(t, "/usr/lib/systemd/system/hermesd.service")
	program := strings.Fields(unit["ExecStart"])
	sv := &service{cmd: exec.Command(m.path(program[0]), program[1:]...), supervisor: s, stderr: &bytes.Buffer{}}
	sv.cmd.Dir = m.path(unit["WorkingDirectory"])
	sv.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: m.user(t, unit["User"])}
	sv.cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, value := range m.settings(t, strings.TrimPrefix(unit["EnvironmentFile"], "-")) {
		if name == "HERMES_DATA" {
			value = m.path(value)
		}
		sv.cmd.Env = append(sv.cmd.Env, name+"="+value)
	}
	sv.cmd.Stderr = sv.stderr
	s.Attach(t, sv.cmd, 0)
	if err := sv.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if sv.cmd.ProcessState == nil {
			sv.cmd.Process.Kill()
			sv.cmd.Wait()
		}
	})
	s.Await(t, "READY=1")
	res, err := http.Get("http://" + s.Address() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || string(text) != "ok\n" {
		t.Fatalf("/readyz: %q, %v", text, err)
	}
	return sv
}

// stop stops the service, and returns what it has written.
func (s *service) stop(t *testing.T) string {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.supervisor.Await(t, "STOPPING=1")
	if err := s.cmd.Wait(); err != nil {
		t.Fatalf("hermesd: %v\n%s", err, s.stderr)
	}
	return s.stderr.String()
}

// testMachine installs a version, runs it, upgrades it to the next one, removes and purges that.
func testMachine(t *testing.T, before, after built) {
	m := newMachine(t)
	m.dpkg(t, "--install", before.deb)
	mustBeStatic(t, m.path("/usr/bin/hermesd"))
	mustBeStatic(t, m.path("/usr/bin/hermesctl"))
	info, err := os.Stat(m.path("/var/lib/hermes"))
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	if want := m.user(t, "hermes"); info.Mode().Perm() != 0o700 || owner.Uid != want.Uid || owner.Gid != want.Gid || want.Uid == 0 {
		t.Errorf("/var/lib/hermes: %s, owner %d:%d, want the user hermes, %d:%d", info.Mode(), owner.Uid, owner.Gid, want.Uid, want.Gid)
	}
	for _, page := range []string{"/usr/share/man/man8/hermesd.8.gz", "/usr/share/man/man1/hermesctl.1.gz"} {
		if text := mustRun(t, "man", "--warnings=w", "--local-file", m.path(page)); !strings.Contains(text, "NAME") {
			t.Errorf("%s: %q", page, text)
		}
	}
	for _, script := range []string{"hermesd", "hermesctl"} {
		mustRun(t, "bash", "-n", m.path("/usr/share/bash-completion/completions/"+script))
	}

	supervisor := testserver.NewSupervisor(t, "127.0.0.1:0")
	if log := m.start(t, supervisor).stop(t); !strings.Contains(log, "\npassword: ") {
		t.Errorf("the first start printed no password:\n%s", log)
	}
	key := m.read(t, "/var/lib/hermes/secret.key")
	const settings = "/etc/hermes/hermesd.env"
	changed := m.read(t, settings) + "HERMES_DOMAIN=example.test\n"
	if err := os.WriteFile(m.path(settings), []byte(changed), 0o640); err != nil {
		t.Fatal(err)
	}

	m.dpkg(t, "--install", after.deb)
	if got := mustRun(t, "dpkg-query", "--admindir="+m.path("/var/lib/dpkg"), "-W", "-f", "${Version}", "hermesd"); !strings.HasPrefix(got, after.version) {
		t.Errorf("version %s after the upgrade, want %s", got, after.version)
	}
	if d := cmp.Diff(changed, m.read(t, settings)); d != "" {
		t.Errorf("settings after the upgrade (-before +after)\n%s", d)
	}
	log := m.start(t, supervisor).stop(t)
	if strings.Contains(log, "password: ") || !strings.Contains(log, "domains=example.test") || m.read(t, "/var/lib/hermes/secret.key") != key {
		t.Errorf("the upgraded server does not use the data and settings of the one before:\n%s", log)
	}

	m.dpkg(t, "--remove", "hermesd")
	left := m.files(t)
	for _, name := range []string{settings, "/var/lib/hermes/hermes.db", "/var/lib/hermes/secret.key"} {
		if !slices.Contains(left, name) {
			t.Errorf("%s is gone after the package was removed and not purged", name)
		}
	}
	m.dpkg(t, "--purge", "hermesd")
	if left := m.files(t); len(left) > 0 {
		t.Errorf("left after the purge: %q", left)
	}
	for _, folder := range []string{"/etc/hermes", "/var/lib/hermes"} {
		if _, err := os.Stat(m.path(folder)); !os.IsNotExist(err) {
			t.Errorf("%s after the purge: %v", folder, err)
		}
	}
}
