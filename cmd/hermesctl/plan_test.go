package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestApply_killed kills a process that applies 400 users, when some have been added whose answers
// have not come, and runs the command again. Each user is there with the password that the file
// has.
func TestApply_killed(t *testing.T) {
	t.Parallel()
	const users, heard = 400, 150
	s := newServer(t)
	folder := t.TempDir()
	s.addNumbers(t, users)
	public, err := writeKeys(folder)
	if err != nil {
		t.Fatal(err)
	}
	var pubkey hermes.PublicKey
	if err := pubkey.UnmarshalText([]byte(public)); err != nil {
		t.Fatal(err)
	}
	key, err := s.client.AuthNewKey(t.Context(), hermes.AuthNewKeyRequest{Access: hermes.LimitedWrite, PublicKey: pubkey})
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	file.WriteString("user,displayname,number\n")
	for i := range users {
		fmt.Fprintf(&file, "u%03d@example.test,User %d,%s\n", i, i, []string{"auto", ""}[i%2])
	}
	if err := os.WriteFile(filepath.Join(folder, "users.csv"), []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func() *exec.Cmd {
		cmd := exec.Command("hermesctl", "apply", "users.csv", "--yes", "--passwords", "new")
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "HERMES_URL="+s.url, "HERMES_KEY_ID="+key.Key.Reveal(), "HERMES_KEY_FILE=key.pem")
		return cmd
	}
	killed := command()
	s.holdAt(func(node string, n int) {
		switch {
		case node == "user/onboard" && n == heard:
			s.setCut(node, true) // from the next request on, they are carried out without an answer
		case node == "user/onboard" && n == heard+3:
			_ = killed.Process.Kill()
		}
	})
	if err := killed.Run(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the first process: %v, want it to be killed", err)
	}
	s.holdAt(nil)
	s.setCut("user/onboard", false)
	if pending, err := os.ReadFile(filepath.Join(folder, "new.pending")); err != nil || bytes.Contains(pending, []byte("assword\":")) {
		t.Errorf("the notes of the killed process: %.200s, %v", pending, err)
	}
	if out, err := command().CombinedOutput(); err != nil {
		t.Fatalf("the second process: %v\n%s", err, out)
	} else if !strings.Contains(string(out), "passwords recovered") {
		t.Errorf("no password was recovered: %s", out[max(0, len(out)-200):])
	}
	s.wantPasswords(t, filepath.Join(folder, "new"), users)
	if out, err := command().CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("the third process: %v\n%.300s; want nothing to do", err, out)
	}
}

// holdAt sets what is called before a request is handled.
func (s *server) holdAt(hold func(node string, n int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = hold
}

// setCut says whether the answers of a node are lost.
func (s *server) setCut(node string, cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut[node] = cut
}

// wantPasswords checks that a file has the password of each of n users, and of each once.
func (s *server) wantPasswords(t *testing.T, path string, n int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		user, password, _ := strings.Cut(line, ",")
		if i == 0 {
			continue
		}
		if seen[user] {
			t.Errorf("%s is there twice", user)
		}
		seen[user] = true
		got, err := s.client.UserGet(context.WithoutCancel(t.Context()), hermes.UserGetRequest{User: sip.MustParse(user)})
		if err != nil || got.User.Password.Value.Reveal() != password {
			t.Errorf("%s: %v, or another password than that of the file", user, err)
		}
	}
	if len(seen) != n {
		t.Errorf("%d passwords, want %d", len(seen), n)
	}
}
