package plan

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

const (
	// pageSize is how many users are read at once. Pages of fewer than 1,000 come from the primary.
	pageSize = 500
	// defaultWorkers is how many calls are made at once.
	defaultWorkers = 4
)

// each calls do with the numbers from 0 to n-1, in several goroutines. It returns the first error,
// after which it begins no other call.
func each(ctx context.Context, workers, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(workers, n) {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}

// showAll returns the users that have the addresses, each nil if there is no such user.
func showAll(ctx context.Context, api hermes.API, workers int, addrs []sip.Addr) ([]*hermes.ShownUser, error) {
	all := make([]*hermes.ShownUser, len(addrs))
	err := each(ctx, workers, len(addrs), func(ctx context.Context, i int) error {
		res, err := api.UserShow(ctx, hermes.UserShowRequest{User: addrs[i]})
		if errors.Is(err, hermes.NotFound) {
			return nil
		}
		if err == nil {
			all[i] = &res.Users[0]
		}
		return err
	})
	return all, err
}

// pages calls do with the users of a domain, or of all if it is zero, page by page.
func pages(ctx context.Context, api hermes.API, domain sip.Domain, do func([]sip.Addr) error) error {
	search, err := domainPattern(domain)
	if err != nil {
		return err
	}
	req := hermes.UserListRequest{Search: search, Limit: pageSize}
	for {
		res, err := api.UserList(ctx, req)
		if err != nil {
			return err
		}
		entries, err := res.List.Collect()
		if err != nil {
			return err
		}
		var addrs []sip.Addr
		for _, e := range entries {
			// A display name may match, too.
			if domain.IsZero() || isIn(e.User, domain) {
				addrs = append(addrs, e.User)
			}
		}
		if err := do(addrs); err != nil {
			return err
		}
		if req.After = res.List.Next(); req.After == "" {
			return nil
		}
	}
}

// isIn reports whether an address is in a domain. That of another tool may have capitals.
func isIn(a sip.Addr, domain sip.Domain) bool {
	return strings.EqualFold(a.Domain().String(), domain.String())
}

// domainPattern returns a search that matches the users of a domain, and perhaps others.
func domainPattern(domain sip.Domain) (hermes.Pattern, error) {
	if domain.IsZero() {
		return hermes.Pattern{}, nil
	}
	const longest = 63 // of 64 characters in a search, one is the star
	end := "@" + domain.String()
	return hermes.ParsePattern("*" + end[max(0, len(end)-longest):])
}

// present returns a user as it is, with all fields that it has. Number is the first of its numbers.
func present(s *hermes.ShownUser) *User {
	u := &User{
		User: s.User, DisplayName: hermes.Some(s.DisplayName), Email: s.Email, AuthID: hermes.Some(s.AuthID),
		Dialplan: hermes.Some(s.Dialplan), LineText: hermes.Some(s.LineText), RPID: s.RPID,
		Number: hermes.Some(Number{}),
	}
	if s.Type == hermes.Local {
		u.Suspended = hermes.Some(s.Suspended)
		u.Permissions = hermes.Some(sortedSet(append([]string(nil), s.Permissions...), strings.Compare))
	}
	if len(s.Numbers) > 0 {
		u.Number.Value.Number = s.Numbers[0]
	}
	u.Phones.Set, u.Aliases.Set = true, true
	for _, p := range s.Phones {
		u.Phones.Value = append(u.Phones.Value, p.MAC)
	}
	for _, a := range s.Aliases {
		if _, isNumber := aliasNumber(a); !isNumber {
			u.Aliases.Value = append(u.Aliases.Value, a)
		}
	}
	u.Phones.Value = sortedSet(u.Phones.Value, mac.Addr.Compare)
	u.Aliases.Value = sortedSet(u.Aliases.Value, sip.Addr.Compare)
	return u
}
