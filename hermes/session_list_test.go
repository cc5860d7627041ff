package hermes_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// TestClient_Authenticate_openList reads a part of a list, and then revokes what it was asked for
// with.
func TestClient_Authenticate_openList(t *testing.T) {
	t.Parallel()
	reader := hermes.Principal{Kind: hermes.UserPrincipal, Name: "reader"}
	for why, tt := range map[string]struct {
		revoke func(e *env, cred hermes.Credentials) error
		cause  hermes.Cause // of the list's end; empty if it goes on
	}{
		"nothing happens": {func(*env, hermes.Credentials) error { return nil }, ""},
		"the level is raised": {func(e *env, _ hermes.Credentials) error {
			_, err := e.client.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: "reader", Access: hermes.FullWrite})
			return err
		}, ""},
		"the scope becomes narrower": {func(e *env, _ hermes.Credentials) error {
			_, err := e.client.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{
				User: "reader", Access: hermes.LimitedRead, Numbers: "+4773510000",
			})
			return err
		}, hermes.Forbidden},
		"the scope loses the node": {func(e *env, _ hermes.Credentials) error {
			_, err := e.client.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{
				User: "reader", Access: hermes.LimitedRead, Nodes: "user/*",
			})
			return err
		}, hermes.Forbidden},
		"the auth_key is renewed": {func(e *env, cred hermes.Credentials) error {
			mustPing(t, e, cred)
			return nil
		}, ""},
		"logout": {func(e *env, cred hermes.Credentials) error {
			_, err := e.from(office).AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: cred.Session, Cookie: cred.Cookie})
			return err
		}, hermes.Unauthorized},
		"the password is changed": {func(e *env, _ hermes.Credentials) error {
			_, err := e.client.AuthUpdateUser(t.Context(),
				hermes.AuthUpdateUserRequest{User: "reader", Password: hermes.NewSecret("another horse")})
			return err
		}, hermes.Unauthorized},
		"the authorization is removed": {func(e *env, _ hermes.Credentials) error {
			return e.store.RemoveAuthorization(t.Context(), reader)
		}, hermes.Unauthorized},
		"the auth_key expires": {func(e *env, _ hermes.Credentials) error {
			e.clock.sleep(keyTTL)
			return nil
		}, hermes.Unauthorized},
	} {
		e := newEnv(t)
		cred := mustLogin(t, e, "reader")
		entries, end := readLongList(t, e, cred, func() error { return tt.revoke(e, cred) })
		wantListEnd(t, why, entries, end, tt.cause)
	}
}

// The list of a key ends when the key cannot be used any more.
func TestClient_Authenticate_openListOfKey(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		revoke func(e *env, key hermes.Secret) error
		cause  hermes.Cause
	}{
		"another key is removed": {func(e *env, _ hermes.Secret) error {
			mustRemoveKey(t, e.client, mustNewKey(t, e.client, keyFor("192.0.2.0/24")))
			return nil
		}, ""},
		"the key is removed": {func(e *env, key hermes.Secret) error {
			mustRemoveKey(t, e.client, key)
			return nil
		}, hermes.Unauthorized},
		"the key expires": {func(e *env, _ hermes.Secret) error {
			e.clock.sleep(time.Minute)
			return nil
		}, hermes.Unauthorized},
	} {
		e := newEnv(t)
		req := keyFor("192.0.2.0/24")
		req.Expires = hermes.Duration(time.Minute)
		key := mustNewKey(t, e.client, req)
		entries, end := readLongList(t, e, mustLoginWithKey(t, e, key), func() error { return tt.revoke(e, key) })
		wantListEnd(t, why, entries, end, tt.cause)
	}
}

// readLongList reads a list of many pages, and calls revoke when it has read the first one. It
// returns how many entries it got, and the error with which the list ended.
func readLongList(t *testing.T, e *env, cred hermes.Credentials, revoke func() error) (entries int, end error) {
	t.Helper()
	mustNumberAddRange(t, e.client, number("+4773510000"), number("+4773519999"))
	res, err := mustAuthenticate(t, e, cred).NumberList(t.Context(), hermes.NumberListRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for page, err := range res.List.Pages() {
		if err != nil {
			return entries, err
		}
		if entries == 0 {
			if err := revoke(); err != nil {
				t.Fatal(err)
			}
		}
		entries += reflect.ValueOf(page).Len()
	}
	return entries, nil
}

// wantListEnd checks that the list of readLongList was complete or, with a cause, that it ended
// after its first page.
func wantListEnd(t *testing.T, why string, entries int, end error, cause hermes.Cause) {
	t.Helper()
	if cause == "" {
		if end != nil || entries != 10_009 {
			t.Errorf("%s: %d entries, %v; want the whole list", why, entries, end)
		}
		return
	}
	var got *hermes.Error
	if !errors.As(end, &got) || got.Cause != cause || got.Node != "number/list" || entries != 250 {
		t.Errorf("%s: %d entries, %v; want the first page and number/list: %s", why, entries, end, cause)
	}
}
