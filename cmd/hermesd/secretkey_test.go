package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// nextKey is the secret key that replaces testKey.
const nextKey = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="

func TestCreateKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret.key")
	if _, err := readKeyFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before: %v, want fs.ErrNotExist", err)
	}
	keys := make([]string, 20)
	var callers sync.WaitGroup
	for i := range keys {
		callers.Go(func() {
			k, err := createKeyFile(path)
			if err != nil {
				t.Error(err)
			}
			keys[i] = k.Reveal()
		})
	}
	callers.Wait()
	kept, err := readKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range keys {
		if k != kept.Reveal() {
			t.Errorf("concurrent caller %d got a key that is not in the file", i)
		}
	}
	if left, _ := filepath.Glob(path + "?*"); len(left) != 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}

// TestStore_LoadOrCreateKeys checks that a lost or damaged key is reported: a new one would not
// open the passwords that the old one sealed.
func TestStore_LoadOrCreateKeys(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := startHermesd(t, nil, "--data", data)
	p.signal(t, syscall.SIGTERM)
	p.waitExit()
	if err := os.Remove(filepath.Join(data, "secret.key")); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := runCommand(t, nil, "--data", data, "--listen", "127.0.0.1:0")
	if code != exitUsage || !strings.Contains(stderr, "secret-key: ") || !strings.Contains(stderr, "secret.key is missing") {
		t.Errorf("a lost key: exit code %d, %q", code, stderr)
	}
	if err := os.WriteFile(filepath.Join(data, "secret.key"), []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr = runCommand(t, nil, "--data", data, "--listen", "127.0.0.1:0")
	if code != exitUsage || !strings.Contains(stderr, "want 32 bytes in base64") {
		t.Errorf("a damaged key: exit code %d, %q", code, stderr)
	}
}

// TestApp_RunRekey changes the secret key as the README describes, while servers run. No session
// ends before the old key is removed, and no password is lost.
func TestApp_RunRekey(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		testRekey(t, env{"HERMES_DATA": filepath.Join(t.TempDir(), "data"), "HERMES_DOMAIN": "example.test"})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		db := pgtest.New(t, pgtest.Options{NoFsync: true})
		db.Exec(t, "INSERT INTO domain (domain, did) VALUES ('example.test', 'example.test')")
		testRekey(t, env{"HERMES_DB": db.URL(), "HERMES_MIGRATE": "auto"})
	})
}

func testRekey(t *testing.T, e env) {
	withKeys := func(keys string) env {
		c := env{"HERMES_SECRET_KEY": keys}
		for name, v := range e {
			c[name] = v
		}
		return c
	}
	oldKey, bothKeys, newKey := withKeys(testKey), withKeys(nextKey+","+testKey), withKeys(nextKey)
	p := startHermesd(t, oldKey)
	const password = "correct horse"
	code, _, stderr := runCommandInput(t, password, oldKey, "bootstrap", "--user", "root", "--password-stdin", "--recover")
	if code != exitOK {
		t.Fatalf("bootstrap: %d %q", code, stderr)
	}
	oldSession := p.login(t, "root", password)
	added := oldSession.mustAddUsers(t)

	p = restartHermesd(t, p, bothKeys)
	oldSession.p = p
	wantUsers(t, oldSession, added)
	newSession := p.login(t, "root", password) // the first key signs
	for _, want := range []string{"sealed anew: 3\n", "sealed anew: 0\n"} {
		if code, stdout, stderr := runCommand(t, bothKeys, "rekey"); code != exitOK || stdout != want || stderr != "" {
			t.Errorf("rekey: %d %q %q, want %q", code, stdout, stderr, want)
		}
	}
	wantUsers(t, oldSession, added)

	p = restartHermesd(t, p, newKey)
	oldSession.p, newSession.p = p, p
	wantUsers(t, newSession, added)
	if a := oldSession.call(t, "user/list"); a["cause"] != "unauthorized" {
		t.Errorf("a session that the old key signed: %v, want unauthorized", a)
	}
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"rekey"}, {"bootstrap", "--user", "x", "--recover"}} {
		code, stdout, stderr := runCommand(t, oldKey, args...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, "hermesd: secret-key: ") ||
			!strings.Contains(stderr, "(environment HERMES_SECRET_KEY)") || strings.Contains(stderr, "listening") {
			t.Errorf("%q without the key that sealed: %d %q %q", args, code, stdout, stderr)
		}
	}
	wantUsers(t, newSession, added)

	code, stdout, stderr := runCommand(t, oldKey, "rekey", "--accept-lost")
	if code != exitFailure || stdout != "sealed anew: 0\n" || !strings.Contains(stderr, "none of the 1 secret keys opens it") {
		t.Errorf("rekey --accept-lost: %d %q %q", code, stdout, stderr)
	}
	restartHermesd(t, p, oldKey)
}

// wantUsers checks that user/get answers as user/add did.
func wantUsers(t *testing.T, s *session, added map[string]any) {
	t.Helper()
	for user, want := range added {
		if d := cmp.Diff(want, s.mustCall(t, "user/get", "user", user)["user"]); d != "" {
			t.Errorf("%s: (-want +got)\n%s", user, d)
		}
	}
}
