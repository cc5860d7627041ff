package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// paddedSize is the size of the padding in each request of the abuse benchmark. hermesd accepts
// bodies of 64 KiB.
const paddedSize = 60 << 10

func abuse() benchmark {
	bm := benchmark{
		name: "abuse",
		about: "requests of 60 KiB without a session from many addresses: wrong logins, logouts of made-up sessions and\n" +
			"              challenges, and /readyz with 5,000 keys, beside other clients' user/get and the login of a known user,\n" +
			"              on each kind of database, and with a directory that does not answer",
		once: true,
	}
	for _, db := range []string{"memory", "PostgreSQL", "SQLite", "SQLite, a silent directory"} {
		bm.rows = append(bm.rows,
			row{what: "abuse, " + db + ": hermesd that ended", unit: plain, goal: atMost(0)},
			row{what: "abuse, " + db + ": user/get of others, 99th percentile", unit: inSeconds, goal: within(othersLimit)},
			row{what: "abuse, " + db + ": slowest login of a known user", unit: inSeconds, goal: within(knownLimit)},
			row{what: "abuse, " + db + ": growth of the resident memory", unit: inBytes, goal: atMost(memoryLimit)})
	}
	bm.open = func(ctx context.Context, b *bench) (measure, error) {
		servers, err := b.startAbused(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range servers {
			if err := s.addKeys(ctx, b.abuseKeys()); err != nil {
				return nil, err
			}
		}
		return func(ctx context.Context) ([]sample, error) { return b.measureAbuse(ctx, servers) }, nil
	}
	return bm
}

// startAbused starts a hermesd for each kind of rows.
func (b *bench) startAbused(ctx context.Context) ([]*server, error) {
	// The operating system accepts the connections, and nothing is ever answered.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.onClose(func() { _ = silent.Close() })
	memory, err := b.startInMemory(ctx)
	if err != nil {
		return nil, err
	}
	d, err := b.newDatabase(ctx, b.newName("abuse"), bytewise)
	if err != nil {
		return nil, err
	}
	servers := []*server{memory}
	for _, row := range []struct{ db, backend string }{
		{d.url, ""},
		{"", ""},
		{"", "ldap://" + silent.Addr().String() + "/dc=example,dc=com?uid"},
	} {
		in, err := b.install(ctx, row.db)
		if err != nil {
			return nil, err
		}
		in.backend = row.backend
		s, err := in.start(ctx)
		if err != nil {
			return nil, err
		}
		servers = append(servers, s)
	}
	return servers, nil
}

// abuseKeys returns how many API keys each server of the abuse benchmark has.
func (b *bench) abuseKeys() int {
	if b.quick {
		return 50
	}
	return 5000
}

// addKeys makes n API keys.
func (s *server) addKeys(ctx context.Context, n int) error {
	admin, err := s.login(ctx, adminAddress, adminUser, s.password)
	if err != nil {
		return err
	}
	for range n {
		if _, err := admin.mustCall(ctx, "auth/new_key", "host", "192.0.2.0/24", "access", "limited_read"); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) measureAbuse(ctx context.Context, servers []*server) (samples []sample, err error) {
	kind := floodKind{name: "abuse", address: manyAddresses, request: paddedRequest}
	for _, s := range servers {
		m, err := measureFlood(ctx, s, kind, b.rate, b.duration)
		ended := sample{}
		switch {
		case s.process.HasExited(): // it cannot have answered worse
			ended.hermes = 1
			m = &measurement{flood: &flood{floodKind: kind}, others: durations{time.Hour}, logins: durations{time.Hour}}
		case err != nil:
			return nil, err
		}
		samples = append(append(samples, ended), m.samples()...)
	}
	return samples, nil
}

// paddedRequest returns the i-th request, of a kind that needs no session, with paddedSize bytes
// more than it needs: in turn each of the wrong logins, the logout of a made-up session, a
// challenge, and /readyz, which is not padded. A login is padded in its last value, which is its
// secret, and another request in the parameter _, which hermesd ignores.
func paddedRequest(i int) floodRequest {
	padding := strings.Repeat("x", paddedSize)
	switch i % 7 {
	case 4:
		return floodRequest{
			node:       "auth/logout",
			parameters: []string{"session", withChecksum(fmt.Sprintf("hes_%022d", i)), "_", padding},
			cookie:     &http.Cookie{Name: "hermes", Value: withChecksum(fmt.Sprintf("hec_%043d", i))},
		}
	case 5:
		return floodRequest{node: "auth/challenge", parameters: []string{"key", fmt.Sprintf("hek_%010d", i), "_", padding}}
	}
	if i%7 == 6 {
		return floodRequest{}
	}
	r := wrongLogin(i)
	r.parameters = slices.Clone(r.parameters)
	r.parameters[len(r.parameters)-1] += padding
	return r
}
