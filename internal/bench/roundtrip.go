package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// proxy passes connections on to PostgreSQL and counts the round trips: how often the server says
// that it has answered everything and waits for the client.
type proxy struct {
	listener net.Listener
	socket   string
	trips    atomic.Int64
	running  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// startProxy returns a proxy that is stopped after the benchmark.
func (b *bench) startProxy() (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, socket: filepath.Join(b.postgres.SocketDir(), ".s.PGSQL."+portOf(b.postgres))}
	p.running.Go(p.serve)
	b.onClose(p.stop)
	return p, nil
}

func (p *proxy) url(d database) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", p.listener.Addr(), d.name)
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.socket)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		p.running.Go(func() {
			defer server.Close()
			_, _ = io.Copy(server, client)
		})
		p.running.Go(func() {
			defer client.Close()
			p.count(client, bufio.NewReader(server))
		})
	}
}

// count copies the messages of the server until one side closes the connection.
func (p *proxy) count(client io.Writer, server *bufio.Reader) {
	const readyForQuery = 'Z'
	for {
		header, err := server.Peek(5)
		if err != nil {
			return
		}
		if header[0] == readyForQuery {
			p.trips.Add(1)
		}
		if _, err := io.CopyN(client, server, 1+int64(binary.BigEndian.Uint32(header[1:]))); err != nil {
			return
		}
	}
}

func (p *proxy) stop() {
	_ = p.listener.Close()
	p.mu.Lock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
}

// countedCall is a call whose round trips are counted. It is given the number of the call, which
// names what it changes.
type countedCall struct {
	name   string
	most   float64
	before func(ctx context.Context, c *hermes.Client, i int) error // is not counted; may be nil
	call   func(ctx context.Context, c *hermes.Client, i int) error
}

func newcomer(i int) sip.Addr { return sip.Unchecked(fmt.Sprint("newcomer", i), domainName) }

func leaver(i int) sip.Addr { return sip.Unchecked(fmt.Sprint("leaver", i), domainName) }

func addLeaver(ctx context.Context, c *hermes.Client, i int) error {
	_, err := c.UserAdd(ctx, hermes.UserAddRequest{User: leaver(i)})
	return err
}

func newAlias(i int) sip.Addr { return sip.Unchecked(fmt.Sprint("alias", i), domainName) }

// spareNumber returns a number that is in no pool.
func spareNumber(i int) e164.Number { return poolNumber(50_000_000 + i) }

func somePhone(i int) mac.Addr { return mac.MustParse(fmt.Sprintf("001565%06x", i)) }

// The most round trips of a call.
const (
	read  = 1
	write = 4
)

