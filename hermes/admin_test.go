package hermes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// The last administrator that a backend has is kept; in doubt, too.
func TestClient_AuthRemoveUser_lastAdminElsewhere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(d *directory) // after admin and writer have got full_write
		user   string
		want   hermes.Cause
	}{
		{"the other one is in the directory", func(*directory) {}, "admin", ""},
		{"the other one has left the directory", func(d *directory) { d.set("writer", "") }, "admin", hermes.InUse},
		{"itself has left the directory", func(d *directory) { d.set("writer", "") }, "writer", ""},
		{"the directory fails", func(d *directory) { d.fault = errDisk }, "admin", hermes.InUse},
		{"both have left the directory", func(d *directory) { d.set("writer", ""); d.set("admin", "") }, "admin", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &directory{}
			d.set("admin", password)
			d.set("writer", password)
			e := withBackends(t, d)
			mustAuthorize(t, e.client, "writer", hermes.FullWrite)
			tt.change(d)
			wantCause(t, removeAPIUser(t, e.client, tt.user), tt.want)
		})
	}
}

// A principal that cannot log in does not count, and one of a backend that fails does.
func TestClient_Bootstrapped(t *testing.T) {
	t.Parallel()
	d := &directory{}
	d.set("admin", password)
	e := withBackends(t, d)
	wantBootstrapped(t, e.client, true)
	d.set("admin", "")
	wantBootstrapped(t, e.client, false)
	d.fault = errDisk
	wantBootstrapped(t, e.client, true)
	wantCause(t, e.client.Bootstrap(t.Context(), "root", hermes.NewSecret(password)), hermes.Exists)
	d.fault = nil
	mustNewAdminKey(t, e, time.Hour)
	wantBootstrapped(t, e.client, false)
	mustNewAdminKey(t, e, 0)
	wantBootstrapped(t, e.client, true)
}

// keyActor returns a client that acts for a new key with full_write.
func keyActor(t testing.TB, e *env, req hermes.AuthNewKeyRequest) *hermes.Client {
	t.Helper()
	req.Access = hermes.FullWrite
	id := idOf(mustNewKey(t, e.client, req))
	return e.client.As(hermes.Actor{
		Principal: hermes.Principal{Kind: hermes.KeyPrincipal, Name: id}, Access: hermes.FullWrite, Remote: office,
	})
}

// A key that makes a key gives it no more than its own host and expiry.
func TestClient_AuthNewKey_byKey(t *testing.T) {
	t.Parallel()
	const host = "192.0.2.0/24"
	hour := hermes.Duration(time.Hour)
	for _, tt := range []struct {
		name       string
		own, given hermes.AuthNewKeyRequest
		want       hermes.Cause
	}{
		{"the same host", hermes.AuthNewKeyRequest{Host: host}, hermes.AuthNewKeyRequest{Host: host}, ""},
		{"an expiry besides", hermes.AuthNewKeyRequest{Host: host}, hermes.AuthNewKeyRequest{Host: host, Expires: hour}, ""},
		{"everywhere", hermes.AuthNewKeyRequest{Host: host}, hermes.AuthNewKeyRequest{Host: "0.0.0.0/0"}, hermes.Forbidden},
		{"the same expiry", hermes.AuthNewKeyRequest{Host: host, Expires: hour}, hermes.AuthNewKeyRequest{Host: host, Expires: hour}, ""},
		{"a later expiry", hermes.AuthNewKeyRequest{Host: host, Expires: hour}, hermes.AuthNewKeyRequest{Host: host, Expires: hour + 1e9}, hermes.Forbidden},
		{"no expiry", hermes.AuthNewKeyRequest{Host: host, Expires: hour}, hermes.AuthNewKeyRequest{Host: host}, hermes.Forbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			c := keyActor(t, e, tt.own)
			tt.given.Access = hermes.LimitedRead
			res, err := c.AuthNewKey(t.Context(), tt.given)
			wantCause(t, err, tt.want)
			for _, k := range mustListKeys(t, e.client) {
				if tt.want == "" && k.Key == idOf(res.Key) && k.CreatedBy != c.Actor().Principal.Name {
					t.Errorf("created_by is %q, want the key that made it", k.CreatedBy)
				}
			}
		})
	}
	t.Run("a key that was removed", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		c := keyActor(t, e, hermes.AuthNewKeyRequest{Host: host})
		mustRemoveKey(t, e.client, hermes.NewSecret(c.Actor().Principal.Name))
		_, err := c.AuthNewKey(t.Context(), hermes.AuthNewKeyRequest{Host: host, Access: hermes.LimitedRead})
		wantCause(t, err, hermes.Unauthorized)
	})
}

// newPublicKey returns the public half of a key pair.
func newPublicKey(t testing.TB) (k hermes.PublicKey) {
	t.Helper()
	if err := k.UnmarshalText([]byte(strings.Repeat("A", 43) + "=")); err != nil {
		t.Fatal(err)
	}
	return k
}

// A key with a host or an expiry makes no users and changes none.
func TestClient_keyMakesUsers(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for name, req := range map[string]hermes.AuthNewKeyRequest{
		"a host":    {Host: "192.0.2.0/24"},
		"an expiry": {PublicKey: newPublicKey(t), Expires: hermes.Duration(time.Hour)},
		"neither":   {PublicKey: newPublicKey(t)},
	} {
		want := hermes.Forbidden
		if name == "neither" {
			want = ""
		}
		c := keyActor(t, e, req)
		wantCause(t, authorize(t, c, "reader", hermes.LimitedRead), want)
		wantCause(t, updateUser(t, c, newPassword("reader", "")), want)
		_, err := c.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{User: "new", Password: hermes.NewSecret(password)})
		wantCause(t, err, want)
		wantCause(t, c.Recover(t.Context(), "auditor", hermes.Secret{}), want)
	}
}
