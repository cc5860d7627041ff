package hermes_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

// wantBootstrapped checks the result of Bootstrapped.
func wantBootstrapped(t testing.TB, c *hermes.Client, want bool) {
	t.Helper()
	if got, err := c.Bootstrapped(t.Context()); err != nil || got != want {
		t.Errorf("got %v and the error %v from Bootstrapped, want %v", got, err, want)
	}
}

func TestClient_Bootstrap(t *testing.T) {
	t.Parallel()
	pw := hermes.NewSecret(password)
	t.Run("an empty store", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		e.store = memstore.New()
		e.client = e.newClient(t, e.store)
		wantBootstrapped(t, e.client, false)
		if err := e.client.Bootstrap(t.Context(), "root", pw); err != nil {
			t.Fatal(err)
		}
		wantAccess(t, sessionClient(t, e, "root"), hermes.FullWrite)
		wantCause(t, e.client.Bootstrap(t.Context(), "root2", pw), hermes.Exists)
	})
	t.Run("a store with an admin", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		wantBootstrapped(t, e.client, true)
		wantCause(t, e.client.Bootstrap(t.Context(), "root", pw), hermes.Exists)
	})
}

// A backend that cannot be written keeps the passwords of its users, which are authorized only.
func TestClient_Bootstrap_readOnly(t *testing.T) {
	t.Parallel()
	e := newReadOnlyEnv(t)
	ctx, pw := t.Context(), hermes.NewSecret(password)
	wantCause(t, e.client.Bootstrap(ctx, "reader", hermes.Secret{}), hermes.Exists)

	admin := hermes.Principal{Kind: hermes.UserPrincipal, Name: "admin"}
	if err := e.store.RemoveAuthorization(ctx, admin); err != nil {
		t.Fatal(err)
	}
	wantCause(t, e.client.Bootstrap(ctx, "reader", pw), hermes.ReadOnly)
	wantCause(t, e.client.Bootstrap(ctx, "unknown", hermes.Secret{}), hermes.Parameters)
	if err := e.client.Bootstrap(ctx, "reader", hermes.Secret{}); err != nil {
		t.Fatal(err)
	}
	wantAccess(t, sessionClient(t, e, "reader"), hermes.FullWrite)
}

// barrierBackend is a local backend in which all calls of Add wait for each other.
type barrierBackend struct {
	*local.Backend
	calls sync.WaitGroup
}

func (b *barrierBackend) Add(user string, p hermes.Secret) (hermes.Change, error) {
	b.calls.Done()
	b.calls.Wait()
	return b.Backend.Add(user, p)
}

// One of several concurrent calls makes the first principal. The others fail with Exists.
func TestClient_Bootstrap_concurrent(t *testing.T) {
	t.Parallel()
	users := []string{"alice", "bob", "carol", "dave"}
	backend := &barrierBackend{Backend: cheapBackend()}
	backend.calls.Add(len(users))
	c, err := hermes.New(memstore.New(), &hermes.Options{Backends: []hermes.Backend{backend}})
	if err != nil {
		t.Fatal(err)
	}
	results := make(chan error)
	for _, user := range users {
		go func() { results <- c.Bootstrap(t.Context(), user, hermes.NewSecret(password)) }()
	}
	succeeded := 0
	for range users {
		err := <-results
		if err == nil {
			succeeded++
		} else if !errors.Is(err, hermes.Exists) {
			t.Error(err)
		}
	}
	if succeeded != 1 {
		t.Errorf("%d of %d concurrent calls succeeded, want 1", succeeded, len(users))
	}
}

func TestClient_Recover(t *testing.T) {
	t.Parallel()
	t.Run("a new user", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		if err := e.client.Recover(t.Context(), "root", hermes.NewSecret(password)); err != nil {
			t.Fatal(err)
		}
		wantAccess(t, sessionClient(t, e, "root"), hermes.FullWrite)
	})
	t.Run("users that exist get the new password and full_write", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		next := hermes.NewSecret("battery staple")
		admin, reader, writer := mustLogin(t, e, "admin"), mustLogin(t, e, "reader"), mustLogin(t, e, "writer")
		mustRemoveAPIUser(t, e.client, "auditor")
		for _, user := range []string{"admin", "reader", "auditor"} {
			if err := e.client.Recover(t.Context(), user, next); err != nil {
				t.Fatal(err)
			}
			_, err := e.login(t, user, password)
			wantCause(t, err, hermes.Unauthorized)
			res, err := e.login(t, user, next.Reveal())
			if err != nil {
				t.Fatal(err)
			}
			wantAccess(t, mustAuthenticate(t, e, credentials(res)), hermes.FullWrite)
		}
		wantNoSession(t, e, admin)
		wantNoSession(t, e, reader)
		wantSession(t, e, writer)
	})
}

func TestClient_Recover_causes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		actor          hermes.Access
		user, password string
		want           hermes.Cause
	}{
		{"no user", hermes.FullWrite, "", password, hermes.Parameters},
		{"a password of 5 characters", hermes.FullWrite, "root", "short", hermes.Parameters},
		{"a new user without a password", hermes.FullWrite, "root", "", hermes.Parameters},
		{"a short password for a user that exists", hermes.FullWrite, "writer", "short", hermes.Parameters},
		{"a control character in the password", hermes.FullWrite, "writer", "1234567\t8", hermes.Parameters},
		{"a caller with limited_write", hermes.LimitedWrite, "root", password, hermes.Forbidden},
		{"a caller without access", hermes.NoAccess, "root", password, hermes.Unauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			writer := mustLogin(t, e, "writer")
			err := e.withAccess(tt.actor).Recover(t.Context(), tt.user, hermes.NewSecret(tt.password))
			wantCause(t, err, tt.want)
			wantAccess(t, mustAuthenticate(t, e, writer), hermes.LimitedWrite)
		})
	}
	t.Run("a new password in a backend that cannot be written", func(t *testing.T) {
		t.Parallel()
		err := newReadOnlyEnv(t).client.Recover(t.Context(), "reader", hermes.NewSecret(password))
		wantCause(t, err, hermes.ReadOnly)
	})
}

// If any call of the store fails, password, access level and sessions remain.
func TestClient_Recover_storeFails(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	cred := mustLogin(t, e, "reader")
	for n := 1; ; n++ {
		c := e.newClient(t, failCall(n).over(e.store))
		err := c.Recover(t.Context(), "reader", hermes.NewSecret("battery staple"))
		if err == nil { // every call has failed once
			if n < 8 {
				t.Errorf("got %d calls of the store, want at least 7", n-1)
			}
			return
		}
		wantDBFail(t, err)
		wantAccess(t, mustAuthenticate(t, e, cred), hermes.LimitedRead)
		mustLogin(t, e, "reader")
	}
}

// The methods that are not nodes report a failure of the store as nodes do.
func TestClient_storeFails(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	c := e.newClient(t, failAllCalls().over(e.store))
	wantDBFail(t, c.Bootstrap(t.Context(), "root", hermes.NewSecret(password)))
	_, err := c.Bootstrapped(t.Context())
	wantDBFail(t, err)
	_, err = c.SweepSessions(t.Context())
	wantDBFail(t, err)
	_, err = c.Rekey(t.Context())
	wantDBFail(t, err)
}
