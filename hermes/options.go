package hermes

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"runtime"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/sip"
)

// NumberPlan decides which numbers of the E.164 shape exist. Package e164/plan has some. It is
// asked about each number that is to enter the pool, and about no other: numbers that are in the
// pool already can always be found, taken and removed.
type NumberPlan interface {
	// Check returns nil if n is acceptable, and otherwise an error whose text says what is wanted.
	// The text is part of the answer. Check may be called by several goroutines at once.
	Check(n e164.Number) error
}

// LengthPlan is a [NumberPlan] that may be asked about a range of numbers at once.
type LengthPlan interface {
	NumberPlan
	// ChecksLengthOnly reports whether Check gives the same for all numbers that have the same
	// country calling code and the same count of digits. If it does, the ends of a range are checked
	// rather than each number.
	ChecksLengthOnly() bool
}

// Options configure a Client. A nil *Options and the zero value are valid for a store that keeps
// nothing, such as memstore.
type Options struct {
	// SecretKeys seal SIP passwords and sign auth keys. The first one seals and signs; the others
	// still open and verify. If empty, New uses the key that a store which keeps nothing has made for
	// itself, and fails for any other store.
	SecretKeys []SecretKey
	// Replicas are stores of copies of the database, such as hot standbys (see postgres.Options), from
	// which lists are read whose limit is at least 1,000 or that have none. Such lists may be a little
	// behind. Everything else, who may read a list included, is read from the Client's own store. The
	// first replica that answers is used; if none does, and also in the middle of a list, the Client's
	// own store is. A replica that failed is not asked for 10 seconds. They are not closed. If empty,
	// there are none.
	Replicas []Store
	// Domains are the SIP domains that are served besides those in Kamailio's domain table.
	Domains []sip.Domain
	// Backends authenticate the API's users; they are asked in this order. If empty, no user can
	// log in by name.
	Backends []Backend
	// Plan decides which numbers may enter the pool. If nil, every number of the E.164 shape may. If
	// it is not a [LengthPlan], number/add_range asks it about each number.
	Plan NumberPlan
	// MaxRange is the number of numbers that one number/add_range may add. Defaults to 1,000,000.
	MaxRange int64
	// NumberQuarantine is how long a number that is given back rests before it is free again, so that
	// a new owner does not get the old one's calls. A change counts for later releases. Defaults to 0.
	NumberQuarantine time.Duration
	// KamailioPlaintext also stores the clear password in Kamailio's subscriber.password, for a
	// Kamailio with calculate_ha1=yes.
	KamailioPlaintext bool
	// AuthKeyTTL is the lifetime of an auth_key. Defaults to 5 minutes.
	AuthKeyTTL time.Duration
	// AuthKeyGrace is how long the auth_key before the current one is still accepted. Defaults to
	// 30 seconds.
	AuthKeyGrace time.Duration
	// SessionTTL is the lifetime of a session. Defaults to 12 hours.
	SessionTTL time.Duration
	// NoCookie makes sessions work without the cookie.
	NoCookie bool
	// Origin names this server in the message that a key pair signs, so that a signature is not
	// accepted by another server. Defaults to "hermes".
	Origin string
	// Resolver looks up the host names that API keys are bound to. Defaults to
	// net.DefaultResolver.
	Resolver Resolver
	// FailedLoginTime is the step of padding: a failed login takes a multiple of it, so that timing
	// does not reveal the reason. Defaults to 100 ms; a negative value disables padding.
	FailedLoginTime time.Duration
	// MaxUnknownLogins is how many logins may be under way at once, those that are padded included, of
	// users who have not logged in from the same network within 30 days; clients of one network may
	// have two thirds of them. Of further ones 256 wait, for 10 seconds at most, and the others are
	// refused as Busy. A server that serves a limited number of requests at once should not count such
	// logins, so that those that wait cannot keep out others; see [Client.KnowsLogin]. Defaults to 64.
	MaxUnknownLogins int
	// MaxHashing is how many passwords may be hashed at once for users who have not logged in from the
	// same network within 30 days. One more may be hashed for the others. Defaults to one less than
	// GOMAXPROCS, but at least 1.
	MaxHashing int
	// Logger receives the audit lines: logins, refusals, changes of access, and all other changes
	// that were made by [Node].Call. Of refusals of callers without a principal, it receives 50 a
	// second, and the number of the others. If nil, they are discarded.
	Logger *slog.Logger
	// UserRemoved is called with the address of each local user that was removed, after the outermost
	// transaction has been committed and never otherwise, in the goroutine that commits it; see
	// [Store.AfterCommit]. In a transaction of the host it is called as postgres.RunInTx and
	// postgres.InTx say. If nil, there is no call.
	UserRemoved func(sip.Addr)
	// DropContacts is called, as UserRemoved is, with the address of each local user that was removed
	// or suspended, or that has another address now. Kamailio keeps a contact until it expires; this
	// function can tell Kamailio to drop those of the address. It should not wait for Kamailio. If
	// nil, there is no call.
	DropContacts func(sip.Addr)
	// Contacts returns where a local user is registered, for [Client.UserContacts]. It should ask
	// Kamailio, and honour ctx, which ends after two seconds. If nil, that method fails with the cause
	// NotConfigured.
	Contacts func(ctx context.Context, user sip.Addr) ([]Contact, error)
	// ResyncContact asks a phone, by a contact that Contacts returned for the user, to fetch its
	// configuration again, for [Client.PhoneResync]. It should have Kamailio send NOTIFY with "Event:
	// check-sync", and not wait for the phone. If nil, that method fails with the cause NotConfigured.
	ResyncContact func(ctx context.Context, user sip.Addr, contact Contact) error
	// ProvisioningWindow is how long the key of a domain opens the file of a new phone of one of its
	// users, so that the phone gets a key of its own. Defaults to 24 hours; if it is negative, new
	// phones need their own key from the beginning.
	ProvisioningWindow time.Duration
	// PhoneFiles makes the files of desk phones, for [Client.PhoneConfig]. If nil, that method fails
	// with the cause NotConfigured.
	PhoneFiles PhoneRenderer
	// Now is the clock. Times of records are what it shows. Limits and caches add up the time that
	// passes on it, so that a step back delays no login. Defaults to time.Now.
	Now func() time.Time
	// Rand is the source of the random bytes in passwords, tokens and nonces. Defaults to
	// crypto/rand.Reader.
	Rand io.Reader
}

func (o *Options) setDefaults() {
	setDefault(&o.MaxRange, 1_000_000)
	setDefault(&o.AuthKeyTTL, 5*time.Minute)
	setDefault(&o.AuthKeyGrace, 30*time.Second)
	setDefault(&o.SessionTTL, 12*time.Hour)
	setDefault(&o.FailedLoginTime, 100*time.Millisecond)
	setDefault(&o.MaxUnknownLogins, 64)
	setDefault(&o.MaxHashing, max(1, runtime.GOMAXPROCS(0)-1))
	setDefault(&o.Origin, "hermes")
	setDefault(&o.ProvisioningWindow, 24*time.Hour)
	setDefault(&o.Rand, rand.Reader)
	setDefault[Resolver](&o.Resolver, net.DefaultResolver)
	if o.Plan == nil {
		o.Plan = anyNumber{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// setDefault sets *v to value if it is zero.
func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

type anyNumber struct{}

func (anyNumber) Check(e164.Number) error { return nil }

func (anyNumber) ChecksLengthOnly() bool { return true }
