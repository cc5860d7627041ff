package hermes_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
)

func TestNew_secretKeys(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	if _, err := hermes.New(s, nil); err != nil {
		t.Errorf("store that keeps nothing, no key: got %v, want nil", err)
	}
	lasting := lastingStore{s}
	if _, err := hermes.New(lasting, nil); err == nil {
		t.Error("store that keeps passwords, no key: got no error, and the passwords would be lost")
	}
	if _, err := hermes.New(lasting, &hermes.Options{SecretKeys: []hermes.SecretKey{{}}}); err == nil {
		t.Error("zero key: got no error")
	}
}

// lastingStore is a store that keeps its records.
type lastingStore struct{ hermes.Store }

func (lastingStore) VolatileKey() hermes.SecretKey { return hermes.SecretKey{} }

// wrapper is a store that adds something to another one, as an embedder may write it.
type wrapper struct{ hermes.Store }

// The made-up key belongs to the store: every Client without keys of its own opens what another one
// has sealed.
func TestNew_madeUpKey(t *testing.T) {
	t.Parallel()
	s := memstore.New(domain("example.com"))
	first := mustNew(t, s)
	addRecords(t, first)
	want := mustUserGet(t, first, alice).Password.Value
	for name, store := range map[string]hermes.Store{
		"the same store": s, "a wrapper": wrapper{s},
		"an interceptor": storetest.Intercept(s, func(string) error { return nil }),
	} {
		if got := mustUserGet(t, mustNew(t, store), alice).Password.Value; got != want {
			t.Errorf("%s: got another password", name)
		}
	}
	var added hermes.UserObject
	err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
		c := mustNew(t, tx)
		if got := mustUserGet(t, c, alice).Password.Value; got != want {
			t.Error("in a transaction: got another password")
		}
		added = mustUserAdd(t, c, hermes.UserAddRequest{User: addr("new@example.com")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := mustUserGet(t, first, added.User).Password.Value; got != added.Password.Value {
		t.Error("sealed in a transaction: got another password")
	}
}

// mustNew returns a Client without options.
func mustNew(t *testing.T, s hermes.Store) *hermes.Client {
	t.Helper()
	c, err := hermes.New(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNew_doesNotChangeOptions(t *testing.T) {
	t.Parallel()
	opts := hermes.Options{}
	if _, err := hermes.New(memstore.New(), &opts); err != nil {
		t.Fatal(err)
	}
	if opts.AuthKeyTTL != 0 || opts.Now != nil || opts.Rand != nil || opts.SecretKeys != nil {
		t.Errorf("New wrote its defaults into the caller's options: %+v", opts)
	}
}

func TestOptions_AuthKeyTTL(t *testing.T) {
	t.Parallel()
	e := newEnvWith(t, func(o *hermes.Options) { o.AuthKeyTTL, o.AuthKeyGrace = 10*time.Minute, 2*time.Minute })
	res, err := e.login(t, "writer", password)
	if err != nil {
		t.Fatal(err)
	}
	if res.ExpiresIn != 600 || res.Cookie.MaxAge != 11*time.Minute {
		t.Errorf("got a key for %d s, a cookie for %v; want 600 s and 11 minutes", res.ExpiresIn, res.Cookie.MaxAge)
	}
	cred := credentials(res)
	mustPing(t, e, cred)
	e.clock.sleep(2*time.Minute - time.Microsecond)
	mustAuthenticate(t, e, cred)
	e.clock.sleep(time.Microsecond)
	_, err = e.authenticate(t, cred)
	wantCause(t, err, hermes.Unauthorized)
}

func TestClient_As(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	if a := e.client.Actor(); a.Access != hermes.FullWrite || a.Principal != (hermes.Principal{Kind: hermes.ProgramPrincipal}) {
		t.Errorf("the Client of New acts for %v, want the program itself", a)
	}
	a := hermes.Actor{
		Principal: hermes.Principal{Kind: hermes.KeyPrincipal, Name: "hek_0123456789"},
		Access:    hermes.FullRead, Remote: office,
	}
	if got := e.client.As(a).Actor(); got != a {
		t.Errorf("As(%v) acts for %v", a, got)
	}
	if got := e.client.Actor().Access; got != hermes.FullWrite {
		t.Errorf("after As, the first Client has the access level %v, want %v", got, hermes.FullWrite)
	}
}

func TestClient_Authorize(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	set := hermes.UserPermissionsRequest{Permissions: hermes.Some([]string{"local"})}
	for _, tt := range []struct {
		rule   string
		access hermes.Access
		node   string
		req    any
		want   hermes.Cause // "" for success
	}{
		{"limited_read may read", hermes.LimitedRead, "user/get", nil, ""},
		{"limited_read may not write", hermes.LimitedRead, "user/add", nil, hermes.Forbidden},
		{"limited_write may not administer", hermes.LimitedWrite, "user/remove", nil, hermes.Forbidden},
		{"no access may not read", hermes.NoAccess, "user/get", nil, hermes.Unauthorized},
		{"no access may log in", hermes.NoAccess, "auth/login", nil, ""},
		{"an unknown node", hermes.FullWrite, "user/nothing", nil, hermes.NoNode},
		{"limited_read may read permissions",
			hermes.LimitedRead, "user/permissions", hermes.UserPermissionsRequest{}, ""},
		{"limited_write may set permissions", hermes.LimitedWrite, "user/permissions", &set, ""},
		{"full_read may not set permissions", hermes.FullRead, "user/permissions", set, hermes.Forbidden},
		{"full_read may not set permissions, request by pointer",
			hermes.FullRead, "user/permissions", &set, hermes.Forbidden},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			err := e.withAccess(tt.access).Authorize(tt.node, tt.req)
			if he := wantCause(t, err, tt.want); he != nil && he.Node != tt.node {
				t.Errorf("the error names the node %q, want %q", he.Node, tt.node)
			}
		})
	}
}

// Nodes that need more or less than the capability in the table, depending on the request.
func TestClient_capabilityOfRequest(t *testing.T) {
	t.Parallel()
	reader := hermes.Actor{
		Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "reader"},
		Access:    hermes.LimitedRead, Remote: office,
	}
	keyNamedReader := reader
	keyNamedReader.Principal.Kind = hermes.KeyPrincipal
	ownPassword := &hermes.AuthUpdateUserRequest{
		User: "reader", Password: hermes.NewSecret("battery staple"), OldPassword: hermes.NewSecret(password),
	}
	for _, tt := range []struct {
		rule  string
		actor hermes.Actor
		node  string
		req   hermes.Request
		want  hermes.Cause // "" for success
	}{
		{"reading permissions needs the capability to read",
			hermes.Actor{Access: hermes.LimitedRead}, "user/permissions", &hermes.UserPermissionsRequest{User: alice}, ""},
		{"clearing permissions needs the capability to write",
			hermes.Actor{Access: hermes.FullRead}, "user/permissions",
			&hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some([]string(nil))}, hermes.Forbidden},
		{"a user may change the own password with the old one", reader, "auth/update_user", ownPassword, ""},
		{"an API key of the same name may not", keyNamedReader, "auth/update_user", ownPassword, hermes.Forbidden},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			_, err := nodeAt(t, tt.node).Call(t.Context(), newEnv(t).client.As(tt.actor), tt.req)
			wantCause(t, err, tt.want)
		})
	}
}

