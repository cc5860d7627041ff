package hermes

import (
	"context"
	"strings"

	"github.com/hermes-voip/go-hermes/sip"
)

// UserRemoveRequest names a user.
type UserRemoveRequest struct {
	User sip.Addr `form:"user*,required" json:"user"`
}

// UserRemoveResponse names the removed user.
type UserRemoveResponse struct {
	User sip.Addr `json:"user"`
}

// UserRemove removes a user from Kamailio and from provisioning. Causes: NotFound, InUse
// (phones, or aliases that lead to it; Detail says which).
func (c *Client) UserRemove(ctx context.Context, req UserRemoveRequest) (res UserRemoveResponse, err error) {
	defer wrap(&err, "user/remove")
	if err = c.allow("user/remove"); err != nil {
		return res, err
	}
	if err = needAddr("user", req.User); err != nil {
		return res, err
	}
	var u User
	err = c.store.Tx(ctx, func(s Store) error {
		u, err = removeUser(ctx, s, req.User)
		return err
	})
	if err != nil {
		return res, err
	}
	if u.Type == Local && c.opts.UserRemoved != nil {
		c.opts.UserRemoved(u.Address)
	}
	return UserRemoveResponse{User: req.User}, nil
}

// removeUser returns the user that it removed.
func removeUser(ctx context.Context, s Store, a sip.Addr) (User, error) {
	u, err := s.User(ctx, a)
	if err != nil {
		return u, noUser(err, a)
	}
	phones, err := s.UserPhones(ctx, a)
	if err != nil {
		return u, err
	}
	aliases, err := s.Aliases(ctx, AliasQuery{Destination: a, Limit: namedInDetail})
	if err != nil {
		return u, err
	}
	if len(phones)+len(aliases) > 0 {
		return u, inUse(a, phones, aliases)
	}
	return u, noUser(s.RemoveUser(ctx, a), a)
}

// namedInDetail is how many of the things that hang on a user the refusal names.
const namedInDetail = 5

func inUse[P interface{ String() string }](a sip.Addr, phones []P, aliases []Alias) error {
	var names []string
	for _, p := range phones[:min(len(phones), namedInDetail)] {
		names = append(names, "phone "+p.String())
	}
	for _, al := range aliases {
		names = append(names, "alias "+al.Alias.String())
	}
	return failed(InUse, "still hanging on %s: %s", a, strings.Join(names, ", "))
}

// UserChangePwRequest names a user and its new password.
type UserChangePwRequest struct {
	User     sip.Addr `form:"user*,required" json:"user"`
	Password Secret   `form:"password" json:"password,omitzero"` // empty: one is generated; local: 8 to 64 printable ASCII characters; remote: 1 to 64
}

// UserChangePwResponse has the password where it was generated.
type UserChangePwResponse struct {
	Detail   string      `json:"detail"`
	Password Opt[Secret] `json:"password,omitzero"`
}

// UserChangePw changes a user's password, in Kamailio and in provisioning together or not at
// all. Causes: NotFound.
func (c *Client) UserChangePw(ctx context.Context, req UserChangePwRequest) (res UserChangePwResponse, err error) {
	defer wrap(&err, "user/change_pw")
	if err = c.allow("user/change_pw"); err != nil {
		return res, err
	}
	if err = needAddr("user", req.User); err != nil {
		return res, err
	}
	password := req.Password
	if password.IsZero() {
		if password, err = c.generatePassword(); err != nil {
			return res, err
		}
		res.Password = Some(password)
	}
	if err = checkRemotePassword(password); err != nil {
		return UserChangePwResponse{}, err
	}
	err = c.store.Tx(ctx, func(s Store) error { return c.changePassword(ctx, s, req.User, password) })
	if err != nil {
		return UserChangePwResponse{}, err
	}
	res.Detail = "password changed for " + req.User.String()
	return res, nil
}

func (c *core) changePassword(ctx context.Context, s Store, a sip.Addr, password Secret) error {
	return changeUser(ctx, s, a, func(u *User) error {
		if u.Type == Local {
			if err := checkSIPPassword(password); err != nil {
				return err
			}
		}
		return c.setPassword(u, password)
	})
}

// changeUser reads a user, changes it and stores it.
func changeUser(ctx context.Context, s Store, a sip.Addr, change func(*User) error) error {
	u, err := s.User(ctx, a)
	if err != nil {
		return noUser(err, a)
	}
	if err := change(&u); err != nil {
		return err
	}
	return noUser(s.SetUser(ctx, u), a)
}

// UserChangeEmailRequest names a local user and its new mail address.
type UserChangeEmailRequest struct {
	User  sip.Addr `form:"user*,required" json:"user"`
	Email string   `form:"email,required" json:"email"` // one plain address of at most 128 characters
}

// UserChangeEmailResponse has both as they are now.
type UserChangeEmailResponse struct {
	User  sip.Addr `json:"user"`
	Email string   `json:"email"`
}

// UserChangeEmail changes a local user's mail address. Causes: NotFound, also for a remote user.
func (c *Client) UserChangeEmail(ctx context.Context, req UserChangeEmailRequest) (res UserChangeEmailResponse, err error) {
	defer wrap(&err, "user/change_email")
	if err = c.allow("user/change_email"); err != nil {
		return res, err
	}
	if err = needAddr("user", req.User); err != nil {
		return res, err
	}
	if req.Email == "" {
		return res, badParameter("email: missing; user/update empties it")
	}
	if err = checkEmail(req.Email); err != nil {
		return res, err
	}
	err = c.store.Tx(ctx, func(s Store) error {
		return changeUser(ctx, s, req.User, func(u *User) error {
			u.Email = req.Email
			return needLocal(*u)
		})
	})
	return UserChangeEmailResponse(req), err
}

func needLocal(u User) error {
	if u.Type != Local {
		return failed(NotFound, "%s is a remote user: there is no such local user", u.Address)
	}
	return nil
}

// UserGeneratePasswordRequest has no parameters.
type UserGeneratePasswordRequest struct{}

// UserGeneratePasswordResponse has the password. The HTTP API answers it as plain text.
type UserGeneratePasswordResponse struct {
	Password Secret `json:"password" wire:"text"`
}

// UserGeneratePassword returns a password of the form that UserAdd gives; it is kept nowhere.
func (c *Client) UserGeneratePassword(_ context.Context, _ UserGeneratePasswordRequest) (res UserGeneratePasswordResponse, err error) {
	defer wrap(&err, "user/generate_password")
	if err = c.allow("user/generate_password"); err != nil {
		return res, err
	}
	res.Password, err = c.generatePassword()
	return res, err
}
