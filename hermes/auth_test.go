package hermes_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// authorize returns the error of AuthAuthorize.
func authorize(t testing.TB, c *hermes.Client, user string, a hermes.Access) error {
	t.Helper()
	_, err := c.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: user, Access: a})
	return err
}

func mustAuthorize(t testing.TB, c *hermes.Client, user string, a hermes.Access) {
	t.Helper()
	if err := authorize(t, c, user, a); err != nil {
		t.Fatal(err)
	}
}

// removeAPIUser returns the error of AuthRemoveUser.
func removeAPIUser(t testing.TB, c *hermes.Client, user string) error {
	t.Helper()
	_, err := c.AuthRemoveUser(t.Context(), hermes.AuthRemoveUserRequest{User: user})
	return err
}

func mustRemoveAPIUser(t testing.TB, c *hermes.Client, user string) {
	t.Helper()
	if err := removeAPIUser(t, c, user); err != nil {
		t.Fatal(err)
	}
}

// mustAddCredential adds a user to the local backend without an authorization.
func mustAddCredential(t testing.TB, e *env, user string) {
	t.Helper()
	if err := e.store.AddCredential(t.Context(), hermes.Credential{User: user, Hash: "x"}); err != nil {
		t.Fatal(err)
	}
}

// mustRemoveCredential removes a user from the local backend; the authorization stays.
func mustRemoveCredential(t testing.TB, e *env, user string) {
	t.Helper()
	if err := e.store.RemoveCredential(t.Context(), user); err != nil {
		t.Fatal(err)
	}
}

// mustNewAdminKey makes an API key with full_write. It does not expire if expires is 0.
func mustNewAdminKey(t testing.TB, e *env, expires time.Duration) hermes.Secret {
	t.Helper()
	return mustNewKey(t, e.client, hermes.AuthNewKeyRequest{
		Host: "192.0.2.1", Access: hermes.FullWrite, Expires: hermes.Duration(expires),
	})
}

// readOnlyBackend hides the methods that write to a backend.
type readOnlyBackend struct{ hermes.Backend }

// allUsersBackend has every user. It accepts no password and cannot be written.
type allUsersBackend struct{ emptyBackend }

func (allUsersBackend) Has(context.Context, hermes.Store, string) (bool, error) { return true, nil }

// renamedBackend is a backend with another name.
type renamedBackend struct {
	hermes.WritableBackend
	name string
}

func (b renamedBackend) Name() string { return b.name }

// newReadOnlyEnv returns an env with a backend that cannot be written.
func newReadOnlyEnv(t testing.TB) *env {
	t.Helper()
	return newEnv(t).withOptions(t, func(o *hermes.Options) {
		o.Backends = []hermes.Backend{readOnlyBackend{o.Backends[0]}}
	})
}

func TestClient_AuthAuthorize(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	res, err := e.client.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: "reader", Access: hermes.FullRead})
	if err != nil || res.User != "reader" || res.Access != hermes.FullRead {
		t.Errorf("got %v and the error %v, want the user and the access level of the request", res, err)
	}
	wantAccess(t, sessionClient(t, e, "reader"), hermes.FullRead)
}

