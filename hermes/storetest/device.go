package storetest

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func testDevice(t *testing.T, open openFunc) {
	t.Run("SetDevice", func(t *testing.T) { testSetDevice(t, open) })
	t.Run("SeePhones", func(t *testing.T) { testSeePhones(t, open) })
	t.Run("SetDomainKeys", func(t *testing.T) { testSetDomainKeys(t, open) })
	t.Run("SealedDevices and SealedDomains", func(t *testing.T) { testSealedKeys(t, open) })
}

// device returns a device with a value in each field that SetDevice stores.
func device(m string) hermes.Device {
	return hermes.Device{
		MAC: macAddr(m), Vendor: "yealink", Note: "Ålice's, 2nd floor", Domain: domain("example.com"), OpenUntil: at(5),
		Key: provKey("key of " + m), Next: provKey("next of " + m),
	}
}

func domainKeys(d string) hermes.DomainKeys {
	return hermes.DomainKeys{Domain: domain(d), Current: provKey("current of " + d), Before: provKey("before of " + d)}
}

// provKey returns a key that no other name has.
func provKey(name string) (k hermes.ProvKey) {
	k.Sealed = binaryText + name
	for i := range len(name) {
		k.Hash[i%len(k.Hash)] = k.Hash[i%len(k.Hash)]*31 + name[i]
	}
	return k
}

func testSetDevice(t *testing.T, open openFunc) {
	t.Run("a device is NotFound until it is set, returned exactly as it was set, and then replaced", func(t *testing.T) {
		s := open(t).Store
		d := device("001122334455")
		wantNoDevice(t, s, d)
		mustSetDevice(t, s, d, device("001122334466"))
		wantDevice(t, s, d)
		d.Vendor, d.Note, d.Domain, d.OpenUntil = "", "", domain("example.net"), time.Time{}
		d.Key, d.Next = d.Next, hermes.ProvKey{}
		mustSetDevice(t, s, d)
		wantDevice(t, s, d)
		wantDevice(t, s, device("001122334466"))
		empty := hermes.Device{MAC: d.MAC}
		mustSetDevice(t, s, empty)
		wantDevice(t, s, empty)
	})
	t.Run("what SeePhones sets is kept, and a new device has none of it", func(t *testing.T) {
		s := open(t).Store
		d := device("001122334455")
		claimed := d
		claimed.Said, claimed.LastSeen, claimed.LastAddress = hermes.Agent{Vendor: "v"}, at(1), "192.0.2.1"
		mustSetDevice(t, s, claimed)
		wantDevice(t, s, d)
		mustSeePhones(t, s, phoneSeen("001122334455", 2))
		d = seenDevice(d, 2)
		d.Note = "another"
		mustSetDevice(t, s, claimed, d)
		wantDevice(t, s, d)
	})
	t.Run("two devices cannot have the same Key or the same Next, and any number may have none", func(t *testing.T) {
		s := open(t).Store
		first, second := device("001122334455"), device("001122334466")
		mustSetDevice(t, s, first, second, hermes.Device{MAC: macAddr("001122334477")}, hermes.Device{MAC: macAddr("001122334488")})
		sameKey, sameNext := second, second
		sameKey.Key, sameNext.Next = first.Key, first.Next
		for _, d := range []hermes.Device{sameKey, sameNext} {
			wantFault(t, s.SetDevice(t.Context(), d))
			wantDevice(t, s, second)
		}
		mustSetDevice(t, s, hermes.Device{MAC: first.MAC}) // and its keys are gone
		mustSetDevice(t, s, sameKey, sameNext)
	})
}

// phoneSeen returns what a phone says at a minute.
func phoneSeen(m string, minute int) hermes.PhoneSeen {
	return hermes.PhoneSeen{
		MAC: macAddr(m), At: at(minute), Address: fmt.Sprintf("192.0.2.%d", minute),
		Said: hermes.Agent{Vendor: "yealink", Model: "T46U", Firmware: fmt.Sprintf("1.%d", minute)},
	}
}

