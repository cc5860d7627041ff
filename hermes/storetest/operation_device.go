package storetest

import (
	"context"
	"fmt"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// deviceOperation draws a call of a method of a DeviceStore. No method removes a device or keys of
// a domain: reset makes them all empty.
func (g generator) deviceOperation() operation {
	d, k := g.device(), g.domainKeys()
	seen := hermes.PhoneSeen{MAC: d.MAC, Said: hermes.Agent{Vendor: g.text(), Model: g.text()}, At: g.time(), Address: g.text()}
	after := maybe(g, func() sip.Domain { return g.addr().Domain() })
	key := drawFrom(g, d.Key, d.Next, k.Current, k.Before).Hash
	return drawFrom(g,
		newOperation("SetDevice", []any{d}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.SetDevice(ctx, d))
		}),
		newOperation("Device", []any{d.MAC}, func(ctx context.Context, s hermes.Store) string {
			return result(s.Device(ctx, d.MAC))
		}),
		newOperation("SeePhones", []any{seen}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(seePhones(ctx, s, seen))
		}),
		newOperation("SetDomainKeys", []any{k}, func(ctx context.Context, s hermes.Store) string {
			return errorResult(s.SetDomainKeys(ctx, k))
		}),
		newOperation("DomainKeys", []any{k.Domain}, func(ctx context.Context, s hermes.Store) string {
			return result(s.DomainKeys(ctx, k.Domain))
		}),
		newOperation("Provisioning", []any{fmt.Sprintf("%x", key[:4]), d.MAC}, func(ctx context.Context, s hermes.Store) string {
			return result(s.Provisioning(ctx, key, d.MAC))
		}),
		newOperation("SealedDevices", nil, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.SealedDevices(ctx, macOrZero(""), 9))
		}),
		newOperation("SealedDomains", []any{after}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.SealedDomains(ctx, after, 1))
		}))
}

// emptyDevices takes from all devices and domains what the operations can have given them.
func emptyDevices(ctx context.Context, s hermes.Store) error {
	for _, m := range macAddrs(generatedMACs...) {
		if err := s.SetDevice(ctx, hermes.Device{MAC: m}); err != nil {
			return err
		}
	}
	for _, a := range addrs(generatedAddrs...) {
		if err := s.SetDomainKeys(ctx, hermes.DomainKeys{Domain: a.Domain()}); err != nil {
			return err
		}
	}
	return nil
}
