package storetest

import (
	"context"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// Intercept returns a store that calls before with the name of each [hermes.Store] method that has
// a context, such as "AddUser", and then that method of store. If before returns an error, the
// method returns it as it is and does not call store. The store that Tx gives to its function is
// intercepted in the same way. When that function has returned nil, Tx calls before with "Commit";
// if that returns an error, Tx rolls back and returns it.
//
// Tests use it to make calls fail, to count them and to hold one at a chosen point. If the store is
// used concurrently, before must be safe for concurrent use.
func Intercept(store hermes.Store, before func(method string) error) hermes.Store {
	return intercepted{store: store, before: before}
}

type intercepted struct {
	store  hermes.Store
	before func(method string) error
}

// run calls before and then, if before returned nil, call.
func (s intercepted) run(method string, call func() error) error {
	if err := s.before(method); err != nil {
		return err
	}
	return call()
}

// get is like run for a method that also returns a value.
func get[T any](s intercepted, method string, call func() (T, error)) (v T, err error) {
	if err := s.before(method); err != nil {
		return v, err
	}
	return call()
}

// VolatileKey implements [hermes.Store], without a call of before.
func (s intercepted) VolatileKey() hermes.SecretKey { return s.store.VolatileKey() }

// AfterCommit implements [hermes.Store], without a call of before.
func (s intercepted) AfterCommit(f func()) { s.store.AfterCommit(f) }

// Tx implements [hermes.Store].
func (s intercepted) Tx(ctx context.Context, opts *hermes.TxOptions, fn func(hermes.Store) error) error {
	return s.run("Tx", func() error {
		return s.store.Tx(ctx, opts, func(tx hermes.Store) error {
			if err := fn(Intercept(tx, s.before)); err != nil {
				return err
			}
			return s.before("Commit")
		})
	})
}

// User implements [hermes.Store].
func (s intercepted) User(ctx context.Context, a sip.Addr) (hermes.User, error) {
	return get(s, "User", func() (hermes.User, error) { return s.store.User(ctx, a) })
}

// Users implements [hermes.Store].
func (s intercepted) Users(ctx context.Context, q hermes.UserQuery) ([]hermes.UserEntry, error) {
	return get(s, "Users", func() ([]hermes.UserEntry, error) { return s.store.Users(ctx, q) })
}

// AddUser implements [hermes.Store].
func (s intercepted) AddUser(ctx context.Context, u hermes.User) error {
	return s.run("AddUser", func() error { return s.store.AddUser(ctx, u) })
}

// AddLocalUser implements [hermes.Store].
func (s intercepted) AddLocalUser(ctx context.Context, u hermes.User) (hermes.UserSite, error) {
	return get(s, "AddLocalUser", func() (hermes.UserSite, error) { return s.store.AddLocalUser(ctx, u) })
}

// SetUser implements [hermes.Store].
func (s intercepted) SetUser(ctx context.Context, u hermes.User) error {
	return s.run("SetUser", func() error { return s.store.SetUser(ctx, u) })
}

// SetProvisioning implements [hermes.Store].
func (s intercepted) SetProvisioning(ctx context.Context, u hermes.User) error {
	return s.run("SetProvisioning", func() error { return s.store.SetProvisioning(ctx, u) })
}

// UsersWithoutServers implements [hermes.Store].
func (s intercepted) UsersWithoutServers(ctx context.Context, q hermes.DomainUserQuery) ([]sip.Addr, error) {
	return get(s, "UsersWithoutServers", func() ([]sip.Addr, error) { return s.store.UsersWithoutServers(ctx, q) })
}

// RemoveUser implements [hermes.Store].
func (s intercepted) RemoveUser(ctx context.Context, a sip.Addr) (hermes.Removed, error) {
	return get(s, "RemoveUser", func() (hermes.Removed, error) { return s.store.RemoveUser(ctx, a) })
}

// RenameUser implements [hermes.Store].
func (s intercepted) RenameUser(ctx context.Context, from sip.Addr, u hermes.User) (hermes.Moved, error) {
	return get(s, "RenameUser", func() (hermes.Moved, error) { return s.store.RenameUser(ctx, from, u) })
}

// Groups implements [hermes.Store].
func (s intercepted) Groups(ctx context.Context, a sip.Addr) ([]string, error) {
	return get(s, "Groups", func() ([]string, error) { return s.store.Groups(ctx, a) })
}

// SetGroups implements [hermes.Store].
func (s intercepted) SetGroups(ctx context.Context, a sip.Addr, names []string) error {
	return s.run("SetGroups", func() error { return s.store.SetGroups(ctx, a, names) })
}

// Holder implements [hermes.Store].
func (s intercepted) Holder(ctx context.Context, a sip.Addr) (hermes.Holder, error) {
	return get(s, "Holder", func() (hermes.Holder, error) { return s.store.Holder(ctx, a) })
}

// Aliases implements [hermes.Store].
func (s intercepted) Aliases(ctx context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	return get(s, "Aliases", func() ([]hermes.Alias, error) { return s.store.Aliases(ctx, q) })
}

// AliasSite implements [hermes.Store].
func (s intercepted) AliasSite(ctx context.Context, a hermes.Alias) (hermes.AliasSite, error) {
	return get(s, "AliasSite", func() (hermes.AliasSite, error) { return s.store.AliasSite(ctx, a) })
}

// AddAlias implements [hermes.Store].
func (s intercepted) AddAlias(ctx context.Context, a hermes.Alias, use hermes.NumberUse) (hermes.PooledNumber, error) {
	return get(s, "AddAlias", func() (hermes.PooledNumber, error) { return s.store.AddAlias(ctx, a, use) })
}

// RemoveAlias implements [hermes.Store].
func (s intercepted) RemoveAlias(ctx context.Context, a sip.Addr) ([]sip.Addr, error) {
	return get(s, "RemoveAlias", func() ([]sip.Addr, error) { return s.store.RemoveAlias(ctx, a) })
}

// NumberAliased implements [hermes.Store].
func (s intercepted) NumberAliased(ctx context.Context, n e164.Number) (bool, error) {
	return get(s, "NumberAliased", func() (bool, error) { return s.store.NumberAliased(ctx, n) })
}

// DomainServed implements [hermes.Store].
func (s intercepted) DomainServed(ctx context.Context, d sip.Domain) (bool, error) {
	return get(s, "DomainServed", func() (bool, error) { return s.store.DomainServed(ctx, d) })
}

// Domains implements [hermes.Store].
func (s intercepted) Domains(ctx context.Context) ([]sip.Domain, error) {
	return get(s, "Domains", func() ([]sip.Domain, error) { return s.store.Domains(ctx) })
}

// Servers implements [hermes.Store].
func (s intercepted) Servers(ctx context.Context, d sip.Domain) (hermes.Servers, error) {
	return get(s, "Servers", func() (hermes.Servers, error) { return s.store.Servers(ctx, d) })
}

// SetServers implements [hermes.Store].
func (s intercepted) SetServers(ctx context.Context, v hermes.Servers) error {
	return s.run("SetServers", func() error { return s.store.SetServers(ctx, v) })
}

// Credential implements [hermes.Store].
func (s intercepted) Credential(ctx context.Context, user string) (hermes.Credential, error) {
	return get(s, "Credential", func() (hermes.Credential, error) { return s.store.Credential(ctx, user) })
}

// AddCredential implements [hermes.Store].
func (s intercepted) AddCredential(ctx context.Context, c hermes.Credential) error {
	return s.run("AddCredential", func() error { return s.store.AddCredential(ctx, c) })
}

// SetCredential implements [hermes.Store].
func (s intercepted) SetCredential(ctx context.Context, c hermes.Credential) error {
	return s.run("SetCredential", func() error { return s.store.SetCredential(ctx, c) })
}

// RemoveCredential implements [hermes.Store].
func (s intercepted) RemoveCredential(ctx context.Context, user string) error {
	return s.run("RemoveCredential", func() error { return s.store.RemoveCredential(ctx, user) })
}

// Authorization implements [hermes.Store].
func (s intercepted) Authorization(ctx context.Context, p hermes.Principal) (hermes.Authorization, error) {
	return get(s, "Authorization", func() (hermes.Authorization, error) { return s.store.Authorization(ctx, p) })
}

// Authorizations implements [hermes.Store].
func (s intercepted) Authorizations(ctx context.Context) ([]hermes.Authorization, error) {
	return get(s, "Authorizations", func() ([]hermes.Authorization, error) { return s.store.Authorizations(ctx) })
}

// LastingPrincipals implements [hermes.Store].
func (s intercepted) LastingPrincipals(ctx context.Context, q hermes.PrincipalQuery) ([]hermes.Principal, error) {
	return get(s, "LastingPrincipals", func() ([]hermes.Principal, error) { return s.store.LastingPrincipals(ctx, q) })
}

// EverAuthorized implements [hermes.Store].
func (s intercepted) EverAuthorized(ctx context.Context) (bool, error) {
	return get(s, "EverAuthorized", func() (bool, error) { return s.store.EverAuthorized(ctx) })
}

// SetAuthorization implements [hermes.Store].
func (s intercepted) SetAuthorization(ctx context.Context, a hermes.Authorization) error {
	return s.run("SetAuthorization", func() error { return s.store.SetAuthorization(ctx, a) })
}

// RemoveAuthorization implements [hermes.Store].
func (s intercepted) RemoveAuthorization(ctx context.Context, p hermes.Principal) error {
	return s.run("RemoveAuthorization", func() error { return s.store.RemoveAuthorization(ctx, p) })
}

// Key implements [hermes.Store].
func (s intercepted) Key(ctx context.Context, id string) (hermes.Key, error) {
	return get(s, "Key", func() (hermes.Key, error) { return s.store.Key(ctx, id) })
}

// Keys implements [hermes.Store].
func (s intercepted) Keys(ctx context.Context) ([]hermes.Key, error) {
	return get(s, "Keys", func() ([]hermes.Key, error) { return s.store.Keys(ctx) })
}

// AddKey implements [hermes.Store].
func (s intercepted) AddKey(ctx context.Context, k hermes.Key) error {
	return s.run("AddKey", func() error { return s.store.AddKey(ctx, k) })
}

// RemoveKey implements [hermes.Store].
func (s intercepted) RemoveKey(ctx context.Context, id string) error {
	return s.run("RemoveKey", func() error { return s.store.RemoveKey(ctx, id) })
}

// AddNonce implements [hermes.Store].
func (s intercepted) AddNonce(ctx context.Context, n hermes.Nonce) error {
	return s.run("AddNonce", func() error { return s.store.AddNonce(ctx, n) })
}

// AddLogin implements [hermes.Store].
func (s intercepted) AddLogin(ctx context.Context, l hermes.KnownLogin, n int) error {
	return s.run("AddLogin", func() error { return s.store.AddLogin(ctx, l, n) })
}

// Logins implements [hermes.Store].
func (s intercepted) Logins(ctx context.Context, after time.Time, n int) ([]hermes.KnownLogin, error) {
	return get(s, "Logins", func() ([]hermes.KnownLogin, error) { return s.store.Logins(ctx, after, n) })
}

// SecretCheck implements [hermes.Store].
func (s intercepted) SecretCheck(ctx context.Context) (string, error) {
	return get(s, "SecretCheck", func() (string, error) { return s.store.SecretCheck(ctx) })
}

// SetSecretCheck implements [hermes.Store].
func (s intercepted) SetSecretCheck(ctx context.Context, value string) error {
	return s.run("SetSecretCheck", func() error { return s.store.SetSecretCheck(ctx, value) })
}

// SealedUsers implements [hermes.Store].
func (s intercepted) SealedUsers(ctx context.Context, n int) ([]sip.Addr, error) {
	return get(s, "SealedUsers", func() ([]sip.Addr, error) { return s.store.SealedUsers(ctx, n) })
}

// Session implements [hermes.Store].
func (s intercepted) Session(ctx context.Context, id hermes.Hash) (hermes.SessionState, error) {
	return get(s, "Session", func() (hermes.SessionState, error) { return s.store.Session(ctx, id) })
}

// AddSession implements [hermes.Store].
func (s intercepted) AddSession(ctx context.Context, v hermes.Session) error {
	return s.run("AddSession", func() error { return s.store.AddSession(ctx, v) })
}

// RotateSession implements [hermes.Store].
func (s intercepted) RotateSession(ctx context.Context, v hermes.Session) error {
	return s.run("RotateSession", func() error { return s.store.RotateSession(ctx, v) })
}

// Touch implements [hermes.Store].
func (s intercepted) Touch(ctx context.Context, seen []hermes.Seen) error {
	return s.run("Touch", func() error { return s.store.Touch(ctx, seen) })
}

// RemoveSession implements [hermes.Store].
func (s intercepted) RemoveSession(ctx context.Context, id hermes.Hash) error {
	return s.run("RemoveSession", func() error { return s.store.RemoveSession(ctx, id) })
}

// RemoveSessions implements [hermes.Store].
func (s intercepted) RemoveSessions(ctx context.Context, p hermes.Principal, keep hermes.Hash) error {
	return s.run("RemoveSessions", func() error { return s.store.RemoveSessions(ctx, p, keep) })
}

// TrimSessions implements [hermes.Store].
func (s intercepted) TrimSessions(ctx context.Context, p hermes.Principal, n int) error {
	return s.run("TrimSessions", func() error { return s.store.TrimSessions(ctx, p, n) })
}

// SweepExpired implements [hermes.Store].
func (s intercepted) SweepExpired(ctx context.Context, now time.Time) (int64, error) {
	return get(s, "SweepExpired", func() (int64, error) { return s.store.SweepExpired(ctx, now) })
}

// Counts implements [hermes.Store].
func (s intercepted) Counts(ctx context.Context, now time.Time) (hermes.Counts, error) {
	return get(s, "Counts", func() (hermes.Counts, error) { return s.store.Counts(ctx, now) })
}
