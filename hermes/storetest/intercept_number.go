package storetest

import (
	"context"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// PooledNumber implements [hermes.Store].
func (s intercepted) PooledNumber(ctx context.Context, n e164.Number, now time.Time) (hermes.PooledNumber, error) {
	return get(s, "PooledNumber", func() (hermes.PooledNumber, error) { return s.store.PooledNumber(ctx, n, now) })
}

// Numbers implements [hermes.Store].
func (s intercepted) Numbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	return get(s, "Numbers", func() ([]e164.Number, error) { return s.store.Numbers(ctx, q) })
}

// SampleNumbers implements [hermes.Store].
func (s intercepted) SampleNumbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	return get(s, "SampleNumbers", func() ([]e164.Number, error) { return s.store.SampleNumbers(ctx, q) })
}

// ShuffledNumbers implements [hermes.Store].
func (s intercepted) ShuffledNumbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	return get(s, "ShuffledNumbers", func() ([]e164.Number, error) { return s.store.ShuffledNumbers(ctx, q) })
}

// CountNumbers implements [hermes.Store].
func (s intercepted) CountNumbers(ctx context.Context, q hermes.CountQuery) (hermes.NumberCounts, error) {
	return get(s, "CountNumbers", func() (hermes.NumberCounts, error) { return s.store.CountNumbers(ctx, q) })
}

// AddNumber implements [hermes.Store].
func (s intercepted) AddNumber(ctx context.Context, n e164.Number, now time.Time) (hermes.PooledNumber, error) {
	return get(s, "AddNumber", func() (hermes.PooledNumber, error) { return s.store.AddNumber(ctx, n, now) })
}

// AddNumbers implements [hermes.Store].
func (s intercepted) AddNumbers(ctx context.Context, first, last e164.Number) (int64, error) {
	return get(s, "AddNumbers", func() (int64, error) { return s.store.AddNumbers(ctx, first, last) })
}

// RemoveNumber implements [hermes.Store].
func (s intercepted) RemoveNumber(ctx context.Context, n e164.Number, use hermes.NumberUse) (hermes.PooledNumber, error) {
	return get(s, "RemoveNumber", func() (hermes.PooledNumber, error) { return s.store.RemoveNumber(ctx, n, use) })
}

// TakeNumber implements [hermes.Store].
func (s intercepted) TakeNumber(ctx context.Context, q hermes.TakeQuery) (e164.Number, error) {
	return get(s, "TakeNumber", func() (e164.Number, error) { return s.store.TakeNumber(ctx, q) })
}

// AssignAny implements [hermes.Store].
func (s intercepted) AssignAny(ctx context.Context, q hermes.AssignQuery) (n e164.Number, site hermes.AliasSite, err error) {
	err = s.run("AssignAny", func() error {
		n, site, err = s.store.AssignAny(ctx, q)
		return err
	})
	return n, site, err
}

// AssignNumber implements [hermes.Store].
func (s intercepted) AssignNumber(
	ctx context.Context, n e164.Number, a hermes.Alias, use hermes.NumberUse,
) (hermes.PooledNumber, error) {
	return get(s, "AssignNumber", func() (hermes.PooledNumber, error) { return s.store.AssignNumber(ctx, n, a, use) })
}

// ReleaseNumber implements [hermes.Store].
func (s intercepted) ReleaseNumber(ctx context.Context, n e164.Number, a sip.Addr, q hermes.Quarantine) ([]sip.Addr, error) {
	return get(s, "ReleaseNumber", func() ([]sip.Addr, error) { return s.store.ReleaseNumber(ctx, n, a, q) })
}

// HoldNumber implements [hermes.Store].
func (s intercepted) HoldNumber(
	ctx context.Context, n e164.Number, use hermes.NumberUse, until time.Time,
) (hermes.PooledNumber, error) {
	return get(s, "HoldNumber", func() (hermes.PooledNumber, error) { return s.store.HoldNumber(ctx, n, use, until) })
}

// HoldAny implements [hermes.Store].
func (s intercepted) HoldAny(ctx context.Context, q hermes.TakeQuery, by hermes.Principal, until time.Time) (e164.Number, error) {
	return get(s, "HoldAny", func() (e164.Number, error) { return s.store.HoldAny(ctx, q, by, until) })
}

// UnholdNumber implements [hermes.Store].
func (s intercepted) UnholdNumber(ctx context.Context, n e164.Number, use hermes.NumberUse) (hermes.PooledNumber, error) {
	return get(s, "UnholdNumber", func() (hermes.PooledNumber, error) { return s.store.UnholdNumber(ctx, n, use) })
}
