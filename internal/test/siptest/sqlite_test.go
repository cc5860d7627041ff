package siptest_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/sip"
)

// Kamailio reads an SQLite file at every registration while Hermes writes to it. Both go on until
// each of them has done it 500 times, so that they access the file at the same time.
func TestSQLite_ConcurrentAccess(t *testing.T) {
	const (
		atLeast = 500 // registrations, and changes
		phones  = 25  // users that register all the time
		editors = 4   // goroutines that make changes
	)
	e := newEnv(t, engines()["SQLite"], setup{})
	var accounts []kamailiotest.Account
	for i := range phones {
		accounts = append(accounts, e.mustUserAdd(t, fmt.Sprintf("phone%02d@example.com", i)))
	}
	var changes, registrations atomic.Int64
	more := func() bool { return !t.Failed() && min(changes.Load(), registrations.Load()) < atLeast }
	var wg sync.WaitGroup
	for i := range editors {
		round := e.roundOfChanges(i, accounts[i])
		wg.Go(func() {
			for n := 0; more(); n++ {
				if err := round[n%len(round)](t.Context()); err != nil {
					t.Errorf("change %d of a round: %v", n%len(round), err)
				}
				changes.Add(1)
			}
		})
	}
	for more() {
		registrations.Add(registerAll(t, e, accounts, atLeast))
	}
	wg.Wait()
	t.Logf("%d registrations and %d changes", registrations.Load(), changes.Load())
}

// registerAll registers the accounts by one sipp, repeatedly until that is at least the given
// number of registrations, and returns how many it was. It runs while other goroutines use t.
func registerAll(t *testing.T, e *env, accounts []kamailiotest.Account, atLeast int) int64 {
	t.Helper()
	var all []kamailiotest.Account
	for len(all) < atLeast {
		all = append(all, accounts...)
	}
	answers, err := e.kamailio.TryRegisterAll(all)
	if err != nil {
		t.Error(err)
	}
	for i, got := range answers {
		if got != accepted {
			t.Errorf("registration %d of %d, %s: %v, wanted %v", i, len(all), all[i].Addr(), got, accepted)
		}
	}
	return int64(len(answers))
}

// roundOfChanges returns changes that in their order leave everything as it was. They concern a
// user of the editor's own, and one that registers at the same time.
func (e *env) roundOfChanges(editor int, phone kamailiotest.Account) []func(context.Context) error {
	user := sip.MustParse(fmt.Sprintf("edited%d@example.com", editor))
	alias := sip.MustParse(fmt.Sprintf("sales%d@example.com", editor))
	international := hermes.Some([]string{"international"})
	var number hermes.NumberAssignResponse
	return []func(context.Context) error{
		func(ctx context.Context) error {
			_, err := e.client.UserAdd(ctx, hermes.UserAddRequest{User: user})
			return err
		},
		func(ctx context.Context) (err error) {
			number, err = e.client.NumberAssign(ctx, hermes.NumberAssignRequest{User: user})
			return err
		},
		func(ctx context.Context) error {
			_, err := e.client.UserChangePw(ctx, hermes.UserChangePwRequest{User: user})
			return err
		},
		func(ctx context.Context) error {
			same := hermes.NewSecret(phone.Password)
			_, err := e.client.UserChangePw(ctx, hermes.UserChangePwRequest{User: addrOf(phone), Password: same})
			return err
		},
		func(ctx context.Context) error {
			_, err := e.client.AliasAdd(ctx, hermes.AliasAddRequest{Alias: alias, Destination: addrOf(phone)})
			return err
		},
		func(ctx context.Context) error {
			req := hermes.UserPermissionsRequest{User: addrOf(phone), Permissions: international}
			_, err := e.client.UserPermissions(ctx, req)
			return err
		},
		func(ctx context.Context) error {
			req := hermes.UserUpdateRequest{User: addrOf(phone), PermittedCalls: hermes.Some("")}
			_, err := e.client.UserUpdate(ctx, req)
			return err
		},
		func(ctx context.Context) error {
			_, err := e.client.AliasRemove(ctx, hermes.AliasRemoveRequest{Alias: alias})
			return err
		},
		func(ctx context.Context) error {
			_, err := e.client.NumberRelease(ctx, hermes.NumberReleaseRequest{Alias: number.Alias})
			return err
		},
		func(ctx context.Context) error {
			_, err := e.client.UserRemove(ctx, hermes.UserRemoveRequest{User: user})
			return err
		},
	}
}
