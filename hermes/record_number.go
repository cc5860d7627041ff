package hermes

import (
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/sip"
)

// NumberState says what may be done with a number of the pool. It depends on the time: a hold and a
// quarantine end by the clock.
type NumberState string

const (
	NumberFree    NumberState = "free"    // anyone may take it
	NumberHeld    NumberState = "held"    // one principal may take it
	NumberCooling NumberState = "cooling" // it has been given back, and its quarantine is not over
)

// PooledNumber is a number of the pool. The zero value stands for a number that is not in the pool.
type PooledNumber struct {
	Number e164.Number
	State  NumberState
	Until  time.Time // when the hold or the quarantine ends; zero if the number is free
	Holder Principal // zero unless the number is held
}

// CheckUse returns nil if the number may be taken, NotFound if it is not in the pool, and InUse if
// it is cooling or held for another principal.
func (p PooledNumber) CheckUse(u NumberUse) error {
	switch {
	case p.State == "":
		return NotFound
	case p.State == NumberFree, p.State == NumberHeld && p.Holder == u.By:
		return nil
	}
	return InUse
}

// NumberUse says which principal uses a number, and when. At a time that is not before
// [PooledNumber.Until] a number is free.
type NumberUse struct {
	By  Principal // holds of no other principal are in the way; the zero Principal has none
	Now time.Time
}

// Quarantine is how long a number rests that is given back now. If Until is zero, it is free at
// once.
type Quarantine struct{ Now, Until time.Time }

// NumberCounts are the numbers in each state.
type NumberCounts struct {
	Free, Held, Cooling int64
	Assigned            int64 // that are the user part of an alias
}

// NumberQuery asks for a page of the number pool.
type NumberQuery struct {
	State NumberState // empty means free
	Now   time.Time   // the time for which the state is asked
	Match Pattern     // against the text with its +; the zero Pattern matches every number
	Scope Scope       // only numbers with one of its prefixes
	After e164.Number // the last number of the page before; zero starts at the beginning
	Limit int         // at least 1
	Seed  int64       // selects the order of ShuffledNumbers; 0 to 2147483646
}

// CountQuery asks for the counts of numbers.
type CountQuery struct {
	Now   time.Time // the time for which the states are asked
	Match Pattern   // the zero Pattern matches every number
	// Scope asks only for numbers with one of its prefixes, and of those that aliases have for those
	// of the aliases that [AliasQuery] would find with Scope and Served.
	Scope  Scope
	Served string
}

// TakeQuery says which free number is taken.
type TakeQuery struct {
	Now    time.Time
	Match  Pattern // the zero Pattern matches every number
	Random bool    // any matching number, rather than the first
	Scope  Scope   // only numbers with one of its prefixes
}

// shufflePrime is 2^31-1: the square of a residue fits an int64 in every database.
const shufflePrime = 1<<31 - 1

// Shuffle returns the place of n in the random order that seed selects. It uses arithmetic that
// every SQL engine has, so that a shuffled list can be paged by key without being kept anywhere:
//
//	p = 2^31-1
//	a = (digits of n as an integer + seed) mod p
//	b = a*a mod p
//	place = (b*48271 + a) mod p
func Shuffle(n e164.Number, seed int64) int64 {
	a := (numberValue(n) + seed) % shufflePrime
	b := a * a % shufflePrime
	return (b*48271 + a) % shufflePrime
}

// numberValue returns the digits of n as an integer.
func numberValue(n e164.Number) (v int64) {
	for _, d := range n.String()[1:] {
		v = v*10 + int64(d-'0')
	}
	return v
}

// AssignQuery says which free number becomes an alias of which user.
type AssignQuery struct {
	Now         time.Time
	Match       Pattern    // the zero Pattern matches every number
	Random      bool       // any matching number, rather than the first
	Scope       Scope      // only numbers with one of its prefixes
	Domain      sip.Domain // of the alias
	Destination sip.Addr   // where the alias leads
}
