package storetest

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
)

func (g generator) authOperation() operation {
	c := hermes.Credential{User: g.name(), Hash: g.text()}
	a := hermes.Authorization{Principal: g.principal(), Access: g.access(), Scope: g.scope(), Epoch: int64(g.upTo(2))}
	q := hermes.PrincipalQuery{Access: a.Access, After: maybe(g, g.principal), Limit: 1 + g.upTo(2)}
	n := g.limit()
	return drawFrom(g,
		newOperation("SecretCheck", nil, func(ctx context.Context, s hermes.Store) string {
			return result(s.SecretCheck(ctx))
		}),
		newOperation("SetSecretCheck", []any{c.User}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.SetSecretCheck(ctx, c.User))
		}),
		newOperation("SealedUsers", []any{n}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.SealedUsers(ctx, n))
		}),
		newOperation("Credential", []any{c.User}, func(ctx context.Context, s hermes.Store) string {
			return result(s.Credential(ctx, c.User))
		}),
		newOperation("AddCredential", []any{c}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.AddCredential(ctx, c))
		}),
		newOperation("SetCredential", []any{c}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.SetCredential(ctx, c))
		}),
		newOperation("RemoveCredential", []any{c.User}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.RemoveCredential(ctx, c.User))
		}),
		newOperation("Authorization", []any{a.Principal}, func(ctx context.Context, s hermes.Store) string {
			return result(s.Authorization(ctx, a.Principal))
		}),
		newOperation("Authorizations", nil, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.Authorizations(ctx))
		}),
		newOperation("LastingPrincipals", []any{q}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.LastingPrincipals(ctx, q))
		}),
		newOperation("EverAuthorized", nil, func(ctx context.Context, s hermes.Store) string {
			return result(s.EverAuthorized(ctx))
		}),
		newOperation("SetAuthorization", []any{a}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.SetAuthorization(ctx, a))
		}),
		newOperation("RemoveAuthorization", []any{a.Principal}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.RemoveAuthorization(ctx, a.Principal))
		}))
}

func (g generator) keyOperation() operation {
	k, used := g.key(), g.time()
	n := hermes.Nonce{ID: g.hash(), Expires: g.time()}
	return drawFrom(g,
		newOperation("Key", []any{k.ID}, func(ctx context.Context, s hermes.Store) string {
			return result(s.Key(ctx, k.ID))
		}),
		newOperation("Keys", nil, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.Keys(ctx))
		}),
		newOperation("AddKey", []any{k}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.AddKey(ctx, k))
		}),
		newOperation("RemoveKey", []any{k.ID}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.RemoveKey(ctx, k.ID))
		}),
		newOperation("Touch", []any{k.ID, used}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(touch(ctx, s, hermes.Seen{Principal: keyPrincipal(k.ID), At: used}))
		}),
		newOperation("AddNonce", []any{n}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.AddNonce(ctx, n))
		}))
}

// loginOperation draws an operation on known logins.
func (g generator) loginOperation() operation {
	l := hermes.KnownLogin{Principal: g.principal(), Network: g.name(), Expires: g.time()}
	most := g.limit()
	return drawFrom(g,
		newOperation("AddLogin", []any{l, most}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.AddLogin(ctx, l, most))
		}),
		newOperation("Logins", []any{l.Expires, most}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.Logins(ctx, l.Expires, most))
		}))
}

// answerOperation draws an operation on kept answers.
func (g generator) answerOperation() operation {
	key := func() hermes.AnswerKey {
		return hermes.AnswerKey{Principal: g.principal(), Node: drawFrom(g, "user/add", "number/claim"), Key: drawFrom(g, "k", "K", "-")}
	}
	a := hermes.KeptAnswer{Key: key(), Sealed: g.binary(), Expires: g.time()}
	q := hermes.AnswerQuery{After: maybe(g, key), Limit: g.limit()}
	return drawFrom(g,
		newOperation("Answer", []any{a.Key}, func(ctx context.Context, s hermes.Store) string {
			return result(s.Answer(ctx, a.Key))
		}),
		newOperation("SetAnswer", []any{a}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.SetAnswer(ctx, a))
		}),
		newOperation("AnswerKeys", []any{q}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.AnswerKeys(ctx, q))
		}))
}

// sessionOperation draws an operation on one session.
func (g generator) sessionOperation() operation {
	v := g.session()
	return drawFrom(g,
		newOperation("Session", []any{v.ID}, func(ctx context.Context, s hermes.Store) string {
			return result(s.Session(ctx, v.ID))
		}),
		newOperation("AddSession", []any{v}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.AddSession(ctx, v))
		}),
		newOperation("RotateSession", []any{v}, func(ctx context.Context, s hermes.Store) string {
			next := v
			next.Gen++
			return errorResult(s.RotateSession(ctx, next))
		}),
		newOperation("Touch", []any{v.ID, v.LastSeen}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(touch(ctx, s, hermes.Seen{Session: v.ID, Principal: v.Principal, At: v.LastSeen}))
		}),
		newOperation("RemoveSession", []any{v.ID}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.RemoveSession(ctx, v.ID))
		}))
}

// sessionsOperation draws an operation on several sessions, or one that adds a session for them.
func (g generator) sessionsOperation() operation {
	p, keep, n, now, v := g.principal(), maybe(g, g.hash), g.upTo(3), g.time(), g.session()
	return drawFrom(g,
		newOperation("Counts", []any{now}, func(ctx context.Context, s hermes.Store) string {
			return result(s.Counts(ctx, now))
		}),
		newOperation("AddSession", []any{v}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.AddSession(ctx, v))
		}),
		newOperation("RemoveSessions", []any{p, keep}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.RemoveSessions(ctx, p, keep))
		}),
		newOperation("TrimSessions", []any{p, n}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.TrimSessions(ctx, p, n))
		}),
		newOperation("SweepExpired", []any{now}, func(ctx context.Context, s hermes.Store) string {
			return result(s.SweepExpired(ctx, now))
		}))
}
