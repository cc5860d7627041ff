package bunstore

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// phoneModel is the association of a phone with a user.
type phoneModel struct {
	bun.BaseModel `bun:"table:hermes.phones,alias:p"`

	MAC      mac.Addr `bun:"mac,pk"`
	Username string   `bun:"username,pk"`
	Domain   string   `bun:"domain,pk"`
	Line     int      `bun:"line"`
}

func newPhone(p hermes.Phone) *phoneModel {
	m := &phoneModel{MAC: p.MAC, Line: p.Line}
	m.Username, m.Domain = key(p.User)
	return m
}

// deviceModel is what Hermes keeps of a phone beside its users. A key that there is not has an
// empty hash.
type deviceModel struct {
	bun.BaseModel `bun:"table:hermes.devices,alias:dv"`

	MAC          mac.Addr `bun:"mac,pk"`
	Vendor       string   `bun:"vendor"`
	Note         string   `bun:"note"`
	Domain       string   `bun:"domain"`
	OpenUntil    stamp    `bun:"open_until"`
	KeyHash      []byte   `bun:"key_hash"`
	KeySealed    []byte   `bun:"key_sealed"`
	NextHash     []byte   `bun:"next_hash"`
	NextSealed   []byte   `bun:"next_sealed"`
	SaidVendor   string   `bun:"said_vendor"`
	SaidModel    string   `bun:"said_model"`
	SaidFirmware string   `bun:"said_firmware"`
	LastSeen     stamp    `bun:"last_seen"`
	LastAddress  string   `bun:"last_address"`
}

// newDevice returns a row of a phone that has not been seen.
func newDevice(d hermes.Device) *deviceModel {
	return &deviceModel{
		MAC: d.MAC, Vendor: d.Vendor, Note: d.Note, Domain: d.Domain.String(), OpenUntil: stamp(d.OpenUntil),
		KeyHash: hashBytes(d.Key.Hash), KeySealed: []byte(d.Key.Sealed),
		NextHash: hashBytes(d.Next.Hash), NextSealed: []byte(d.Next.Sealed),
	}
}

func (m *deviceModel) device() hermes.Device {
	return hermes.Device{
		MAC: m.MAC, Vendor: m.Vendor, Note: m.Note, Domain: sip.UncheckedDomain(m.Domain), OpenUntil: time.Time(m.OpenUntil),
		Key:      hermes.ProvKey{Hash: toHash(m.KeyHash), Sealed: string(m.KeySealed)},
		Next:     hermes.ProvKey{Hash: toHash(m.NextHash), Sealed: string(m.NextSealed)},
		Said:     hermes.Agent{Vendor: m.SaidVendor, Model: m.SaidModel, Firmware: m.SaidFirmware},
		LastSeen: time.Time(m.LastSeen), LastAddress: m.LastAddress,
	}
}

// domainKeysModel is the keys with which the new phones of a domain get their files. A key that
// there is not has an empty hash.
type domainKeysModel struct {
	bun.BaseModel `bun:"table:hermes.domain_keys,alias:dk"`

	Domain        string `bun:"domain,pk"`
	CurrentHash   []byte `bun:"current_hash"`
	CurrentSealed []byte `bun:"current_sealed"`
	BeforeHash    []byte `bun:"before_hash"`
	BeforeSealed  []byte `bun:"before_sealed"`
}

func newDomainKeys(k hermes.DomainKeys) *domainKeysModel {
	return &domainKeysModel{
		Domain:      k.Domain.String(),
		CurrentHash: hashBytes(k.Current.Hash), CurrentSealed: []byte(k.Current.Sealed),
		BeforeHash: hashBytes(k.Before.Hash), BeforeSealed: []byte(k.Before.Sealed),
	}
}

func (m *domainKeysModel) keys(d sip.Domain) hermes.DomainKeys {
	return hermes.DomainKeys{
		Domain:  d,
		Current: hermes.ProvKey{Hash: toHash(m.CurrentHash), Sealed: string(m.CurrentSealed)},
		Before:  hermes.ProvKey{Hash: toHash(m.BeforeHash), Sealed: string(m.BeforeSealed)},
	}
}

// hashBytes returns the column of a hash that may be zero.
func hashBytes(h hermes.Hash) []byte {
	if h == (hermes.Hash{}) {
		return []byte{}
	}
	return h[:]
}
