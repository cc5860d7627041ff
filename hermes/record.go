package hermes

import (
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/sip"
)

// Records are plain values that compare with ==. Times are UTC, cut to microseconds.

// UserType distinguishes a user of a domain that this Kamailio serves from an account elsewhere. It
// is what Hermes' own row says: a user that was added as remote stays one when Kamailio comes to
// serve the domain, and when another tool adds an account with the address.
type UserType string

const (
	Local  UserType = "local"  // has Kamailio's subscriber row and Hermes' provisioning row
	Remote UserType = "remote" // has the provisioning row only
)

// User is a SIP account as it is stored. A user that only Kamailio's table has, because kamctl made
// it, is Local and has zero values in the fields that Hermes keeps.
type User struct {
	Address sip.Addr
	Type    UserType

	// Sealed is the clear password, sealed by the Client; binary. Empty if Hermes does not know it.
	Sealed string
	// HA1 is the hex MD5 of user:domain:password (RFC 2617): Kamailio's subscriber.ha1. Local users
	// only.
	HA1 string
	// HA1B is the hex MD5 of user@domain:domain:password. Local users only.
	HA1B string
	// Clear is Kamailio's subscriber.password. It is empty unless Options.KamailioPlaintext is set or
	// another tool wrote it. Local users only.
	Clear string
	// Suspended is what HA1, HA1B and Clear were before the user was suspended, sealed by the Client;
	// binary. Empty if the user is not suspended. Local users only.
	Suspended       string
	SuspendedReason string

	AuthID    string
	Registrar sip.Domain
	RPort     int // 1 to 65535; 0 means none
	Proxy     sip.Domain
	PPort     int // 1 to 65535; 0 means none

	Dialplan    string
	DisplayName string
	LineText    string

	// These are for local users only. They are also kept in the columns email_address, rpid and
	// permittedcalls of subscriber, where those columns exist.
	Email          string
	RPID           string
	PermittedCalls string
}

// HasServers reports whether Hermes keeps all that a phone needs to find the user's servers. It
// does not of a user that only Kamailio's table has.
func (u User) HasServers() bool {
	return !u.Registrar.IsZero() && u.RPort != 0 && !u.Proxy.IsZero() && u.PPort != 0
}

// UserEntry is a user in a list.
type UserEntry struct {
	User        sip.Addr `json:"user"`
	DisplayName string   `json:"displayname"`
}

// UserQuery asks for a page of users.
type UserQuery struct {
	Match Pattern  // the zero Pattern matches every user
	Scope Scope    // only users of its domains
	After sip.Addr // the last address of the page before; zero starts at the beginning
	Limit int      // at least 1
}

// DomainUserQuery asks for a page of users of one domain.
type DomainUserQuery struct {
	Domain sip.Domain
	After  sip.Addr // the last address of the page before; zero starts at the beginning
	Limit  int      // at least 1
}

// Holder is what has an address.
type Holder int

const (
	HeldByNone  Holder = iota // the address is free
	HeldByUser                // a user has it
	HeldByAlias               // an alias has it
)

// UserSite is what decides about a new local user.
type UserSite struct {
	Served  bool    // Kamailio's table has the domain
	Holder  Holder  // of the address, before
	Servers Servers // of the domain; zero if there are none
}

// Moved is what has moved with a user to another address.
type Moved struct {
	Phones  []Phone    // as they are now, in the order of MAC addresses
	Aliases []sip.Addr // that lead to the user, in order, each once
}

// Removed is a user that was removed.
type Removed struct {
	User   User
	Groups []string // that were removed with it, in order, each once
}

// Alias is a SIP address that leads to another one: a row of Kamailio's dbaliases.
type Alias struct {
	Alias       sip.Addr `json:"alias"`
	Destination sip.Addr `json:"destination"`
}

// AliasSite is what decides about a new alias.
type AliasSite struct {
	Served            bool     // Kamailio's table has the domain of the alias
	DestinationServed bool     // Kamailio's table has the domain of the destination
	Holder            Holder   // of the alias address
	IsUser            bool     // a user has the destination's address
	NumberAlias       sip.Addr // the first that leads to the destination; zero if there is none
}

