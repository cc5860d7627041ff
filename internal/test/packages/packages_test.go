package packages_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// repository is the root of the repository.
var repository = filepath.Join("..", "..", "..")

// TestPackages makes packages and looks at them.
func TestPackages(t *testing.T) {
	if !testserver.Required() {
		t.Skip("packages are made only with HERMES_TEST_REQUIRE=1")
	}
	for program, debianPackage := range map[string]string{
		"lintian": "lintian", "rpm": "rpm", "systemd-analyze": "systemd", "systemd-sysusers": "systemd", "man": "man-db",
	} {
		testserver.RequireProgram(t, program, debianPackage)
	}
	if os.Geteuid() != 0 {
		testserver.SkipOrFail(t, os.ErrPermission)
	}
	before, after := mustBuild(t, "1.0.0"), mustBuild(t, "1.1.0")
	t.Run("lintian", func(t *testing.T) {
		t.Parallel()
		mustRun(t, "lintian", "--allow-root", "--fail-on", "error", after.deb)
	})
	t.Run("rpm", func(t *testing.T) {
		t.Parallel()
		testRPM(t, after)
	})
	t.Run("units", func(t *testing.T) {
		t.Parallel()
		testUnits(t)
	})
	t.Run("a machine", func(t *testing.T) {
		t.Parallel()
		testMachine(t, before, after)
	})
}

// built is the packages of one version.
type built struct{ version, deb, rpm string }

// mustBuild makes the packages of a version for this machine's architecture.
func mustBuild(t *testing.T, version string) built {
	t.Helper()
	folder := t.TempDir()
	cmd := exec.Command(filepath.Join(repository, "cmd", "hermesd", "dist", "package"), folder, runtime.GOARCH)
	cmd.Env = append(os.Environ(), "HERMES_VERSION="+version)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("package: %v\n%s", err, out)
	}
	one := func(pattern string) string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %q, %v; want one file", pattern, found, err)
		}
		return found[0]
	}
	return built{version: version, deb: one("hermesd_" + version + "*.deb"), rpm: one("hermesd-" + version + "*.rpm")}
}

// mustRun returns what a program prints on its standard output.
func mustRun(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", program, args, err, out, &errs)
	}
	return string(out)
}

// testRPM compares the files of the packages.
func testRPM(t *testing.T, p built) {
	if got, want := mustRun(t, "rpm", "-qp", "--qf", "%{NAME} %{VERSION} %{LICENSE}", p.rpm), "hermesd "+p.version+" MIT"; got != want {
		t.Errorf("rpm: %q, want %q", got, want)
	}
	if got, want := mustRun(t, "rpm", "-qpc", p.rpm), "/etc/hermes/hermesd.env\n"; got != want {
		t.Errorf("configuration files of the rpm: %q, want %q", got, want)
	}
	var inDeb, inRPM []string
	for line := range strings.Lines(mustRun(t, "dpkg-deb", "--contents", p.deb)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[5], ".")
		if strings.HasSuffix(name, "/") || strings.Contains(name, "lintian") || strings.HasSuffix(name, "changelog.Debian.gz") {
			continue // the rpm has a changelog of its own
		}
		inDeb = append(inDeb, strings.Replace(name, "/vendor-completions/", "/site-functions/", 1))
	}
	for line := range strings.Lines(mustRun(t, "rpm", "-qpl", p.rpm)) {
		inRPM = append(inRPM, strings.TrimSpace(line))
	}
	slices.Sort(inDeb)
	slices.Sort(inRPM)
	if d := cmp.Diff(inDeb, inRPM); d != "" {
		t.Errorf("files (-deb +rpm)\n%s", d)
	}
	if log := mustRun(t, "rpm", "-qp", "--changelog", p.rpm); !strings.Contains(log, p.version) {
		t.Errorf("changelog of the rpm: %q", log)
	}
}

// testUnits has systemd look at the units.
func testUnits(t *testing.T) {
	folder := t.TempDir()
	var units []string
	for _, name := range []string{"hermesd.service", "hermesd.socket"} {
		text, err := os.ReadFile(filepath.Join(repository, "cmd", "hermesd", "dist", name))
		if err != nil {
			t.Fatal(err)
		}
		// The program is not installed on this machine.
		unit := strings.Replace(string(text), "ExecStart=/usr/bin/hermesd", "ExecStart=/bin/true", 1)
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
			t.Fatal(err)
		}
		units = append(units, path)
	}
	mustRun(t, "systemd-analyze", append([]string{"verify", "--man=no"}, units...)...)
	mustRun(t, "systemd-analyze", "security", "--offline=true", "--threshold=20", units[0])
}

// mustBeStatic wants a program that needs no library of the machine.
func mustBeStatic(t *testing.T, path string) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	if err != nil || len(libraries) > 0 {
		t.Errorf("%s needs %q, %v", path, libraries, err)
	}
}
