package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// TestApp_RunCompletion_Bash has bash complete command lines by the script that hermesd prints.
func TestApp_RunCompletion_Bash(t *testing.T) {
	t.Parallel()
	bash := testserver.RequireProgram(t, "bash", "bash")
	code, script, stderr := runCommand(t, nil, "completion", "bash")
	if code != exitOK || stderr != "" {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	folder := t.TempDir()
	for _, name := range []string{"script", "some file", "folder/x"} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		words []string // as bash splits the line; the last one is completed
		want  string   // separated by |
	}{
		{[]string{"hermesd", "mi"}, "migrate"},
		{[]string{"hermesd", "boot"}, "bootstrap"},
		{[]string{"hermesd", "--prov-t"}, "--prov-templates"}, // the settings of serve without a command
		{[]string{"hermesd", "serve", "--metrics"}, "--metrics-listen"},
		{[]string{"hermesd", "bootstrap", "--pass"}, "--password-stdin"}, // a flag of the command
		{[]string{"hermesd", "migrate", "--pass"}, ""},                   // of another command
		{[]string{"hermesd", "migrate", "--listen"}, ""},                 // does not matter to it
		{[]string{"hermesd", "audit", ""}, "verify|--data|--db|--secret-key|--domain|--kamailio-schema|--migrate|--log-format|--log-level"},
		{[]string{"hermesd", "help", "re"}, "rekey"},
		{[]string{"hermesd", "completion", "z"}, "zsh"},
		{[]string{"hermesd", "--migrate", "=", "c"}, "check"},
		{[]string{"hermesd", "--migrate", "="}, "auto|check|off"},
		{[]string{"hermesd", "--log-format", "j"}, "json"},
		{[]string{"hermesd", "--require-cookie", "=", "f"}, "false"},
		{[]string{"hermesd", "--require-cookie", "--log-f"}, "--log-format"}, // takes no word
		{[]string{"hermesd", "--listen", ""}, ""},                            // an address is not known
		{[]string{"hermesd", "--tls-cert", "so"}, "some file"},
		{[]string{"hermesd", "--data", "fo"}, "folder"},
	} {
		cmd := exec.Command(bash, "--norc", "-c", `source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hermesd
			(IFS='|'; echo "${COMPREPLY[*]}")`, "bash")
		cmd.Args = append(cmd.Args, tt.words...)
		cmd.Dir = folder
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSuffix(string(out), "\n"); err != nil || got != tt.want {
			t.Errorf("%q: %v %q, want %q", tt.words, err, got, tt.want)
		}
	}
}

// TestApp_RunCompletion checks the scripts of all shells for each command and setting, and lets the
// shells that are installed read them.
func TestApp_RunCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range shells {
		code, script, stderr := runCommand(t, nil, "completion", shell)
		if code != exitOK || stderr != "" {
			t.Errorf("%s: exit code %d, %q", shell, code, stderr)
		}
		for _, c := range commands() {
			if !strings.Contains(script, c.name) {
				t.Errorf("%s: no command %s", shell, c.name)
			}
		}
		for _, s := range (&config{}).table() {
			if !strings.Contains(script, s.name) {
				t.Errorf("%s: no setting %s", shell, s.name)
			}
		}
		if path, err := exec.LookPath(shell); err == nil {
			cmd := exec.Command(path, "-n")
			cmd.Stdin = strings.NewReader(script)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s -n: %v\n%s", shell, err, out)
			}
		}
		if _, again, _ := runCommand(t, nil, "completion", shell); again != script {
			t.Errorf("%s: the script is another one each time: %s", shell, cmp.Diff(script, again))
		}
	}
	for _, args := range [][]string{{}, {"tcsh"}, {"bash", "zsh"}} {
		code, stdout, stderr := runCommand(t, nil, append([]string{"completion"}, args...)...)
		if want := "hermesd: completion: want hermesd completion bash, or zsh, or fish\n"; code != exitUsage || stdout != "" || stderr != want {
			t.Errorf("%q: exit code %d, %q, %q; want %q", args, code, stdout, stderr, want)
		}
	}
}

// TestSetting_Choices gives each setting that has a list of values each of these.
func TestSetting_Choices(t *testing.T) {
	t.Parallel()
	for _, s := range (&config{}).table() {
		for _, v := range s.choices {
			if err := s.set(v); err != nil {
				t.Errorf("--%s=%s: %v", s.name, v, err)
			}
		}
		if s.choices != nil && s.set("x") == nil {
			t.Errorf("--%s=x was accepted; want one of %q", s.name, s.choices)
		}
	}
}
