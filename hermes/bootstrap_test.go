package hermes_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

func TestBootstrap(t *testing.T) {
	w := newWorld(t)
	ctx, pw := t.Context(), hermes.NewSecret(password)
	if done := ok(t, got(w.Bootstrapped(ctx))); !done {
		t.Error("a world with an admin is not bootstrapped")
	}
	refused(t, w.Bootstrap(ctx, "root", pw), hermes.Exists)
	w.noError(w.Recover(ctx, "root", pw))
	wantAccess(t, w.by("root"), hermes.FullWrite)
	refused(t, w.Recover(ctx, "", pw), hermes.Parameters)
	refused(t, w.Recover(ctx, "root2", hermes.NewSecret("short")), hermes.Parameters)
	refused(t, w.Recover(ctx, "root2", hermes.Secret{}), hermes.Parameters)
	refused(t, w.level(hermes.LimitedWrite).Recover(ctx, "root2", pw), hermes.Forbidden)
	refused(t, w.level(hermes.NoAccess).Recover(ctx, "root2", pw), hermes.Unauthorized)
}

func TestBootstrapOfAnEmptyStore(t *testing.T) {
	w := newWorld(t)
	w.store = memstore.New()
	w.Client = w.over(w.store)
	if done := ok(t, got(w.Bootstrapped(t.Context()))); done {
		t.Error("an empty store is bootstrapped")
	}
	w.noError(w.Bootstrap(t.Context(), "root", hermes.NewSecret(password)))
	wantAccess(t, w.by("root"), hermes.FullWrite)
	refused(t, w.Bootstrap(t.Context(), "root2", hermes.NewSecret(password)), hermes.Exists)
}

// Who lost the password gets a new one, whatever level is left of the old.
func TestRecover(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	next := hermes.NewSecret("battery staple")
	admin, reader, other := w.login("admin"), w.login("reader"), w.login("writer")
	w.noError(removeUser("auditor")(w))
	for _, user := range []string{"admin", "reader", "auditor"} {
		w.noError(w.Recover(ctx, user, next))
		refused(t, only(w.tryLogin(user, password)), hermes.Unauthorized)
		cred := credentials(ok(t, got(w.tryLogin(user, next.Reveal()))))
		wantAccess(t, ok(t, got(w.enter(cred))), hermes.FullWrite)
	}
	w.wantAlive(admin, false)
	w.wantAlive(reader, false)
	w.wantAlive(other, true)
	for _, bad := range []string{"short", "1234567\t8"} {
		refused(t, w.Recover(ctx, "writer", hermes.NewSecret(bad)), hermes.Parameters)
	}
	wantAccess(t, ok(t, got(w.enter(other))), hermes.LimitedWrite)
}

// Users of a backend that keeps its own passwords are given the level alone.
func TestBootstrapReadOnly(t *testing.T) {
	w := newWorld(t)
	ctx, pw := t.Context(), hermes.NewSecret(password)
	readOnly(w)
	refused(t, w.Recover(ctx, "reader", pw), hermes.ReadOnly)
	refused(t, w.Bootstrap(ctx, "reader", hermes.Secret{}), hermes.Exists)
	w.noError(w.store.RemoveAuthorization(ctx, hermes.Principal{Kind: hermes.UserPrincipal, Name: "admin"}))
	refused(t, w.Bootstrap(ctx, "reader", pw), hermes.ReadOnly)
	refused(t, w.Bootstrap(ctx, "nobody", hermes.Secret{}), hermes.Parameters)
	w.noError(w.Bootstrap(ctx, "reader", hermes.Secret{}))
	wantAccess(t, w.by("reader"), hermes.FullWrite)
}

// A failure halfway leaves password, level and sessions.
func TestRecoverFaults(t *testing.T) {
	w := newWorld(t)
	cred := w.login("reader")
	for n := 1; ; n++ {
		broken := w.over((&storeCalls{fail: func(i int) error {
			if i == n {
				return errDisk
			}
			return nil
		}}).over(w.store))
		err := broken.Recover(t.Context(), "reader", hermes.NewSecret("battery staple"))
		if err == nil {
			if n < 8 {
				t.Errorf("only %d calls could fail", n-1)
			}
			return
		}
		wantDBFail(t, err)
		wantAccess(t, ok(t, got(w.enter(cred))), hermes.LimitedRead)
		w.login("reader")
	}
}

func TestBootstrapFaults(t *testing.T) {
	w := newWorld(t)
	broken := w.over((&storeCalls{fail: func(int) error { return errDisk }}).over(w.store))
	wantDBFail(t, broken.Bootstrap(t.Context(), "root", hermes.NewSecret(password)))
	wantDBFail(t, only(broken.Bootstrapped(t.Context())))
	wantDBFail(t, only(broken.SweepSessions(t.Context())))
	wantDBFail(t, only(broken.Rekey(t.Context())))
}

// meeting is a local backend in which all who add a user meet before any of them goes on.
type meeting struct {
	*local.Backend
	all sync.WaitGroup
}

func (m *meeting) Add(user string, p hermes.Secret) (hermes.Change, error) {
	m.all.Done()
	m.all.Wait()
	return m.Backend.Add(user, p)
}

func TestBootstrapOnce(t *testing.T) {
	names := []string{"alice", "bob", "carol", "dave"}
	m := &meeting{Backend: cheapBackend()}
	m.all.Add(len(names))
	c, err := hermes.New(memstore.New(), &hermes.Options{Backends: []hermes.Backend{m}})
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	for _, name := range names {
		go func() { errs <- c.Bootstrap(t.Context(), name, hermes.NewSecret(password)) }()
	}
	made := 0
	for range names {
		switch err := <-errs; {
		case err == nil:
			made++
		case !errors.Is(err, hermes.Exists):
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d of %d at once made the first principal, want 1", made, len(names))
	}
}
