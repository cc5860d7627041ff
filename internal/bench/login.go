package main

import (
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// The limits of the login benchmark.
const (
	othersLimit = 50 * time.Millisecond  // of the 99th percentile of other clients' user/get
	knownLimit  = 500 * time.Millisecond // of the slowest login of a known user
	memoryLimit = 100 << 20              // of the growth of the resident memory, in bytes
)

const (
	others      = 8                      // clients that call user/get
	othersPause = 20 * time.Millisecond  // between two calls of one of them
	knownPause  = 250 * time.Millisecond // between two logins of the known user
	memoryPause = 50 * time.Millisecond  // between two readings of the memory
	quietPeriod = 3 * time.Second        // how long is measured without a flood
)

// maxOutstanding limits the requests that wait for their answer.
const maxOutstanding = 4096

// floods are the ways in which wrong logins arrive.
func floods() []floodKind {
	return []floodKind{
		{name: "no wrong logins"},
		{name: "wrong logins from one address", address: oneAddress, request: wrongLogin},
		{name: "wrong logins from many addresses", address: manyAddresses, request: wrongLogin},
	}
}

type floodKind struct {
	name    string
	address func(i int) string       // of the i-th request; if nil, none is sent
	request func(i int) floodRequest // the i-th
}

// floodRequest is a request without a session.
type floodRequest struct {
	node       string   // empty for /readyz
	parameters []string // names and values in turn
	cookie     *http.Cookie
}

func logins() benchmark {
	bm := benchmark{
		name: "login",
		about: "wrong logins at an even rate, first from one address, then from many, on an embedded database:\n" +
			"              other clients' user/get, the login of a known user and the memory of hermesd",
		once: true,
	}
	for _, f := range floods() {
		bm.rows = append(bm.rows,
			row{what: f.name + ": user/get of others, 99th percentile", unit: inSeconds, goal: within(othersLimit)},
			row{what: f.name + ": slowest login of a known user", unit: inSeconds, goal: within(knownLimit)},
			row{what: f.name + ": growth of the resident memory", unit: inBytes, goal: atMost(memoryLimit)})
	}
	bm.open = func(ctx context.Context, b *bench) (measure, error) {
		in, err := b.install(ctx, "")
		if err != nil {
			return nil, err
		}
		s, err := in.start(ctx)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) (samples []sample, err error) {
			for _, f := range floods() {
				duration := b.duration
				if f.address == nil {
					duration = min(duration, quietPeriod)
				}
				m, err := measureFlood(ctx, s, f, b.rate, duration)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", f.name, err)
				}
				samples = append(samples, m.samples()...)
			}
			return samples, nil
		}, nil
	}
	return bm
}

// oneAddress returns the same address for each login.
func oneAddress(int) string { return "198.51.100.1" }

// manyAddresses returns an address in an IPv6 network of its own for each login.
func manyAddresses(i int) string { return fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff) }

// flood sends requests of one kind.
type flood struct {
	floodKind
	client *client

	mu      sync.Mutex
	skipped int // requests that were not sent because maxOutstanding was reached
	classes map[string]int
	slowest time.Duration
}

// wrongLogin returns the i-th wrong login: in turn a wrong password of a known user, an
// unknown user, and an API key and a signature which are so well-formed that hermesd looks for them
// in the database.
func wrongLogin(i int) floodRequest {
	return floodRequest{node: "auth/login", parameters: wrongCredentials(i)}
}

func wrongCredentials(i int) []string {
	switch i % 4 {
	case 0:
		return []string{"username", knownUser, "password", "wrong password"}
	case 1:
		return []string{"username", fmt.Sprint("unknown", i), "password", "wrong password"}
	case 2:
		return []string{"api_key", withChecksum(fmt.Sprintf("hek_%010d_%043d", i, i))}
	}
	return []string{"key", fmt.Sprintf("hek_%010d", i), "nonce", withChecksum(fmt.Sprintf("hen_%022d", i)), "signature", "AAAA"}
}

// withChecksum returns the token with the CRC-32 that Hermes' tokens end in, in base 62.
func withChecksum(token string) string {
	const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := crc32.ChecksumIEEE([]byte(token))
	digits := make([]byte, 6)
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = base62[sum%62]
		sum /= 62
	}
	return token + string(digits)
}

// run sends requests at an even rate, without waiting for the answers of earlier ones, and returns
// when all have been answered.
func (f *flood) run(ctx context.Context, rate int, duration time.Duration) {
	const step = 10 * time.Millisecond
	outstanding := make(chan struct{}, maxOutstanding)
	var running sync.WaitGroup
	tick := time.NewTicker(step)
	defer tick.Stop()
	start, sent, total := time.Now(), 0, int(float64(rate)*duration.Seconds())
	for sent < total && ctx.Err() == nil {
		<-tick.C
		for due := min(total, int(time.Since(start).Seconds()*float64(rate))); sent < due; sent++ {
			i := sent
			select {
			case outstanding <- struct{}{}:
				running.Go(func() {
					defer func() { <-outstanding }()
					f.send(ctx, i)
				})
			default:
				f.skipped++
			}
		}
	}
	running.Wait()
}

