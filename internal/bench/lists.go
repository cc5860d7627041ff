package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	abusedRead    = 100 * time.Millisecond // the 99th percentile of others' reads
	abuseMemory   = 150 << 20              // bytes
	unreadLists   = 320
	shuffledLists = 24
)

func abusedLists() benchmark {
	const during = "user/get of others, 99th percentile, while one client "
	unread := fmt.Sprintf("leaves %d lists unread", unreadLists)
	return benchmark{
		name:  "lists",
		about: "user/get over HTTP while one client with limited_read asks for many lists, on PostgreSQL",
		rows: []row{
			{what: during + unread, unit: inSeconds, goal: within(abusedRead)},
			{what: "memory of hermesd while one client " + unread, unit: inBytes, goal: atMost(abuseMemory)},
			{what: fmt.Sprintf("%sreads %d shuffled lists", during, shuffledLists), unit: inSeconds, goal: within(abusedRead)},
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
				read, err := b.readDuring(ctx, s, admin, func(ctx context.Context) (string, error) {
					return abuser.openLists(ctx, unreadLists, false, "user/list")
				})
				if err != nil {
					return nil, err
				}
				shuffled, err := b.readDuring(ctx, s, admin, func(ctx context.Context) (string, error) {
					return abuser.openLists(ctx, shuffledLists, true, "number/list", "random", "1")
				})
				return []sample{read, {hermes: read.memory.bytes}, shuffled}, err
			}, nil
		},
	}
}

// readDuring measures reads of others while a client abuses the server until its context ends.
func (b *bench) readDuring(
	ctx context.Context, s *server, others *client, abuse func(context.Context) (note string, err error),
) (out sample, err error) {
	out.memory, err = s.growth(func() error {
		abusing, stop := context.WithCancel(ctx)
		defer stop()
		var running sync.WaitGroup
		running.Go(func() { out.note, err = abuse(abusing) })
		read, readErr := hammer(ctx, stallReaders, b.slice(), func(ctx context.Context, _ int) error {
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
