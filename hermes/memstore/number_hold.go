package memstore

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// reservation is what is known of a number of the pool that is held or cooling.
type reservation struct {
	until  time.Time
	holder hermes.Principal // zero if the number is cooling
}

// reservedUntil is the place of a reservation among those that end, the next one first.
type reservedUntil struct {
	at     time.Time
	number e164.Number
}

func compareReserved(a, b reservedUntil) int {
	return cmp.Or(a.at.Compare(b.at), a.number.Compare(b.number))
}

func (v reservation) state() hermes.NumberState {
	if v.holder == (hermes.Principal{}) {
		return hermes.NumberCooling
	}
	return hermes.NumberHeld
}

// pool is the numbers of the pool at a time.
type pool struct {
	*records
	now  time.Time
	over []e164.Number // the reserved ones that are free, in order
}

// readPool returns the pool at a time. It changes nothing, so that a read never waits for a
// transaction.
func (s *Store) readPool(ctx context.Context, now time.Time) (pool, error) {
	r, err := s.read(ctx)
	if err != nil {
		return pool{}, err
	}
	p := pool{records: r, now: now, over: r.overNumbers(now)}
	slices.SortFunc(p.over, e164.Number.Compare)
	return p, nil
}

// freeFrom yields the free numbers that are start or after it.
func (p pool) freeFrom(start e164.Number) iter.Seq[e164.Number] {
	return func(yield func(e164.Number) bool) {
		first, _ := slices.BinarySearchFunc(p.over, start, e164.Number.Compare)
		over := p.over[first:]
		for n := range p.numbers.from(start) {
			for ; len(over) > 0 && over[0].Compare(n) < 0; over = over[1:] {
				if !yield(over[0]) {
					return
				}
			}
			if !yield(n) {
				return
			}
		}
		for _, n := range over {
			if !yield(n) {
				return
			}
		}
	}
}

// writePool is write for a time: the numbers whose reservations have ended are free.
func (s *Store) writePool(ctx context.Context, now time.Time, change func(*records) error) error {
	return s.write(ctx, func(r *records) error {
		r.freeOver(now)
		return change(r)
	})
}

// overNumbers returns the numbers whose reservations have ended.
func (r *records) overNumbers(now time.Time) (over []e164.Number) {
	for v := range r.reservedUntil.all() {
		if v.at.After(now) {
			break
		}
		over = append(over, v.number)
	}
	return over
}

// freeOver makes the numbers free whose reservations have ended.
func (r *records) freeOver(now time.Time) {
	for _, n := range r.overNumbers(now) {
		r.free(n)
	}
}

// reserve makes n, which may be in the pool or not, held or cooling.
func (r *records) reserve(n e164.Number, v reservation) {
	r.unpool(n)
	r.reserved.set(n, v)
	r.reservedUntil.set(reservedUntil{v.until, n}, present{})
}

func (r *records) unreserve(n e164.Number) {
	if v, ok := r.reserved.get(n); ok {
		r.reserved.remove(n)
		r.reservedUntil.remove(reservedUntil{v.until, n})
	}
}

// unpool removes n from the pool.
func (r *records) unpool(n e164.Number) {
	if !r.numbers.remove(n) {
		r.unreserve(n)
	}
}

// pooled returns what n is in the pool, or the zero value.
func (r *records) pooled(n e164.Number) hermes.PooledNumber {
	if r.numbers.has(n) {
		return hermes.PooledNumber{Number: n, State: hermes.NumberFree}
	}
	v, ok := r.reserved.get(n)
	if !ok {
		return hermes.PooledNumber{}
	}
	return hermes.PooledNumber{Number: n, State: v.state(), Until: v.until, Holder: v.holder}
}

// PooledNumber implements [hermes.NumberStore].
func (s *Store) PooledNumber(ctx context.Context, n e164.Number, now time.Time) (hermes.PooledNumber, error) {
	r, err := s.read(ctx)
	if err != nil {
		return hermes.PooledNumber{}, err
	}
	p := r.pooled(n)
	switch {
	case p.State == "":
		return p, hermes.NotFound
	case !p.Until.After(now):
		return hermes.PooledNumber{Number: n, State: hermes.NumberFree}, nil
	}
	return p, nil
}

// free makes n a free number.
func (r *records) free(n e164.Number) {
	r.unreserve(n)
	r.numbers.set(n, present{})
}

