package hermes

import (
	"hash/fnv"
	"io"
	"math"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// Lock names something that a transaction decides about. While a transaction has a lock, no other
// one has it, unless both have it shared. A Lock is a value that compares with ==.
//
// Locks order the transactions of Hermes only. Kamailio and tools such as kamctl do not know them.
type Lock struct {
	// ID is the same in every process. A store may use it as the key of an advisory lock of its
	// database. Two locks that have the same ID by chance only make transactions wait.
	ID int64
	// Shared is set if several transactions may have the lock at once.
	Shared bool
}

// FirstNumberLock added to the digits of a number is the ID of its lock, so that SQL can compute
// it. The IDs of all other locks but [LockPool] are below.
const FirstNumberLock = 2_000_000_000_000_000_000

// LockAddr returns the lock of a user or an alias with the address a. If the user part of a is an
// E.164 number, it is the lock of that number. Domains that differ only in case have the same lock,
// and so have an address as a request may give it and what the rules of [sip.Parse] make of it.
func LockAddr(a sip.Addr) Lock {
	a = normalAddr(a)
	if n, ok := aliasNumber(a); ok {
		return LockNumber(n)
	}
	return lockOf("address", a.User(), strings.ToLower(a.Domain().String()))
}

// LockNumber returns the lock of a number: of its place in the pool, and of all aliases whose user
// part it is.
func LockNumber(n e164.Number) Lock { return Lock{ID: FirstNumberLock + numberValue(n)} }

// LockPhone returns the lock of the users of the phone m.
func LockPhone(m mac.Addr) Lock { return lockOf("phone", m.String()) }

// LockDomain returns the lock of the default servers of d.
func LockDomain(d sip.Domain) Lock { return lockOf("domain", d.String()) }

// LockPrincipal returns the lock of the rights and sessions of p, and of the credential of a user.
func LockPrincipal(p Principal) Lock { return lockOf("principal", string(p.Kind), p.Name) }

// LockAccess returns the lock of the question which principals have the access level [FullWrite].
func LockAccess() Lock { return lockOf("access") }

// LockAnswer returns the lock of the kept answer to calls with a key.
func LockAnswer(k AnswerKey) Lock {
	return lockOf("answer", string(k.Principal.Kind), k.Principal.Name, k.Node, k.Key)
}

// LockSecretCheck returns the lock of the value that [SecretStore] keeps.
func LockSecretCheck() Lock { return lockOf("secret check") }

// LockAuditSeals returns the lock of the seals of the audit trail. Those who add entries do not
// need it.
func LockAuditSeals() Lock { return lockOf("audit seals") }

// LockPool returns the lock that a range of numbers needs for a moment at its end, in order to see
// every alias that has a number. Transactions that make such an alias have it shared. Its ID is
// the greatest, so that it is taken last: a transaction does not have it while it waits for
// another lock.
func LockPool() Lock { return Lock{ID: math.MaxInt64} }

// AsShared returns the lock with Shared set.
func (l Lock) AsShared() Lock { return Lock{ID: l.ID, Shared: true} }

func lockOf(kind string, names ...string) Lock {
	h := fnv.New64a()
	_, _ = io.WriteString(h, kind)
	for _, name := range names {
		_, _ = io.WriteString(h, "\x00"+name)
	}
	return Lock{ID: int64(h.Sum64() % FirstNumberLock)}
}

// TxOptions describe a transaction of a [Store].
type TxOptions struct {
	// Locks are what the transaction decides about. They are taken before fn runs, in the order of
	// their ids.
	Locks []Lock
	// Serializable lets the transaction decide also by what it has read without a lock, if all other
	// transactions that write such rows are serializable too. It may run more often than others.
	Serializable bool
	// DryRun is set if fn returns an error in any case, so that the transaction is rolled back. Then
	// it leaves no trace, such as a number that a sequence of the database has given out.
	DryRun bool
	// Bulk is set if the transaction changes very many records, as by [NumberStore.AddNumbers], so
	// that it may take long.
	Bulk bool
}
