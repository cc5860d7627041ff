package hermes

import (
	"context"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/sip"
)

// Store keeps the records. A store knows keys, order and atomicity; roles, formats, quotas and the
// wording of answers belong to the [Client]. Package hermes/storetest tests every promise made here
// on any store.
//
// Errors: a store returns the bare causes [NotFound], [Exists] and [InUse] exactly where a method
// says so (compare with ==), and any other error for a fault. After a bare cause a transaction can
// go on; after another error it can only be rolled back. Every method honours ctx. A write happens
// as a whole or not at all, in a transaction of its own if none is open.
//
// Order is byte-wise, whatever the collation of the database: addresses by user name and then
// domain, numbers and MAC addresses as strings. Values that other tools wrote into shared tables
// and that the validators refuse are returned as [sip.Unchecked] makes them, and are found again
// under that value.
//
// A query with a [Scope] finds what is within its domains, whatever their case in the records, and
// within its prefixes of numbers. Its nodes do not matter. Where a store has indexes, the cost of a
// page grows with what is within the scope, and not with all that there is.
type Store interface {
	UserStore
	PhoneStore
	DeviceStore
	NumberStore
	AliasStore
	DomainStore
	CredentialStore
	AuthorizationStore
	KeyStore
	SessionStore
	LoginStore
	SecretStore
	AuditStore
	AnswerStore
	CountStore

	// Tx runs fn in one transaction. What fn did is kept if fn returns nil, and nothing of it
	// otherwise; an error of fn is returned as it is. fn may run more than once, so it must set its
	// results anew each time.
	//
	// opts.Locks name what fn decides about. Concurrent transactions that read only rows that their
	// locks name, before they write, have the effect of some order, one after the other. Where there
	// is a unique key it decides in any case. opts may be nil.
	//
	// The Store given to fn is valid only until fn returns; its Tx joins this transaction, without
	// a savepoint, and adds its locks to those that the transaction has.
	//
	// If it cannot be known whether the commit took place, the error wraps [ErrOutcomeUnknown].
	Tx(ctx context.Context, opts *TxOptions, fn func(Store) error) error

	// AfterCommit calls f when what the Store has written so far is committed. In a transaction that
	// is when the outermost one has been committed, after its locks are gone, and never if it is
	// rolled back or its outcome is not known; of a function that ran more than once, only what the
	// last run asked for is called. Functions are called in the order of the calls of AfterCommit, by
	// the goroutine that commits. Outside of a transaction f is called at once. A store in a
	// transaction of the host calls f when the host has told it of the commit.
	AfterCommit(f func())

	// VolatileKey returns the secret key of a store whose records do not outlive the process, always
	// the same one. [New] uses it if Options.SecretKeys is empty. A store that keeps its records
	// returns the zero key.
	VolatileKey() SecretKey
}

