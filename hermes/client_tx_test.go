package hermes_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestClient_Tx(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	errOwn := errors.New("the caller's own error")
	addPhone := func(c *hermes.Client) error {
		_, err := c.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: phone2, User: bob})
		return err
	}
	addKnownPhone := func(c *hermes.Client) error {
		_, err := c.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: phone1, User: alice})
		return err
	}
	for _, tt := range []struct {
		rule string
		fn   func(c *hermes.Client) error
		want error // of Tx
		kept bool  // whether bob has phone2 afterwards
	}{
		{"both calls are kept", func(c *hermes.Client) error {
			_, err := c.UserAdd(ctx, hermes.UserAddRequest{User: addr("new@example.com")})
			return errors.Join(err, addPhone(c))
		}, nil, true},
		{"a call sees the change of the call before it", func(c *hermes.Client) error {
			if err := addPhone(c); err != nil {
				return err
			}
			_, err := c.PhoneRemove(ctx, hermes.PhoneRemoveRequest{MAC: phone2, User: bob})
			return err
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
		{"a failed change rolls back even if its error is dropped", func(c *hermes.Client) error {
			err := addPhone(c)
			_ = addKnownPhone(c)
			return err
		}, hermes.Exists, false},
		{"a failed read does not roll back", func(c *hermes.Client) error {
			_, _ = c.UserGet(ctx, hermes.UserGetRequest{User: addr("unknown@example.com")})
			return addPhone(c)
		}, nil, true},
		{"an inner Tx joins the transaction", func(c *hermes.Client) error {
			if err := c.Tx(ctx, addPhone); err != nil {
				return err
			}
			return errOwn
		}, errOwn, false},
		{"a failed inner Tx rolls back the outer one", func(c *hermes.Client) error {
			err := addPhone(c)
			_ = c.Tx(ctx, func(*hermes.Client) error { return errOwn })
			return err
		}, errOwn, false},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			before := takeSnapshot(t, e.store)
			if err := e.client.Tx(t.Context(), tt.fn); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			lines, err := e.store.PhoneLines(t.Context(), phone2)
			if err != nil {
				t.Fatal(err)
			}
			isBobs := func(p hermes.Phone) bool { return p.User == bob }
			if slices.ContainsFunc(lines, isBobs) != tt.kept {
				t.Errorf("the lines of phone2 are %v, want one of bob's: %v", lines, tt.kept)
			}
			if tt.want != nil {
				wantEqual(t, takeSnapshot(t, e.store), before)
			}
		})
	}
}

// A store that fails to begin or to commit is reported as any failure of the store, without a node.
func TestClient_Tx_storeFails(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Tx", "Commit"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			calls := &storeCalls{}
			calls.fail = func(n int) error {
				if calls.names[n-1] == method {
					return errDisk
				}
				return nil
			}
			before := takeSnapshot(t, e.store)
			err := e.newClient(t, calls.over(e.store)).Tx(t.Context(), func(c *hermes.Client) error {
				_, err := c.UserChangeEmail(t.Context(), hermes.UserChangeEmailRequest{User: alice, Email: "a@example.org"})
				return err
			})
			var he *hermes.Error
			if !errors.As(err, &he) || he.Cause != hermes.StoreFailed || !errors.Is(err, errDisk) {
				t.Errorf("got %v, want %s with the store's error inside", err, hermes.StoreFailed)
			}
			wantEqual(t, takeSnapshot(t, e.store), before)
		})
	}
}

// Options.UserRemoved is called after the commit of the outermost transaction, and not after a
// rollback.
func TestClient_Tx_userRemoved(t *testing.T) {
	t.Parallel()
	errOwn := errors.New("the caller's own error")
	for _, tt := range []struct {
		rule string
		end  error // of the outer transaction
		want []sip.Addr
	}{
		{"committed", nil, []sip.Addr{dora}},
		{"rolled back", errOwn, nil},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			var removed []sip.Addr
			e := newEnvWith(t, func(o *hermes.Options) {
				o.UserRemoved = func(a sip.Addr) { removed = append(removed, a) }
			})
			err := e.client.Tx(t.Context(), func(c *hermes.Client) error {
				err := c.Tx(context.Background(), func(c *hermes.Client) error {
					_, err := c.UserRemove(context.Background(), hermes.UserRemoveRequest{User: dora})
					return err
				})
				if len(removed) != 0 {
					t.Error("UserRemoved was called before the commit")
				}
				return errors.Join(err, tt.end)
			})
			if !errors.Is(err, tt.end) || !slices.Equal(removed, tt.want) {
				t.Errorf("got %v, UserRemoved was called for %v; want %v, %v", err, removed, tt.end, tt.want)
			}
		})
	}
}