// seenDevice returns d after phoneSeen of the minute.
func seenDevice(d hermes.Device, minute int) hermes.Device {
	v := phoneSeen(d.MAC.String(), minute)
	d.Said, d.LastSeen, d.LastAddress = v.Said, v.At, v.Address
	return d
}

func testSeePhones(t *testing.T, open openFunc) {
	const m = "001122334455"
	t.Run("Said, LastSeen and LastAddress only are set, and a missing device is no error and is not made", func(t *testing.T) {
		s := open(t).Store
		mustSetDevice(t, s, device(m))
		mustSeePhones(t, s, phoneSeen(m, 3), phoneSeen("001122334466", 3))
		wantDevice(t, s, seenDevice(device(m), 3))
		wantNoDevice(t, s, device("001122334466"))
	})
	t.Run("an earlier time changes nothing, in one call and in another", func(t *testing.T) {
		s := open(t).Store
		mustSetDevice(t, s, device(m))
		mustSeePhones(t, s, phoneSeen(m, 9), phoneSeen(m, 8))
		wantDevice(t, s, seenDevice(device(m), 9))
		mustSeePhones(t, s, phoneSeen(m, 7))
		wantDevice(t, s, seenDevice(device(m), 9))
		mustSeePhones(t, s, phoneSeen(m, 10))
		wantDevice(t, s, seenDevice(device(m), 10))
	})
	t.Run("outside a transaction it is written soon", func(t *testing.T) {
		s := open(t).Store
		mustSetDevice(t, s, device(m))
		must(t, s.SeePhones(t.Context(), []hermes.PhoneSeen{phoneSeen(m, 2), phoneSeen(m, 4), phoneSeen(m, 3)}))
		for end := time.Now().Add(time.Minute); time.Now().Before(end); runtime.Gosched() {
			if got, err := s.Device(t.Context(), macAddr(m)); err != nil || got.LastSeen.Equal(at(4)) {
				break
			}
		}
		wantDevice(t, s, seenDevice(device(m), 4))
	})
}

func testSetDomainKeys(t *testing.T, open openFunc) {
	t.Run("they are NotFound until they are set, returned exactly as they were set, and then replaced", func(t *testing.T) {
		s := open(t).Store
		k := domainKeys("example.com")
		got, err := s.DomainKeys(t.Context(), k.Domain)
		wantNone(t, got, err)
		mustSetDomainKeys(t, s, k, domainKeys("example.net"))
		wantDomainKeys(t, s, k)
		k.Current, k.Before = provKey("new"), k.Current
		mustSetDomainKeys(t, s, k)
		wantDomainKeys(t, s, k)
		k.Before = hermes.ProvKey{}
		mustSetDomainKeys(t, s, k)
		wantDomainKeys(t, s, k)
		wantDomainKeys(t, s, domainKeys("example.net"))
	})
	t.Run("two domains cannot have the same Current or the same Before, and any number may have none", func(t *testing.T) {
		s := open(t).Store
		first, second := domainKeys("example.com"), domainKeys("example.net")
		mustSetDomainKeys(t, s, first, second, hermes.DomainKeys{Domain: domain("a.example")}, hermes.DomainKeys{Domain: domain("b.example")})
		sameCurrent, sameBefore := second, second
		sameCurrent.Current, sameBefore.Before = first.Current, first.Before
		for _, k := range []hermes.DomainKeys{sameCurrent, sameBefore} {
			wantFault(t, s.SetDomainKeys(t.Context(), k))
			wantDomainKeys(t, s, second)
		}
	})
}

