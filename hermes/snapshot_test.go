package hermes_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// snapshot is all that a store knows and shows.
type snapshot struct {
	Users          []hermes.User
	Groups         map[sip.Addr][]string
	Phones         map[mac.Addr][]sip.Addr
	Numbers        []e164.Number
	Aliases        []hermes.Alias
	Servers        map[sip.Domain]hermes.Servers
	Credentials    map[string]hermes.Credential
	Authorizations []hermes.Authorization
	Keys           []hermes.Key
	Sessions       []hermes.SessionState
	Transient      int64 // sessions and nonces
}

const everything = 10_000

// snap reads a store; sessions are those of cred.
func snap(t testing.TB, s hermes.Store, cred ...hermes.Credentials) (p snapshot) {
	t.Helper()
	ctx := context.Background()
	p.Users, p.Groups = snapUsers(t, s)
	p.Phones = map[mac.Addr][]sip.Addr{}
	for _, m := range ok(t, got(s.Phones(ctx, hermes.PhoneQuery{Limit: everything}))) {
		p.Phones[m] = ok(t, got(s.PhoneUsers(ctx, m)))
	}
	p.Numbers = ok(t, got(s.Numbers(ctx, hermes.NumberQuery{Limit: everything})))
	p.Aliases = ok(t, got(s.Aliases(ctx, hermes.AliasQuery{Limit: everything})))
	p.Servers = map[sip.Domain]hermes.Servers{}
	for _, d := range []string{"example.com", "example.net", "far.example"} {
		p.Servers[domain(d)], _ = s.Servers(ctx, domain(d))
	}
	p.Authorizations = ok(t, got(s.Authorizations(ctx)))
	p.Credentials = map[string]hermes.Credential{}
	for _, user := range []string{"admin", "writer", "auditor", "reader", "new"} {
		p.Credentials[user], _ = s.Credential(ctx, user)
	}
	p.Keys = ok(t, got(s.Keys(ctx)))
	for _, c := range cred {
		state, _ := s.Session(ctx, hashOf(c.Session))
		p.Sessions = append(p.Sessions, state)
	}
	p.Transient = transient(t, s)
	return p
}

func snapUsers(t testing.TB, s hermes.Store) (users []hermes.User, groups map[sip.Addr][]string) {
	t.Helper()
	ctx := context.Background()
	groups = map[sip.Addr][]string{}
	for _, u := range ok(t, got(s.Users(ctx, hermes.UserQuery{Limit: everything}))) {
		users = append(users, ok(t, got(s.User(ctx, u.User))))
		groups[u.User] = ok(t, got(s.Groups(ctx, u.User)))
	}
	return users, groups
}

// transient counts what SweepExpired would remove at the end of time, in a transaction that is given up.
func transient(t testing.TB, s hermes.Store) (n int64) {
	t.Helper()
	giveUp := errors.New("only looking")
	err := s.Tx(context.Background(), func(s hermes.Store) (err error) {
		if n, err = s.SweepExpired(context.Background(), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
			return err
		}
		return giveUp
	})
	if err != giveUp {
		t.Fatal(err)
	}
	return n
}
