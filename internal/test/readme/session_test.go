package readme

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFirstSession copies the README's first session, and then its key pair's login, against a
// hermesd that was started as the README says.
func TestFirstSession(t *testing.T) {
	need(t, "bash", "curl", "openssl")
	d := start(t, build(t))
	login, calls, ok := strings.Cut(block(t, "## A first session"), "\n\n")
	if !ok {
		t.Fatal("the first session: want the log-in, an empty line, and the calls")
	}
	pair := block(t, "A key pair in shell")
	got := responses(d.shell(t, login+"\n"+pair+"echo\n"+calls))
	want := []string{"ok access=limited_write", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "failed/inuse", "ok", "ok", "ok", "ok"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// need skips the test where a program is not installed, or fails it where the environment says that all must be there.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("HERMES_TEST_REQUIRE") == "1" {
				t.Fatalf("HERMES_TEST_REQUIRE=1: %v", err)
			}
			t.Skipf("the README's blocks need %s: %v", tool, err)
		}
	}
}

// block returns the first bash block after a text.
func block(t *testing.T, after string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), after)
	_, rest, fenced := strings.Cut(rest, "```bash\n")
	body, _, ended := strings.Cut(rest, "```")
	if !found || !fenced || !ended {
		t.Fatalf("README.md has no bash block after %q", after)
	}
	return strings.ReplaceAll(body, "127.0.0.1:8080", "$ADDRESS")
}

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "hermesd")
	if out, err := exec.Command("go", "build", "-o", program, "../../../cmd/hermesd").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// daemon is a hermesd that runs in a folder of its own.
type daemon struct {
	dir, address, password string
	ended                  chan struct{} // closed when nobody is left who could say anything; nil before it listens
}

func start(t *testing.T, program string) daemon {
	t.Helper()
	d := daemon{dir: t.TempDir()}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--domain", "example.test", "--listen", "127.0.0.1:0")
	cmd.Dir = d.dir
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	d.await(t, bufio.NewScanner(log))
	return d
}

// await reads what hermesd says until it listens, and then on, so that it can go on saying.
func (d *daemon) await(t *testing.T, lines *bufio.Scanner) {
	t.Helper()
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if p, ok := strings.CutPrefix(lines.Text(), "password: "); ok {
			d.password = p
		}
		if a, ok := strings.CutPrefix(lines.Text(), "hermesd: listening on http://"); ok {
			d.address, d.ended = a, make(chan struct{})
			go func() {
				defer close(d.ended)
				for lines.Scan() {
				}
			}()
			return
		}
	}
	t.Fatalf("hermesd did not come to listen: %v\n%s", lines.Err(), strings.Join(said, "\n"))
}

// shell runs a script, in which the password is put.
func (d daemon) shell(t *testing.T, script string) string {
	t.Helper()
	cmd := exec.Command("bash", "-u", "-c", strings.Replace(script, "the printed one", d.password, 1))
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), "ADDRESS="+d.address)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || errs.Len() > 0 {
		t.Errorf("the shell: %v\n%s", err, errs.String())
	}
	return string(out)
}

var (
	response = regexp.MustCompile(`"response":"(\w+)"(?:,"cause":"(\w+)")?`)
	access   = regexp.MustCompile(`"access":"(\w+)"`)
)

// responses are what each line of the output answers.
func responses(out string) (all []string) {
	for line := range strings.Lines(out) {
		m := response.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		text := m[1]
		if m[2] != "" {
			text += "/" + m[2]
		}
		if a := access.FindStringSubmatch(line); a != nil {
			text += " access=" + a[1]
		}
		all = append(all, text)
	}
	return all
}