func TestClient_AuthAuthorize_causes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		actor  hermes.Access
		user   string
		access hermes.Access
		want   hermes.Cause
	}{
		{"an admin grants full_write", hermes.FullWrite, "reader", hermes.FullWrite, ""},
		{"a writer grants less than its own", hermes.LimitedWrite, "reader", hermes.LimitedRead, hermes.Forbidden},
		{"no access level", hermes.FullWrite, "reader", hermes.NoAccess, hermes.Parameters},
		{"an unknown access level", hermes.FullWrite, "reader", hermes.FullWrite + 1, hermes.Parameters},
		{"a user that no backend has", hermes.FullWrite, "unknown", hermes.LimitedRead, hermes.NotFound},
		{"no user", hermes.FullWrite, "", hermes.LimitedRead, hermes.Parameters},
		{"a user name with a colon", hermes.FullWrite, "a:b", hermes.LimitedRead, hermes.Parameters},
		{"a user that only the backend has", hermes.FullWrite, "unauthorized", hermes.LimitedRead, ""},
		{"full_write for the last admin again", hermes.FullWrite, "admin", hermes.FullWrite, ""},
		{"less for the last admin", hermes.FullWrite, "admin", hermes.LimitedWrite, hermes.InUse},
		{"less for another user", hermes.FullWrite, "writer", hermes.LimitedRead, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			mustAddCredential(t, e, "unauthorized")
			wantCause(t, authorize(t, e.withAccess(tt.actor), tt.user, tt.access), tt.want)
		})
	}
	t.Run("less for one of two admins", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		mustAuthorize(t, e.client, "writer", hermes.FullWrite)
		mustAuthorize(t, e.client, "admin", hermes.LimitedRead)
	})
	t.Run("a user of a backend that cannot be written", func(t *testing.T) {
		t.Parallel()
		e := newReadOnlyEnv(t)
		mustAuthorize(t, e.client, "reader", hermes.FullRead)
		mustRemoveAPIUser(t, e.client, "writer")
		mustAuthorize(t, e.client, "writer", hermes.FullRead)
	})
}

func TestClient_AuthAddUser(t *testing.T) {
	t.Parallel()
	t.Run("with a password", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		res, err := e.client.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{
			User: "new", Password: hermes.NewSecret("battery staple"),
		})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, res, hermes.AuthAddUserResponse{User: "new", Access: hermes.LimitedRead})
		login, err := e.login(t, "new", "battery staple")
		if err != nil {
			t.Fatal(err)
		}
		wantAccess(t, mustAuthenticate(t, e, credentials(login)), hermes.LimitedRead)
	})
	t.Run("with an accent that is composed or not", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		const composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
		for _, p := range []struct{ stored, given string }{{composed, decomposed}, {decomposed, composed}} {
			mustRemoveAPIUser(t, e.client, "writer")
			req := hermes.AuthAddUserRequest{User: "writer", Password: hermes.NewSecret(p.stored)}
			if _, err := e.client.AuthAddUser(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			if _, err := e.login(t, "writer", p.given); err != nil {
				t.Errorf("login with %+q where %+q is the password: %v", p.given, p.stored, err)
			}
		}
	})
	t.Run("without a password", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		res, err := e.client.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{User: "new"})
		if err != nil {
			t.Fatal(err)
		}
		if !res.Password.Set || len(res.Password.Value.Reveal()) != 20 {
			t.Errorf("got %v, want a generated password", res)
		}
		if _, err = e.login(t, "new", res.Password.Value.Reveal()); err != nil {
			t.Error(err)
		}
	})
}

func TestClient_AuthAddUser_causes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, user, password string
		backends             func(local hermes.Backend) []hermes.Backend // if nil, local alone
		want                 hermes.Cause
	}{
		{"a new user", "new", password, nil, ""},
		{"a user that exists", "writer", password, nil, hermes.Exists},
		{"a password of 7 characters", "new", "1234567", nil, hermes.Parameters},
		{"a password with a control character", "new", "1234567\t8", nil, hermes.Parameters},
		{"no user", "", password, nil, hermes.Parameters},
		{"a user name of 65 characters", strings.Repeat("a", 65), password, nil, hermes.Parameters},
		{"a blank before the user name", " new", password, nil, hermes.Parameters},
		{"a blank after the user name", "new\u00a0", password, nil, hermes.Parameters},
		{"a character of the user name that is not shown", "n\u200bew", password, nil, hermes.Parameters},
		{"no backend can be written", "new", password, func(local hermes.Backend) []hermes.Backend {
			return []hermes.Backend{readOnlyBackend{local}}
		}, hermes.ReadOnly},
		{"another backend has the user", "new", password, func(local hermes.Backend) []hermes.Backend {
			return []hermes.Backend{allUsersBackend{}, local}
		}, hermes.Exists},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			if tt.backends != nil {
				e = e.withOptions(t, func(o *hermes.Options) { o.Backends = tt.backends(o.Backends[0]) })
			}
			_, err := e.client.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{
				User: tt.user, Password: hermes.NewSecret(tt.password),
			})
			wantCause(t, err, tt.want)
		})
	}
	t.Run("a user that was removed", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		mustRemoveAPIUser(t, e.client, "writer")
		_, err := e.client.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{
			User: "writer", Password: hermes.NewSecret(password),
		})
		wantCause(t, err, "")
	})
}

