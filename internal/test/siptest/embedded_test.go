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

const (
	atLeast = 500 // registrations, and changes
	phones  = 25  // users that register all the time
	editors = 4   // goroutines that make changes
)

// TestEmbedded is one file that Kamailio reads at every registration while Hermes writes to it. Both sides go on
// until each has its 500, so that they are at it together.
func TestEmbedded(t *testing.T) {
	w := newWorld(t, engines()["SQLite"], setup{})
	var accounts []kamailiotest.Account
	for i := range phones {
		accounts = append(accounts, w.add(t, fmt.Sprintf("phone%02d@example.com", i)))
	}
	var changes, registrations atomic.Int64
	more := func() bool { return !t.Failed() && min(changes.Load(), registrations.Load()) < atLeast }
	var wg sync.WaitGroup
	for i := range editors {
		edits := w.edits(i, accounts[i])
		wg.Go(func() {
			for n := 0; more(); n++ {
				if err := edits[n%len(edits)](t.Context()); err != nil {
					t.Errorf("change %d of a round: %v", n%len(edits), err)
				}
				changes.Add(1)
			}
		})
	}
	for more() {
		registrations.Add(registerAtOnce(t, w, accounts))
	}
	wg.Wait()
	t.Logf("%d registrations and %d changes", registrations.Load(), changes.Load())
}

// registerAtOnce has one sipp register atLeast times, and counts.
func registerAtOnce(t *testing.T, w *world, accounts []kamailiotest.Account) int64 {
	var all []kamailiotest.Account
	for len(all) < atLeast {
		all = append(all, accounts...)
	}
	answers, err := w.sip.TryRegisterAll(all)
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

// edits is a round of changes that leaves everything as it was: to a user of the editor's own, and to one that
// registers meanwhile.
func (w *world) edits(editor int, phone kamailiotest.Account) []func(context.Context) error {
	user := sip.MustParse(fmt.Sprintf("edited%d@example.com", editor))
	alias := sip.MustParse(fmt.Sprintf("sales%d@example.com", editor))
	var number hermes.NumberAssignResponse
	return []func(context.Context) error{
		func(ctx context.Context) error { return only(w.api.UserAdd(ctx, hermes.UserAddRequest{User: user})) },
		func(ctx context.Context) (err error) {
			number, err = w.api.NumberAssign(ctx, hermes.NumberAssignRequest{User: user})
			return err
		},
		func(ctx context.Context) error {
			return only(w.api.UserChangePw(ctx, hermes.UserChangePwRequest{User: user}))
		},
		func(ctx context.Context) error {
			return only(w.api.UserChangePw(ctx, hermes.UserChangePwRequest{User: addr(phone), Password: hermes.NewSecret(phone.Password)}))
		},
		func(ctx context.Context) error {
			return only(w.api.AliasAdd(ctx, hermes.AliasAddRequest{Alias: alias, Destination: addr(phone)}))
		},
		func(ctx context.Context) error {
			return only(w.api.UserPermissions(ctx, hermes.UserPermissionsRequest{User: addr(phone), Permissions: hermes.Some([]string{"international"})}))
		},
		func(ctx context.Context) error {
			return only(w.api.UserUpdate(ctx, hermes.UserUpdateRequest{User: addr(phone), PermittedCalls: hermes.Some("")}))
		},
		func(ctx context.Context) error {
			return only(w.api.AliasRemove(ctx, hermes.AliasRemoveRequest{Alias: alias}))
		},
		func(ctx context.Context) error {
			return only(w.api.NumberRelease(ctx, hermes.NumberReleaseRequest{Alias: number.Alias}))
		},
		func(ctx context.Context) error {
			return only(w.api.UserRemove(ctx, hermes.UserRemoveRequest{User: user}))
		},
	}
}
