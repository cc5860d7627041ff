package local_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/backendtest"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

var (
	_ hermes.WritableBackend = (*local.Backend)(nil)
	_ hermes.HashingBackend  = (*local.Backend)(nil)
)

func TestBackend(t *testing.T) {
	backendtest.Run(t, func(*testing.T) backendtest.Fixture {
		b, s := local.New(&local.Options{MemoryKiB: 2048, Passes: 1}), memstore.New()
		return backendtest.Fixture{
			Backend: b,
			Store:   s,
			Work:    allocatedMiB,
			AddUser: func(t *testing.T, user, password string) {
				add, err := b.Add(user, hermes.NewSecret(password))
				if err = errors.Join(err, add(t.Context(), s)); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
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

// storeWithHash returns a store in which alice has the hash.
func storeWithHash(t *testing.T, hash string) hermes.Store {
	t.Helper()
	s := memstore.New()
	if err := s.AddCredential(t.Context(), hermes.Credential{User: "alice", Hash: hash}); err != nil {
		t.Fatal(err)
	}
	return s
}

// failingStore is a store whose Credential fails.
type failingStore struct{ hermes.Store }

var errStore = errors.New("the store fails")

func (failingStore) Credential(context.Context, string) (hermes.Credential, error) {
	return hermes.Credential{}, errStore
}

func TestBackend_Verify(t *testing.T) {
	t.Parallel()
	t.Run("stored hashes", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ hash, why string }{
			{"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
				"from the tests of the reference implementation"},
			{"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
				"from the command of the reference implementation, with another cost than the backend"},
			{"$argon2i$v=19$m=256,t=3,p=1$c29tZXNhbHQ$PBoa8mph1GgOP5sS08zwcXY1UQ5unu4HA9NtqGHDBdU", "argon2i"},
		} {
			s, b := storeWithHash(t, row.hash), local.New(nil)
			for password, want := range map[string]bool{"password": true, "passwore": false, "": false} {
				got, err := b.Verify(t.Context(), s, "alice", hermes.NewSecret(password))
				if err != nil || got != want {
					t.Errorf("%s: Verify(%q) = %t, %v, want %t", row.why, password, got, err, want)
				}
			}
		}
	})
	t.Run("malformed hashes", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ hash, why string }{
			{"", "no hash"},
			{"password", "a password in clear text"},
			{"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$", "an empty sum, which would match any password"},
			{"$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "4 TiB of memory"},
			{"$argon2id$v=19$m=256,t=4294967295,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "passes for years"},
			{"$argon2id$v=19$m=256,t=0,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "no pass, for which x/crypto panics"},
			{"$2y$05$.eu5eADW7iLSI5j/XSG.EunOfwSZAVya6P6tQRnWAPw4RwuR6TpwK", "bcrypt"},
		} {
			s, b := storeWithHash(t, row.hash), local.New(nil)
			for _, password := range []string{"password", "", row.hash} {
				got, err := b.Verify(t.Context(), s, "alice", hermes.NewSecret(password))
				if got || err == nil {
					t.Errorf("%s: Verify(%q) = %t, %v, want an error", row.why, password, got, err)
				} else if !strings.Contains(err.Error(), `"alice"`) {
					t.Errorf("%s: got %v, want the user to be named", row.why, err)
				}
			}
			if has, err := b.Has(t.Context(), s, "alice"); !has || err != nil {
				t.Errorf("%s: Has = %t, %v, want true", row.why, has, err)
			}
		}
	})
	t.Run("the store fails", func(t *testing.T) {
		t.Parallel()
		got, err := local.New(nil).Verify(t.Context(), failingStore{}, "alice", hermes.NewSecret("password"))
		if got || err != errStore {
			t.Errorf("Verify = %t, %v, want the error of the store", got, err)
		}
	})
}

func TestBackend_Has(t *testing.T) {
	t.Parallel()
	has, err := local.New(nil).Has(t.Context(), failingStore{}, "alice")
	if has || err != errStore {
		t.Errorf("Has = %t, %v, want the error of the store", has, err)
	}
}

// addedHash returns the hash that a backend with opts stores for a password.
func addedHash(t *testing.T, opts *local.Options) string {
	t.Helper()
	s, b := memstore.New(), local.New(opts)
	add, err := b.Add("alice", hermes.NewSecret("password"))
	if err = errors.Join(err, add(t.Context(), s)); err != nil {
		t.Fatal(err)
	}
	if ok, err := b.Verify(t.Context(), s, "alice", hermes.NewSecret("password")); !ok || err != nil {
		t.Errorf("%+v: the password verifies as %t, %v", opts, ok, err)
	}
	c, err := s.Credential(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	return c.Hash
}

func TestBackend_Add(t *testing.T) {
	t.Parallel()
	t.Run("cost", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct {
			opts *local.Options
			want string
			why  string
		}{
			{nil, "$argon2id$v=19$m=19456,t=2,p=1$", "the defaults"},
			{&local.Options{}, "$argon2id$v=19$m=19456,t=2,p=1$", "zero selects the default"},
			{&local.Options{MemoryKiB: 64, Passes: 3}, "$argon2id$v=19$m=64,t=3,p=1$", "the given values"},
			{&local.Options{MemoryKiB: 1, Passes: 17}, "$argon2id$v=19$m=8,t=16,p=1$", "values out of range are replaced by the nearest ones in range"},
		} {
			if got := addedHash(t, row.opts); !strings.HasPrefix(got, row.want) {
				t.Errorf("%s: got %s, want %s…", row.why, got, row.want)
			}
		}
	})
	t.Run("salt", func(t *testing.T) {
		t.Parallel()
		opts := &local.Options{MemoryKiB: 8, Passes: 1}
		if a, b := addedHash(t, opts), addedHash(t, opts); a == b {
			t.Errorf("got %s twice, want two salts", a)
		}
		opts.Rand = iotest.ErrReader(errors.New("no entropy"))
		b := local.New(opts)
		_, addErr := b.Add("alice", hermes.NewSecret("password"))
		_, updateErr := b.Update("alice", hermes.NewSecret("password"))
		if addErr == nil || updateErr == nil {
			t.Errorf("without a salt: got %v and %v, want errors", addErr, updateErr)
		}
	})
}