// UserStore keeps users. A user is one record made of Kamailio's subscriber row and Hermes' own
// provisioning row.
type UserStore interface {
	// User returns the user at an address, made of the rows that exist. Returns NotFound if neither
	// does.
	User(ctx context.Context, a sip.Addr) (User, error)
	// Users returns a page in the order of addresses, each once. A user matches if the pattern
	// matches the address or the display name.
	Users(ctx context.Context, q UserQuery) ([]UserEntry, error)
	// AddUser stores a new user, a local one in both tables. Returns Exists if either table has the
	// address. Of concurrent calls for one address exactly one returns nil.
	AddUser(ctx context.Context, u User) error
	// AddLocalUser stores a new local user with the default servers of its domain, which replace
	// those of u, and removes groups that another tool left under the address. It returns what it
	// found in any case. Returns Exists if a user or an alias has the address, which is compared as in
	// Holder, and otherwise NotFound if the domain has no default servers.
	AddLocalUser(ctx context.Context, u User) (UserSite, error)
	// SetUser replaces the user at u.Address and creates a row that is missing. Returns NotFound if
	// both are missing. Kamailio's row is not created for a user without HA1 and Clear: another tool
	// removed it, and it would be an account without a password.
	SetUser(ctx context.Context, u User) error
	// SetProvisioning replaces what Hermes itself keeps of the user at u.Address, and changes nothing
	// in Kamailio's tables. Returns NotFound if there is no user, neither in Kamailio's table nor in
	// Hermes' own.
	SetProvisioning(ctx context.Context, u User) error
	// UsersWithoutServers returns a page of the local users of q.Domain that Kamailio's table has and
	// for which [User.HasServers] is false, such as those of other tools, in the order of addresses.
	UsersWithoutServers(ctx context.Context, q DomainUserQuery) ([]sip.Addr, error)
	// RemoveUser removes both rows and the user's groups, and returns what it has removed. Of a
	// remote user it removes Hermes' row alone: an account and groups that Kamailio's tables have at
	// that address are another tool's. Returns NotFound if both rows are missing, and otherwise InUse
	// if the user has a phone or an alias leads to the address, with its domain in any case.
	RemoveUser(ctx context.Context, a sip.Addr) (Removed, error)
	// RenameUser replaces the user at an address by u, which has another address and the same type,
	// and returns what moved with it: its phones, on the same lines, and the aliases that lead to the
	// old address, with its domain in any case. The groups of a local user move, too, and a row of
	// Kamailio's keeps what Hermes does not know. What another tool left under the new address is
	// replaced. Of a remote user an account and groups at the old address stay, as in RemoveUser.
	// Returns NotFound if there is no user at the old address, and otherwise Exists if either table
	// has the new one.
	RenameUser(ctx context.Context, from sip.Addr, u User) (Moved, error)
	// Groups returns the group names of the address in Kamailio's grp table, in order, each once.
	Groups(ctx context.Context, a sip.Addr) ([]string, error)
	// SetGroups makes names the only groups of the address.
	SetGroups(ctx context.Context, a sip.Addr, names []string) error
	// Holder returns what has the address, read by one statement: a user, an alias or nothing. The
	// domain is compared without regard to the case of ASCII letters. If both a user and an alias have
	// it, the user is returned.
	Holder(ctx context.Context, a sip.Addr) (Holder, error)
}

// AliasStore keeps Kamailio's aliases. Its table has no unique key: rows of other tools may give
// one alias several destinations, or the same one twice.
type AliasStore interface {
	// Aliases returns a page of aliases, ordered by alias and then by destination. Equal rows count
	// as one.
	Aliases(ctx context.Context, q AliasQuery) ([]Alias, error)
	// AliasSite reads by one statement what decides about the new alias a, whose alias address may
	// lack the user part.
	AliasSite(ctx context.Context, a Alias) (AliasSite, error)
	// AddAlias stores an alias. If its user part is a number of the pool, the number leaves the pool,
	// and AddAlias returns what it was there, or else the zero PooledNumber. Returns Exists if any row
	// has that alias address, and otherwise InUse if the number is cooling, or held by another
	// principal. Of concurrent calls for one alias address exactly one returns nil.
	AddAlias(ctx context.Context, a Alias, use NumberUse) (PooledNumber, error)
	// RemoveAlias removes every row with that alias address and returns the destinations that they
	// had, in order, each once. Returns NotFound.
	RemoveAlias(ctx context.Context, a sip.Addr) ([]sip.Addr, error)
	// RemoveDestination removes the rows by which a.Alias leads to a.Destination, and no other row
	// with that alias address. Returns NotFound if there is no such row.
	RemoveDestination(ctx context.Context, a Alias) error
	// NumberAliased reports whether n is the user part of an alias in any domain.
	NumberAliased(ctx context.Context, n e164.Number) (bool, error)
}

// DomainStore reads Kamailio's domains and keeps their default servers.
type DomainStore interface {
	// DomainServed reports whether Kamailio's table has the domain, in any case.
	DomainServed(ctx context.Context, d sip.Domain) (bool, error)
	// Domains returns the domains of Kamailio's table in lower case, in order, each once.
	Domains(ctx context.Context) ([]sip.Domain, error)
	// Servers returns the default servers of a domain. Returns NotFound.
	Servers(ctx context.Context, d sip.Domain) (Servers, error)
	// SetServers stores or replaces the default servers of s.Domain.
	SetServers(ctx context.Context, s Servers) error
}

// CredentialStore keeps the password hashes of the local authentication backend.
type CredentialStore interface {
	// Credential returns the credential of a user. Returns NotFound.
	Credential(ctx context.Context, user string) (Credential, error)
	// AddCredential stores a new credential. Returns Exists.
	AddCredential(ctx context.Context, c Credential) error
	// SetCredential replaces a credential. Returns NotFound.
	SetCredential(ctx context.Context, c Credential) error
	// RemoveCredential removes a credential. Returns NotFound.
	RemoveCredential(ctx context.Context, user string) error
}

