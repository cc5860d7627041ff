package hermes_test

import (
	"context"
	"sync"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// faults is a store that asks a script before each call what goes wrong with it.
type faults struct {
	store  hermes.Store
	script *script
}

// script counts the calls, the beginning and the end of a transaction each for one, and may fail any.
type script struct {
	mu    sync.Mutex
	calls []string
	fail  func(n int) error // n from 1; nil: the call is carried out
}

func (f faults) before(method string) error {
	f.script.mu.Lock()
	defer f.script.mu.Unlock()
	f.script.calls = append(f.script.calls, method)
	return f.script.fail(len(f.script.calls))
}

func read[T any](f faults, method string, call func() (T, error)) (v T, err error) {
	if err = f.before(method); err != nil {
		return v, err
	}
	return call()
}

func write(f faults, method string, call func() error) error {
	if err := f.before(method); err != nil {
		return err
	}
	return call()
}

func (f faults) Tx(ctx context.Context, fn func(hermes.Store) error) error {
	return write(f, "BEGIN", func() error {
		return f.store.Tx(ctx, func(s hermes.Store) error {
			in := faults{s, f.script}
			if err := fn(in); err != nil {
				return err
			}
			return in.before("COMMIT")
		})
	})
}

func (f faults) User(ctx context.Context, a sip.Addr) (hermes.User, error) {
	return read(f, "User", func() (hermes.User, error) { return f.store.User(ctx, a) })
}

func (f faults) Users(ctx context.Context, q hermes.UserQuery) ([]hermes.UserEntry, error) {
	return read(f, "Users", func() ([]hermes.UserEntry, error) { return f.store.Users(ctx, q) })
}

func (f faults) AddUser(ctx context.Context, u hermes.User) error {
	return write(f, "AddUser", func() error { return f.store.AddUser(ctx, u) })
}

func (f faults) SetUser(ctx context.Context, u hermes.User) error {
	return write(f, "SetUser", func() error { return f.store.SetUser(ctx, u) })
}

func (f faults) RemoveUser(ctx context.Context, a sip.Addr) error {
	return write(f, "RemoveUser", func() error { return f.store.RemoveUser(ctx, a) })
}

func (f faults) Groups(ctx context.Context, a sip.Addr) ([]string, error) {
	return read(f, "Groups", func() ([]string, error) { return f.store.Groups(ctx, a) })
}

func (f faults) SetGroups(ctx context.Context, a sip.Addr, names []string) error {
	return write(f, "SetGroups", func() error { return f.store.SetGroups(ctx, a, names) })
}

func (f faults) Holder(ctx context.Context, a sip.Addr) (hermes.Holder, error) {
	return read(f, "Holder", func() (hermes.Holder, error) { return f.store.Holder(ctx, a) })
}

func (f faults) PhoneUsers(ctx context.Context, m mac.Addr) ([]sip.Addr, error) {
	return read(f, "PhoneUsers", func() ([]sip.Addr, error) { return f.store.PhoneUsers(ctx, m) })
}

func (f faults) UserPhones(ctx context.Context, a sip.Addr) ([]mac.Addr, error) {
	return read(f, "UserPhones", func() ([]mac.Addr, error) { return f.store.UserPhones(ctx, a) })
}

func (f faults) Phones(ctx context.Context, q hermes.PhoneQuery) ([]mac.Addr, error) {
	return read(f, "Phones", func() ([]mac.Addr, error) { return f.store.Phones(ctx, q) })
}

func (f faults) AddPhone(ctx context.Context, p hermes.Phone) error {
	return write(f, "AddPhone", func() error { return f.store.AddPhone(ctx, p) })
}

func (f faults) RemovePhone(ctx context.Context, p hermes.Phone) error {
	return write(f, "RemovePhone", func() error { return f.store.RemovePhone(ctx, p) })
}

func (f faults) HasNumber(ctx context.Context, n e164.Number) (bool, error) {
	return read(f, "HasNumber", func() (bool, error) { return f.store.HasNumber(ctx, n) })
}

func (f faults) Numbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	return read(f, "Numbers", func() ([]e164.Number, error) { return f.store.Numbers(ctx, q) })
}

func (f faults) ShuffledNumbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	return read(f, "ShuffledNumbers", func() ([]e164.Number, error) { return f.store.ShuffledNumbers(ctx, q) })
}

func (f faults) AddNumber(ctx context.Context, n e164.Number) error {
	return write(f, "AddNumber", func() error { return f.store.AddNumber(ctx, n) })
}

func (f faults) AddNumbers(ctx context.Context, first, last e164.Number) (int64, error) {
	return read(f, "AddNumbers", func() (int64, error) { return f.store.AddNumbers(ctx, first, last) })
}

func (f faults) RemoveNumber(ctx context.Context, n e164.Number) error {
	return write(f, "RemoveNumber", func() error { return f.store.RemoveNumber(ctx, n) })
}

func (f faults) TakeNumber(ctx context.Context, match hermes.Pattern, random bool) (e164.Number, error) {
	return read(f, "TakeNumber", func() (e164.Number, error) { return f.store.TakeNumber(ctx, match, random) })
}

func (f faults) Aliases(ctx context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	return read(f, "Aliases", func() ([]hermes.Alias, error) { return f.store.Aliases(ctx, q) })
}

func (f faults) AddAlias(ctx context.Context, a hermes.Alias) error {
	return write(f, "AddAlias", func() error { return f.store.AddAlias(ctx, a) })
}

