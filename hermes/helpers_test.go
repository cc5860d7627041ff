package hermes_test

import (
	"crypto/rand"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// mustLogin opens a session for one of the API users of e.
func mustLogin(t testing.TB, e *env, user string) hermes.Credentials {
	t.Helper()
	res, err := e.login(t, user, password)
	if err != nil {
		t.Fatal(err)
	}
	return credentials(res)
}

// mustLoginWithKey opens a session from the office with an API key.
func mustLoginWithKey(t testing.TB, e *env, key hermes.Secret) hermes.Credentials {
	t.Helper()
	cred, err := e.loginWithKey(t, key, office)
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func mustAuthenticate(t testing.TB, e *env, cred hermes.Credentials) *hermes.Client {
	t.Helper()
	c, err := e.authenticate(t, cred)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// mustPing returns cred with a new auth_key.
func mustPing(t testing.TB, e *env, cred hermes.Credentials) hermes.Credentials {
	t.Helper()
	res, err := e.ping(t, cred)
	if err != nil {
		t.Fatal(err)
	}
	cred.AuthKey = res.AuthKey
	return cred
}

func mustNewKey(t testing.TB, c *hermes.Client, req hermes.AuthNewKeyRequest) hermes.Secret {
	t.Helper()
	res, err := c.AuthNewKey(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res.Key
}

func mustUserAdd(t testing.TB, c *hermes.Client, req hermes.UserAddRequest) hermes.UserObject {
	t.Helper()
	res, err := c.UserAdd(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res.User
}

func mustUserGet(t testing.TB, c *hermes.Client, user sip.Addr) hermes.UserObject {
	t.Helper()
	res, err := c.UserGet(t.Context(), hermes.UserGetRequest{User: user})
	if err != nil {
		t.Fatal(err)
	}
	return res.User
}

func mustUserUpdate(t testing.TB, c *hermes.Client, req hermes.UserUpdateRequest) hermes.UserUpdateResponse {
	t.Helper()
	res, err := c.UserUpdate(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func mustUserSuspend(t testing.TB, c *hermes.Client, user sip.Addr, reason string) {
	t.Helper()
	if _, err := c.UserSuspend(t.Context(), hermes.UserSuspendRequest{User: user, Reason: reason}); err != nil {
		t.Fatal(err)
	}
}

func mustUserResume(t testing.TB, c *hermes.Client, user sip.Addr) {
	t.Helper()
	if _, err := c.UserResume(t.Context(), hermes.UserResumeRequest{User: user}); err != nil {
		t.Fatal(err)
	}
}

func mustUserPermissions(t testing.TB, c *hermes.Client, req hermes.UserPermissionsRequest) hermes.UserPermissionsResponse {
	t.Helper()
	res, err := c.UserPermissions(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func mustPhoneAdd(t testing.TB, c *hermes.Client, phone mac.Addr, user sip.Addr) {
	t.Helper()
	if _, err := c.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: phone, User: user}); err != nil {
		t.Fatal(err)
	}
}

func mustAliasAdd(t testing.TB, c *hermes.Client, alias, destination sip.Addr) {
	t.Helper()
	_, err := c.AliasAdd(t.Context(), hermes.AliasAddRequest{Alias: alias, Destination: destination})
	if err != nil {
		t.Fatal(err)
	}
}

func mustAliasRemove(t testing.TB, c *hermes.Client, alias sip.Addr) {
	t.Helper()
	if _, err := c.AliasRemove(t.Context(), hermes.AliasRemoveRequest{Alias: alias}); err != nil {
		t.Fatal(err)
	}
}

func mustNumberAddRange(t testing.TB, c *hermes.Client, start, end e164.Number) hermes.NumberAddRangeResponse {
	t.Helper()
	res, err := c.NumberAddRange(t.Context(), hermes.NumberAddRangeRequest{Start: start, End: end})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func mustNumberAssign(t testing.TB, c *hermes.Client, req hermes.NumberAssignRequest) hermes.NumberAssignResponse {
	t.Helper()
	res, err := c.NumberAssign(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// mustCollect returns the entries of a list.
func mustCollect[T any](t testing.TB, l *hermes.List[T]) []T {
	t.Helper()
	entries, err := l.Collect()
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// storedUser returns the record of a user.
func storedUser(t testing.TB, s hermes.Store, user sip.Addr) hermes.User {
	t.Helper()
	u, err := s.User(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// sessionExists reports whether the store still has the session of cred.
func sessionExists(t testing.TB, s hermes.Store, cred hermes.Credentials) bool {
	t.Helper()
	_, err := s.Session(t.Context(), hashOf(cred.Session))
	if err != nil && err != error(hermes.NotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// wantCause checks that err is an *Error with that cause, the response that goes with the cause and
// the path of a node, and returns it. With the cause "", err must be nil.
func wantCause(t testing.TB, err error, cause hermes.Cause) *hermes.Error {
	t.Helper()
	if cause == "" {
		if err != nil {
			t.Fatalf("got the error %v, want none", err)
		}
		return nil
	}
	var e *hermes.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error with the cause %s", err, cause)
	}
	if e.Cause != cause || e.Response != responseOf(cause) || e.Node != "" && !isNode(e.Node) && cause != hermes.NoNode {
		t.Fatalf("got the error %v, want %s/%s", e, responseOf(cause), cause)
	}
	return e
}

func isNode(path string) bool {
	return slices.ContainsFunc(hermes.Nodes(), func(n hermes.Node) bool { return n.Path == path })
}

// responseOf returns the response that API.md gives with a cause, except for domain/set_servers.
func responseOf(c hermes.Cause) hermes.Response {
	switch c {
	case hermes.Parameters, hermes.BadAlias, hermes.BadDestination, hermes.BadAddress, hermes.NoNode:
		return hermes.Invalid
	case hermes.Internal:
		return hermes.Fault
	}
	return hermes.Failed
}

// wantEqual reports the difference of two values, unexported fields included.
func wantEqual(t testing.TB, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, compareUnexported()); d != "" {
		t.Errorf("difference (-want +got):\n%s", d)
	}
}

func compareUnexported() cmp.Option {
	return cmp.Exporter(func(reflect.Type) bool { return true })
}

func mustPattern(t testing.TB, s string) hermes.Pattern {
	t.Helper()
	p, err := hermes.ParsePattern(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustSecretKey(t testing.TB) hermes.SecretKey {
	t.Helper()
	key, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
