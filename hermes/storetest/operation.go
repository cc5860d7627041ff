package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// operation is a call of a store, or several in a transaction.
type operation struct {
	method string
	// text has the method and its arguments. Rapid shows it.
	text string
	// run returns the result as a text.
	run func(ctx context.Context, s hermes.Store) string
}

// GoString returns the text of the operation.
func (o operation) GoString() string { return o.text }

// String returns the text of the operation.
func (o operation) String() string { return o.text }

func newOperation(name string, args []any, run func(ctx context.Context, s hermes.Store) string) operation {
	var texts []string
	for _, a := range args {
		texts = append(texts, fmt.Sprintf("%+v", a))
	}
	return operation{method: name, text: name + "(" + strings.Join(texts, ", ") + ")", run: run}
}

// noOperation does nothing. It is the simplest operation: rapid puts it in the place of those that
// a failure does not need.
func noOperation() operation {
	return newOperation("none", nil, func(context.Context, hermes.Store) string { return "" })
}

// operation draws an operation or a transaction.
func (g generator) operation() operation {
	return drawFrom(g, append(g.singleOperations(), g.txOperation, g.txOperation)...)()
}

// singleOperation draws an operation that is no transaction.
func (g generator) singleOperation() operation { return drawFrom(g, g.singleOperations()...)() }

func (g generator) singleOperations() []func() operation {
	return []func() operation{
		noOperation, g.userWrite, g.userRead, g.phoneOperation, g.deviceOperation, g.numberOperation, g.holdOperation, g.poolOperation,
		g.randomOperation, g.aliasOperation, g.siteOperation, g.assignOperation, g.domainOperation, g.authOperation, g.keyOperation,
		g.sessionOperation, g.sessionsOperation, g.loginOperation, g.answerOperation, g.entryOperation, g.sealOperation, g.storeOperation,
	}
}

var errUndo = errors.New("undo")

// txOperation draws operations that run in a transaction, the first of them in an inner one. The
// transaction commits, or is undone by an error. That nothing is called before the commit is part
// of the result. What is called after it is not: a store in a transaction of a host does not see
// the host's commit.
func (g generator) txOperation() operation {
	draw := func(t *rapid.T) operation { return generator{t: t, sequence: g.sequence, inTx: true}.singleOperation() }
	operations := rapid.SliceOfN(rapid.Custom(draw), 1, 6).Draw(g.t, "")
	inner := g.upTo(len(operations))
	txErr := drawFrom(g, nil, nil, errUndo, error(hermes.Exists))
	return newOperation("Tx", []any{operations, inner, txErr}, func(ctx context.Context, s hermes.Store) string {
		var results []string
		run := func(tx hermes.Store, operations []operation) {
			for _, o := range operations {
				results = append(results, o.run(ctx, tx))
			}
		}
		early := 0
		err := s.Tx(ctx, nil, func(tx hermes.Store) error {
			results = nil
			tx.AfterCommit(func() { early++ })
			innerErr := tx.Tx(ctx, nil, func(tx hermes.Store) error {
				run(tx, operations[:inner])
				return nil
			})
			run(tx, operations[inner:])
			results = append(results, fmt.Sprintf("%d calls before the commit", early))
			return firstError(innerErr, txErr)
		})
		if err == errUndo {
			return strings.Join(append(results, "undone"), "\n")
		}
		return strings.Join(append(results, errorResult(err)), "\n")
	})
}

// storeOperation draws a call of a method that belongs to no kind of record. Whether a store has a
// key depends on the store, and so the result is only whether it is always the same one.
func (g generator) storeOperation() operation {
	return drawFrom(g,
		newOperation("AfterCommit", nil, func(_ context.Context, s hermes.Store) string {
			s.AfterCommit(func() {})
			return "" // a call now, or after the transaction
		}),
		newOperation("VolatileKey", nil, func(_ context.Context, s hermes.Store) string {
			first := s.VolatileKey()
			return fmt.Sprint(s.VolatileKey() == first)
		}))
}

func (g generator) userWrite() operation {
	u, groups := g.user(), g.groups()
	return drawFrom(g,
		newOperation("AddUser", []any{u}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.AddUser(ctx, u))
		}),
		newOperation("SetUser", []any{u}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.SetUser(ctx, u))
		}),
		newOperation("SetProvisioning", []any{u}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.SetProvisioning(ctx, u))
		}),
		newOperation("RemoveUser", []any{u.Address}, func(ctx context.Context, s hermes.Store) string {
			return removeUserResult(s.RemoveUser(ctx, u.Address))
		}),
		newOperation("SetGroups", []any{u.Address, groups}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.SetGroups(ctx, u.Address, groups))
		}))
}