func (f faults) RemoveAlias(ctx context.Context, a sip.Addr) error {
	return write(f, "RemoveAlias", func() error { return f.store.RemoveAlias(ctx, a) })
}

func (f faults) NumberAliased(ctx context.Context, n e164.Number) (bool, error) {
	return read(f, "NumberAliased", func() (bool, error) { return f.store.NumberAliased(ctx, n) })
}

func (f faults) DomainServed(ctx context.Context, d sip.Domain) (bool, error) {
	return read(f, "DomainServed", func() (bool, error) { return f.store.DomainServed(ctx, d) })
}

func (f faults) Domains(ctx context.Context) ([]sip.Domain, error) {
	return read(f, "Domains", func() ([]sip.Domain, error) { return f.store.Domains(ctx) })
}

func (f faults) Servers(ctx context.Context, d sip.Domain) (hermes.Servers, error) {
	return read(f, "Servers", func() (hermes.Servers, error) { return f.store.Servers(ctx, d) })
}

func (f faults) SetServers(ctx context.Context, s hermes.Servers) error {
	return write(f, "SetServers", func() error { return f.store.SetServers(ctx, s) })
}

func (f faults) Credential(ctx context.Context, user string) (hermes.Credential, error) {
	return read(f, "Credential", func() (hermes.Credential, error) { return f.store.Credential(ctx, user) })
}

func (f faults) AddCredential(ctx context.Context, c hermes.Credential) error {
	return write(f, "AddCredential", func() error { return f.store.AddCredential(ctx, c) })
}

func (f faults) SetCredential(ctx context.Context, c hermes.Credential) error {
	return write(f, "SetCredential", func() error { return f.store.SetCredential(ctx, c) })
}

func (f faults) RemoveCredential(ctx context.Context, user string) error {
	return write(f, "RemoveCredential", func() error { return f.store.RemoveCredential(ctx, user) })
}

func (f faults) Authorization(ctx context.Context, p hermes.Principal) (hermes.Authorization, error) {
	return read(f, "Authorization", func() (hermes.Authorization, error) { return f.store.Authorization(ctx, p) })
}

func (f faults) Authorizations(ctx context.Context) ([]hermes.Authorization, error) {
	return read(f, "Authorizations", func() ([]hermes.Authorization, error) { return f.store.Authorizations(ctx) })
}

func (f faults) SetAuthorization(ctx context.Context, a hermes.Authorization) error {
	return write(f, "SetAuthorization", func() error { return f.store.SetAuthorization(ctx, a) })
}

func (f faults) RemoveAuthorization(ctx context.Context, p hermes.Principal) error {
	return write(f, "RemoveAuthorization", func() error { return f.store.RemoveAuthorization(ctx, p) })
}

func (f faults) Key(ctx context.Context, id string) (hermes.Key, error) {
	return read(f, "Key", func() (hermes.Key, error) { return f.store.Key(ctx, id) })
}

func (f faults) Keys(ctx context.Context) ([]hermes.Key, error) {
	return read(f, "Keys", func() ([]hermes.Key, error) { return f.store.Keys(ctx) })
}

func (f faults) AddKey(ctx context.Context, k hermes.Key) error {
	return write(f, "AddKey", func() error { return f.store.AddKey(ctx, k) })
}

func (f faults) RemoveKey(ctx context.Context, id string) error {
	return write(f, "RemoveKey", func() error { return f.store.RemoveKey(ctx, id) })
}

func (f faults) TouchKey(ctx context.Context, id string, at time.Time) error {
	return write(f, "TouchKey", func() error { return f.store.TouchKey(ctx, id, at) })
}

func (f faults) AddNonce(ctx context.Context, n hermes.Nonce) error {
	return write(f, "AddNonce", func() error { return f.store.AddNonce(ctx, n) })
}

func (f faults) TakeNonce(ctx context.Context, id hermes.Hash) (hermes.Nonce, error) {
	return read(f, "TakeNonce", func() (hermes.Nonce, error) { return f.store.TakeNonce(ctx, id) })
}

func (f faults) Session(ctx context.Context, id hermes.Hash) (hermes.SessionState, error) {
	return read(f, "Session", func() (hermes.SessionState, error) { return f.store.Session(ctx, id) })
}

func (f faults) AddSession(ctx context.Context, s hermes.Session) error {
	return write(f, "AddSession", func() error { return f.store.AddSession(ctx, s) })
}

func (f faults) RotateSession(ctx context.Context, id hermes.Hash, gen int64, rotated, expires time.Time) error {
	return write(f, "RotateSession", func() error { return f.store.RotateSession(ctx, id, gen, rotated, expires) })
}

func (f faults) TouchSession(ctx context.Context, id hermes.Hash, at time.Time) error {
	return write(f, "TouchSession", func() error { return f.store.TouchSession(ctx, id, at) })
}

func (f faults) RemoveSession(ctx context.Context, id hermes.Hash) error {
	return write(f, "RemoveSession", func() error { return f.store.RemoveSession(ctx, id) })
}

func (f faults) RemoveSessions(ctx context.Context, p hermes.Principal, keep hermes.Hash) error {
	return write(f, "RemoveSessions", func() error { return f.store.RemoveSessions(ctx, p, keep) })
}

func (f faults) TrimSessions(ctx context.Context, p hermes.Principal, n int) error {
	return write(f, "TrimSessions", func() error { return f.store.TrimSessions(ctx, p, n) })
}

func (f faults) SweepExpired(ctx context.Context, now time.Time) (int64, error) {
	return read(f, "SweepExpired", func() (int64, error) { return f.store.SweepExpired(ctx, now) })
}
