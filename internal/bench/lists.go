package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	abusedRead    = 100 * time.Millisecond // the 99th percentile of others' reads
	abuseMemory   = 150 << 20              // bytes
	unreadLists   = 320
	shuffledLists = 24
	heldOpen      = 2000 // connections
)

// abuseAddress is the address of a client that does not come through a trusted proxy.
var abuseAddress = net.IPv4(127, 0, 0, 2)

func abusedServer() benchmark {
	const during = "user/get of others, 99th percentile, while one client "
	unread := fmt.Sprintf("leaves %d lists unread", unreadLists)
	return benchmark{
		name:  "lists",
		about: "user/get over HTTP while one client with limited_read asks for many lists, or opens many connections, on PostgreSQL",
		rows: []row{
			{what: during + unread, unit: inSeconds, goal: within(abusedRead)},
			{what: "memory of hermesd while one client " + unread, unit: inBytes, goal: atMost(abuseMemory)},
			{what: fmt.Sprintf("%sreads %d shuffled lists", during, shuffledLists), unit: inSeconds, goal: within(abusedRead)},
			{what: fmt.Sprintf("%sholds %d connections open", during, heldOpen), unit: inSeconds, goal: within(abusedRead)},
		},
		open: func(ctx context.Context, b *bench) (measure, error) {
			s, admin, err := b.startFilled(ctx)
			if err != nil {
				return nil, err
			}
			abuser, err := s.login(ctx, knownAddress, knownUser, knownPassword)
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context) ([]sample, error) {
				read, err := b.readDuring(ctx, s, admin, b.slice(), func(ctx context.Context) (string, error) {
					return abuser.openLists(ctx, unreadLists, false, "user/list")
				})
				if err != nil {
					return nil, err
				}
				// Each list needs a look at the whole pool before its answer begins.
				shuffled, err := b.readDuring(ctx, s, admin, 5*b.slice(), func(ctx context.Context) (string, error) {
					return abuser.openLists(ctx, shuffledLists, true, "number/list", "random", "1")
				})
				if err != nil {
					return nil, err
				}
				held, err := b.readDuring(ctx, s, admin, b.slice(), func(ctx context.Context) (string, error) {
					return s.holdConnections(ctx, heldOpen)
				})
				return []sample{read, {hermes: read.memory.bytes}, shuffled, held}, err
			}, nil
		},
	}
}

// readDuring measures reads of others while a client abuses the server until its context ends.
func (b *bench) readDuring(
	ctx context.Context, s *server, others *client, slice time.Duration, abuse func(context.Context) (note string, err error),
) (out sample, err error) {
	out.memory, err = s.growth(func() error {
		abusing, stop := context.WithCancel(ctx)
		defer stop()
		var running sync.WaitGroup
		running.Go(func() { out.note, err = abuse(abusing) })
		read, readErr := hammer(ctx, stallReaders, slice, func(ctx context.Context, _ int) error {
			_, err := others.mustCall(ctx, "user/get", "user", userAddress(rand.IntN(b.rows)).String())
			return err
		})
		stop()
		running.Wait()
		if readErr != nil {
			return readErr
		}
		out.hermes = read.times.quantile(0.99).Seconds()
		out.note = fmt.Sprintf("%d reads, slowest %s; %s", read.calls, ms(read.times.quantile(1)), out.note)
		return err
	})
	return out, err
}

// openLists asks for n lists at once, and reads them or leaves them until ctx ends. The note says
// how they were answered.
func (c *client) openLists(ctx context.Context, n int, read bool, node string, parameters ...string) (note string, err error) {
	var mu sync.Mutex
	var begun, refused int
	var asking sync.WaitGroup
	for range n {
		asking.Go(func() {
			res, getErr := c.get(ctx, node, parameters...)
			mu.Lock()
			switch {
			case getErr != nil && ctx.Err() == nil:
				err = getErr
			case getErr == nil && res.StatusCode == http.StatusOK:
				begun++
			case getErr == nil:
				refused++
			}
			mu.Unlock()
			if getErr != nil {
				return
			}
			defer res.Body.Close()
			if read {
				_, _ = io.Copy(io.Discard, res.Body)
				return
			}
			<-ctx.Done()
		})
	}
	asking.Wait()
	return fmt.Sprintf("%d lists begun, %d refused", begun, refused), err
}

// get sends a request of the client's session, and returns the answer as soon as it begins.
func (c *client) get(ctx context.Context, node string, parameters ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+c.target(node, parameters...), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Forwarded-For", c.address)
	if c.cookie != nil {
		req.AddCookie(c.cookie)
	}
	return c.http.Do(req)
}

// holdConnections opens n connections, sends the beginning of a request on each, and waits until
// ctx ends. The note says how many of them the server has closed meanwhile.
func (s *server) holdConnections(ctx context.Context, n int) (note string, err error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: abuseAddress}}
	var open, closed atomic.Int64
	var reading sync.WaitGroup
	for range n {
		c, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			if ctx.Err() == nil {
				return "", err
			}
			break
		}
		open.Add(1)
		defer c.Close()
		_, _ = io.WriteString(c, "GET /api/user/get HTTP/1.1\r\n")
		stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Now()) })
		reading.Go(func() {
			defer stop()
			if _, err := io.Copy(io.Discard, c); ctx.Err() == nil || err == nil {
				closed.Add(1)
			}
		})
	}
	<-ctx.Done()
	reading.Wait()
	return fmt.Sprintf("%d connections opened, of which hermesd closed %d", open.Load(), closed.Load()), nil
}
