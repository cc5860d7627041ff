package hermes

import (
	"context"
	"errors"
	"strings"

	"github.com/hermes-voip/go-hermes/sip"
)

// Rekey seals every SIP password anew that was sealed with another secret key than the first,
// after which the others can be taken out of Options.SecretKeys, and counts them. It can be
// stopped and run again, and others may work meanwhile. A password that none of the keys opens stays as it is, and
// keeps none of the others from being sealed; the error, which comes at the end, names the first.
func (c *Client) Rekey(ctx context.Context) (n int, err error) {
	defer wrap(&err, "user/rekey")
	if err := c.require("user/rekey", CanAdminister); err != nil {
		return 0, err
	}
	users, err := c.UserList(ctx, UserListRequest{})
	if err != nil {
		return 0, err
	}
	var lost error
	for u, err := range users.List.All() {
		if err != nil {
			return n, err
		}
		done, err := c.reseal(ctx, u.User)
		switch {
		case errors.Is(err, Internal):
			lost = firstError(lost, err)
		case err != nil:
			return n, err
		case done:
			n++
		}
	}
	return n, lost
}

// reseal tells whether a user's password had to be sealed anew. A user that has gone meanwhile needs nothing.
func (c *core) reseal(ctx context.Context, a sip.Addr) (done bool, err error) {
	err = c.store.Tx(ctx, func(s Store) error {
		done = false
		u, err := s.User(ctx, a)
		if err == error(NotFound) || err == nil && c.sealedByFirst(u.Sealed) {
			return nil
		}
		if err != nil {
			return err
		}
		clear, err := c.openPassword(a, u.Sealed)
		if err != nil {
			return err
		}
		if u.Sealed, err = c.sealPassword(a, clear); err != nil {
			return err
		}
		done = true
		return s.SetUser(ctx, u)
	})
	return done, err
}

// sealedByFirst is also true of what is not sealed at all.
func (c *core) sealedByFirst(sealed string) bool {
	return sealed == "" || strings.HasPrefix(sealed, sealVersion+c.keys[0].id)
}
