package backendtest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/backendtest"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

const faultEnv = "HERMES_TEST_SEEDED_BUG"

// faults maps each fault of faultyBackend to a test that must fail for it. Others may fail, too.
var faults = map[string]string{
	"empty password accepted":        "passwords/empty",
	"password cut at NUL":            "passwords/similar",
	"password in any case":           "passwords/similar",
	"password cut at 72 bytes":       "passwords/every byte of a long password counts",
	"password trimmed":               "passwords/special characters",
	"result remembered":              "Verify/a wrong password is rejected before and after the right one",
	"password of any user":           "Verify/the password of another user is rejected",
	"unknown user is an error":       "Verify/an unknown user is rejected without an error",
	"unknown user takes no work":     "Verify/an unknown user takes as much work as a known one",
	"context ignored":                "Verify/a cancelled context is an error",
	"name in any case":               "user names/upper and lower case",
	"name trimmed":                   "user names/similar",
	"name cut at NUL":                "user names/similar",
	"name is a pattern":              "user names/similar",
	"cause wrapped":                  "changes/a failed change returns a cause and changes nothing",
	"added when prepared":            "changes/a change has no effect before it is applied",
	"change has an effect only once": "changes/a change can be applied again after a rollback",
	"update adds":                    "changes/a failed change returns a cause and changes nothing",
	"remove ignores a missing user":  "changes/a failed change returns a cause and changes nothing",
}

// TestRun runs the suite on a backend without a fault, which must pass, and on backends with one
// fault each, which must fail. Each run is a process of its own.
func TestRun(t *testing.T) {
	t.Parallel()
	if fault, isChild := os.LookupEnv(faultEnv); isChild {
		backendtest.Run(t, func(*testing.T) backendtest.Fixture { return newFixture(fault) })
		return
	}
	t.Run("without a fault", func(t *testing.T) {
		t.Parallel()
		if out, err := runSuite(t, ""); err != nil {
			t.Errorf("got %v, want success:\n%s", err, out)
		}
	})
	for fault, want := range faults {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			out, err := runSuite(t, fault)
			if !strings.Contains(out, "--- FAIL: TestRun/"+strings.ReplaceAll(want, " ", "_")+" (") {
				t.Errorf("got %v, want %q to fail:\n%.4000s", err, want, out)
			}
		})
	}
}

// runSuite runs the suite on a backend with the fault, and returns the output of the process.
func runSuite(t *testing.T, fault string) (string, error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestRun$")
	cmd.Env = append(os.Environ(), faultEnv+"="+fault)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// faultyBackend is a backend that stores passwords in clear, with at most one fault.
type faultyBackend struct {
	fault string
	store *memstore.Store

	mu       sync.Mutex
	work     uint64              // calls of Verify
	added    []hermes.Credential // of Fixture.AddUser
	accepted map[string]bool     // last result of Verify for each user
}

// newFixture returns a fixture of a backend with the fault, or without one if it is empty.
func newFixture(fault string) backendtest.Fixture {
	b := &faultyBackend{fault: fault, store: memstore.New(), accepted: map[string]bool{}}
	return backendtest.Fixture{
		Backend: b,
		Store:   b.store,
		AddUser: func(t *testing.T, user, password string) {
			c := hermes.Credential{User: user, Hash: password}
			b.added = append(b.added, c)
			if err := b.store.AddCredential(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		},
		Work: func(fn func()) uint64 {
			before := b.work
			fn()
			return b.work - before
		},
	}
}

func (b *faultyBackend) Name() string { return "faulty" }

// faulty reports whether b has the fault.
func (b *faultyBackend) faulty(fault string) bool { return b.fault == fault }

func (b *faultyBackend) Verify(
	ctx context.Context, s hermes.Store, user string, password hermes.Secret,
) (bool, error) {
	c, err := b.find(ctx, s, user)
	unknown := err == error(hermes.NotFound)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !unknown || !b.faulty("unknown user takes no work") {
		b.work++
	}
	if unknown && !b.faulty("unknown user is an error") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ok := b.matchesPassword(c, password.Reveal()) || b.faulty("result remembered") && b.accepted[user]
	b.accepted[user] = ok
	return ok, nil
}

func (b *faultyBackend) Has(ctx context.Context, s hermes.Store, user string) (bool, error) {
	_, err := b.find(ctx, s, user)
	if err == error(hermes.NotFound) {
		return false, nil
	}
	return err == nil, err
}

func (b *faultyBackend) find(ctx context.Context, s hermes.Store, user string) (hermes.Credential, error) {
	if b.faulty("context ignored") {
		ctx = context.WithoutCancel(ctx)
	}
	for _, c := range b.added {
		if b.matchesName(c.User, user) {
			return s.Credential(ctx, c.User)
		}
	}
	return s.Credential(ctx, user)
}

func (b *faultyBackend) matchesName(known, user string) bool {
	switch b.fault {
	case "name in any case":
		return strings.EqualFold(known, user)
	case "name trimmed":
		return known == strings.TrimSpace(user)
	case "name cut at NUL":
		user, _, _ = strings.Cut(user, "\x00")
	case "name is a pattern":
		ok, _ := path.Match(user, known)
		return ok
	}
	return known == user
}

func (b *faultyBackend) matchesPassword(c hermes.Credential, password string) bool {
	switch b.fault {
	case "password cut at NUL":
		password, _, _ = strings.Cut(password, "\x00")
	case "password in any case":
		return strings.EqualFold(c.Hash, password)
	case "password cut at 72 bytes":
		return c.Hash[:min(72, len(c.Hash))] == password[:min(72, len(password))]
	case "password trimmed":
		password = strings.TrimSpace(password)
	case "password of any user":
		return slices.ContainsFunc(b.added, func(c hermes.Credential) bool { return c.Hash == password })
	}
	return c.Hash == password && (password != "" || b.faulty("empty password accepted"))
}

func (b *faultyBackend) Add(user string, password hermes.Secret) (hermes.Change, error) {
	c := hermes.Credential{User: user, Hash: password.Reveal()}
	if b.faulty("added when prepared") {
		return func(context.Context, hermes.Store) error { return nil }, b.store.AddCredential(context.Background(), c)
	}
	return b.change(func(ctx context.Context, s hermes.Store) error { return s.AddCredential(ctx, c) }), nil
}

func (b *faultyBackend) Update(user string, password hermes.Secret) (hermes.Change, error) {
	c := hermes.Credential{User: user, Hash: password.Reveal()}
	return b.change(func(ctx context.Context, s hermes.Store) error {
		err := s.SetCredential(ctx, c)
		if err != nil && b.faulty("update adds") {
			err = s.AddCredential(ctx, c)
		}
		return err
	}), nil
}

func (b *faultyBackend) Remove(user string) hermes.Change {
	return b.change(func(ctx context.Context, s hermes.Store) error {
		err := s.RemoveCredential(ctx, user)
		if b.faulty("remove ignores a missing user") {
			return nil
		}
		return err
	})
}

func (b *faultyBackend) change(apply hermes.Change) hermes.Change {
	used := false
	return func(ctx context.Context, s hermes.Store) error {
		if used && b.faulty("change has an effect only once") {
			return nil
		}
		used = true
		err := apply(ctx, s)
		if err != nil && b.faulty("cause wrapped") {
			err = fmt.Errorf("faulty: %w", err)
		}
		return err
	}
}
