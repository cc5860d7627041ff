package apitest

import (
	"context"
	"errors"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

var errBroken = errors.New("the database is broken")

// broken is a store that carries out nothing.
type broken struct {
	sessions hermes.Store // answers Session still, so that callers are let in; nil: nothing does
}

func (b broken) Session(ctx context.Context, id hermes.Hash) (hermes.SessionState, error) {
	if b.sessions == nil {
		return hermes.SessionState{}, errBroken
	}
	return b.sessions.Session(ctx, id)
}

func (broken) Tx(context.Context, func(hermes.Store) error) error        { return errBroken }
func (broken) User(context.Context, sip.Addr) (v hermes.User, err error) { return v, errBroken }
func (broken) Users(context.Context, hermes.UserQuery) (v []hermes.UserEntry, err error) {
	return v, errBroken
}
func (broken) AddUser(context.Context, hermes.User) error                     { return errBroken }
func (broken) SetUser(context.Context, hermes.User) error                     { return errBroken }
func (broken) RemoveUser(context.Context, sip.Addr) error                     { return errBroken }
func (broken) Groups(context.Context, sip.Addr) (v []string, err error)       { return v, errBroken }
func (broken) SetGroups(context.Context, sip.Addr, []string) error            { return errBroken }
func (broken) Holder(context.Context, sip.Addr) (v hermes.Holder, err error)  { return v, errBroken }
func (broken) PhoneUsers(context.Context, mac.Addr) (v []sip.Addr, err error) { return v, errBroken }
func (broken) UserPhones(context.Context, sip.Addr) (v []mac.Addr, err error) { return v, errBroken }
func (broken) Phones(context.Context, hermes.PhoneQuery) (v []mac.Addr, err error) {
	return v, errBroken
}
func (broken) AddPhone(context.Context, hermes.Phone) error               { return errBroken }
func (broken) RemovePhone(context.Context, hermes.Phone) error            { return errBroken }
func (broken) HasNumber(context.Context, e164.Number) (v bool, err error) { return v, errBroken }
func (broken) Numbers(context.Context, hermes.NumberQuery) (v []e164.Number, err error) {
	return v, errBroken
}
func (broken) ShuffledNumbers(context.Context, hermes.NumberQuery) (v []e164.Number, err error) {
	return v, errBroken
}
func (broken) AddNumber(context.Context, e164.Number) error { return errBroken }
func (broken) AddNumbers(context.Context, e164.Number, e164.Number) (v int64, err error) {
	return v, errBroken
}
func (broken) RemoveNumber(context.Context, e164.Number) error { return errBroken }
func (broken) TakeNumber(context.Context, hermes.Pattern, bool) (v e164.Number, err error) {
	return v, errBroken
}
func (broken) Aliases(context.Context, hermes.AliasQuery) (v []hermes.Alias, err error) {
	return v, errBroken
}
func (broken) AddAlias(context.Context, hermes.Alias) error                      { return errBroken }
func (broken) RemoveAlias(context.Context, sip.Addr) error                       { return errBroken }
func (broken) NumberAliased(context.Context, e164.Number) (v bool, err error)    { return v, errBroken }
func (broken) DomainServed(context.Context, sip.Domain) (v bool, err error)      { return v, errBroken }
func (broken) Domains(context.Context) (v []sip.Domain, err error)               { return v, errBroken }
func (broken) Servers(context.Context, sip.Domain) (v hermes.Servers, err error) { return v, errBroken }
func (broken) SetServers(context.Context, hermes.Servers) error                  { return errBroken }
func (broken) Credential(context.Context, string) (v hermes.Credential, err error) {
	return v, errBroken
}
func (broken) AddCredential(context.Context, hermes.Credential) error { return errBroken }
func (broken) SetCredential(context.Context, hermes.Credential) error { return errBroken }
func (broken) RemoveCredential(context.Context, string) error         { return errBroken }
func (broken) Authorization(context.Context, hermes.Principal) (v hermes.Authorization, err error) {
	return v, errBroken
}
func (broken) Authorizations(context.Context) (v []hermes.Authorization, err error) {
	return v, errBroken
}
func (broken) SetAuthorization(context.Context, hermes.Authorization) error { return errBroken }
func (broken) RemoveAuthorization(context.Context, hermes.Principal) error  { return errBroken }
func (broken) Key(context.Context, string) (v hermes.Key, err error)        { return v, errBroken }
func (broken) Keys(context.Context) (v []hermes.Key, err error)             { return v, errBroken }
func (broken) AddKey(context.Context, hermes.Key) error                     { return errBroken }
func (broken) RemoveKey(context.Context, string) error                      { return errBroken }
func (broken) TouchKey(context.Context, string, time.Time) error            { return errBroken }
func (broken) AddNonce(context.Context, hermes.Nonce) error                 { return errBroken }
func (broken) TakeNonce(context.Context, hermes.Hash) (v hermes.Nonce, err error) {
	return v, errBroken
}
func (broken) AddSession(context.Context, hermes.Session) error { return errBroken }
func (broken) RotateSession(context.Context, hermes.Hash, int64, time.Time, time.Time) error {
	return errBroken
}
func (broken) TouchSession(context.Context, hermes.Hash, time.Time) error          { return errBroken }
func (broken) RemoveSession(context.Context, hermes.Hash) error                    { return errBroken }
func (broken) RemoveSessions(context.Context, hermes.Principal, hermes.Hash) error { return errBroken }
func (broken) TrimSessions(context.Context, hermes.Principal, int) error           { return errBroken }
func (broken) SweepExpired(context.Context, time.Time) (v int64, err error)        { return v, errBroken }
