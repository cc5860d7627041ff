package hermes

import (
	"context"
	"strconv"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/sip"
)

// AddNumber implements [Store].
func (r *recorder) AddNumber(ctx context.Context, n e164.Number, now time.Time) (PooledNumber, error) {
	before, err := r.Store.AddNumber(ctx, n, now)
	if err == nil {
		r.noteNumber(n, before, freeNumber(n))
	}
	return before, err
}

// AddNumbers implements [Store]. The range is one record, because a change of a million numbers is
// one entry.
func (r *recorder) AddNumbers(ctx context.Context, first, last e164.Number) (int64, error) {
	added, err := r.Store.AddNumbers(ctx, first, last)
	if err == nil && added > 0 {
		r.log.note(rangeRecord, first.String(), nil, []field{
			{"start", first.String()}, {"end", last.String()}, {"added", strconv.FormatInt(added, 10)},
		}, last.String())
	}
	return added, err
}

// RemoveNumber implements [Store].
func (r *recorder) RemoveNumber(ctx context.Context, n e164.Number, use NumberUse) (PooledNumber, error) {
	before, err := r.Store.RemoveNumber(ctx, n, use)
	if err == nil {
		r.noteNumber(n, before, PooledNumber{})
	}
	return before, err
}

// TakeNumber implements [Store].
func (r *recorder) TakeNumber(ctx context.Context, q TakeQuery) (e164.Number, error) {
	n, err := r.Store.TakeNumber(ctx, q)
	if err == nil {
		r.noteNumber(n, freeNumber(n), PooledNumber{})
	}
	return n, err
}

// HoldNumber implements [Store].
func (r *recorder) HoldNumber(ctx context.Context, n e164.Number, use NumberUse, until time.Time) (PooledNumber, error) {
	before, err := r.Store.HoldNumber(ctx, n, use, until)
	if err == nil {
		r.noteNumber(n, before, PooledNumber{Number: n, State: NumberHeld, Until: until, Holder: use.By})
	}
	return before, err
}

// HoldAny implements [Store].
func (r *recorder) HoldAny(ctx context.Context, q TakeQuery, by Principal, until time.Time) (e164.Number, error) {
	n, err := r.Store.HoldAny(ctx, q, by, until)
	if err == nil {
		r.noteNumber(n, freeNumber(n), PooledNumber{Number: n, State: NumberHeld, Until: until, Holder: by})
	}
	return n, err
}

// UnholdNumber implements [Store].
func (r *recorder) UnholdNumber(ctx context.Context, n e164.Number, use NumberUse) (PooledNumber, error) {
	before, err := r.Store.UnholdNumber(ctx, n, use)
	if err == nil {
		r.noteNumber(n, before, freeNumber(n))
	}
	return before, err
}

func freeNumber(n e164.Number) PooledNumber { return PooledNumber{Number: n, State: NumberFree} }

// noteNumber notes what n was in the pool and what it is. Of a number that is there before and
// after, the fields that differ are noted.
func (r *recorder) noteNumber(n e164.Number, before, after PooledNumber) {
	if before.State == "" || after.State == "" {
		r.log.note(numberRecord, n.String(), numberFields(before), numberFields(after))
		return
	}
	from, to := stateFields(before), stateFields(after)
	for i := range from {
		r.log.noteField(numberRecord, n.String(), from[i].name, from[i].text, to[i].text)
	}
}

// numberFields returns the fields of a number of the pool, the number alone if it is free, and none
// of one that is not in the pool.
func numberFields(p PooledNumber) []field {
	fields := []field{{"number", p.Number.String()}}
	switch p.State {
	case "":
		return nil
	case NumberFree:
		return fields
	}
	return append(fields, stateFields(p)...)
}

func stateFields(p PooledNumber) []field {
	return []field{{"state", string(p.State)}, {"until", timeText(p.Until)}, {"holder_kind", string(p.Holder.Kind)}, {"holder", p.Holder.Name}}
}

// AssignAny implements [Store].
func (r *recorder) AssignAny(ctx context.Context, q AssignQuery) (e164.Number, AliasSite, error) {
	n, site, err := r.Store.AssignAny(ctx, q)
	if err == nil {
		r.noteNumber(n, freeNumber(n), PooledNumber{})
		r.noteAlias(nil, aliasFields, Alias{Alias: sip.Unchecked(n.String(), q.Domain.String()), Destination: q.Destination})
	}
	return n, site, err
}

// AssignNumber implements [Store].
func (r *recorder) AssignNumber(ctx context.Context, n e164.Number, a Alias, use NumberUse) (PooledNumber, error) {
	before, err := r.Store.AssignNumber(ctx, n, a, use)
	if err == nil {
		r.noteNumber(n, before, PooledNumber{})
		r.noteAlias(nil, aliasFields, a)
	}
	return before, err
}

// ReleaseNumber implements [Store].
func (r *recorder) ReleaseNumber(ctx context.Context, n e164.Number, a sip.Addr, q Quarantine) ([]sip.Addr, error) {
	destinations, err := r.Store.ReleaseNumber(ctx, n, a, q)
	if err == nil {
		after := freeNumber(n)
		if !q.Until.IsZero() {
			after = PooledNumber{Number: n, State: NumberCooling, Until: q.Until}
		}
		r.noteNumber(n, PooledNumber{}, after)
		r.noteRemoved(a, destinations)
	}
	return destinations, err
}

// AddAlias implements [Store].
func (r *recorder) AddAlias(ctx context.Context, a Alias, use NumberUse) (PooledNumber, error) {
	before, err := r.Store.AddAlias(ctx, a, use)
	if err == nil {
		if before.State != "" {
			r.noteNumber(before.Number, before, PooledNumber{})
		}
		r.noteAlias(nil, aliasFields, a)
	}
	return before, err
}
