package storetest

import (
	"context"
	"reflect"

	"github.com/hermes-voip/go-hermes/hermes"
)

func contextCases() []testCase {
	return []testCase{
		{"methods", "every method honours ctx: an error, no bare cause, and nothing written", cancelledMethods},
		{"methods_in_tx", "so it does in a transaction, which then does not commit", cancelledInTx},
		{"before_tx", "a transaction does not stick when its context was over before", func(k *kit) {
			k.fails(k.Tx(over(k), k.writeAll))
			k.written(k.Store, false)
		}},
		{"during_tx", "a transaction does not stick when its context ends before fn does", func(k *kit) {
			ctx, cancel := context.WithCancel(k.ctx)
			defer cancel()
			k.fails(k.Tx(ctx, func(s hermes.Store) error {
				err := k.writeAll(s)
				cancel()
				return err
			}))
			k.written(k.Store, false)
			k.ok(k.Tx(k.ctx, k.writeAll))
		}},
	}
}

func over(k *kit) context.Context {
	ctx, cancel := context.WithCancel(k.ctx)
	cancel()
	return ctx
}

// call is one method. It would succeed in a store where writeAll has run, so that its own trace
// shows whether it ran before.
type call struct {
	method string
	run    func(ctx context.Context, s hermes.Store) error
}

func cancelledMethods(k *kit) {
	k.ok(k.writeAll(k.Store))
	calls := append(readCalls(), writeCalls()...)
	k.complete(calls)
	for _, c := range calls {
		if err := c.run(over(k), k.Store); err == nil || err == hermes.Exists || err == hermes.NotFound {
			k.Errorf("%s: got %v, want an error that is no bare cause", c.method, err)
		}
	}
	k.untouched()
	for _, c := range calls {
		if err := c.run(k.ctx, k.Store); err != nil {
			k.Errorf("%s, now with a context that is not over: %v", c.method, err)
		}
	}
}

func cancelledInTx(k *kit) {
	k.ok(k.writeAll(k.Store))
	for _, c := range writeCalls() {
		ctx, cancel := context.WithCancel(k.ctx)
		err := k.Tx(ctx, func(s hermes.Store) error {
			cancel()
			return c.run(ctx, s)
		})
		if err == nil || err == hermes.Exists || err == hermes.NotFound {
			k.Errorf("%s: got %v, want an error that is no bare cause", c.method, err)
		}
	}
	k.untouched()
}

// untouched wants what writeAll wrote, as it wrote it.
func (k *kit) untouched() {
	k.Helper()
	k.written(k.Store, true)
	equal(k, got(k.User(k.ctx, addr("bob@far.example"))), remoteUser("bob@far.example"))
	equal(k, got(k.Servers(k.ctx, domain("example.com"))), servers("example.com"))
	equal(k, got(k.Key(k.ctx, "k1")), bearerKey("k1"))
	equal(k, got(k.Session(k.ctx, hash(1))), hermes.SessionState{Session: session(1, backendUser("alice")), Access: hermes.FullWrite})
	list(k, got(k.Groups(k.ctx, addr("alice@example.com"))), "intl")
	list(k, got(k.Numbers(k.ctx, hermes.NumberQuery{Limit: 100})),
		numbers("+4710", "+4711", "+4712", "+4713", "+4714", "+4715", "+4716", "+4717", "+4718", "+4719", "+4720")...)
}

// complete wants a call for each method of the contract.
func (k *kit) complete(calls []call) {
	missing := map[string]bool{}
	for method := range reflect.TypeFor[hermes.Store]().Methods() {
		missing[method.Name] = method.Name != "Tx"
	}
	for _, c := range calls {
		missing[c.method] = false
	}
	for name, is := range missing {
		if is {
			k.Errorf("no call of %s here", name)
		}
	}
}
