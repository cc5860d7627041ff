package hermes_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// A dry run answers as the call that follows it, without secrets, and changes nothing. Another call
// that changes something is refused.
func TestNode_Call_dryRun(t *testing.T) {
	t.Parallel()
	forEachNode(t, func(t *testing.T, e *env, n hermes.Node, s nodeSample) {
		before := takeSnapshot(t, e.store, s.cred)
		dry, err := n.Call(t.Context(), e.client.As(s.actor).DryRun(), s.req)
		wantEqual(t, takeSnapshot(t, e.store, s.cred), before)
		if n.Changes && !n.TakesOptions() {
			wantCause(t, err, hermes.Parameters)
			return
		}
		wantCause(t, err, "")
		wet, err := n.Call(t.Context(), e.client.As(s.actor), s.req)
		wantCause(t, err, "")
		if n.TakesOptions() {
			wantEqual(t, mustJSON(t, dry), mustJSON(t, withoutSecrets(reflect.ValueOf(wet)).Interface()))
		}
	})
}

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// withoutSecrets returns a copy of a response in which secrets, and structs with a secret that is
// present or absent, are zero.
func withoutSecrets(v reflect.Value) reflect.Value {
	bare := reflect.New(v.Type()).Elem()
	bare.Set(v)
	if v.Kind() != reflect.Struct || v.Type().PkgPath() != reflect.TypeFor[hermes.Secret]().PkgPath() {
		return bare
	}
	for i := range v.NumField() {
		switch f := bare.Field(i); f.Interface().(type) {
		case hermes.Secret, hermes.Opt[hermes.Secret]:
			f.SetZero()
		default:
			if f.CanSet() {
				f.Set(withoutSecrets(f))
			}
		}
	}
	return bare
}

func TestClient_DryRun(t *testing.T) {
	t.Parallel()
	t.Run("what follows a commit does not follow a dry run", func(t *testing.T) {
		t.Parallel()
		var removed []sip.Addr
		e := newEnvWith(t, func(o *hermes.Options) { o.UserRemoved = func(a sip.Addr) { removed = append(removed, a) } })
		if _, err := e.client.DryRun().UserRemove(t.Context(), hermes.UserRemoveRequest{User: dora}); err != nil {
			t.Fatal(err)
		}
		if len(removed) != 0 {
			t.Errorf("UserRemoved was called with %v", removed)
		}
	})
	t.Run("a refusal is that of the call", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		_, err := e.client.DryRun().UserAdd(t.Context(), hermes.UserAddRequest{User: alice})
		_, want := e.client.UserAdd(t.Context(), hermes.UserAddRequest{User: alice})
		wantEqual(t, err, want)
	})
	t.Run("a generated password is absent", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		res, err := e.client.DryRun().UserChangePw(t.Context(), hermes.UserChangePwRequest{User: alice})
		wantCause(t, err, "")
		if res.Password.Set || res.Detail == "" {
			t.Errorf("got %+v with a password: %t, want a detail and none", res, res.Password.Set)
		}
	})
	t.Run("reading the permissions is a usual call", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		calls := &storeCalls{}
		_, err := e.newClient(t, calls.over(e.store)).DryRun().UserPermissions(t.Context(), hermes.UserPermissionsRequest{User: alice})
		wantCause(t, err, "")
		wantEqual(t, calls.names, []string{"User", "Groups"})
	})
}

func TestClient_DryRun_Tx(t *testing.T) {
	t.Parallel()
	newUser := addr("new@example.com")
	add := func(ctx context.Context, c *hermes.Client) error {
		_, err := c.UserAdd(ctx, hermes.UserAddRequest{User: newUser})
		return err
	}
	t.Run("later calls see what earlier ones would have changed", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		before := takeSnapshot(t, e.store)
		phones := hermes.PhoneGetResponse{}
		err := e.client.DryRun().Tx(t.Context(), func(c *hermes.Client) error {
			if err := add(t.Context(), c); err != nil {
				return err
			}
			err := c.Tx(t.Context(), func(c *hermes.Client) error {
				_, err := c.PhoneAdd(t.Context(), hermes.PhoneAddRequest{MAC: phone2, User: newUser})
				return err
			})
			if err == nil {
				phones, err = c.PhoneGet(t.Context(), hermes.PhoneGetRequest{User: newUser})
			}
			return err
		})
		wantCause(t, err, "")
		wantEqual(t, phones.List, []string{phone2.String()})
		wantEqual(t, takeSnapshot(t, e.store), before)
	})
	t.Run("an error of the function is returned", func(t *testing.T) {
		t.Parallel()
		errOwn := errors.New("own")
		if err := newEnv(t).client.DryRun().Tx(t.Context(), func(*hermes.Client) error { return errOwn }); err != errOwn {
			t.Errorf("got %v, want the error of the function", err)
		}
	})
	t.Run("a failed call is returned although the function goes on", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		err := e.client.DryRun().Tx(t.Context(), func(c *hermes.Client) error {
			_, _ = c.UserAdd(t.Context(), hermes.UserAddRequest{User: alice})
			return nil
		})
		wantCause(t, err, hermes.Exists)
	})
	t.Run("a transaction that is no dry run refuses one", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		before := takeSnapshot(t, e.store)
		for name, call := range map[string]func(c *hermes.Client) error{
			"call": func(c *hermes.Client) error { return add(t.Context(), c.DryRun()) },
			"Tx": func(c *hermes.Client) error {
				return c.DryRun().Tx(t.Context(), func(*hermes.Client) error { return nil })
			},
		} {
			err := e.client.Tx(t.Context(), func(c *hermes.Client) error {
				if err := add(t.Context(), c); err != nil {
					return err
				}
				_ = call(c)
				return nil
			})
			if !errors.Is(err, hermes.Parameters) {
				t.Errorf("%s: got %v, want %s", name, err, hermes.Parameters)
			}
		}
		wantEqual(t, takeSnapshot(t, e.store), before)
	})
}
