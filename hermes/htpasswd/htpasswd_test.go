package htpasswd

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/backendtest"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/argon2id"
)

var _ hermes.HashingBackend = (*Backend)(nil)

// mustOpen writes lines into a new file and opens it.
func mustOpen(t *testing.T, lines ...string) *Backend {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users")
	writeLines(t, path, lines...)
	b, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeLines(t *testing.T, path string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func appendLine(t *testing.T, path, line string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(line + "\n")
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// wantVerify calls Verify, which must return want and no error.
func wantVerify(t *testing.T, b *Backend, why, user, password string, want bool) {
	t.Helper()
	got, err := b.Verify(t.Context(), nil, user, hermes.NewSecret(password))
	if err != nil || got != want {
		t.Errorf("%s: Verify(%q, %q) = %t, %v, want %t", why, user, password, got, err, want)
	}
}

// wantError calls Verify, which must return an error that contains the words. Has must return an
// error, too, unless the user exists.
func wantError(t *testing.T, b *Backend, why, user string, exists bool, words ...string) {
	t.Helper()
	ok, err := b.Verify(t.Context(), nil, user, hermes.NewSecret("password"))
	if ok || err == nil {
		t.Errorf("%s: Verify = %t, %v, want an error", why, ok, err)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: got %v, want %q in it", why, err, w)
		}
	}
	if has, err := b.Has(t.Context(), nil, user); has != exists || (err == nil) != exists {
		t.Errorf("%s: Has = %t, %v, want %t", why, has, err, exists)
	}
}

func hashBcrypt(t *testing.T, password string, cost int) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

func hashArgon2(t *testing.T, password string) string {
	t.Helper()
	h, err := argon2id.New(rand.Reader, argon2id.Cost{Memory: 2048, Passes: 1, Lanes: 1}, password)
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

// allocatedMiB returns the MiB that fn allocates. Nearly all of it is the memory of argon2, so it
// counts the hashes that fn computes.
func allocatedMiB(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) >> 20
}

func TestBackend(t *testing.T) {
	testSuite := func(t *testing.T, hash func(*testing.T, string) string, passwordMax int, work func(func()) uint64) {
		backendtest.Run(t, func(t *testing.T) backendtest.Fixture {
			b := mustOpen(t, "# users of a test")
			return backendtest.Fixture{
				Backend: b, Store: memstore.New(), PasswordMax: passwordMax, Work: work,
				AddUser: func(t *testing.T, user, password string) {
					appendLine(t, b.path, fmt.Sprintf("%s:%s", user, hash(t, password)))
				},
			}
		})
	}
	t.Run("bcrypt", func(t *testing.T) {
		// The work of bcrypt cannot be counted from outside: TestParseFile checks the dummy hash.
		testSuite(t, func(t *testing.T, p string) string { return hashBcrypt(t, p, bcrypt.MinCost) }, 72, nil)
	})
	t.Run("argon2id", func(t *testing.T) { testSuite(t, hashArgon2, 0, allocatedMiB) })
}

func TestOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	malformed := filepath.Join(dir, "malformed")
	writeLines(t, malformed, "alice")
	for _, path := range []string{filepath.Join(dir, "missing"), dir, malformed, ""} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%q): got %v, want an error that names the path", path, err)
		}
	}
}
