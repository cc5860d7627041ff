package hermes

import (
	"context"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/sip"
)

// NumberStore keeps the pool of numbers. A number of the pool is free, held or cooling; see
// [NumberState]. A hold and a quarantine end by the time that a call gives, without any other call:
// a number whose time has passed is free in every respect.
//
// Methods that take a certain number return what it was before, also with [InUse].
type NumberStore interface {
	// PooledNumber returns what n is in the pool at a time. Returns NotFound if it is not there.
	PooledNumber(ctx context.Context, n e164.Number, now time.Time) (PooledNumber, error)
	// Numbers returns a page of the numbers in a state, in order.
	Numbers(ctx context.Context, q NumberQuery) ([]e164.Number, error)
	// ShuffledNumbers returns a page of the numbers in a state, in the order of
	// (Shuffle(n, q.Seed), n).
	ShuffledNumbers(ctx context.Context, q NumberQuery) ([]e164.Number, error)
	// SampleNumbers returns up to q.Limit different numbers in a state, picked at random and in random
	// order: all of them if there are no more. Not all have the same chance if the pool has gaps.
	SampleNumbers(ctx context.Context, q NumberQuery) ([]e164.Number, error)
	// CountNumbers counts the matching numbers in each state. A number that aliases of several domains
	// have counts once.
	CountNumbers(ctx context.Context, q CountQuery) (NumberCounts, error)

	// AddNumber puts n into the pool, and makes it free if it is cooling. Returns Exists if it is free
	// already, and InUse if it is held.
	AddNumber(ctx context.Context, n e164.Number, now time.Time) (PooledNumber, error)
	// AddNumbers puts the numbers from first to last, which have the same count of digits, into the
	// pool, all or none, and returns how many were new. It passes over numbers that are in the pool
	// already, in any state, and those that are the user part of an alias. It looks at each number at
	// some time during the call: it may pass over one that another call takes before AddNumbers
	// returns.
	AddNumbers(ctx context.Context, first, last e164.Number) (added int64, err error)
	// RemoveNumber takes n out of the pool. Returns NotFound if it is not there, and InUse if it is
	// cooling, or held by another principal. Of concurrent calls for one number exactly one returns
	// nil.
	RemoveNumber(ctx context.Context, n e164.Number, use NumberUse) (PooledNumber, error)
	// TakeNumber takes the first free number that matches out of the pool, or at random any. It passes
	// over numbers that are the user part of an alias. Returns NotFound if there is no other.
	// Concurrent calls take different numbers, and none of them returns NotFound while there are
	// enough. For a second, or ten times as long as it takes to look at the whole pool, it may take
	// a later number than one that another process has made free; and where the time of more than
	// 1,000 numbers has passed since the last call, a later one than one of these.
	TakeNumber(ctx context.Context, q TakeQuery) (e164.Number, error)
	// AssignAny takes a number out of the pool as TakeNumber does and stores it as an alias. It also
	// passes over numbers that are the user part of a user in q.Domain, whose case does not matter.
	// Returns NotFound if there is no other. It returns what it found before in any case, as AliasSite
	// does for an alias without the user part.
	AssignAny(ctx context.Context, q AssignQuery) (e164.Number, AliasSite, error)
	// AssignNumber takes n out of the pool and stores a, whose user part is n. Returns NotFound if n
	// is not in the pool, otherwise Exists if n is the user part of an alias in any domain, or of a
	// user in the domain of a, whose case does not matter, and otherwise InUse as RemoveNumber does.
	AssignNumber(ctx context.Context, n e164.Number, a Alias, use NumberUse) (PooledNumber, error)
	// ReleaseNumber removes every row with the alias address a, whose user part is n, and returns the
	// destinations as RemoveAlias does. It puts n into the pool: cooling until q.Until, or free if
	// that is zero. If n is there already, it becomes cooling if it was free or was to cool for a
	// shorter time. Returns NotFound if there is no such row, and otherwise InUse if an alias of
	// another domain has n too; then it changes nothing.
	ReleaseNumber(ctx context.Context, n e164.Number, a sip.Addr, q Quarantine) ([]sip.Addr, error)

	// HoldNumber holds n for use.By until a time. Returns NotFound if n is not in the pool, and InUse
	// as RemoveNumber does, or if n is the user part of an alias. Of concurrent calls of different
	// principals for one number exactly one returns nil.
	HoldNumber(ctx context.Context, n e164.Number, use NumberUse, until time.Time) (PooledNumber, error)
	// HoldAny holds a number that TakeNumber would take. Returns NotFound if there is none.
	HoldAny(ctx context.Context, q TakeQuery, by Principal, until time.Time) (e164.Number, error)
	// UnholdNumber makes n free if it is held by use.By, or by any principal if that is the zero
	// Principal. Returns NotFound otherwise.
	UnholdNumber(ctx context.Context, n e164.Number, use NumberUse) (PooledNumber, error)
}
