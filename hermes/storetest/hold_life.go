package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

const (
	lifeNumbers = 2000
	lifeClients = 32
	lifeCalls   = 60 // of each client
)

// testNumberLives has clients hold, take, assign and give back numbers while the clock moves: no
// number is given to two of them, none is lost, and none leaves its quarantine early.
func testNumberLives(t *testing.T, s hermes.Store) {
	mustAddNumbers(t, s, "+4770000", nthNumber("+47", 5, 70000+lifeNumbers-1).String(), lifeNumbers)
	l := &lives{store: s, owners: map[e164.Number]ownership{}}
	must(t, firstError(runConcurrently(lifeClients, func(client int) error {
		r := rand.New(rand.NewPCG(5, uint64(client)))
		for range lifeCalls {
			if err := l.step(t.Context(), client, r); err != nil {
				return err
			}
		}
		return nil
	})...))
	end := at(0).Add(24 * time.Hour)
	counts, err := s.CountNumbers(t.Context(), hermes.CountQuery{Now: end})
	must(t, err)
	if total := counts.Free + counts.Assigned; total != lifeNumbers || counts.Held != 0 || counts.Cooling != 0 {
		t.Errorf("at the end: %+v, want %d numbers that are free or assigned", counts, lifeNumbers)
	}
}

// lives has what the clients know of the numbers.
type lives struct {
	store  hermes.Store
	second atomic.Int64 // of the clock

	mu     sync.Mutex
	owners map[e164.Number]ownership
}

// ownership is the last thing that is known of a number.
type ownership struct {
	now, until time.Time // no other client may have the number before until
	client     int
}

// now moves the clock by a second and returns its time.
func (l *lives) now() time.Time { return at(0).Add(time.Duration(l.second.Add(1)) * time.Second) }

// passed reports whether the clock has passed a time. Then the call of another client, which began
// later, may have made a number free that one that began earlier sees as held.
func (l *lives) passed(t time.Time) bool {
	return !at(0).Add(time.Duration(l.second.Load()) * time.Second).Before(t)
}

// got notes that a client has got a number at a time, and has it until another.
func (l *lives) got(client int, n e164.Number, now, until time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.owners[n]
	if last.client != client && !l.passed(last.until) && !now.Before(last.now) {
		return fmt.Errorf("client %d got %s at %s, and client %d has it since %s until %s",
			client, n, now, last.client, last.now, last.until)
	}
	// A client that got the number later may have been faster to note it.
	if now.After(last.now) {
		l.owners[n] = ownership{now: now, until: until, client: client}
	}
	return nil
}

// step makes a client get a number in one of several ways, and give most of them back.
func (l *lives) step(ctx context.Context, client int, r *rand.Rand) error {
	now := l.now()
	u := hermes.NumberUse{By: userPrincipal(fmt.Sprint("client", client)), Now: now}
	until, forever := now.Add(time.Duration(1+r.IntN(200))*time.Second), now.Add(1000*time.Hour)
	q := hermes.TakeQuery{Now: now, Random: r.IntN(2) == 0}
	switch r.IntN(4) {
	case 0: // held, and left to the clock
		n, err := l.store.HoldAny(ctx, q, u.By, until)
		if err != nil {
			return err
		}
		return l.got(client, n, now, until)
	case 1: // held, and then made an alias of if there is time
		n, err := l.store.HoldAny(ctx, q, u.By, until)
		if err == nil {
			err = l.got(client, n, now, until)
		}
		if err != nil {
			return err
		}
		if u.Now = l.now(); !u.Now.Before(until) {
			return nil
		}
		a := hermes.Alias{Alias: addr(n.String() + "@example.com"), Destination: addr("alice@example.com")}
		if err := errorOf(l.store.AssignNumber(ctx, n, a, u)); err != nil {
			if isCause(err) && l.passed(until) {
				return nil
			}
			return fmt.Errorf("client %d cannot assign %s, which it holds until %s, at %s: %w", client, n, until, u.Now, err)
		}
		return l.got(client, n, u.Now, forever)
	case 2: // taken and added again
		n, err := l.store.TakeNumber(ctx, q)
		if err == nil {
			err = l.got(client, n, now, now.Add(time.Nanosecond))
		}
		if err != nil {
			return err
		}
		return errorOf(l.store.AddNumber(ctx, n, l.now()))
	}
	return l.assignAndRelease(ctx, client, q, until)
}

// assignAndRelease makes a client assign a number and give it back, so that it cools down.
func (l *lives) assignAndRelease(ctx context.Context, client int, q hermes.TakeQuery, until time.Time) error {
	n, _, err := l.store.AssignAny(ctx, hermes.AssignQuery{
		Now: q.Now, Random: q.Random, Domain: domain("example.com"), Destination: addr("alice@example.com"),
	})
	if err != nil {
		return err
	}
	// No other client may have it before the quarantine, which begins later, is over.
	if err := l.got(client, n, q.Now, until); err != nil {
		return err
	}
	a := addr(n.String() + "@example.com")
	return errorOf(l.store.ReleaseNumber(ctx, n, a, hermes.Quarantine{Now: l.now(), Until: until}))
}
