package hermes_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// directory is a backend that cannot be written. It has the users of passwords, records for which
// names Verify was called, and answers only while silent is not set.
type directory struct {
	mu        sync.Mutex
	passwords map[string]string
	verified  []string
	fault     error
	silent    bool
}

func (d *directory) Name() string { return "directory" }

func (d *directory) Verify(ctx context.Context, _ hermes.Store, user string, password hermes.Secret) (bool, error) {
	if err := d.wait(ctx); err != nil {
		return false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.verified = append(d.verified, user)
	p, has := d.passwords[user]
	return has && p == password.Reveal(), d.fault
}

func (d *directory) Has(ctx context.Context, _ hermes.Store, user string) (bool, error) {
	if err := d.wait(ctx); err != nil {
		return false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	_, has := d.passwords[user]
	return has && d.fault == nil, d.fault
}

func (d *directory) wait(ctx context.Context) error {
	if d.silent {
		<-ctx.Done()
	}
	return ctx.Err()
}

// set changes the password of a user, or removes the user if it is empty.
func (d *directory) set(user, password string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passwords == nil {
		d.passwords = map[string]string{}
	}
	d.passwords[user] = password
	if password == "" {
		delete(d.passwords, user)
	}
}

func withBackends(t testing.TB, backends ...hermes.Backend) *env {
	t.Helper()
	return newEnv(t).withOptions(t, func(o *hermes.Options) { o.Backends = backends })
}

// A name belongs to the first backend that has it.
func TestClient_AuthLogin_sameName(t *testing.T) {
	t.Parallel()
	d := &directory{}
	d.set("writer", "of the directory")
	for _, tt := range []struct {
		name     string
		backends []hermes.Backend
		password string
		want     hermes.Cause
	}{
		{"the password of the first", []hermes.Backend{cheapBackend(), d}, password, ""},
		{"the password of the second", []hermes.Backend{cheapBackend(), d}, "of the directory", hermes.Unauthorized},
		{"the password of the first, in the other order", []hermes.Backend{d, cheapBackend()}, "of the directory", ""},
		{"the password of the second, in the other order", []hermes.Backend{d, cheapBackend()}, password, hermes.Unauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := withBackends(t, tt.backends...).login(t, "writer", tt.password)
			wantCause(t, err, tt.want)
		})
	}
}

// A backend is not asked to verify the password of a user that is not its own, or may do nothing
// here: a directory counts failed logins. It does the same work for another name.
func TestClient_AuthLogin_foreignName(t *testing.T) {
	t.Parallel()
	d := &directory{}
	for _, user := range []string{"writer", "alice", "auditor"} {
		d.set(user, "of the directory")
	}
	e := withBackends(t, cheapBackend(), d)
	mustRemoveCredential(t, e, "auditor")
	for _, user := range []string{"writer", "alice", "ALICE", "Auditor", "unknown"} {
		_, err := e.login(t, user, "wrong horse")
		wantCause(t, err, hermes.Unauthorized)
	}
	if want := []string{":", ":", ":", ":", ":"}; !slices.Equal(d.verified, want) {
		t.Errorf("the directory verified %q, want %q", d.verified, want)
	}
	if _, err := e.login(t, "auditor", "of the directory"); err != nil || d.verified[len(d.verified)-1] != "auditor" {
		t.Errorf("got %v for a user of the directory, which verified %q", err, d.verified)
	}
}

// A directory that does not answer delays neither the users of the backends before it, nor their
// pings, and no user that it may have can log in.
func TestClient_AuthLogin_silentDirectory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &directory{silent: true}
		e := withBackends(t, cheapBackend(), d)
		start := time.Now()
		cred := mustLogin(t, e, "writer")
		mustPing(t, e, cred)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("the user of the first backend waited for %s", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		second := withBackends(t, d, cheapBackend())
		_, err := second.from(office).AuthLogin(ctx, hermes.AuthLoginRequest{
			Username: "writer", Password: hermes.NewSecret(password),
		})
		wantCause(t, err, hermes.Unauthorized)
	})
}

