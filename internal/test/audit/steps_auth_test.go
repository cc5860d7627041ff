package audit_test

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
)

func authSteps() []step {
	password, other := hermes.NewSecret("correct horse"), hermes.NewSecret("battery staple")
	erin := func(a hermes.Access) *hermes.AuthAuthorizeRequest {
		return &hermes.AuthAuthorizeRequest{User: "erin", Access: a}
	}
	return append([]step{
		{why: "the first administrator", node: "auth/bootstrap",
			run:  func(ctx context.Context, c *hermes.Client) error { return c.Bootstrap(ctx, "root", password) },
			want: []string{"auth/bootstrap root", "user: > root", "password: > changed", "access: > full_write"}},
		{why: "there is one", node: "auth/bootstrap",
			run:   func(ctx context.Context, c *hermes.Client) error { return c.Bootstrap(ctx, "erin", password) },
			cause: hermes.Exists},
		{why: "another password of the administrator", node: "auth/bootstrap",
			run:  func(ctx context.Context, c *hermes.Client) error { return c.Recover(ctx, "root", other) },
			want: []string{"auth/bootstrap root", "password: > changed"}},
		{why: "a new user", node: "auth/add_user", req: &hermes.AuthAddUserRequest{User: "erin", Password: password},
			want: []string{"auth/add_user erin", "user: > erin", "password: > changed", "access: > limited_read"}},
		{why: "the name is taken", node: "auth/add_user", req: &hermes.AuthAddUserRequest{User: "erin"}, cause: hermes.Exists},
		{why: "another level", node: "auth/authorize", req: erin(hermes.FullWrite),
			want: []string{"auth/authorize erin", "access: limited_read > full_write"}},
		{why: "the same level", node: "auth/authorize", req: erin(hermes.FullWrite)},
		{why: "no such user", node: "auth/authorize", req: &hermes.AuthAuthorizeRequest{User: "x", Access: hermes.FullRead},
			cause: hermes.NotFound},
		{why: "another password", node: "auth/update_user", req: &hermes.AuthUpdateUserRequest{User: "erin", Password: other},
			want: []string{"auth/update_user erin", "password: > changed"}},
		{why: "a user", node: "auth/remove_user", req: &hermes.AuthRemoveUserRequest{User: "erin"},
			want: []string{"auth/remove_user erin", "user: erin >", "access: full_write >", "password: > changed"}},
		{why: "no such user", node: "auth/remove_user", req: &hermes.AuthRemoveUserRequest{User: "erin"}, cause: hermes.NotFound},
		{why: "the last administrator", node: "auth/remove_user", req: &hermes.AuthRemoveUserRequest{User: "root"}, cause: hermes.InUse},
	}, keySteps()...)
}

func keySteps() []step {
	var key hermes.Secret // the last one
	newKey := func(req hermes.AuthNewKeyRequest) func(context.Context, *hermes.Client) error {
		return func(ctx context.Context, c *hermes.Client) error {
			res, err := c.AuthNewKey(ctx, req)
			key = res.Key
			return err
		}
	}
	removeKey := func(ctx context.Context, c *hermes.Client) error {
		_, err := c.AuthRemoveKey(ctx, hermes.AuthRemoveKeyRequest{Key: key})
		return err
	}
	var pair hermes.PublicKey
	if err := pair.UnmarshalText([]byte("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")); err != nil {
		panic(err)
	}
	return []step{
		{why: "a bearer key", node: "auth/new_key",
			run:  newKey(hermes.AuthNewKeyRequest{Host: "192.0.2.0/24", Access: hermes.FullRead, Comment: "backup"}),
			want: []string{"auth/new_key KEY", "key: > KEY", "host: > 192.0.2.0/24", "comment: > backup", "access: > full_read"}},
		{why: "a key", node: "auth/remove_key", run: removeKey,
			want: []string{"auth/remove_key KEY", "key: KEY >", "host: 192.0.2.0/24 >", "comment: backup >", "access: full_read >"}},
		{why: "no such key", node: "auth/remove_key", run: removeKey, cause: hermes.NotFound},
		{why: "a key pair", node: "auth/new_key", run: newKey(hermes.AuthNewKeyRequest{PublicKey: pair, Access: hermes.LimitedWrite}),
			want: []string{"auth/new_key KEY", "key: > KEY", "pubkey: > MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
				"access: > limited_write"}},
	}
}

// loginSteps opens, renews and ends a session.
func loginSteps() []step {
	var res hermes.AuthLoginResponse
	login := func(ctx context.Context, c *hermes.Client) (err error) {
		c = c.As(hermes.Actor{Remote: office})
		res, err = c.AuthLogin(ctx, hermes.AuthLoginRequest{Username: "root", Password: hermes.NewSecret("battery staple")})
		return err
	}
	ping := func(ctx context.Context, c *hermes.Client) error {
		actor, err := c.AuthenticatePing(ctx, hermes.Credentials{Session: res.Session, AuthKey: res.AuthKey, Cookie: res.Cookie.Value})
		if err != nil {
			return err
		}
		_, err = c.As(actor).AuthPing(ctx, hermes.AuthPingRequest{})
		return err
	}
	logout := func(ctx context.Context, c *hermes.Client) error {
		_, err := c.AuthLogout(ctx, hermes.AuthLogoutRequest{Session: res.Session, Cookie: res.Cookie.Value})
		return err
	}
	return []step{
		{why: "a session is opened", node: "auth/login", run: login},
		{why: "and renewed", node: "auth/ping", run: ping},
		{why: "and ended", node: "auth/logout", run: logout},
	}
}

// programSteps are calls of a program that are no nodes.
func programSteps() []step {
	return []step{
		{why: "it makes a check value", node: "CheckSecretKeys",
			run: func(ctx context.Context, c *hermes.Client) error { return c.CheckSecretKeys(ctx) }},
		{why: "the passwords stay the same", node: "Rekey", run: func(ctx context.Context, c *hermes.Client) error {
			_, err := c.Rekey(ctx)
			return err
		}},
		{why: "expired sessions are removed", node: "SweepSessions", run: func(ctx context.Context, c *hermes.Client) error {
			_, err := c.SweepSessions(ctx)
			return err
		}},
	}
}
