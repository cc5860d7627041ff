package htpasswd_test

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
	"github.com/hermes-voip/go-hermes/hermes/htpasswd"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/argon2id"
)

var _ hermes.Backend = (*htpasswd.Backend)(nil)

// users is a file of users under test.
type users struct {
	*testing.T
	path string
	*htpasswd.Backend
}

// file writes lines into a new file and opens it.
func file(t *testing.T, lines ...string) users {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users")
	write(t, path, lines...)
	b, err := htpasswd.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return users{t, path, b}
}

func write(t *testing.T, path string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (u users) verify(user, password string) (bool, error) {
	return u.Verify(u.Context(), nil, user, hermes.NewSecret(password))
}

// wants wants this answer and no error.
func (u users) wants(why, user, password string, want bool) {
	u.Helper()
	if got, err := u.verify(user, password); err != nil || got != want {
		u.Errorf("%s: Verify(%q, %q) = %t, %v, want %t", why, user, password, got, err, want)
	}
}

// fails wants an error from both methods, or from Verify alone where the user is there, with these words in it.
func (u users) fails(why, user string, there bool, words ...string) {
	u.Helper()
	ok, err := u.verify(user, "password")
	if ok || err == nil {
		u.Errorf("%s: Verify = %t, %v, want an error", why, ok, err)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			u.Errorf("%s: got %v, want %q in it", why, err, w)
		}
	}
	if has, err := u.Has(u.Context(), nil, user); has != there || (err == nil) != there {
		u.Errorf("%s: Has = %t, %v, want %t", why, has, err, there)
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

// hashed counts the MiB that fn hashes through: nothing else here allocates as much.
func hashed(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) >> 20
}

func TestBackend(t *testing.T) {
	// bcrypt's work cannot be counted from outside: TestStranger looks at its cost.
	suite := func(hash func(*testing.T, string) string, longest int, work func(func()) uint64) {
		backendtest.Run(t, func(t *testing.T) backendtest.Fixture {
			u := file(t, "# users of a test")
			return backendtest.Fixture{
				Backend: u.Backend, Store: memstore.New(), PasswordMax: longest, Work: work,
				AddUser: func(t *testing.T, user, password string) {
					u.append(fmt.Sprintf("%s:%s", user, hash(t, password)))
				},
			}
		})
	}
	suite(func(t *testing.T, p string) string { return hashBcrypt(t, p, bcrypt.MinCost) }, 72, nil)
	suite(hashArgon2, 0, hashed)
}

func (u users) append(line string) {
	u.Helper()
	f, err := os.OpenFile(u.path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(line + "\n")
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		u.Fatal(err)
	}
}

func TestOpenRefusesWhatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken")
	write(t, broken, "alice")
	for _, path := range []string{filepath.Join(dir, "missing"), dir, broken, ""} {
		if _, err := htpasswd.Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%q): got %v, want an error that names it", path, err)
		}
	}
}