// send sends the i-th request.
func (f *flood) send(ctx context.Context, i int) {
	c, r := *f.client, f.request(i)
	c.address, c.cookie = f.address(i), r.cookie
	class, took, err := "", time.Duration(0), error(nil)
	if r.node == "" {
		class, took, err = c.ready(ctx)
	} else {
		var res answer
		res, err = c.call(ctx, r.node, r.parameters...)
		class, took = res.class(), res.took
	}
	if err != nil {
		class = "no answer"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.classes[class]++
	f.slowest = max(f.slowest, took)
}

// measurement is what was measured during one flood.
type measurement struct {
	flood  *flood
	others durations // of other clients' user/get
	logins durations // of the known user
	// The resident memory before and the most during the flood, in bytes.
	memoryBefore, memoryMost int64

	done chan struct{} // closed when the flood has ended
	mu   sync.Mutex    // guards others and err
	err  error
}

// measureFlood measures other clients, the known user and the memory for the duration, and sends
// the requests of the kind meanwhile.
func measureFlood(ctx context.Context, s *server, kind floodKind, rate int, duration time.Duration) (*measurement, error) {
	m := &measurement{
		flood: &flood{floodKind: kind, client: s.client(""), classes: map[string]int{}},
		done:  make(chan struct{}),
	}
	var clients []*client
	for i := range others {
		c, err := s.login(ctx, fmt.Sprintf("192.0.2.%d", 10+i), knownUser, knownPassword)
		if err != nil {
			return nil, err
		}
		clients = append(clients, c)
	}
	known, err := s.login(ctx, knownAddress, knownUser, knownPassword)
	if err != nil {
		return nil, err
	}
	if m.memoryBefore, err = s.rss(); err != nil {
		return nil, err
	}
	var running sync.WaitGroup
	for _, c := range clients {
		running.Go(func() { m.measureUserGet(ctx, c) })
	}
	running.Go(func() { m.measureLogin(ctx, known) })
	running.Go(func() { m.measureMemory(s) })
	if kind.address != nil {
		m.flood.run(ctx, rate, duration)
	} else {
		time.Sleep(duration)
	}
	close(m.done)
	running.Wait()
	return m, m.err
}

func (m *measurement) measureUserGet(ctx context.Context, c *client) {
	m.repeat(othersPause, func() error {
		a, err := c.mustCall(ctx, "user/get", "user", sipUser)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.others = append(m.others, a.took)
		return err
	})
}

func (m *measurement) measureLogin(ctx context.Context, known *client) {
	m.repeat(knownPause, func() error {
		took, err := known.login(ctx, knownUser, knownPassword)
		m.logins = append(m.logins, took)
		return err
	})
}

func (m *measurement) measureMemory(s *server) {
	m.repeat(memoryPause, func() error {
		now, err := s.rss()
		m.memoryMost = max(m.memoryMost, now)
		return err
	})
}

// repeat calls f with pauses until the measurement is done or f returns an error, which becomes
// that of the measurement. A call that has begun is measured to its end.
func (m *measurement) repeat(pause time.Duration, f func() error) {
	for {
		if err := f(); err != nil {
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.err == nil {
				m.err = err
			}
			return
		}
		select {
		case <-time.After(pause):
		case <-m.done:
			return
		}
	}
}

// samples returns those of the rows of a flood.
func (m *measurement) samples() []sample {
	text := func(d durations) string {
		return fmt.Sprintf("%d calls, median %s, 99th percentile %s, slowest %s", len(d),
			ms(d.quantile(0.5)), ms(d.quantile(0.99)), ms(d.quantile(1)))
	}
	others := sample{hermes: m.others.quantile(0.99).Seconds(), note: text(m.others)}
	if m.flood.address != nil {
		others.note += "; " + m.flood.String()
	}
	return []sample{
		others,
		{hermes: m.logins.quantile(1).Seconds(), note: text(m.logins)},
		{hermes: float64(max(0, m.memoryMost-m.memoryBefore))},
	}
}

// String says how the requests were answered.
func (f *flood) String() string {
	answered, classes := 0, ""
	for _, class := range slices.Sorted(maps.Keys(f.classes)) {
		answered += f.classes[class]
		classes += fmt.Sprintf(", %d %s", f.classes[class], class)
	}
	return fmt.Sprintf("%d requests%s; %d not sent because %d waited for an answer, slowest answer %s",
		answered, classes, f.skipped, maxOutstanding, ms(f.slowest))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }
