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

// step draws an operation, or a transaction of some.
func (d *draw) step(transactions bool) step {
	groups := []func() step{
		nothing, d.userStep, d.userReadStep, d.phoneStep, d.numberStep, d.poolStep, d.aliasStep, d.domainStep, d.authStep, d.keyStep,
		d.sessionStep, d.manySessionsStep,
	}
	if transactions {
		groups = append(groups, d.txStep, d.txStep)
	}
	return groups[d.number(len(groups)-1)]()
}

// nothing is the simplest step: what a failure does not need becomes it.
func nothing() step {
	return step{"-", func(context.Context, hermes.Store) string { return "" }}
}

// op makes a step that shows its arguments.
func op(name string, args []any, run func(ctx context.Context, s hermes.Store) string) step {
	var shown []string
	for _, a := range args {
		shown = append(shown, fmt.Sprintf("%+v", a))
	}
	return step{name + "(" + strings.Join(shown, ", ") + ")", run}
}

var errUndo = errors.New("undo")

// txStep runs operations in a transaction, some of them in one within, and commits or undoes.
func (d *draw) txStep() step {
	steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step { return (&draw{t, d.run}).step(false) }), 1, 6).Draw(d.T, "")
	inner := d.number(len(steps))
	end := pick(d, nil, nil, errUndo, error(hermes.Exists))
	run := func(ctx context.Context, s hermes.Store) string {
		var answers []string
		err := s.Tx(ctx, func(s hermes.Store) error {
			answers = nil
			err := s.Tx(ctx, func(s hermes.Store) error {
				answers = append(answers, runAll(ctx, s, steps[:inner])...)
				return nil
			})
			answers = append(answers, runAll(ctx, s, steps[inner:])...)
			return firstOf(err, end)
		})
		if err == errUndo {
			err = hermes.NotFound
		}
		return strings.Join(append(answers, toldError(err)), "\n")
	}
	return op("Tx", []any{steps, inner, end}, run)
}

func runAll(ctx context.Context, s hermes.Store, steps []step) (answers []string) {
	for _, step := range steps {
		answers = append(answers, step.run(ctx, s))
	}
	return answers
}

func (d *draw) userStep() step {
	u := d.user()
	var names []string
	for range d.number(3) {
		names = append(names, pick(d, "a", "B", "_", "ø"))
	}
	return pick(d,
		op("AddUser", []any{u}, func(ctx context.Context, s hermes.Store) string { return toldError(s.AddUser(ctx, u)) }),
		op("SetUser", []any{u}, func(ctx context.Context, s hermes.Store) string { return toldError(s.SetUser(ctx, u)) }),
		op("RemoveUser", []any{u.Address}, func(ctx context.Context, s hermes.Store) string { return toldError(s.RemoveUser(ctx, u.Address)) }),
		op("SetGroups", []any{u.Address, names}, func(ctx context.Context, s hermes.Store) string {
			return toldError(s.SetGroups(ctx, u.Address, names))
		}))
}

func (d *draw) userReadStep() step {
	a := d.addr()
	q := hermes.UserQuery{Match: d.pattern(), After: maybe(d, d.addr), Limit: d.limit()}
	return pick(d,
		op("User", []any{a}, func(ctx context.Context, s hermes.Store) string { return told(s.User(ctx, a)) }),
		op("Users", []any{q}, func(ctx context.Context, s hermes.Store) string { return toldList(s.Users(ctx, q)) }),
		op("Groups", []any{a}, func(ctx context.Context, s hermes.Store) string { return toldList(s.Groups(ctx, a)) }),
		op("Holder", []any{a}, func(ctx context.Context, s hermes.Store) string { return told(s.Holder(ctx, a)) }))
}