// A Client that is made inside of a transaction of the store waits for its commit, too.
func TestNew_inTransaction_userRemoved(t *testing.T) {
	t.Parallel()
	errOwn := errors.New("the caller's own error")
	for _, end := range []error{nil, errOwn} {
		e := newEnv(t)
		var removed []sip.Addr
		e.opts.UserRemoved = func(a sip.Addr) { removed = append(removed, a) }
		err := e.store.Tx(t.Context(), nil, func(s hermes.Store) error {
			_, err := e.newClient(t, s).UserRemove(t.Context(), hermes.UserRemoveRequest{User: dora})
			if len(removed) != 0 {
				t.Error("UserRemoved was called before the commit")
			}
			return errors.Join(err, end)
		})
		if called := len(removed) == 1; called != (end == nil) || !errors.Is(err, end) {
			t.Errorf("the transaction ends with %v: got %v, UserRemoved was called for %v", end, err, removed)
		}
	}
}

// newTxClient returns a Client over an empty store that serves example.com.
func newTxClient(t *testing.T, store hermes.Store, opts *hermes.Options) *hermes.Client {
	t.Helper()
	opts.Domains = []sip.Domain{sip.MustParseDomain("example.com")}
	opts.Backends = []hermes.Backend{local.New(&local.Options{MemoryKiB: 64, Passes: 1})}
	key, err := hermes.NewSecretKey(strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	opts.SecretKeys = []hermes.SecretKey{key}
	c, err := hermes.New(store, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// errorList is an error of a type that == cannot compare.
type errorList []error

func (errorList) Error() string { return "several" }

// The error of fn may be of a type that == cannot compare.
func TestClient_Tx_uncomparableError(t *testing.T) {
	t.Parallel()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("Tx panicked: %v", r)
		}
	}()
	err := newTxClient(t, memstore.New(), &hermes.Options{}).Tx(t.Context(), func(*hermes.Client) error { return errorList{} })
	if _, ok := err.(errorList); !ok {
		t.Errorf("got %v, want fn's error", err)
	}
}

// An error that fn drops is returned as an *Error all the same.
func TestClient_Tx_droppedError(t *testing.T) {
	t.Parallel()
	disk := errors.New("disk")
	store := storetest.Intercept(memstore.New(), func(method string) error {
		if method == "AddNumber" {
			return disk
		}
		return nil
	})
	err := newTxClient(t, store, &hermes.Options{}).Tx(t.Context(), func(c *hermes.Client) error {
		_, _ = c.NumberAdd(t.Context(), hermes.NumberAddRequest{Number: number("+4773500001")})
		return nil
	})
	var e *hermes.Error
	if !errors.As(err, &e) || e.Cause != hermes.StoreFailed {
		t.Errorf("store fault: got %#v, want an *Error with %s", err, hermes.StoreFailed)
	}
	err = newTxClient(t, memstore.New(), &hermes.Options{}).Tx(t.Context(), func(c *hermes.Client) error {
		_, _ = c.UserRemove(t.Context(), hermes.UserRemoveRequest{User: addr("gone@example.com")})
		return nil
	})
	if !errors.As(err, &e) || e.Cause != hermes.NotFound {
		t.Errorf("an answer: got %v, want an *Error with %s", err, hermes.NotFound)
	}
}

// A change by one statement of the store counts as well as one by several.
func TestClient_Tx_failedStatement(t *testing.T) {
	t.Parallel()
	for _, fault := range []error{nil, errors.New("disk")} {
		store := storetest.Intercept(memstore.New(), func(method string) error {
			if method == "RemoveAlias" {
				return fault
			}
			return nil
		})
		c := newTxClient(t, store, &hermes.Options{})
		err := c.Tx(t.Context(), func(c *hermes.Client) error {
			_, err := c.NumberAdd(t.Context(), hermes.NumberAddRequest{Number: number("+4773500001")})
			_, _ = c.AliasRemove(t.Context(), hermes.AliasRemoveRequest{Alias: addr("gone@example.com")})
			return err
		})
		_, testErr := c.NumberTest(t.Context(), hermes.NumberTestRequest{Number: number("+4773500001")})
		if err == nil || testErr == nil {
			t.Errorf("fault %v: a call that changes something failed, but Tx returned %v and kept the number: %v", fault, err, testErr == nil)
		}
	}
}

// The audit log has no success that was rolled back.
func TestClient_Tx_audit(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := newTxClient(t, memstore.New(), &hermes.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	_ = c.Tx(t.Context(), func(c *hermes.Client) error {
		if _, err := c.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{User: "mary"}); err != nil {
			t.Fatal(err)
		}
		return errors.New("rolled back")
	})
	if strings.Contains(log.String(), "outcome=ok") {
		t.Errorf("the log has a success that was rolled back: %s", log.String())
	}
}
