package storetest

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
)

func (d *draw) authStep() step {
	c := hermes.Credential{User: d.name(), Hash: d.text()}
	a := hermes.Authorization{Principal: d.principal(), Access: d.access()}
	return pick(d,
		op("Credential", []any{c.User}, func(ctx context.Context, s hermes.Store) string { return told(s.Credential(ctx, c.User)) }),
		op("AddCredential", []any{c}, func(ctx context.Context, s hermes.Store) string { return toldError(s.AddCredential(ctx, c)) }),
		op("SetCredential", []any{c}, func(ctx context.Context, s hermes.Store) string { return toldError(s.SetCredential(ctx, c)) }),
		op("RemoveCredential", []any{c.User}, func(ctx context.Context, s hermes.Store) string { return toldError(s.RemoveCredential(ctx, c.User)) }),
		op("Authorization", []any{a.Principal}, func(ctx context.Context, s hermes.Store) string { return told(s.Authorization(ctx, a.Principal)) }),
		op("Authorizations", nil, func(ctx context.Context, s hermes.Store) string { return toldList(s.Authorizations(ctx)) }),
		op("SetAuthorization", []any{a}, func(ctx context.Context, s hermes.Store) string { return toldError(s.SetAuthorization(ctx, a)) }),
		op("RemoveAuthorization", []any{a.Principal}, func(ctx context.Context, s hermes.Store) string {
			return toldError(s.RemoveAuthorization(ctx, a.Principal))
		}))
}

func (d *draw) keyStep() step {
	key, at := d.key(), d.time()
	n := hermes.Nonce{ID: d.hash(), Key: d.name(), Expires: d.time()}
	return pick(d,
		op("Key", []any{key.ID}, func(ctx context.Context, s hermes.Store) string { return told(s.Key(ctx, key.ID)) }),
		op("Keys", nil, func(ctx context.Context, s hermes.Store) string { return toldList(s.Keys(ctx)) }),
		op("AddKey", []any{key}, func(ctx context.Context, s hermes.Store) string { return toldError(s.AddKey(ctx, key)) }),
		op("RemoveKey", []any{key.ID}, func(ctx context.Context, s hermes.Store) string { return toldError(s.RemoveKey(ctx, key.ID)) }),
		op("TouchKey", []any{key.ID, at}, func(ctx context.Context, s hermes.Store) string { return toldError(s.TouchKey(ctx, key.ID, at)) }),
		op("AddNonce", []any{n}, func(ctx context.Context, s hermes.Store) string { return toldError(s.AddNonce(ctx, n)) }),
		op("TakeNonce", []any{n.ID}, func(ctx context.Context, s hermes.Store) string { return told(s.TakeNonce(ctx, n.ID)) }))
}

func (d *draw) sessionStep() step {
	v := d.session()
	return pick(d,
		op("Session", []any{v.ID}, func(ctx context.Context, s hermes.Store) string { return told(s.Session(ctx, v.ID)) }),
		op("AddSession", []any{v}, func(ctx context.Context, s hermes.Store) string { return toldError(s.AddSession(ctx, v)) }),
		op("RotateSession", []any{v.ID, v.Gen, v.Rotated, v.KeyExpires}, func(ctx context.Context, s hermes.Store) string {
			return toldError(s.RotateSession(ctx, v.ID, v.Gen, v.Rotated, v.KeyExpires))
		}),
		op("TouchSession", []any{v.ID, v.LastSeen}, func(ctx context.Context, s hermes.Store) string {
			return toldError(s.TouchSession(ctx, v.ID, v.LastSeen))
		}),
		op("RemoveSession", []any{v.ID}, func(ctx context.Context, s hermes.Store) string { return toldError(s.RemoveSession(ctx, v.ID)) }))
}

func (d *draw) manySessionsStep() step {
	p, keep, n, now, v := d.principal(), maybe(d, d.hash), d.number(3), d.time(), d.session()
	return pick(d,
		op("AddSession", []any{v}, func(ctx context.Context, s hermes.Store) string { return toldError(s.AddSession(ctx, v)) }),
		op("RemoveSessions", []any{p, keep}, func(ctx context.Context, s hermes.Store) string { return toldError(s.RemoveSessions(ctx, p, keep)) }),
		op("TrimSessions", []any{p, n}, func(ctx context.Context, s hermes.Store) string { return toldError(s.TrimSessions(ctx, p, n)) }),
		op("SweepExpired", []any{now}, func(ctx context.Context, s hermes.Store) string { return told(s.SweepExpired(ctx, now)) }))
}
