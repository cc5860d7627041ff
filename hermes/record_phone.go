package hermes

import (
	"time"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// MaxLines is how many lines of a desk phone users can be given.
const MaxLines = 16

// Phone is the association of a desk phone with a user.
type Phone struct {
	MAC  mac.Addr
	User sip.Addr
	// Line is the number of the phone's line that the user has, from 1. A phone that had more users
	// than MaxLines before lines were kept has higher ones, too.
	Line int
}

// PhoneSite is what decides about a new association.
type PhoneSite struct {
	IsUser bool    // there is a user at the address
	Lines  []Phone // of the phone, in order
	Device Device  // zero if there is none
}

// PhoneQuery asks for a page of MAC addresses.
type PhoneQuery struct {
	Match Pattern  // against the 12 lower-case hex digits; the zero Pattern matches every phone
	Scope Scope    // only phones that have a user of its domains
	After mac.Addr // the last address of the page before; zero starts at the beginning
	Limit int      // at least 1
}

// Device is what Hermes keeps of a desk phone beside its users. It stays when the last of them
// goes.
type Device struct {
	MAC    mac.Addr
	Vendor string // as phone/set says; empty: as the phone says of itself
	Note   string
	Domain sip.Domain // of the user that was added to it last
	// OpenUntil is the time until which a key of a domain opens the phone's file. The zero time means
	// that it does not.
	OpenUntil time.Time
	Key       ProvKey // that the phone has used; zero if it has used none
	Next      ProvKey // that the phone's next file tells it; zero if there is none

	// These are of the last delivery of secrets.
	Said        Agent     // as the phone's User-Agent said
	LastSeen    time.Time // the zero time means never
	LastAddress string    // the IP address
}

// Agent is what a desk phone says of itself. What it did not say is empty.
type Agent struct {
	Vendor, Model, Firmware string
}

// ProvKey is a key in the addresses of provisioning files: 26 characters of base32.
type ProvKey struct {
	Hash   Hash
	Sealed string // the key itself, sealed by the Client; binary
}

// IsZero reports whether there is no key.
func (k ProvKey) IsZero() bool { return k == ProvKey{} }

// DomainKeys are the keys of a domain, with which its new phones get their files. Both are valid.
type DomainKeys struct {
	Domain  sip.Domain
	Current ProvKey
	Before  ProvKey // that Current replaced; zero if there was none
}

// Provisioning is what decides about a request for the file of a phone.
type Provisioning struct {
	KeyDomain sip.Domain  // the domain that has the key; zero if none has
	KeyPhone  mac.Addr    // the phone that has the key, as Key or Next; zero if none has
	Device    Device      // of the phone that the request names; zero if there is none
	Lines     []PhoneLine // of that phone, in order
}

// PhoneLine is a line of a phone with what its settings are made of.
type PhoneLine struct {
	Line int
	// User is the record of the line's user. If there is no such user any more, it has the address
	// only.
	User    User
	Servers Servers // the default servers of the user's domain; zero if there are none
}

// PhoneSeen says that secrets were delivered to a phone.
type PhoneSeen struct {
	MAC     mac.Addr
	Said    Agent
	At      time.Time
	Address string
}