// AliasQuery asks for a page of aliases.
type AliasQuery struct {
	// Scope asks only for aliases for which [Scope.HasAlias] is true, and whose destination is in one
	// of its domains or in a domain that is not served.
	Scope Scope
	// Served are the domains that are served besides those in Kamailio's table, for Scope: in lower
	// case, separated by commas.
	Served string

	Alias       sip.Addr // if not zero, this alias only
	Destination sip.Addr // if not zero, aliases that lead to this address only
	AnyCase     bool     // the domain of Destination matches in any case
	Numbers     bool     // only E.164 aliases: those whose user part is an E.164 number
	// Number, if not zero, selects the aliases of any domain whose user part it is, without regard to
	// Alias and Destination.
	Number e164.Number
	// Match, if not zero, selects the aliases of which it matches the address or the destination. The
	// fields from Alias to Number are zero then.
	Match Pattern
	After Alias // the last alias of the page before; zero starts at the beginning
	Limit int   // at least 1
}

// Servers are the default servers of a domain, which its new users get.
type Servers struct {
	Domain    sip.Domain
	Registrar sip.Domain
	RPort     int
	Proxy     sip.Domain
	PPort     int
	ProvURL   string
}

// Credential is the password of an API user in the local backend.
type Credential struct {
	User string
	Hash string // argon2id in its usual text form
}

// PrincipalKind distinguishes the kinds of principals.
type PrincipalKind string

const (
	UserPrincipal PrincipalKind = "user" // a user of an authentication backend
	KeyPrincipal  PrincipalKind = "key"  // an API key
	// ProgramPrincipal is a program that uses the library and acts for no other principal. It cannot
	// be authorized, because it has every right.
	ProgramPrincipal PrincipalKind = "program"
)

// Principal is an identity that can be authorized: a backend user by name, or an API key by its
// public id. The audit trail has programs, too.
type Principal struct {
	Kind PrincipalKind
	Name string
}

// Authorization is the access level of a principal, and the part of the world that it is for.
type Authorization struct {
	Principal Principal
	Access    Access
	Scope     Scope
	// Epoch is random. The Client replaces it with each change of the rights or the password, so
	// that a login that was verified before such a change can be told from one after it.
	Epoch int64
}

// PrincipalQuery asks for a page of principals.
type PrincipalQuery struct {
	Access Access
	After  Principal // the last principal of the page before; zero starts at the beginning
	Limit  int       // at least 1
}

// Hash is the SHA-256 of a token. Databases hold the hash and never the token.
type Hash [32]byte

// Key is an API key: a bearer key if Hash is set, a key pair if PublicKey is.
type Key struct {
	ID        string // public
	Hash      Hash   // of the whole secret key; zero for a key pair
	PublicKey string // the 32 bytes of an Ed25519 public key; binary; empty for a bearer key
	Host      string // where it may be used from; empty means anywhere, for key pairs only
	Comment   string
	CreatedBy string // the name of the principal that made it; empty if that is not known
	Created   time.Time
	Expires   time.Time // the zero time means never
	LastUsed  time.Time // the zero time means not yet
}

// Nonce is a nonce of a key pair that has been used.
type Nonce struct {
	ID      Hash
	Expires time.Time // after that it is refused anyway
}

// KnownLogin says that a principal has logged in from a network.
type KnownLogin struct {
	Principal Principal
	Network   string    // an IPv4 address, or a /64 of IPv6
	Expires   time.Time // when it does not count any more
}

// AnswerKey names the kept answer to a call with an idempotency key.
type AnswerKey struct {
	Principal Principal
	Node      string
	Key       string
}

// KeptAnswer is the answer to a call with an idempotency key.
type KeptAnswer struct {
	Key     AnswerKey
	Sealed  string // what the call was and what was answered, sealed by the Client; binary
	Expires time.Time
}

// AnswerQuery asks for a page of the keys of answers.
type AnswerQuery struct {
	After AnswerKey // the last key of the page before; zero starts at the beginning
	Limit int       // at least 1
}

// Session is a login.
type Session struct {
	ID         Hash // of the session token
	Principal  Principal
	Cookie     Hash   // of the cookie
	Salt       string // 16 random bytes, binary, from which every auth_key is derived
	Gen        int64  // generation of the current auth_key, from 0
	Created    time.Time
	Rotated    time.Time // when the current generation began
	KeyExpires time.Time // when the current auth_key ends
	Expires    time.Time // when the session ends
	LastSeen   time.Time // accurate to a minute
	Confirmed  time.Time // when a backend last had the user; zero for a key
}

// Seen says when a session was last seen.
type Seen struct {
	Session   Hash      // zero if only the principal's key was used, to open a session
	Principal Principal // of the session
	At        time.Time
}

// SessionState is a session together with the present rights of its principal.
type SessionState struct {
	Session    Session
	Access     Access    // NoAccess if the authorization does not exist any more
	Scope      Scope     // zero if the authorization does not exist any more
	Host       string    // the key's Host; empty for a user
	KeyExpires time.Time // the key's Expires; zero for a user, and for a key that does not expire
}
