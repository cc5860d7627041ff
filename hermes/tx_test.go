package hermes_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestClient_Tx(t *testing.T) {
	t.Parallel()
	errOwn := errors.New("the caller's own error")
	addPhone := func(c *hermes.Client) error {
		return only(c.PhoneAdd(context.Background(), hermes.PhoneAddRequest{MAC: phone2, User: bob}))
	}
	addKnownPhone := func(c *hermes.Client) error {
		return only(c.PhoneAdd(context.Background(), hermes.PhoneAddRequest{MAC: phone1, User: alice}))
	}
	for _, r := range []struct {
		why  string
		fn   func(c *hermes.Client) error
		want error // what Tx returns
		kept bool  // phone2 is bob's afterwards
	}{
		{"both calls are kept", func(c *hermes.Client) error {
			_, err := c.UserAdd(context.Background(), hermes.UserAddRequest{User: addr("new@example.com")})
			return errors.Join(err, addPhone(c))
		}, nil, true},
		{"a call sees what the one before it changed", func(c *hermes.Client) error {
			if err := addPhone(c); err != nil {
				return err
			}
			return only(c.PhoneRemove(context.Background(), hermes.PhoneRemoveRequest{MAC: phone2, User: bob}))
		}, nil, false},
		{"the caller's error rolls back and is returned as it is", func(c *hermes.Client) error {
			if err := addPhone(c); err != nil {
				return err
			}
			return errOwn
		}, errOwn, false},
		{"a call's error rolls back", func(c *hermes.Client) error {
			if err := addPhone(c); err != nil {
				return err
			}
			return addKnownPhone(c)
		}, hermes.Exists, false},
		{"a change that failed rolls back even if its error is dropped", func(c *hermes.Client) error {
			err := addPhone(c)
			_ = addKnownPhone(c)
			return err
		}, hermes.Exists, false},
		{"a read that failed does not", func(c *hermes.Client) error {
			_, _ = c.UserGet(context.Background(), hermes.UserGetRequest{User: addr("unknown@example.com")})
			return addPhone(c)
		}, nil, true},
		{"an inner Tx joins", func(c *hermes.Client) error {
			if err := c.Tx(context.Background(), addPhone); err != nil {
				return err
			}
			return errOwn
		}, errOwn, false},
		{"an inner Tx that failed rolls back the outer one", func(c *hermes.Client) error {
			err := addPhone(c)
			_ = c.Tx(context.Background(), func(*hermes.Client) error { return errOwn })
			return err
		}, errOwn, false},
	} {
		t.Run(r.why, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before := snap(t, w.store)
			if err := w.Tx(t.Context(), r.fn); !errors.Is(err, r.want) {
				t.Errorf("got %v, want %v", err, r.want)
			}
			users := ok(t, got(w.store.PhoneUsers(t.Context(), phone2)))
			if slices.Contains(users, bob) != r.kept {
				t.Errorf("the users of the phone are %v, want bob among them: %v", users, r.kept)
			}
			if r.want != nil {
				same(t, snap(t, w.store), before)
			}
		})
	}
}

// A store that fails to commit is reported as any failure of the store is, without a node.
func TestClient_Tx_storeFails(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Tx", "Commit"} {
		w := newWorld(t)
		calls := &storeCalls{}
		calls.fail = func(n int) error {
			if calls.names[n-1] == method {
				return errDisk
			}
			return nil
		}
		before := snap(t, w.store)
		err := w.over(calls.over(w.store)).Tx(t.Context(), func(c *hermes.Client) error {
			return only(c.UserChangeEmail(context.Background(), hermes.UserChangeEmailRequest{User: alice, Email: "a@example.org"}))
		})
		var e *hermes.Error
		if !errors.As(err, &e) || e.Cause != hermes.StoreFailed || !errors.Is(err, errDisk) {
			t.Errorf("%s fails: got %v, want %s with the store's error inside", method, err, hermes.StoreFailed)
		}
		same(t, snap(t, w.store), before)
	}
}

// Options.UserRemoved follows the commit of the outermost transaction, and never a rollback.
func TestClient_Tx_userRemoved(t *testing.T) {
	t.Parallel()
	errOwn := errors.New("the caller's own error")
	for _, r := range []struct {
		why  string
		end  error // of the outer transaction
		want []sip.Addr
	}{
		{"committed", nil, []sip.Addr{dora}},
		{"rolled back", errOwn, nil},
	} {
		t.Run(r.why, func(t *testing.T) {
			t.Parallel()
			var removed []sip.Addr
			w := newWorldWith(t, func(o *hermes.Options) {
				o.UserRemoved = func(a sip.Addr) { removed = append(removed, a) }
			})
			err := w.Tx(t.Context(), func(c *hermes.Client) error {
				err := c.Tx(context.Background(), func(c *hermes.Client) error {
					return only(c.UserRemove(context.Background(), hermes.UserRemoveRequest{User: dora}))
				})
				if len(removed) != 0 {
					t.Error("UserRemoved was called before the commit")
				}
				return errors.Join(err, r.end)
			})
			if !errors.Is(err, r.end) || !slices.Equal(removed, r.want) {
				t.Errorf("got %v, UserRemoved was called for %v; want %v, %v", err, removed, r.end, r.want)
			}
		})
	}
}
