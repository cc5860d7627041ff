package hermes_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// snapshot is the content of a store, as far as its methods return it.
type snapshot struct {
	Users          []hermes.User
	Groups         map[sip.Addr][]string
	Phones         map[mac.Addr][]hermes.Phone
	Devices        []hermes.Device
	DomainKeys     []hermes.DomainKeys
	Numbers        []e164.Number
	Reserved       []hermes.PooledNumber // that are held or cooling
	Aliases        []hermes.Alias
	Servers        map[sip.Domain]hermes.Servers
	Credentials    map[string]hermes.Credential
	Authorizations []hermes.Authorization
	Keys           []hermes.Key
	Sessions       []hermes.SessionState
	Transient      int64 // sessions and nonces
	Audit          []hermes.AuditEntry
}

// everything is the limit of queries for all records.
const everything = 10_000

// takeSnapshot reads a store. The snapshot has the sessions of cred.
func takeSnapshot(t testing.TB, s hermes.Store, cred ...hermes.Credentials) snapshot {
	t.Helper()
	p, err := readStore(t.Context(), s, cred)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func readStore(ctx context.Context, s hermes.Store, cred []hermes.Credentials) (p snapshot, err error) {
	p.Servers, p.Credentials = map[sip.Domain]hermes.Servers{}, map[string]hermes.Credential{}
	for _, d := range []string{"example.com", "example.net", "far.example"} {
		p.Servers[domain(d)], _ = s.Servers(ctx, domain(d))
	}
	for _, user := range []string{"admin", "writer", "auditor", "reader", "new"} {
		p.Credentials[user], _ = s.Credential(ctx, user)
	}
	for _, c := range cred {
		state, _ := s.Session(ctx, hashOf(c.Session))
		p.Sessions = append(p.Sessions, state)
	}
	if p.Numbers, err = s.Numbers(ctx, hermes.NumberQuery{Limit: everything}); err != nil {
		return p, err
	}
	for _, state := range []hermes.NumberState{hermes.NumberHeld, hermes.NumberCooling} {
		numbers, err := s.Numbers(ctx, hermes.NumberQuery{State: state, Limit: everything})
		if err != nil {
			return p, err
		}
		for _, n := range numbers {
			reserved, err := s.PooledNumber(ctx, n, time.Time{})
			if err != nil {
				return p, err
			}
			p.Reserved = append(p.Reserved, reserved)
		}
	}
	if p.Aliases, err = s.Aliases(ctx, hermes.AliasQuery{Limit: everything}); err != nil {
		return p, err
	}
	if p.Authorizations, err = s.Authorizations(ctx); err != nil {
		return p, err
	}
	if p.Keys, err = s.Keys(ctx); err != nil {
		return p, err
	}
	if p.Transient, err = countTransient(ctx, s); err != nil {
		return p, err
	}
	if p.Audit, err = s.AuditEntries(ctx, hermes.AuditQuery{Limit: everything}); err != nil {
		return p, err
	}
	if err = p.readUsers(ctx, s); err != nil {
		return p, err
	}
	return p, p.readPhones(ctx, s)
}

func (p *snapshot) readUsers(ctx context.Context, s hermes.Store) error {
	p.Groups = map[sip.Addr][]string{}
	entries, err := s.Users(ctx, hermes.UserQuery{Limit: everything})
	if err != nil {
		return err
	}
	for _, entry := range entries {
		u, err := s.User(ctx, entry.User)
		if err != nil {
			return err
		}
		p.Users = append(p.Users, u)
		if p.Groups[entry.User], err = s.Groups(ctx, entry.User); err != nil {
			return err
		}
	}
	return nil
}

func (p *snapshot) readPhones(ctx context.Context, s hermes.Store) error {
	p.Phones = map[mac.Addr][]hermes.Phone{}
	phones, err := s.Phones(ctx, hermes.PhoneQuery{Limit: everything})
	if err != nil {
		return err
	}
	for _, phone := range phones {
		if p.Phones[phone], err = s.PhoneLines(ctx, phone); err != nil {
			return err
		}
	}
	devices, err := s.SealedDevices(ctx, mac.Addr{}, everything)
	if err != nil {
		return err
	}
	for _, m := range devices {
		d, err := s.Device(ctx, m)
		if err != nil {
			return err
		}
		p.Devices = append(p.Devices, d)
	}
	domains, err := s.SealedDomains(ctx, sip.Domain{}, everything)
	if err != nil {
		return err
	}
	for _, d := range domains {
		keys, err := s.DomainKeys(ctx, d)
		if err != nil {
			return err
		}
		p.DomainKeys = append(p.DomainKeys, keys)
	}
	return nil
}

// countTransient returns the number of sessions and nonces: those that SweepExpired removes as
// expired at a late time, in a transaction that is rolled back.
func countTransient(ctx context.Context, s hermes.Store) (n int64, err error) {
	errRollBack := errors.New("roll back")
	err = s.Tx(ctx, nil, func(s hermes.Store) (err error) {
		if n, err = s.SweepExpired(ctx, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
			return err
		}
		return errRollBack
	})
	if err != errRollBack {
		return 0, fmt.Errorf("Tx: got %v, want the error of its function", err)
	}
	return n, nil
}
