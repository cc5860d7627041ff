package hermes

import (
	"context"
	"strings"

	"github.com/hermes-voip/go-hermes/sip"
)

// The addresses in requests are as they were given, and so possibly malformed, because the rows of
// other tools may have such addresses. A request names the row whose address is exactly that. Only
// where there is no such row, the rules of [sip.Parse] apply to it.

func needAddr(name string, a sip.Addr, malformed []string) error {
	if !given(name, a, malformed) {
		return badParameter("%s: missing; want user@domain", name)
	}
	return nil
}

// checkNewAddr refuses the address of something new that is malformed. It accepts the zero address,
// about which needAddr decides.
func checkNewAddr(name string, a sip.Addr) error {
	if a.IsZero() || a.Valid() {
		return nil
	}
	_, err := a.Normal()
	return malformedAddr(name, err)
}

// malformedAddr returns Malformed for an error of package sip, or nil.
func malformedAddr(name string, err error) error {
	if err == nil {
		return nil
	}
	return failed(Malformed, "%s", addrDetail(name, err))
}

// addrDetail returns the text of an error of package sip. It begins with the name of the parameter.
func addrDetail(name string, err error) string {
	detail := strings.TrimPrefix(err.Error(), "sip: ")
	if strings.HasPrefix(detail, name) {
		return detail
	}
	return name + ": " + detail
}

// normalAddr returns what the rules of [sip.Parse] make of a, or a if it is malformed.
func normalAddr(a sip.Addr) sip.Addr {
	if a.Valid() {
		return a
	}
	if n, err := a.Normal(); err == nil {
		return n
	}
	return a
}

// namedAddr returns the address of the row that a names: a if exists finds a row, otherwise what
// the rules of [sip.Parse] make of it. If they refuse it, the error is Malformed.
func namedAddr(name string, a sip.Addr, exists func() (bool, error)) (sip.Addr, error) {
	if a.Valid() {
		return a, nil
	}
	if found, err := exists(); found || err != nil {
		return a, err
	}
	n, err := a.Normal()
	if err != nil {
		return a, malformedAddr(name, err)
	}
	return n, nil
}

// namedUser is namedAddr for the user in the parameter user.
func namedUser(ctx context.Context, s Store, a sip.Addr) (sip.Addr, error) {
	return namedUserAs(ctx, s, "user", a)
}

// namedUserAs is namedAddr for a user.
func namedUserAs(ctx context.Context, s Store, name string, a sip.Addr) (sip.Addr, error) {
	return namedAddr(name, a, func() (bool, error) { return userExists(ctx, s, a) })
}

func userExists(ctx context.Context, s Store, a sip.Addr) (bool, error) {
	_, err := s.User(ctx, a)
	if err == error(NotFound) {
		return false, nil
	}
	return err == nil, err
}

// namedPhoneUser is namedAddr for a user with phones. The user may have been removed by another
// tool.
func namedPhoneUser(ctx context.Context, s Store, a sip.Addr) (sip.Addr, error) {
	return namedAddr("user", a, func() (bool, error) {
		if found, err := userExists(ctx, s, a); found || err != nil {
			return found, err
		}
		phones, err := s.UserPhones(ctx, a)
		return len(phones) > 0, err
	})
}

// namedAlias is namedAddr for an alias.
func namedAlias(ctx context.Context, s Store, a sip.Addr) (sip.Addr, error) {
	return namedAddr("alias", a, func() (bool, error) {
		rows, err := s.Aliases(ctx, AliasQuery{Alias: a, Limit: 1})
		return len(rows) > 0, err
	})
}

// namedDestination is namedAddr for the destination of aliases.
func namedDestination(ctx context.Context, s Store, a sip.Addr) (sip.Addr, error) {
	return namedAddr("destination", a, func() (bool, error) {
		rows, err := s.Aliases(ctx, AliasQuery{Destination: a, Limit: 1})
		return len(rows) > 0, err
	})
}

// withCause returns err with another response and cause if it is Malformed.
func withCause(err error, r Response, c Cause) error {
	e, ok := err.(*Error)
	if !ok || e.Cause != Malformed {
		return err
	}
	return &Error{Response: r, Cause: c, Detail: e.Detail}
}
