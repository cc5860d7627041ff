package hermes

import (
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// Records are plain values that compare with ==. Times are UTC, cut to microseconds.

// UserType tells a user of a domain that this Kamailio serves from an account elsewhere.
type UserType string

const (
	Local  UserType = "local"  // Kamailio's subscriber row and Hermes' provisioning row
	Remote UserType = "remote" // the provisioning row only
)

// User is a SIP account as it is stored. A user that only Kamailio's table has (kamctl made
// it) is Local and has zero values in all that is Hermes'.
type User struct {
	Address sip.Addr
	Type    UserType

	Sealed string // the clear password, sealed by the Client; binary; empty: not known to Hermes
	HA1    string // local: hex MD5 of user:domain:password (RFC 2617); Kamailio's subscriber.ha1
	HA1B   string // local: hex MD5 of user@domain:domain:password; Kamailio's subscriber.ha1b
	Clear  string // local: Kamailio's subscriber.password; empty unless Options.KamailioPlaintext or another tool wrote it

	AuthID    string
	Registrar sip.Domain
	RPort     int // 1 to 65535; 0: none
	Proxy     sip.Domain
	PPort     int // 1 to 65535; 0: none

	Dialplan    string
	DisplayName string
	LineText    string

	Email          string // local; also kept in subscriber.email_address where that column exists
	RPID           string // local; also kept in subscriber.rpid where that column exists
	PermittedCalls string // local; also kept in subscriber.permittedcalls where that column exists
}

// UserEntry is a user in a list.
type UserEntry struct {
	User        sip.Addr `json:"user"`
	DisplayName string   `json:"displayname"`
}

// UserQuery asks for a page of users.
type UserQuery struct {
	Match Pattern  // zero: every user
	After sip.Addr // zero: from the start
	Limit int      // at least 1
}

// Holder says what has an address.
type Holder int

const (
	HeldByNone  Holder = iota // it is free
	HeldByUser                // a user has it
	HeldByAlias               // an alias has it
)

// Phone is the association of a desk phone with a user.
type Phone struct {
	MAC  mac.Addr
	User sip.Addr
}

// PhoneQuery asks for a page of MACs.
type PhoneQuery struct {
	Match Pattern  // zero: every phone; matched against the 12 lower-case hex digits
	After mac.Addr // zero: from the start
	Limit int      // at least 1
}

// NumberQuery asks for a page of the number pool.
type NumberQuery struct {
	Match Pattern     // zero: every number; matched against the text with its +
	After e164.Number // zero: from the start
	Limit int         // at least 1
	Seed  int64       // ShuffledNumbers: which order, 0 to 2147483646
}

// shufflePrime is 2^31-1: squares of residues fit an int64 in every database.
const shufflePrime = 1<<31 - 1

// Shuffle gives n its place in the random order that seed names, with arithmetic that every
// SQL engine has, so that a shuffled list can be paged by key without being held anywhere:
//
//	a = (digits of n as an integer + seed) mod p;  b = a*a mod p;  place = (b*48271 + a) mod p;  p = 2^31-1
func Shuffle(n e164.Number, seed int64) int64 {
	a := (numberValue(n) + seed) % shufflePrime
	b := a * a % shufflePrime
	return (b*48271 + a) % shufflePrime
}

func numberValue(n e164.Number) int64 {
	var v int64
	for _, d := range n.String()[1:] {
		v = v*10 + int64(d-'0')
	}
	return v
}

// Alias is a SIP address that leads to another one: a row of Kamailio's dbaliases.
type Alias struct {
	Alias       sip.Addr `json:"alias"`
	Destination sip.Addr `json:"destination"`
}

// AliasQuery asks for a page of aliases.
type AliasQuery struct {
	Alias       sip.Addr // not zero: this alias only
	Destination sip.Addr // not zero: aliases that lead to it only
	After       Alias    // zero: from the start
	Limit       int      // at least 1
}

// Servers are the default servers of a domain, given to its new users.
type Servers struct {
	Domain    sip.Domain
	Registrar sip.Domain
	RPort     int
	Proxy     sip.Domain
	PPort     int
	ProvURL   string
}

// Credential is an API user's password in the local backend.
type Credential struct {
	User string
	Hash string // argon2id in its usual text form
}

// PrincipalKind tells the kinds of principals apart.
type PrincipalKind string

const (
	UserPrincipal PrincipalKind = "user" // a user of an authentication backend
	KeyPrincipal  PrincipalKind = "key"  // an API key
)

// Principal is who may be authorized: a backend user by name, or an API key by public id.
type Principal struct {
	Kind PrincipalKind
	Name string
}

// Authorization is what a principal may do.
type Authorization struct {
	Principal Principal
	Access    Access
}

// Hash is the SHA-256 of a token: what a database dump may show.
type Hash [32]byte

// Key is an API key. It is a bearer key where Hash is set, a key pair where PublicKey is.
type Key struct {
	ID        string    // public
	Hash      Hash      // of the whole secret key; zero for a key pair
	PublicKey string    // the 32 bytes of an Ed25519 public key; binary; empty for a bearer key
	Host      string    // where it may be used from; empty: anywhere (key pairs only)
	Comment   string    //
	Created   time.Time //
	Expires   time.Time // zero: never
	LastUsed  time.Time // zero: not yet
}

// Nonce is a challenge that waits for its signature.
type Nonce struct {
	ID      Hash
	Key     string // public id of the key that it was made for
	Expires time.Time
}

// Session is a login.
type Session struct {
	ID         Hash      // of the session token
	Principal  Principal //
	Cookie     Hash      // of the cookie
	Salt       string    // 16 random bytes, binary; part of every auth_key's derivation
	Gen        int64     // generation of the current auth_key, from 0
	Created    time.Time //
	Rotated    time.Time // when the current generation began
	KeyExpires time.Time // when the current auth_key ends
	Expires    time.Time // when the session ends
	LastSeen   time.Time // to a minute
}

// SessionState is a session and what bears on it now.
type SessionState struct {
	Session    Session
	Access     Access    // of the principal; NoAccess where the authorization is gone
	Host       string    // the key's Host; empty for a user
	KeyExpires time.Time // the key's Expires; zero for a user or a key without
}
