package readme

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// requirePrograms skips the test if one of the programs is not installed, or fails it if all are
// required. Their Debian packages have the same names.
func requirePrograms(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		testserver.RequireProgram(t, program, program)
	}
}

func mustReadREADME(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var codeBlock = regexp.MustCompile("(?s)```\\w+\n(.*?)```")

// mustBlocks returns the code blocks of the README's chapter with that heading, which ends at the
// next heading.
func mustBlocks(t *testing.T, heading string, want int) (blocks []string) {
	t.Helper()
	_, chapter, _ := strings.Cut(mustReadREADME(t), "\n"+heading+"\n")
	chapter, _, _ = strings.Cut(chapter, "\n##")
	for _, m := range codeBlock.FindAllStringSubmatch(chapter, -1) {
		blocks = append(blocks, m[1])
	}
	if len(blocks) != want {
		t.Fatalf("the chapter %q of README.md has the code blocks %q, want %d", heading, blocks, want)
	}
	return blocks
}

// mustBuildHermesd returns the path of the program.
func mustBuildHermesd(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "hermesd")
	if out, err := exec.Command("go", "build", "-o", program, "../../../cmd/hermesd").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// hermesd is a running command of the README that ends in hermesd serving.
type hermesd struct {
	dir      string // in which the command and the scripts run
	address  string // host and port
	password string // of the first user, as hermesd or hermesd bootstrap prints it
	cmd      *exec.Cmd
	ended    chan struct{} // closed when the command and all of its processes have ended
}

// startHermesd starts the command in a folder of its own and waits until hermesd listens. It is
// stopped when the test ends.
func startHermesd(t *testing.T, cmd *exec.Cmd) *hermesd {
	t.Helper()
	h := &hermesd{dir: t.TempDir(), cmd: cmd, ended: make(chan struct{})}
	cmd.Dir = h.dir
	// A group, so that stop reaches hermesd even if a shell has started it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A pipe of the test's own: it ends when the last process that can write to it has ended.
	output, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.stop)
	lines := bufio.NewReader(output)
	var log strings.Builder
	for h.address == "" {
		line, err := lines.ReadString('\n')
		log.WriteString(line)
		if err != nil {
			close(h.ended)
			t.Fatalf("hermesd does not listen: %v\n%s", err, log.String())
		}
		line = strings.TrimSpace(line)
		if password, ok := strings.CutPrefix(line, "password: "); ok {
			h.password = password
		}
		if address, ok := strings.CutPrefix(line, "hermesd: listening on http://"); ok {
			h.address = address
		}
	}
	go func() {
		defer close(h.ended)
		defer output.Close()
		_, _ = io.Copy(io.Discard, lines)
	}()
	return h
}

// stop ends the command as a service manager does, and waits until hermesd has ended, too. It may
// be called more than once.
func (h *hermesd) stop() {
	if h.cmd.ProcessState != nil {
		return
	}
	_ = syscall.Kill(-h.cmd.Process.Pid, syscall.SIGTERM)
	_ = h.cmd.Wait()
	<-h.ended
}

// runScript runs a bash script, in which it replaces the README's stand-in for the password and
// hermesd's default address, and returns its output.
func (h *hermesd) runScript(t *testing.T, script string) string {
	t.Helper()
	values := strings.NewReplacer("the printed one", h.password, "127.0.0.1:8080", h.address)
	cmd := exec.Command("bash", "-u", "-c", values.Replace(script))
	cmd.Dir = h.dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Errorf("the script: %v\n%s", err, stderr.String())
	}
	return string(out)
}

var (
	responseMember = regexp.MustCompile(`"response":"(\w+)"(?:,"cause":"(\w+)")?`)
	accessMember   = regexp.MustCompile(`"access":"(\w+)"`)
)

// responses returns the response of each line of the output that is an answer, with its cause and
// its access level if it has them.
func responses(out string) (all []string) {
	for line := range strings.Lines(out) {
		m := responseMember.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		text := m[1]
		if m[2] != "" {
			text += "/" + m[2]
		}
		if a := accessMember.FindStringSubmatch(line); a != nil {
			text += " access=" + a[1]
		}
		all = append(all, text)
	}
	return all
}