func (g generator) userRead() operation {
	a, q := g.addr(), hermes.UserQuery{Match: g.pattern(), Scope: g.scope(), After: maybe(g, g.addr), Limit: g.limit()}
	lacking := hermes.DomainUserQuery{Domain: a.Domain(), After: q.After, Limit: q.Limit}
	return drawFrom(g,
		newOperation("User", []any{a}, func(ctx context.Context, s hermes.Store) string {
			return result(s.User(ctx, a))
		}),
		newOperation("Users", []any{q}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.Users(ctx, q))
		}),
		newOperation("UsersWithoutServers", []any{lacking}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.UsersWithoutServers(ctx, lacking))
		}),
		newOperation("Groups", []any{a}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.Groups(ctx, a))
		}),
		newOperation("Holder", []any{a}, func(ctx context.Context, s hermes.Store) string {
			return result(s.Holder(ctx, a))
		}))
}

func (g generator) phoneOperation() operation {
	p, d := g.phone(), maybe(g, g.device)
	if !d.MAC.IsZero() {
		p.MAC = d.MAC
	}
	q := hermes.PhoneQuery{Match: g.pattern(), Scope: g.scope(), After: maybe(g, g.mac), Limit: g.limit()}
	return drawFrom(g,
		newOperation("AddPhone", []any{p, d}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.AddPhone(ctx, p, d))
		}),
		newOperation("PhoneSite", []any{p}, func(ctx context.Context, s hermes.Store) string {
			site, err := s.PhoneSite(ctx, p)
			return result(site.IsUser, err) + listResult(site.Lines, nil) + result(site.Device, nil)
		}),
		newOperation("RemovePhone", []any{p}, func(ctx context.Context, s hermes.Store) string {
			return result(s.RemovePhone(ctx, p))
		}),
		newOperation("PhoneLines", []any{p.MAC}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.PhoneLines(ctx, p.MAC))
		}),
		newOperation("UserPhones", []any{p.User}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.UserPhones(ctx, p.User))
		}),
		newOperation("Phones", []any{q}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.Phones(ctx, q))
		}))
}

func (g generator) aliasOperation() operation {
	a := g.alias()
	q := hermes.AliasQuery{
		Scope: g.scope(), Served: drawFrom(g, "", "far.example", "x.example,y.example"),
		Alias: maybe(g, g.addr), Destination: maybe(g, g.addr), Numbers: g.bool(), After: maybe(g, g.alias), Limit: g.limit(),
	}
	unfiltered := hermes.AliasQuery{Scope: q.Scope, Served: q.Served, After: q.After, Limit: q.Limit}
	matching := unfiltered
	matching.Match = g.pattern()
	use := g.use()
	return drawFrom(g,
		newOperation("AddAlias", []any{a, use.By}, func(ctx context.Context, s hermes.Store) string {
			return usedResult(s.AddAlias(ctx, a, use))
		}),
		newOperation("RemoveDestination", []any{a}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.RemoveDestination(ctx, a))
		}),
		newOperation("RemoveAlias", []any{a.Alias}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.RemoveAlias(ctx, a.Alias))
		}),
		newOperation("Aliases", []any{q}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.Aliases(ctx, q))
		}),
		newOperation("Aliases", []any{unfiltered}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.Aliases(ctx, unfiltered))
		}),
		newOperation("Aliases", []any{matching}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.Aliases(ctx, matching))
		}))
}

// domainOperation leaves the number of the sequence out of the operation's text and result: rapid
// takes failures with different texts for different failures.
func (g generator) domainOperation() operation {
	v := g.servers()
	domainText := v.Domain.String()[:2]
	name := sip.UncheckedDomain(drawFrom(g, "local.example", "LOCAL.example", "other.example", "far.example"))
	return drawFrom(g,
		newOperation("DomainServed", []any{name}, func(ctx context.Context, s hermes.Store) string {
			return result(s.DomainServed(ctx, name))
		}),
		newOperation("Domains", nil, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.Domains(ctx))
		}),
		newOperation("SetServers", []any{domainText, v.RPort, v.ProvURL}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.SetServers(ctx, v))
		}),
		newOperation("Servers", []any{domainText}, func(ctx context.Context, s hermes.Store) string {
			got, err := s.Servers(ctx, v.Domain)
			return result([]any{got.RPort, got.PPort, got.ProvURL, got.Domain == v.Domain}, err)
		}))
}