// Times are stored in UTC and cut to microseconds, so that they compare with ==.
func TestOptions_Now(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 2, 3, 4, 123_456_789, time.FixedZone("east", 7200))
	e := newEnvWith(t, func(o *hermes.Options) { o.Now = func() time.Time { return now } })
	key := mustNewKey(t, e.client, hermes.AuthNewKeyRequest{Host: "192.0.2.1", Access: hermes.LimitedWrite})
	stored, err := e.store.Key(t.Context(), key.Reveal()[:14])
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 7, 1, 0, 3, 4, 123_456_000, time.UTC); stored.Created != want {
		t.Errorf("stored the time %v, want %v", stored.Created, want)
	}
}

// Without random bytes a call fails, and stores nothing.
func TestOptions_Rand_fails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		generated string
		call      func(ctx context.Context, c *hermes.Client) error
	}{
		{"a session", func(ctx context.Context, c *hermes.Client) error {
			req := hermes.AuthLoginRequest{Username: "writer", Password: hermes.NewSecret(password)}
			_, err := c.As(hermes.Actor{Remote: office}).AuthLogin(ctx, req)
			return err
		}},
		{"a nonce", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.AuthChallenge(ctx, hermes.AuthChallengeRequest{Key: "x"})
			return err
		}},
		{"an API key", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.AuthNewKey(ctx, hermes.AuthNewKeyRequest{Host: "192.0.2.1", Access: hermes.LimitedWrite})
			return err
		}},
		{"the password of an API user", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.AuthAddUser(ctx, hermes.AuthAddUserRequest{User: "new"})
			return err
		}},
		{"the password of a user", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.UserAdd(ctx, hermes.UserAddRequest{User: addr("new@example.com")})
			return err
		}},
		{"the nonce that seals a given password", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.UserChangePw(ctx, hermes.UserChangePwRequest{User: alice, Password: hermes.NewSecret("wonderland")})
			return err
		}},
		{"the new password of a user", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.UserChangePw(ctx, hermes.UserChangePwRequest{User: alice})
			return err
		}},
		{"a random order", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.NumberList(ctx, hermes.NumberListRequest{Random: true})
			return err
		}},
		{"a password that is not stored", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.UserGeneratePassword(ctx, hermes.UserGeneratePasswordRequest{})
			return err
		}},
	} {
		t.Run(tt.generated, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			e.opts.Rand = strings.NewReader("")
			client := e.newClient(t, e.store)
			before := takeSnapshot(t, e.store)
			if he := wantCause(t, tt.call(t.Context(), client), hermes.Internal); !errors.Is(he, io.EOF) {
				t.Errorf("got %v with %v inside, want the reader's error inside", he, he.Err)
			}
			wantEqual(t, takeSnapshot(t, e.store), before)
		})
	}
}
