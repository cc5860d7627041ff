package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// completeScript loads the completion for bash, and prints what the last of the words is completed
// to, as bash does it when TAB is typed. _init_completion is that of Debian's bash-completion, as
// far as it is needed.
const completeScript = `
_init_completion() {
	words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
	cur=${words[cword]} prev=${words[cword-1]}
}
__ltrim_colon_completions() { :; }
compopt() { :; }
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
COMP_KEY=9
__start_hermesctl
printf '%s\n' "${COMPREPLY[@]}"
`

// TestCompletion_bash drives bash with the script that hermesctl generates.
func TestCompletion_bash(t *testing.T) {
	t.Parallel()
	bash := testserver.RequireProgram(t, "bash", "bash")
	script, err := command(t.TempDir(), "completion", "bash").Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "hermesctl")
	if err := os.WriteFile(file, script, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		words string // after hermesctl; the last one is completed
		want  []string
	}{
		{"al", []string{"alias"}},
		{"log", []string{"login", "logout"}},
		{"number a", []string{"add", "add_range", "assign"}},
		{"domain get", []string{"get_servers"}},
		{"phone add --li", []string{"--line"}},
		{"phone add --us", []string{"--user", "--username"}},
		{"number list --state ", []string{"cooling", "free", "held"}},
		{"auth new_key --access limited", []string{"limited_read", "limited_write"}},
		{"call alias/", []string{"alias/add", "alias/list", "alias/remove"}},
		{"call phone/add li", []string{"line="}},
		{"user get ", nil},
	} {
		cmd := exec.Command(bash, append([]string{"-c", completeScript, "bash", file, "hermesctl"}, strings.Split(tt.words, " ")...)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil || stderr.Len() > 0 {
			t.Errorf("%s: %v %s", tt.words, err, stderr.String())
		}
		var got []string
		for line := range strings.Lines(string(out)) {
			// Several words have descriptions.
			if word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word != "" {
				got = append(got, word)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.words, diff)
		}
	}
}

// TestCompletion_deterministic: packages are built with the output of these commands, which has
// nothing of the time or the machine.
func TestCompletion_deterministic(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"completion", "bash"}, {"completion", "zsh"}, {"completion", "fish"}, {"man"}} {
		cmd := command(t.TempDir(), args...)
		cmd.Env = nil // not even a home
		cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"))
		first, err := cmd.Output()
		if err != nil || len(first) < 1000 {
			t.Fatalf("%q: %v, %d bytes", args, err, len(first))
		}
		second, err := command(t.TempDir(), args...).Output()
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%q: another output the second time, %v", args, err)
		}
	}
}
