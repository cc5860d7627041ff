package hermes

import (
	"context"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// Store keeps the records. A store knows keys, order and atomicity, never roles, formats,
// quotas or wording: those are the Client's. Package hermes/storetest holds every promise
// made here as a test that any store can be run against.
//
// Errors: a store returns the bare causes NotFound and Exists, exactly where a method says
// so (compare with ==), and any other error for a fault. An error leaves a transaction usable
// when it is a bare cause. Every method honours ctx, and a write is whole or not at all, in a
// transaction of its own where none is open.
//
// Order is byte-wise, whatever the database's collation: addresses by user name and then domain,
// numbers and MACs as strings. Values that other tools left in shared tables and that the validators refuse
// are returned as sip.Unchecked makes them, and found again under that value.
type Store interface {
	UserStore
	PhoneStore
	NumberStore
	AliasStore
	DomainStore
	CredentialStore
	AuthorizationStore
	KeyStore
	SessionStore

	// Tx runs fn in one serializable transaction: concurrent transactions have the effect of
	// some order one after the other, everything sticks when fn returns nil, and nothing
	// otherwise; fn's own error is returned as it is. fn may run more than once: it must set what it
	// answers anew each time. The Store given to fn serves in fn only; its own Tx runs in the same transaction,
	// and undoes nothing by itself.
	// Where it cannot be known whether a commit took place the error wraps ErrOutcomeUnknown.
	Tx(ctx context.Context, fn func(Store) error) error
}

// UserStore keeps users: Kamailio's subscriber row and Hermes' provisioning row, as one record.
type UserStore interface {
	// User returns the user at an address, whichever of the two rows there are; NotFound.
	User(ctx context.Context, a sip.Addr) (User, error)
	// Users returns a page in the order of addresses, each once. A user matches where the pattern
	// matches the address or the display name.
	Users(ctx context.Context, q UserQuery) ([]UserEntry, error)
	// AddUser stores a new user, in both tables where it is local; Exists where either has the address.
	AddUser(ctx context.Context, u User) error
	// SetUser replaces the user at u.Address, making the row that is missing; NotFound where there is neither. Kamailio's,
	// which another tool removed, is not made for a user without HA1 and Clear: it would be an account again without a password.
	SetUser(ctx context.Context, u User) error
	// RemoveUser removes both rows and the user's groups; NotFound.
	RemoveUser(ctx context.Context, a sip.Addr) error
	// Groups returns the names under the address in Kamailio's grp table, in order, each once.
	Groups(ctx context.Context, a sip.Addr) ([]string, error)
	// SetGroups makes names the only ones there.
	SetGroups(ctx context.Context, a sip.Addr, names []string) error
	// Holder tells in one statement whether a user or an alias has the address. A user is told
	// first where both do.
	Holder(ctx context.Context, a sip.Addr) (Holder, error)
}

// PhoneStore keeps the associations of desk phones with users.
type PhoneStore interface {
	// PhoneUsers returns the users of a phone, in order; none is no error.
	PhoneUsers(ctx context.Context, m mac.Addr) ([]sip.Addr, error)
	// UserPhones returns the phones of a user, in order; none is no error.
	UserPhones(ctx context.Context, a sip.Addr) ([]mac.Addr, error)
	// Phones returns a page of the MACs that have users, each once, in order.
	Phones(ctx context.Context, q PhoneQuery) ([]mac.Addr, error)
	// AddPhone stores an association; Exists. Whether the user exists is not looked at.
	AddPhone(ctx context.Context, p Phone) error
	// RemovePhone removes one; NotFound.
	RemovePhone(ctx context.Context, p Phone) error
}

// NumberStore keeps the pool of free numbers.
type NumberStore interface {
	// HasNumber tells whether n is in the pool.
	HasNumber(ctx context.Context, n e164.Number) (bool, error)
	// Numbers returns a page of the pool, in order.
	Numbers(ctx context.Context, q NumberQuery) ([]e164.Number, error)
	// ShuffledNumbers returns a page of the pool in the order of (Shuffle(n, q.Seed), n).
	ShuffledNumbers(ctx context.Context, q NumberQuery) ([]e164.Number, error)
	// AddNumber puts n into the pool; Exists where it is there.
	AddNumber(ctx context.Context, n e164.Number) error
	// AddNumbers puts first to last, of one digit count, into the pool, all or nothing, and counts
	// those that were new. It passes over what is in the pool already or is the user part of an alias.
	AddNumbers(ctx context.Context, first, last e164.Number) (added int64, err error)
	// RemoveNumber takes n out of the pool; NotFound. Of concurrent calls for one number exactly one returns nil.
	RemoveNumber(ctx context.Context, n e164.Number) error
	// TakeNumber takes the first number that matches out of the pool, or with random any that matches; NotFound
	// where none does. Concurrent takers get different numbers, and while there are numbers enough none of them is told
	// NotFound.
	TakeNumber(ctx context.Context, match Pattern, random bool) (e164.Number, error)
}

// AliasStore keeps Kamailio's aliases. Its table has no unique key: rows that are there already
// may give one alias several destinations, or the same one twice.
type AliasStore interface {
	// Aliases returns a page of aliases, ordered by alias and then destination; equal rows are one.
	Aliases(ctx context.Context, q AliasQuery) ([]Alias, error)
	// AddAlias stores an alias; Exists where any row has that alias address.
	AddAlias(ctx context.Context, a Alias) error
	// RemoveAlias removes every row with that alias address; NotFound.
	RemoveAlias(ctx context.Context, a sip.Addr) error
	// NumberAliased tells whether n is the user part of an alias in any domain.
	NumberAliased(ctx context.Context, n e164.Number) (bool, error)
}

// DomainStore reads Kamailio's domains and keeps their default servers.
type DomainStore interface {
	// DomainServed tells whether Kamailio's table has the domain, in any case.
	DomainServed(ctx context.Context, d sip.Domain) (bool, error)
	// Domains returns the domains of Kamailio's table in lower case, in order, each once.
	Domains(ctx context.Context) ([]sip.Domain, error)
	// Servers returns a domain's default servers; NotFound.
	Servers(ctx context.Context, d sip.Domain) (Servers, error)
	// SetServers stores or replaces them.
	SetServers(ctx context.Context, s Servers) error
}

// CredentialStore keeps the password hashes of the local authentication backend.
type CredentialStore interface {
	// Credential returns a user's; NotFound.
	Credential(ctx context.Context, user string) (Credential, error)
	// AddCredential stores a new one; Exists.
	AddCredential(ctx context.Context, c Credential) error
	// SetCredential replaces one; NotFound.
	SetCredential(ctx context.Context, c Credential) error
	// RemoveCredential removes one; NotFound.
	RemoveCredential(ctx context.Context, user string) error
}

// AuthorizationStore keeps who may call the API.
type AuthorizationStore interface {
	// Authorization returns a principal's; NotFound.
	Authorization(ctx context.Context, p Principal) (Authorization, error)
	// Authorizations returns all, ordered byte-wise by kind and then name.
	Authorizations(ctx context.Context) ([]Authorization, error)
	// SetAuthorization stores or replaces one.
	SetAuthorization(ctx context.Context, a Authorization) error
	// RemoveAuthorization removes one; NotFound. Sessions are not touched.
	RemoveAuthorization(ctx context.Context, p Principal) error
}

// KeyStore keeps API keys and the nonces of key-pair logins. A key's access level is the
// authorization of its principal.
type KeyStore interface {
	// Key returns a key by its public id; NotFound.
	Key(ctx context.Context, id string) (Key, error)
	// Keys returns all, ordered by id.
	Keys(ctx context.Context) ([]Key, error)
	// AddKey stores a new one; Exists.
	AddKey(ctx context.Context, k Key) error
	// RemoveKey removes one; NotFound.
	RemoveKey(ctx context.Context, id string) error
	// TouchKey sets when the key was last used; a key that is gone is no error.
	TouchKey(ctx context.Context, id string, at time.Time) error
	// AddNonce stores a nonce; Exists.
	AddNonce(ctx context.Context, n Nonce) error
	// TakeNonce removes a nonce and returns it; NotFound. Of concurrent calls exactly one gets it.
	TakeNonce(ctx context.Context, id Hash) (Nonce, error)
}

// SessionStore keeps sessions.
type SessionStore interface {
	// Session returns a session with what its principal may do now, in one statement; NotFound.
	Session(ctx context.Context, id Hash) (SessionState, error)
	// AddSession stores a new one; Exists.
	AddSession(ctx context.Context, s Session) error
	// RotateSession raises the generation by one and sets Rotated and KeyExpires, where gen is the
	// session's generation still; NotFound otherwise. Of concurrent calls exactly one returns nil.
	RotateSession(ctx context.Context, id Hash, gen int64, rotated, keyExpires time.Time) error
	// TouchSession sets LastSeen; a session that is gone is no error.
	TouchSession(ctx context.Context, id Hash, at time.Time) error
	// RemoveSession removes one; a session that is gone is no error.
	RemoveSession(ctx context.Context, id Hash) error
	// RemoveSessions removes a principal's sessions but the one named keep (zero: none is kept).
	RemoveSessions(ctx context.Context, p Principal, keep Hash) error
	// TrimSessions removes a principal's least recently seen sessions until at most n are left;
	// of those seen at the same time the smallest ids go first.
	TrimSessions(ctx context.Context, p Principal, n int) error
	// SweepExpired removes the sessions whose Expires or KeyExpires is not after now, and such nonces, and counts both.
	SweepExpired(ctx context.Context, now time.Time) (int64, error)
}
