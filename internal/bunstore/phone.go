package bunstore

import (
	"context"
	"database/sql"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// PhoneUsers implements hermes.Store.
func (s *Store) PhoneUsers(ctx context.Context, m mac.Addr) ([]sip.Addr, error) {
	return list(ctx, s, 0, raw(`SELECT username, domain FROM ?phones WHERE mac = ? ORDER BY username, domain`, m.String()), scanAddr)
}

func scanAddr(rows *sql.Rows) (sip.Addr, error) {
	var username, domain string
	err := rows.Scan(&username, &domain)
	return sip.Unchecked(username, domain), err
}

// UserPhones implements hermes.Store.
func (s *Store) UserPhones(ctx context.Context, a sip.Addr) ([]mac.Addr, error) {
	username, domain := key(a)
	return list(ctx, s, 0, raw(`SELECT mac FROM ?phones WHERE username = ? AND domain = ? ORDER BY mac`, username, domain), scanMAC)
}

func scanMAC(rows *sql.Rows) (m mac.Addr, err error) { return m, rows.Scan(&m) }

// Phones implements hermes.Store.
func (s *Store) Phones(ctx context.Context, q hermes.PhoneQuery) ([]mac.Addr, error) {
	return list(ctx, s, q.Limit, raw(`SELECT DISTINCT p.mac FROM ?phones AS p WHERE p.mac > ? AND ? ORDER BY p.mac LIMIT ?`,
		q.After.String(), like("p.mac", q.Match), q.Limit), scanMAC)
}

// AddPhone implements hermes.Store.
func (s *Store) AddPhone(ctx context.Context, p hermes.Phone) error {
	username, domain := key(p.User)
	return s.mutate(ctx, hermes.Exists, raw(`INSERT INTO ?phones (mac, username, domain) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		p.MAC.String(), username, domain))
}

// RemovePhone implements hermes.Store.
func (s *Store) RemovePhone(ctx context.Context, p hermes.Phone) error {
	username, domain := key(p.User)
	return s.mutate(ctx, hermes.NotFound, raw(`DELETE FROM ?phones WHERE mac = ? AND username = ? AND domain = ?`,
		p.MAC.String(), username, domain))
}