// AuthorizationStore keeps the access levels and scopes of principals.
type AuthorizationStore interface {
	// Authorization returns the authorization of a principal. Returns NotFound.
	Authorization(ctx context.Context, p Principal) (Authorization, error)
	// Authorizations returns all, ordered byte-wise by kind and then by name.
	Authorizations(ctx context.Context) ([]Authorization, error)
	// LastingPrincipals returns a page of the principals that have the access level q.Access and no
	// scope, without keys that are missing or expire, ordered byte-wise by kind and then by name.
	LastingPrincipals(ctx context.Context, q PrincipalQuery) ([]Principal, error)
	// EverAuthorized reports whether there is an authorization or there has ever been one.
	EverAuthorized(ctx context.Context) (bool, error)
	// SetAuthorization stores or replaces an authorization.
	SetAuthorization(ctx context.Context, a Authorization) error
	// RemoveAuthorization removes an authorization, and the known logins and the kept answers of its
	// principal; sessions stay. Returns NotFound.
	RemoveAuthorization(ctx context.Context, p Principal) error
}

// KeyStore keeps API keys, and the used nonces of key pairs. The access level of a key is the
// authorization of its principal.
type KeyStore interface {
	// Key returns a key by its public id. Returns NotFound.
	Key(ctx context.Context, id string) (Key, error)
	// Keys returns all keys, ordered by id.
	Keys(ctx context.Context) ([]Key, error)
	// AddKey stores a new key. Returns Exists.
	AddKey(ctx context.Context, k Key) error
	// RemoveKey removes a key. Returns NotFound.
	RemoveKey(ctx context.Context, id string) error
	// AddNonce stores a nonce that has been used. Returns Exists. Of concurrent calls for one nonce
	// exactly one returns nil.
	AddNonce(ctx context.Context, n Nonce) error
}

// LoginStore keeps from which networks principals have logged in.
type LoginStore interface {
	// AddLogin stores l, in the place of one of the same principal from the same network, and then
	// removes those of the principal that expire first until at most n are left.
	AddLogin(ctx context.Context, l KnownLogin, n int) error
	// Logins returns those that expire after a time, at most n: of more, those that expire last. Their
	// order is that of Expires, the last one first, and then of kind, name and network.
	Logins(ctx context.Context, after time.Time, n int) ([]KnownLogin, error)
}

// SessionStore keeps sessions.
type SessionStore interface {
	// Session returns a session together with the present rights of its principal, read by one
	// statement. Returns NotFound.
	Session(ctx context.Context, id Hash) (SessionState, error)
	// AddSession stores a new session. Returns Exists.
	AddSession(ctx context.Context, s Session) error
	// RotateSession replaces Gen, Rotated, KeyExpires and Confirmed of a session by those of s, if the
	// stored Gen is one less than s.Gen. Returns NotFound otherwise. Of concurrent calls exactly one
	// returns nil.
	RotateSession(ctx context.Context, s Session) error
	// Touch sets LastSeen of sessions and LastUsed of the API keys that they belong to, unless what
	// is stored is later. It is not an error if one does not exist.
	Touch(ctx context.Context, seen []Seen) error
	// RemoveSession removes a session. It is not an error if it does not exist.
	RemoveSession(ctx context.Context, id Hash) error
	// RemoveSessions removes the sessions of a principal except keep; with the zero Hash, all of
	// them.
	RemoveSessions(ctx context.Context, p Principal, keep Hash) error
	// TrimSessions removes the least recently seen sessions of a principal until at most n are left.
	// Of those seen at the same time the smallest ids go first.
	TrimSessions(ctx context.Context, p Principal, n int) error
	// SweepExpired removes the sessions of which Expires or KeyExpires is not after now, and the
	// nonces, the known logins and the kept answers of which Expires is not, and returns how many it
	// removed. It also tidies up what the store keeps of holds and quarantines that are over.
	SweepExpired(ctx context.Context, now time.Time) (int64, error)
}

// SecretStore keeps what shows whether the secret keys are those that sealed the passwords; see
// [Client.CheckSecretKeys].
type SecretStore interface {
	// SecretCheck returns the value that SetSecretCheck stored last. Returns NotFound.
	SecretCheck(ctx context.Context) (string, error)
	// SetSecretCheck stores or replaces the value.
	SetSecretCheck(ctx context.Context, value string) error
	// SealedUsers returns the first n addresses of users that have a sealed password, in order.
	SealedUsers(ctx context.Context, n int) ([]sip.Addr, error)
}