// AddNumber implements [hermes.NumberStore].
func (s *Store) AddNumber(ctx context.Context, n e164.Number, now time.Time) (before hermes.PooledNumber, err error) {
	err = s.writePool(ctx, now, func(r *records) error {
		switch before = r.pooled(n); before.State {
		case hermes.NumberFree:
			return hermes.Exists
		case hermes.NumberHeld:
			return hermes.InUse
		}
		r.free(n)
		return nil
	})
	return before, err
}

// HoldNumber implements [hermes.NumberStore].
func (s *Store) HoldNumber(
	ctx context.Context, n e164.Number, use hermes.NumberUse, until time.Time,
) (before hermes.PooledNumber, err error) {
	err = s.writePool(ctx, use.Now, func(r *records) error {
		before = r.pooled(n)
		if err := before.CheckUse(use); err != nil {
			return err
		}
		if r.numberAliased(n) {
			return hermes.InUse
		}
		r.reserve(n, reservation{until: until, holder: use.By})
		return nil
	})
	return before, err
}

// HoldAny implements [hermes.NumberStore].
func (s *Store) HoldAny(ctx context.Context, q hermes.TakeQuery, by hermes.Principal, until time.Time) (n e164.Number, err error) {
	err = s.writePool(ctx, q.Now, func(r *records) error {
		if n, err = r.find(q, func(n e164.Number) bool { return !r.numberAliased(n) }); err == nil {
			r.reserve(n, reservation{until: until, holder: by})
		}
		return err
	})
	return n, err
}

// UnholdNumber implements [hermes.NumberStore].
func (s *Store) UnholdNumber(ctx context.Context, n e164.Number, use hermes.NumberUse) (before hermes.PooledNumber, err error) {
	err = s.writePool(ctx, use.Now, func(r *records) error {
		before = r.pooled(n)
		if before.State != hermes.NumberHeld || use.By != (hermes.Principal{}) && use.By != before.Holder {
			return hermes.NotFound
		}
		r.free(n)
		return nil
	})
	return before, err
}

// ReleaseNumber implements [hermes.NumberStore].
func (s *Store) ReleaseNumber(
	ctx context.Context, n e164.Number, a sip.Addr, q hermes.Quarantine,
) (destinations []sip.Addr, err error) {
	err = s.writePool(ctx, q.Now, func(r *records) (err error) {
		if !r.aliases.has(a) {
			return hermes.NotFound
		}
		for other := range r.aliases.from(sip.Unchecked(n.String(), "")) {
			if other.User() != n.String() {
				break
			}
			if other != a {
				return hermes.InUse
			}
		}
		r.release(n, q.Until)
		destinations, err = r.removeAlias(a)
		return err
	})
	return destinations, err
}

// release puts n into the pool: cooling until a time, or free if that is zero.
func (r *records) release(n e164.Number, until time.Time) {
	v, reserved := r.reserved.get(n)
	switch {
	case until.IsZero() && !reserved:
		r.numbers.set(n, present{})
	case until.IsZero(), reserved && (v.state() == hermes.NumberHeld || v.until.After(until)):
		// It stays what it is.
	default:
		r.reserve(n, reservation{until: until})
	}
}

// CountNumbers implements [hermes.NumberStore].
func (s *Store) CountNumbers(ctx context.Context, q hermes.CountQuery) (counts hermes.NumberCounts, err error) {
	p, err := s.readPool(ctx, q.Now)
	if err != nil {
		return counts, err
	}
	for range p.numbersInScope(q.Match, q.Scope, e164.Number{}) {
		counts.Free++
	}
	reserved := hermes.NumberQuery{Now: q.Now, Match: q.Match, Scope: q.Scope}
	for state, count := range map[hermes.NumberState]*int64{hermes.NumberHeld: &counts.Held, hermes.NumberCooling: &counts.Cooling} {
		reserved.State = state
		for range p.numbersInState(reserved, e164.Number{}) {
			*count++
		}
	}
	counts.Assigned = p.countAssigned(q)
	return counts, nil
}

// countAssigned counts the numbers that aliases within the scope have.
func (r *records) countAssigned(q hermes.CountQuery) (count int64) {
	var last e164.Number
	scope := hermes.AliasQuery{Scope: q.Scope, Served: q.Served}
	for a, d := range r.aliases.from(sip.Unchecked("+", "")) {
		if a.User() >= "+:" {
			break
		}
		n, err := e164.Parse(a.User())
		if err == nil && n != last && (q.Match.IsZero() || q.Match.Match(n.String())) &&
			r.aliasInScope(hermes.Alias{Alias: a, Destination: d}, scope) {
			count, last = count+1, n
		}
	}
	return count
}
