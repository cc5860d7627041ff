package main

import (
	"context"
	"net/http"
	"time"
)

// world is a hermesd with users.
type world struct {
	*hermesd
	admin *client
	known *client // a user who has logged in before, from an address of their own
}

const (
	knownUser     = "known"
	knownPassword = "loginflood known"
	knownAddress  = "192.0.2.1"
	sipUser       = "alice@example.com"
)

func newWorld(ctx context.Context, h *hermesd) (*world, error) {
	w := &world{hermesd: h}
	w.admin = w.client("192.0.2.254")
	if _, err := w.admin.login(ctx, "admin", adminPassword); err != nil {
		return nil, err
	}
	for _, call := range [][]string{
		{"domain/set_servers", "domain", "example.com", "registrar", "sip.example.com", "r_port", "5060", "proxy", "sip.example.com", "p_port", "5060", "prov_url", "http://prov.example.com/"},
		{"user/add", "user", sipUser},
		{"auth/add_user", "user", knownUser, "password", knownPassword},
	} {
		if _, err := w.admin.must(ctx, call[0], call[1:]...); err != nil {
			return nil, err
		}
	}
	w.known = w.client(knownAddress)
	_, err := w.known.login(ctx, knownUser, knownPassword)
	return w, err
}

// client returns one with connections of its own.
func (w *world) client(address string) *client {
	return &client{url: w.url, address: address, http: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: maxOutstanding},
		Timeout:   30 * time.Second,
	}}
}
