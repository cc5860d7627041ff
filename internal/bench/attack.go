package main

import (
	"context"
	"fmt"
	"hash/crc32"
	"sync"
	"time"
)

// attack is a flood of wrong logins.
type attack struct {
	world *world
	from  func(i int) string // the address of the i-th

	mu      sync.Mutex
	skipped int
	classes map[string]int
	slowest time.Duration
}

// maxOutstanding bounds the logins that wait for their answer.
const maxOutstanding = 4096

// wrong is the i-th login of a flood: a known user's name with a wrong password, a name that nobody has, an API key and
// a signature that are well-formed, so that the database is asked for them.
func wrong(i int) []string {
	switch i % 4 {
	case 0:
		return []string{"username", knownUser, "password", "wrong password"}
	case 1:
		return []string{"username", fmt.Sprint("nobody", i), "password", "wrong password"}
	case 2:
		return []string{"api_key", checksummed(fmt.Sprintf("hek_%010d_%043d", i, i))}
	}
	return []string{"key", fmt.Sprintf("hek_%010d", i), "nonce", checksummed(fmt.Sprintf("hen_%022d", i)), "signature", "AAAA"}
}

// checksummed ends a token in the CRC-32 that SECURITY.md describes.
func checksummed(token string) string {
	const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := crc32.ChecksumIEEE([]byte(token))
	tail := make([]byte, 6)
	for i := len(tail) - 1; i >= 0; i-- {
		tail[i] = base62[sum%62]
		sum /= 62
	}
	return token + string(tail)
}

// oneAddress is where an attacker without means comes from.
func oneAddress(int) string { return "198.51.100.1" }

// manyAddresses gives each login an IPv6 network of its own.
func manyAddresses(i int) string { return fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff) }

// run sends logins at an even pace, whether they are answered or not, and waits for the answers.
func (a *attack) run(ctx context.Context, rate int, duration time.Duration) {
	const step = 10 * time.Millisecond
	a.classes = map[string]int{}
	places := make(chan struct{}, maxOutstanding)
	c := a.world.client("")
	var all sync.WaitGroup
	tick := time.NewTicker(step)
	defer tick.Stop()
	start, sent, total := time.Now(), 0, int(float64(rate)*duration.Seconds())
	for sent < total && ctx.Err() == nil {
		<-tick.C
		for due := min(total, int(time.Since(start).Seconds()*float64(rate))); sent < due; sent++ {
			i := sent
			select {
			case places <- struct{}{}:
				all.Go(func() {
					defer func() { <-places }()
					a.login(ctx, *c, i)
				})
			default:
				a.skipped++
			}
		}
	}
	all.Wait()
}

func (a *attack) login(ctx context.Context, c client, i int) {
	c.address = a.from(i)
	res, err := c.call(ctx, "auth/login", wrong(i)...)
	class := res.class()
	if err != nil {
		class = "no answer"
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.classes[class]++
	a.slowest = max(a.slowest, res.took)
}