func TestClient_AuthRemoveUser(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	cred, other := mustLogin(t, e, "writer"), mustLogin(t, e, "reader")
	mustRemoveAPIUser(t, e.client, "writer")
	wantNoSession(t, e, cred)
	wantSession(t, e, other)
	_, err := e.authenticate(t, cred)
	wantCause(t, err, hermes.Unauthorized)
	_, err = e.login(t, "writer", password)
	wantCause(t, err, hermes.Unauthorized)
	if _, err = e.store.Credential(t.Context(), "writer"); err != error(hermes.NotFound) {
		t.Errorf("got the error %v for the user's password, want %s", err, hermes.NotFound)
	}
	wantCause(t, removeAPIUser(t, e.client, "writer"), hermes.NotFound)
	wantCause(t, removeAPIUser(t, e.client, ""), hermes.Parameters)

	mustAddCredential(t, e, "unauthorized")
	mustRemoveAPIUser(t, e.client, "unauthorized")
}

func TestClient_AuthRemoveUser_readOnly(t *testing.T) {
	t.Parallel()
	e := newReadOnlyEnv(t)
	mustRemoveAPIUser(t, e.client, "writer")
	wantCause(t, removeAPIUser(t, e.client, "writer"), hermes.NotFound)
}

// The last principal with full_write that can log in and does not expire cannot be removed.
func TestClient_AuthRemoveUser_lastAdmin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		setup func(t *testing.T, e *env)
		want  hermes.Cause
	}{
		{"the only one", func(*testing.T, *env) {}, hermes.InUse},
		{"one of two", func(t *testing.T, e *env) {
			mustAuthorize(t, e.client, "writer", hermes.FullWrite)
		}, ""},
		{"a key is left", func(t *testing.T, e *env) { mustNewAdminKey(t, e, 0) }, ""},
		{"a key that expires is left", func(t *testing.T, e *env) { mustNewAdminKey(t, e, time.Hour) }, hermes.InUse},
		{"a user that no backend has is left", func(t *testing.T, e *env) {
			mustAuthorize(t, e.client, "writer", hermes.FullWrite)
			mustRemoveCredential(t, e, "writer")
		}, hermes.InUse},
		{"itself is a user that no backend has", func(t *testing.T, e *env) { mustRemoveCredential(t, e, "admin") }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			tt.setup(t, e)
			wantCause(t, removeAPIUser(t, e.client, "admin"), tt.want)
		})
	}
	t.Run("the second of two after the first", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		mustAuthorize(t, e.client, "writer", hermes.FullWrite)
		mustRemoveAPIUser(t, e.client, "admin")
		wantCause(t, removeAPIUser(t, e.client, "writer"), hermes.InUse)
	})
	t.Run("a user with less access", func(t *testing.T) {
		t.Parallel()
		mustRemoveAPIUser(t, newEnv(t).client, "writer")
	})
}

func TestClient_AuthListUsers(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustNewKey(t, e.client, keyFor("192.0.2.1")) // keys are not listed
	if err := e.store.RemoveCredential(t.Context(), "reader"); err != nil {
		t.Fatal(err)
	}
	res, err := e.client.AuthListUsers(t.Context(), hermes.AuthListUsersRequest{})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, res.List, []hermes.AuthUserEntry{
		{User: "admin", Access: hermes.FullWrite, Backend: "local"},
		{User: "auditor", Access: hermes.FullRead, Backend: "local"},
		{User: "reader", Access: hermes.LimitedRead, Backend: ""},
		{User: "writer", Access: hermes.LimitedWrite, Backend: "local"},
	})
}
