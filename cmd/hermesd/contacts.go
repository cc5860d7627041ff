package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/kamrpc"
	"github.com/hermes-voip/go-hermes/sip"
)

// contacts tells Kamailio to drop the contacts of users that were removed, suspended or renamed.
// Kamailio would keep them until they expire, and calls would still reach the users. The change
// itself neither waits for Kamailio nor fails with it.
type contacts struct {
	drop       func(ctx context.Context, address string) error
	log        *slog.Logger
	queue      chan sip.Addr
	retryAfter []time.Duration // the pauses between tries
}

const (
	contactsQueueSize = 1024
	// contactsStopTimeout is how long a stopping hermesd works on what is left in the queue.
	contactsStopTimeout = 3 * time.Second
)

func newContacts(drop func(context.Context, string) error, log *slog.Logger) *contacts {
	return &contacts{
		drop:       drop,
		log:        log,
		queue:      make(chan sip.Addr, contactsQueueSize),
		retryAfter: []time.Duration{time.Second, 5 * time.Second, 15 * time.Second},
	}
}

// add puts a user's address into the queue. If the queue is full, it only logs a
// warning. It never blocks. It is the DropContacts function of [hermes.Options].
func (c *contacts) add(a sip.Addr) {
	select {
	case c.queue <- a:
		return
	default:
		c.warnKept(a, "reason", "too many wait already")
	}
}

func (c *contacts) warnKept(a sip.Addr, args ...any) {
	args = append([]any{"user", a.String()}, args...)
	c.log.Warn("Kamailio keeps the contacts of a user that was removed, suspended or renamed until they expire", args...)
}

// run works on the queue until ctx ends. It then tries what is left once, for at most
// contactsStopTimeout.
func (c *contacts) run(ctx context.Context) {
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(contactsStopTimeout, cancel) })()
	for ctx.Err() == nil {
		select {
		case a := <-c.queue:
			c.dropWithRetries(ctx, calls, a)
		case <-ctx.Done():
			continue
		}
	}
	for len(c.queue) > 0 {
		a := <-c.queue
		if err := c.drop(calls, a.String()); err != nil {
			c.warnKept(a, "error", err)
		}
	}
}

// dropWithRetries drops the contacts of one user. If ctx ends during a pause between tries, the
// address goes back into the queue. calls is the context of the calls to Kamailio.
func (c *contacts) dropWithRetries(ctx, calls context.Context, a sip.Addr) {
	for try := 0; ; try++ {
		err := c.drop(calls, a.String())
		if err == nil {
			return
		}
		if try == len(c.retryAfter) {
			c.warnKept(a, "error", err)
			return
		}
		pause := c.retryAfter[try]
		c.log.Warn("the contacts of a user could not be dropped: trying again",
			"user", a.String(), "after", pause, "error", err)
		if !sleep(ctx, pause) {
			c.add(a)
			return
		}
	}
}

// sleep waits for d and returns true. If ctx ends first, it returns false at once.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// registered returns where Kamailio has a user registered.
func registered(ctx context.Context, rpc *kamrpc.Client, user sip.Addr) ([]hermes.Contact, error) {
	found, err := rpc.Contacts(ctx, user.String())
	if err != nil {
		return nil, err
	}
	var contacts []hermes.Contact
	for _, c := range found {
		contacts = append(contacts, hermes.Contact(c))
	}
	return contacts, nil
}
