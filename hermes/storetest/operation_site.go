package storetest

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// siteOperation draws an operation that decides by several tables, or returns what decides.
func (g generator) siteOperation() operation {
	u, a := g.user(), g.alias()
	withoutUser := hermes.Alias{Alias: sip.Unchecked("", a.Alias.Domain().String()), Destination: a.Destination}
	// A user of the same domain has the same type.
	from := sip.Unchecked(g.addr().User(), u.Address.Domain().String())
	return drawFrom(g,
		newOperation("AddLocalUser", []any{u}, func(ctx context.Context, s hermes.Store) string {
			return addLocalUserResult(s.AddLocalUser(ctx, u))
		}),
		newOperation("RenameUser", []any{from, u}, func(ctx context.Context, s hermes.Store) string {
			moved, err := s.RenameUser(ctx, from, u)
			return listResult(moved.Phones, err) + " " + listResult(moved.Aliases, nil)
		}),
		newOperation("RemoveUser", []any{u.Address}, func(ctx context.Context, s hermes.Store) string {
			return removeUserResult(s.RemoveUser(ctx, u.Address))
		}),
		newOperation("AliasSite", []any{a}, func(ctx context.Context, s hermes.Store) string {
			return result(s.AliasSite(ctx, a))
		}),
		newOperation("AliasSite", []any{withoutUser}, func(ctx context.Context, s hermes.Store) string {
			return result(s.AliasSite(ctx, withoutUser))
		}))
}

// removeUserResult is [result] for RemoveUser.
func removeUserResult(removed hermes.Removed, err error) string {
	return result(removed.User, err) + " " + listResult(removed.Groups, nil)
}

// addLocalUserResult is [result] for AddLocalUser, which returns a value with a bare cause, too.
func addLocalUserResult(site hermes.UserSite, err error) string {
	if isFault(err) {
		return errorResult(err)
	}
	return errorResult(err) + " " + result(site, nil)
}

// assignOperation draws an operation that moves a number between the pool and the aliases. There
// are few numbers, so that many of these operations are about one that another made.
func (g generator) assignOperation() operation {
	n := drawFrom(g, number("+4711"), number("+4712"), g.number())
	address := sip.Unchecked(n.String(), drawFrom(g, "local.example", "far.example"))
	a := hermes.Alias{Alias: address, Destination: g.addr()}
	use, rest := g.use(), hermes.Quarantine{Now: at(operationMinute), Until: maybe(g, g.until)}
	q := hermes.AssignQuery{Now: use.Now, Match: g.pattern(), Scope: g.scope(), Domain: address.Domain(), Destination: a.Destination}
	return drawFrom(g,
		newOperation("AssignNumber", []any{n, a, use.By}, func(ctx context.Context, s hermes.Store) string {
			return usedResult(s.AssignNumber(ctx, n, a, use))
		}),
		newOperation("AddAlias", []any{a, use.By}, func(ctx context.Context, s hermes.Store) string {
			return usedResult(s.AddAlias(ctx, a, use))
		}),
		newOperation("ReleaseNumber", []any{n, address, rest}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.ReleaseNumber(ctx, n, address, rest))
		}),
		newOperation("AssignAny", []any{q}, func(ctx context.Context, s hermes.Store) string {
			n, site, err := s.AssignAny(ctx, q)
			if isFault(err) {
				return errorResult(err)
			}
			return result(n, err) + " " + result(site, nil)
		}))
}