func testSealedKeys(t *testing.T, open openFunc) {
	t.Run("pages of devices that have a key, in the order of MACs", func(t *testing.T) {
		s := open(t).Store
		key, next := device("00000000000a"), device("b00000000000")
		key.Next, next.Key = hermes.ProvKey{}, hermes.ProvKey{}
		mustSetDevice(t, s, hermes.Device{MAC: macAddr("c00000000000")}, next, device("f00000000000"), key)
		for after, want := range map[string][]string{
			"": {"00000000000a", "b00000000000"}, "00000000000a": {"b00000000000", "f00000000000"}, "c00000000000": {"f00000000000"},
			"f00000000000": nil,
		} {
			got, err := s.SealedDevices(t.Context(), macOrZero(after), 2)
			wantList(t, got, err, macAddrs(want...))
		}
	})
	t.Run("pages of domains that have a key, in order", func(t *testing.T) {
		s := open(t).Store
		before := domainKeys("a.example")
		before.Current = hermes.ProvKey{}
		mustSetDomainKeys(t, s, domainKeys("c.example"), before, hermes.DomainKeys{Domain: domain("b.example")}, domainKeys("a-b.example"))
		got, err := s.SealedDomains(t.Context(), sip.UncheckedDomain(""), 2)
		wantList(t, got, err, domains("a-b.example", "a.example"))
		got, err = s.SealedDomains(t.Context(), domain("a.example"), 2)
		wantList(t, got, err, domains("c.example"))
		got, err = s.SealedDomains(t.Context(), domain("c.example"), 2)
		wantList(t, got, err, nil)
	})
}

func mustSetDevice(t *testing.T, s hermes.Store, all ...hermes.Device) {
	t.Helper()
	for _, d := range all {
		must(t, s.SetDevice(t.Context(), d))
	}
}

// seePhones calls SeePhones in a transaction, where it has written when it returns.
func seePhones(ctx context.Context, s hermes.Store, seen ...hermes.PhoneSeen) error {
	return s.Tx(ctx, nil, func(tx hermes.Store) error { return tx.SeePhones(ctx, seen) })
}

func mustSeePhones(t *testing.T, s hermes.Store, seen ...hermes.PhoneSeen) {
	t.Helper()
	must(t, seePhones(t.Context(), s, seen...))
}

func mustSetDomainKeys(t *testing.T, s hermes.Store, all ...hermes.DomainKeys) {
	t.Helper()
	for _, k := range all {
		must(t, s.SetDomainKeys(t.Context(), k))
	}
}

func wantDevice(t *testing.T, s hermes.Store, want hermes.Device) {
	t.Helper()
	got, err := s.Device(t.Context(), want.MAC)
	wantEqual(t, got, err, want)
}

func wantNoDevice(t *testing.T, s hermes.Store, d hermes.Device) {
	t.Helper()
	got, err := s.Device(t.Context(), d.MAC)
	wantNone(t, got, err)
}

func wantDomainKeys(t *testing.T, s hermes.Store, want hermes.DomainKeys) {
	t.Helper()
	got, err := s.DomainKeys(t.Context(), want.Domain)
	wantEqual(t, got, err, want)
}

// readDeviceCalls returns a call of each method of a DeviceStore that writes nothing.
func readDeviceCalls() []methodCall {
	m := macAddr("001122334455")
	return []methodCall{
		{"Device", func(ctx context.Context, s hermes.Store) error { return errorOf(s.Device(ctx, m)) }},
		{"DomainKeys", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.DomainKeys(ctx, domain("example.com")))
		}},
		{"Provisioning", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.Provisioning(ctx, hash(1), m))
		}},
		{"SealedDevices", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.SealedDevices(ctx, macOrZero(""), 9))
		}},
		{"SealedDomains", func(ctx context.Context, s hermes.Store) error {
			return errorOf(s.SealedDomains(ctx, sip.UncheckedDomain(""), 9))
		}},
	}
}

// deviceWriteCalls returns a call of each method of a DeviceStore that writes.
func deviceWriteCalls() []methodCall {
	return []methodCall{
		{"SetDevice", func(ctx context.Context, s hermes.Store) error { return s.SetDevice(ctx, device("001122334499")) }},
		{"SeePhones", func(ctx context.Context, s hermes.Store) error {
			return s.SeePhones(ctx, []hermes.PhoneSeen{phoneSeen("001122334455", 1)})
		}},
		{"SetDomainKeys", func(ctx context.Context, s hermes.Store) error {
			return s.SetDomainKeys(ctx, domainKeys("example.net"))
		}},
	}
}
