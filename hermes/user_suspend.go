package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/sip"
)

// UserSuspendRequest names a local user that is to be suspended.
type UserSuspendRequest struct {
	User   sip.Addr `form:"user*,required" json:"user"`
	Reason string   `form:"reason" json:"reason,omitzero"` // at most 128 characters
}

// Check implements [Request].
func (r UserSuspendRequest) Check(malformed ...string) error {
	return firstError(needAddr("user", r.User, malformed), checkText("reason", r.Reason, textMax))
}

// UserSuspendResponse names the user.
type UserSuspendResponse struct {
	User sip.Addr `json:"user"`
}

// UserSuspend keeps a local user from registering and calling until [Client.UserResume]. The
// hashes, and the clear password where Kamailio's table has it, are replaced there by random
// values, and kept sealed. The password, phones, aliases and numbers stay. A user that only
// Kamailio's table has is adopted; see [Client.UserAdopt]. Options.DropContacts is called after the
// commit.
//
// It is no error if the user is suspended already. Then a reason takes the place of the one before,
// and if another tool has given the account a password meanwhile, that is replaced, too. Causes:
// NotFound, also for a remote user.
func (c *Client) UserSuspend(ctx context.Context, req UserSuspendRequest) (UserSuspendResponse, error) {
	return call(ctx, c, "user/suspend", req, (*Client).userSuspend)
}

func (c *Client) userSuspend(ctx context.Context, req UserSuspendRequest) (UserSuspendResponse, error) {
	err := c.change(ctx, "user/suspend", &req, userLocks(req.User), func(s Store) (err error) {
		if req.User, err = namedUser(ctx, s, req.User); err != nil {
			return err
		}
		_, err = c.changeUser(ctx, s, req.User, func(u *User) error {
			if err := needLocal(*u); err != nil {
				return err
			}
			return c.suspendAgain(u, req.Reason)
		})
		return err
	})
	if err != nil {
		return UserSuspendResponse{}, err
	}
	c.dropContacts(req.User)
	return UserSuspendResponse{User: req.User}, nil
}

// suspendAgain is suspend for a user that may be suspended already.
func (c *Client) suspendAgain(u *User, reason string) error {
	if u.Suspended == "" {
		return c.suspend(u, reason)
	}
	setDefault(&reason, u.SuspendedReason)
	keepsOut, err := c.keepsOut(*u)
	if err != nil {
		return err
	}
	if keepsOut {
		u.SuspendedReason = reason
		return nil
	}
	if *u, err = c.active(*u); err != nil {
		return err
	}
	return c.suspend(u, reason)
}

// dropContacts calls Options.DropContacts after the commit.
func (c *Client) dropContacts(a sip.Addr) {
	if c.opts.DropContacts != nil {
		c.store.AfterCommit(func() { c.opts.DropContacts(a) })
	}
}

// UserResumeRequest names a user.
type UserResumeRequest struct {
	User sip.Addr `form:"user*,required" json:"user"`
}

// Check implements [Request].
func (r UserResumeRequest) Check(malformed ...string) error {
	return needAddr("user", r.User, malformed)
}

// UserResumeResponse names the user.
type UserResumeResponse struct {
	User sip.Addr `json:"user"`
}

// UserResume ends a suspension: Kamailio's table has again what it had before, or what
// [Client.UserChangePw] has replaced it by meanwhile. A column that another tool has written
// meanwhile stays as it is. It is no error if the user is not suspended. Causes: NotFound, also for
// a remote user.
func (c *Client) UserResume(ctx context.Context, req UserResumeRequest) (UserResumeResponse, error) {
	return call(ctx, c, "user/resume", req, (*Client).userResume)
}

func (c *Client) userResume(ctx context.Context, req UserResumeRequest) (UserResumeResponse, error) {
	err := c.change(ctx, "user/resume", &req, []Lock{LockAddr(req.User)}, func(s Store) (err error) {
		if req.User, err = namedUser(ctx, s, req.User); err != nil {
			return err
		}
		u, err := s.User(ctx, req.User)
		if err != nil {
			return noUser(err, req.User)
		}
		if err := needLocal(u); err != nil || u.Suspended == "" {
			return err
		}
		if u, err = c.active(u); err != nil {
			return err
		}
		return noUser(s.SetUser(ctx, u), req.User)
	})
	return UserResumeResponse(req), err
}
