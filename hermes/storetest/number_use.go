package storetest

import (
	"context"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// These call methods of a store about numbers that are neither held nor cooling, so that it does
// not matter when and for which principal.

func hasNumber(ctx context.Context, s hermes.Store, n e164.Number) (bool, error) {
	p, err := s.PooledNumber(ctx, n, at(0))
	if err == error(hermes.NotFound) {
		return false, nil
	}
	return p.State == hermes.NumberFree, err
}

func addNumber(ctx context.Context, s hermes.Store, n e164.Number) error {
	return errorOf(s.AddNumber(ctx, n, at(0)))
}

func removeNumber(ctx context.Context, s hermes.Store, n e164.Number) error {
	return errorOf(s.RemoveNumber(ctx, n, hermes.NumberUse{Now: at(0)}))
}

func assignNumber(ctx context.Context, s hermes.Store, n e164.Number, a hermes.Alias) error {
	return errorOf(s.AssignNumber(ctx, n, a, hermes.NumberUse{Now: at(0)}))
}

func releaseNumber(ctx context.Context, s hermes.Store, n e164.Number, a sip.Addr) ([]sip.Addr, error) {
	return s.ReleaseNumber(ctx, n, a, hermes.Quarantine{Now: at(0)})
}

func addAlias(ctx context.Context, s hermes.Store, a hermes.Alias) error {
	return errorOf(s.AddAlias(ctx, a, hermes.NumberUse{Now: at(0)}))
}
