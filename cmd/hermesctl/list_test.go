package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// command returns a hermesctl that keeps its logins in a folder.
func command(state string, args ...string) *exec.Cmd {
	cmd := exec.Command("hermesctl", args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "XDG_STATE_HOME=" + state}
	return cmd
}

// mustLogIn logs in as admin, and returns the folder in which that is kept.
func mustLogIn(t *testing.T, s *server) (state string) {
	t.Helper()
	state = t.TempDir()
	cmd := command(state, "login", s.url, "--user", "admin", "--password-stdin")
	cmd.Stdin = strings.NewReader(password)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return state
}

// liveHeap matches the sizes of the heap in the lines of GODEBUG=gctrace=1, in MiB: at the start of
// a collection, at its end, and what lives on.
var liveHeap = regexp.MustCompile(`gc [0-9]+ .*, [0-9]+->[0-9]+->([0-9]+) MB, `)

// TestList_memory: the memory of hermesctl does not grow with the length of a list. The answer has
// more than 7 MiB, so that it could not be held as a whole.
func TestList_memory(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const count = 500_000
	s.addNumbers(t, count)
	state := mustLogIn(t, s)
	for _, args := range [][]string{{"number", "list"}, {"number", "list", "--json"}, {"call", "number/list", "-v"}} {
		cmd := command(state, args...)
		cmd.Env = append(cmd.Env, "GODEBUG=gctrace=1")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		numbers := countNumbers(stdout)
		if err := cmd.Wait(); err != nil || numbers != count {
			t.Errorf("%q: %d numbers, %v", args, numbers, err)
		}
		var most int
		collections := liveHeap.FindAllStringSubmatch(stderr.String(), -1)
		for _, m := range collections {
			size, _ := strconv.Atoi(m[1])
			most = max(most, size)
		}
		t.Logf("%q: at most %d MiB of live memory after each of %d collections", args, most, len(collections))
		if most > 5 || len(collections) < 5 {
			t.Errorf("%q: %d MiB of live memory after %d collections, want at most 5 after many", args, most, len(collections))
		}
	}
}

// countNumbers counts the + in what r has.
func countNumbers(r io.Reader) (n int) {
	for b := bufio.NewReader(r); ; n++ {
		if _, err := b.ReadSlice('+'); err == bufio.ErrBufferFull {
			n--
		} else if err != nil {
			return n
		}
	}
}

// TestSession_atOnce: of several hermesctl that share a profile whose auth_key has to be renewed,
// one renews it, and all succeed.
func TestSession_atOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	state := mustLogIn(t, s)
	for range 3 {
		const age = 3 * 60e9 // more than a half of the life of an auth_key
		s.now.Add(age)
		if err := agedProfile(state, age); err != nil {
			t.Fatal(err)
		}
		before := s.count("auth/ping")
		var running sync.WaitGroup
		for range 8 {
			running.Go(func() {
				if out, err := command(state, "number", "stats").CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
		running.Wait()
		if n := s.count("auth/ping") - before; n != 1 {
			t.Errorf("the auth_key was renewed %d times, want once", n)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(state, "hermes", ".*")); len(left) > 0 {
		t.Errorf("files are left: %q", left)
	}
}

// TestSession_outrun: a hermesctl whose auth_key another one has renewed, so long ago that the
// server does not take it any more, goes on with the new one.
func TestSession_outrun(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	state := mustLogIn(t, s)
	s.holdAt(func(node string, n int) {
		if node != "number/stats" || n != 1 {
			return
		}
		const age = 3 * 60e9
		s.now.Add(age)
		if err := agedProfile(state, age); err != nil {
			t.Error(err)
		}
		if out, err := command(state, "auth", "whoami").CombinedOutput(); err != nil {
			t.Errorf("the other hermesctl: %v: %s", err, out)
		}
		s.now.Add(60e9) // more than the grace of an auth_key
	})
	if out, err := command(state, "number", "stats").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if pings, logins, calls := s.count("auth/ping"), s.count("auth/login"), s.count("number/stats"); pings != 1 || logins != 1 || calls != 2 {
		t.Errorf("%d pings, %d logins and %d calls, want 1, 1 and 2", pings, logins, calls)
	}
}
