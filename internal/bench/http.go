package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

// connections is how many clients of HTTP send requests at once.
const connections = 64

// targetCount is how many different requests a client sends.
const targetCount = 4096

// userTargets returns requests for random users.
func userTargets(c *client, n int) []string {
	targets := make([]string, targetCount)
	for i := range targets {
		targets[i] = c.target("user/get", "user", userAddress(rand.IntN(n)).String())
	}
	return targets
}

// httpLoad returns a function that sends requests to hermesd for the slice.
func (b *bench) httpLoad(ctx context.Context, s *server, spec loadSpec) func() (sample, error) {
	return func() (out sample, err error) {
		out.memory, err = s.growth(func() error {
			r, err := b.load(ctx, spec)
			out.hermes = r.rate()
			return err
		})
		return out, err
	}
}

// floorLoad returns a function that sends requests to the floor for the slice.
func (b *bench) floorLoad(ctx context.Context, spec loadSpec) func() (sample, error) {
	return figure(func() (float64, error) {
		r, err := b.load(ctx, spec)
		return r.rate(), err
	})
}

func httpUserGet() benchmark {
	return benchmark{
		name:  "http",
		about: "user/get over HTTP with a session",
		rows: []row{{
			number: "2", what: "user/get over HTTP, 64 connections", unit: perSecond, goal: atLeast(1),
			floor: "net/http and pgx by hand: session, user, json.Marshal",
		}},
		open: func(ctx context.Context, b *bench) (measure, error) {
			s, admin, err := b.startFilled(ctx)
			if err != nil {
				return nil, err
			}
			d, err := b.filled(ctx, b.rows, bytewise)
			if err != nil {
				return nil, err
			}
			floor, err := b.startFloor(ctx, d)
			if err != nil {
				return nil, err
			}
			spec, err := admin.loadOf(connections, b.slice(), userTargets(admin, b.rows)...)
			if err != nil {
				return nil, err
			}
			floorSpec := spec
			floorSpec.Hosts = []string{floor.host()}
			return func(ctx context.Context) ([]sample, error) {
				out, err := b.both(b.floorLoad(ctx, floorSpec), b.httpLoad(ctx, s, spec))
				return []sample{out}, err
			}, nil
		},
	}
}

func sessionCheck() benchmark {
	return benchmark{
		name:  "session",
		about: "the check of session, auth_key and cookie over HTTP, by a node that reads nothing else",
		rows: []row{{
			number: "11", what: "session check over HTTP (user/generate_password)", floor: "a constant answer over HTTP",
			unit: perSecond, goal: atLeast(0.22),
		}},
		open: func(ctx context.Context, b *bench) (measure, error) {
			s, admin, err := b.startFilled(ctx)
			if err != nil {
				return nil, err
			}
			d, err := b.filled(ctx, b.rows, bytewise)
			if err != nil {
				return nil, err
			}
			floor, err := b.startFloor(ctx, d)
			if err != nil {
				return nil, err
			}
			spec, err := admin.loadOf(connections, b.slice(), admin.target("user/generate_password"))
			if err != nil {
				return nil, err
			}
			spec.Want = "" // the answer is a password
			floorSpec := spec
			floorSpec.Hosts, floorSpec.Targets = []string{floor.host()}, []string{"/constant"}
			return func(ctx context.Context) ([]sample, error) {
				out, err := b.both(b.floorLoad(ctx, floorSpec), b.httpLoad(ctx, s, spec))
				return []sample{out}, err
			}, nil
		},
	}
}

// pageSize is that of the pages of users.
const pageSize = 100

// pageSelect reads a page of users after the user name, and one more, which says that there are
// more.
const pageSelect = `SELECT k.username, k.domain, max(k.displayname) FROM (
	(SELECT username, domain, '' AS displayname FROM subscriber
		WHERE (username, domain) > (%[1]s, '` + domainName + `') ORDER BY username, domain LIMIT 101)
	UNION ALL
	(SELECT username, domain, displayname FROM hermes.users
		WHERE (username, domain) > (%[1]s, '` + domainName + `') ORDER BY username, domain LIMIT 101)) AS k
	GROUP BY k.username, k.domain ORDER BY k.username, k.domain LIMIT 101`

// pageToken is how Hermes names the entry after which a page begins.
func pageToken(fields ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(fields, "\x00")))
}

func userPage() benchmark {
	return benchmark{
		name:  "page",
		about: "a page of 100 users over HTTP",
		rows: []row{{
			number: "8", what: "user/list limit=100 over HTTP, 16 connections", floor: "pgbench, prepared, the same page",
			unit: perSecond, goal: atLeast(0.75),
		}},
		open: func(ctx context.Context, b *bench) (measure, error) {
			s, admin, err := b.startFilled(ctx)
			if err != nil {
				return nil, err
			}
			d, err := b.filled(ctx, b.rows, bytewise)
			if err != nil {
				return nil, err
			}
			var targets []string
			for range targetCount {
				after := userToken(rand.IntN(b.rows - 2*pageSize))
				targets = append(targets, admin.target("user/list", "limit", fmt.Sprint(pageSize), "after", after))
			}
			spec, err := admin.loadOf(readers, b.slice(), targets...)
			if err != nil {
				return nil, err
			}
			script := randomRow(b.rows-2*pageSize) + fmt.Sprintf(pageSelect, scriptUser) + ";"
			return func(ctx context.Context) ([]sample, error) {
				out, err := b.both(figure(func() (float64, error) { return b.pgbench(ctx, d, script, readers) }),
					b.httpLoad(ctx, s, spec))
				return []sample{out}, err
			}, nil
		},
	}
}