// Logins that fail because a directory does not answer count against no limit, unless another
// backend has found the password wrong.
func TestClient_AuthLogin_failingDirectory(t *testing.T) {
	t.Parallel()
	d := &directory{fault: errors.New("unreachable")}
	d.set("auditor", "of the directory")
	e := withBackends(t, cheapBackend(), d)
	mustRemoveCredential(t, e, "auditor")
	for range 20 {
		_, err := e.login(t, "auditor", "of the directory")
		wantCause(t, err, hermes.Unauthorized)
	}
	d.fault = nil
	if _, err := e.login(t, "auditor", "of the directory"); err != nil {
		t.Errorf("once the directory answers: %v", err)
	}
	d.fault = errors.New("unreachable")
	for i := range 6 {
		_, err := e.login(t, "writer", "wrong horse")
		want := hermes.Unauthorized
		if i == 5 {
			want = hermes.Throttled
		}
		wantCause(t, err, want)
	}
}

// betweenBackend is a local backend that calls between after it has verified a password, once.
type betweenBackend struct {
	hermes.WritableBackend
	between func()
}

func (b *betweenBackend) Verify(ctx context.Context, s hermes.Store, user string, p hermes.Secret) (bool, error) {
	ok, err := b.WritableBackend.Verify(ctx, s, user, p)
	if f := b.between; f != nil {
		b.between = nil
		f()
	}
	return ok, err
}

// A login opens no session if its principal has changed since it was verified.
func TestClient_AuthLogin_changedBetween(t *testing.T) {
	t.Parallel()
	const next = "battery staple"
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, e *env)
		want   hermes.Cause
	}{
		{"nothing has changed", func(*testing.T, *env) {}, ""},
		{"another password", func(t *testing.T, e *env) {
			wantCause(t, updateUser(t, e.client, newPassword("writer", "")), "")
		}, hermes.Unauthorized},
		{"another password, by Recover", func(t *testing.T, e *env) {
			wantCause(t, e.client.Recover(t.Context(), "writer", hermes.NewSecret(next)), "")
		}, hermes.Unauthorized},
		{"removed", func(t *testing.T, e *env) { mustRemoveAPIUser(t, e.client, "writer") }, hermes.Unauthorized},
		{"removed, and another user of the name", func(t *testing.T, e *env) {
			mustRemoveAPIUser(t, e.client, "writer")
			_, err := e.client.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{User: "writer", Password: hermes.NewSecret(next)})
			wantCause(t, err, "")
		}, hermes.Unauthorized},
		{"another level, with which the login is verified again", func(t *testing.T, e *env) {
			mustAuthorize(t, e.client, "writer", hermes.LimitedRead)
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := &betweenBackend{WritableBackend: cheapBackend()}
			e := withBackends(t, b)
			b.between = func() { tt.change(t, e) }
			before := takeSnapshot(t, e.store).Transient
			_, err := e.login(t, "writer", password)
			wantCause(t, err, tt.want)
			if added := takeSnapshot(t, e.store).Transient - before; (added > 0) != (tt.want == "") {
				t.Errorf("%d sessions and known logins were added", added)
			}
		})
	}
}

// The old password must still be the present one when the new one is set.
func TestClient_AuthUpdateUser_changedBetween(t *testing.T) {
	t.Parallel()
	b := &betweenBackend{WritableBackend: cheapBackend()}
	e := withBackends(t, b)
	c := mustAuthenticate(t, e, mustLogin(t, e, "writer"))
	b.between = func() { wantCause(t, updateUser(t, e.client, newPassword("writer", "")), "") }
	req := newPassword("writer", password)
	req.Password = hermes.NewSecret("of the thief")
	wantCause(t, updateUser(t, c, req), hermes.Unauthorized)
	if _, err := e.login(t, "writer", "battery staple"); err != nil {
		t.Error(err)
	}
}