func (d *draw) phoneStep() step {
	p := d.phone()
	q := hermes.PhoneQuery{Match: d.pattern(), After: maybe(d, d.mac), Limit: d.limit()}
	return pick(d,
		op("AddPhone", []any{p}, func(ctx context.Context, s hermes.Store) string { return toldError(s.AddPhone(ctx, p)) }),
		op("RemovePhone", []any{p}, func(ctx context.Context, s hermes.Store) string { return toldError(s.RemovePhone(ctx, p)) }),
		op("PhoneUsers", []any{p.MAC}, func(ctx context.Context, s hermes.Store) string { return toldList(s.PhoneUsers(ctx, p.MAC)) }),
		op("UserPhones", []any{p.User}, func(ctx context.Context, s hermes.Store) string { return toldList(s.UserPhones(ctx, p.User)) }),
		op("Phones", []any{q}, func(ctx context.Context, s hermes.Store) string { return toldList(s.Phones(ctx, q)) }))
}

func (d *draw) numberStep() step {
	n, match := d.e164(), d.pattern()
	return pick(d,
		op("HasNumber", []any{n}, func(ctx context.Context, s hermes.Store) string { return told(s.HasNumber(ctx, n)) }),
		op("AddNumber", []any{n}, func(ctx context.Context, s hermes.Store) string { return toldError(s.AddNumber(ctx, n)) }),
		op("RemoveNumber", []any{n}, func(ctx context.Context, s hermes.Store) string { return toldError(s.RemoveNumber(ctx, n)) }),
		op("NumberAliased", []any{n}, func(ctx context.Context, s hermes.Store) string { return told(s.NumberAliased(ctx, n)) }),
		op("TakeNumber", []any{match}, func(ctx context.Context, s hermes.Store) string { return told(s.TakeNumber(ctx, match, false)) }))
}

func (d *draw) poolStep() step {
	q := hermes.NumberQuery{Match: d.pattern(), After: maybe(d, d.e164), Limit: d.limit(), Seed: pick[int64](d, 0, 7, 2147483646)}
	first := d.e164()
	last, ok := first.Offset(int64(d.number(12)))
	if !ok {
		last = first
	}
	return pick(d,
		op("Numbers", []any{q}, func(ctx context.Context, s hermes.Store) string { return toldList(s.Numbers(ctx, q)) }),
		op("ShuffledNumbers", []any{q}, func(ctx context.Context, s hermes.Store) string { return toldList(s.ShuffledNumbers(ctx, q)) }),
		op("AddNumbers", []any{first, last}, func(ctx context.Context, s hermes.Store) string { return told(s.AddNumbers(ctx, first, last)) }))
}

func (d *draw) aliasStep() step {
	a := d.alias()
	q := hermes.AliasQuery{Alias: maybe(d, d.addr), Destination: maybe(d, d.addr), After: maybe(d, d.alias), Limit: d.limit()}
	all := hermes.AliasQuery{After: q.After, Limit: q.Limit}
	return pick(d,
		op("AddAlias", []any{a}, func(ctx context.Context, s hermes.Store) string { return toldError(s.AddAlias(ctx, a)) }),
		op("RemoveAlias", []any{a.Alias}, func(ctx context.Context, s hermes.Store) string { return toldError(s.RemoveAlias(ctx, a.Alias)) }),
		op("Aliases", []any{q}, func(ctx context.Context, s hermes.Store) string { return toldList(s.Aliases(ctx, q)) }),
		op("Aliases", []any{all}, func(ctx context.Context, s hermes.Store) string { return toldList(s.Aliases(ctx, all)) }))
}

// domainStep shows no more of the servers' domain than what is the same in each run: rapid
// takes a failure for another one where its text is.
func (d *draw) domainStep() step {
	v := d.servers()
	which := v.Domain.String()[:2]
	name := sip.UncheckedDomain(pick(d, "local.example", "LOCAL.example", "other.example", "far.example"))
	return pick(d,
		op("DomainServed", []any{name}, func(ctx context.Context, s hermes.Store) string { return told(s.DomainServed(ctx, name)) }),
		op("Domains", nil, func(ctx context.Context, s hermes.Store) string { return toldList(s.Domains(ctx)) }),
		op("SetServers", []any{which, v.RPort, v.ProvURL}, func(ctx context.Context, s hermes.Store) string { return toldError(s.SetServers(ctx, v)) }),
		op("Servers", []any{which}, func(ctx context.Context, s hermes.Store) string {
			servers, err := s.Servers(ctx, v.Domain)
			return told([]any{servers.RPort, servers.PPort, servers.ProvURL, servers.Domain == v.Domain}, err)
		}))
}