// countedCalls are in an order in which a later one finds what an earlier one added.
func countedCalls() []countedCall {
	return []countedCall{
		{name: "user/get", most: read, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.UserGet(ctx, hermes.UserGetRequest{User: userAddress(i)})
			return err
		}},
		{name: "user/list, a page", most: read, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := countUsers(ctx, c, hermes.UserListRequest{Limit: pageSize, After: userToken(i)})
			return err
		}},
		{name: "user/add", most: write, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.UserAdd(ctx, hermes.UserAddRequest{User: newcomer(i)})
			return err
		}},
		{name: "number/assign", most: write, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.NumberAssign(ctx, hermes.NumberAssignRequest{User: newcomer(i)})
			return err
		}},
		{name: "user/change_pw", most: write, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.UserChangePw(ctx, hermes.UserChangePwRequest{User: newcomer(i), Password: hermes.NewSecret(fmt.Sprint("password", i))})
			return err
		}},
		{name: "alias/add", most: write, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.AliasAdd(ctx, hermes.AliasAddRequest{Alias: newAlias(i), Destination: newcomer(i)})
			return err
		}},
		{name: "alias/remove", most: write, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.AliasRemove(ctx, hermes.AliasRemoveRequest{Alias: newAlias(i)})
			return err
		}},
		{name: "phone/add", most: write, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: somePhone(i), User: userAddress(i)})
			return err
		}},
		{name: "phone/remove", most: write, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.PhoneRemove(ctx, hermes.PhoneRemoveRequest{MAC: somePhone(i), User: userAddress(i)})
			return err
		}},
		{name: "user/remove", most: write, before: addLeaver, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.UserRemove(ctx, hermes.UserRemoveRequest{User: leaver(i)})
			return err
		}},
		{name: "number/claim", most: write, call: func(ctx context.Context, c *hermes.Client, _ int) error {
			_, err := c.NumberClaim(ctx, hermes.NumberClaimRequest{})
			return err
		}},
		{name: "number/claim random", most: write, call: func(ctx context.Context, c *hermes.Client, _ int) error {
			_, err := c.NumberClaim(ctx, hermes.NumberClaimRequest{Random: true})
			return err
		}},
		{name: "number/add", most: write, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.NumberAdd(ctx, hermes.NumberAddRequest{Number: spareNumber(i)})
			return err
		}},
		{name: "number/test", most: read, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.NumberTest(ctx, hermes.NumberTestRequest{Number: spareNumber(i)})
			return err
		}},
		{name: "number/assign of a named number", most: write, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.NumberAssign(ctx, hermes.NumberAssignRequest{User: userAddress(i), Number: spareNumber(i)})
			return err
		}},
		{name: "number/release", most: write, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.NumberRelease(ctx, hermes.NumberReleaseRequest{Alias: sip.Unchecked(spareNumber(i).String(), domainName)})
			return err
		}},
		{name: "number/remove", most: write, call: func(ctx context.Context, c *hermes.Client, i int) error {
			_, err := c.NumberRemove(ctx, hermes.NumberRemoveRequest{Number: spareNumber(i)})
			return err
		}},
	}
}

func roundTrips() benchmark {
	bm := benchmark{
		name:  "roundtrips",
		about: "the round trips of calls on PostgreSQL, counted by a proxy",
		once:  true,
		rows:  []row{{number: "19", what: "round trips of the session check", unit: plain, goal: atMost(read)}},
	}
	for _, c := range countedCalls() {
		bm.rows = append(bm.rows, row{number: "19", what: "round trips of " + c.name, unit: plain, goal: atMost(c.most)})
	}
	bm.open = func(ctx context.Context, b *bench) (measure, error) {
		d, err := b.filledCopy(ctx, b.rows)
		if err != nil {
			return nil, err
		}
		p, err := b.startProxy()
		if err != nil {
			return nil, err
		}
		store, err := postgres.Open(ctx, p.url(d), nil)
		if err != nil {
			return nil, err
		}
		b.onClose(func() { _ = store.Close() })
		c, err := b.client(store)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) ([]sample, error) { return p.measure(ctx, c) }, nil
	}
	return bm
}

// measure counts the round trips of each call.
func (p *proxy) measure(ctx context.Context, c *hermes.Client) (samples []sample, err error) {
	login, err := c.AuthLogin(ctx, hermes.AuthLoginRequest{Username: adminUser, Password: hermes.NewSecret(adminPassword)})
	if err != nil {
		return nil, err
	}
	session := hermes.Credentials{Session: login.Session, AuthKey: login.AuthKey, Cookie: login.Cookie.Value}
	check := countedCall{name: "the session check", call: func(ctx context.Context, c *hermes.Client, _ int) error {
		_, err := c.Authenticate(ctx, session)
		return err
	}}
	for _, counted := range append([]countedCall{check}, countedCalls()...) {
		trips, err := p.trip(ctx, c, counted)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", counted.name, err)
		}
		samples = append(samples, sample{hermes: trips})
	}
	return samples, nil
}

// trip returns the round trips that a call usually needs: connecting and preparing statements are
// part of the first ones only.
func (p *proxy) trip(ctx context.Context, c *hermes.Client, counted countedCall) (float64, error) {
	var counts []int64
	for i := range 15 {
		if counted.before != nil {
			if err := counted.before(ctx, c, i); err != nil {
				return 0, err
			}
		}
		before := p.trips.Load()
		if err := counted.call(ctx, c, i); err != nil {
			return 0, err
		}
		counts = append(counts, p.trips.Load()-before)
	}
	return float64(median(counts[5:])), nil
}
