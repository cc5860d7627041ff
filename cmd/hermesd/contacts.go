package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/hermes-voip/go-hermes/sip"
)

// contacts has Kamailio drop the contacts of removed users: it keeps them until they expire, and calls would still
// reach whoever was removed. That is tried beside the removal, which neither waits for it nor fails with it.
type contacts struct {
	drop   func(ctx context.Context, address string) error
	log    *slog.Logger
	queue  chan sip.Addr
	pauses []time.Duration // between tries
}

const (
	contactsQueue = 1024
	// contactsTime is for what is in the queue when hermesd stops.
	contactsTime = 3 * time.Second
)

func newContacts(drop func(context.Context, string) error, log *slog.Logger) *contacts {
	return &contacts{drop: drop, log: log, queue: make(chan sip.Addr, contactsQueue),
		pauses: []time.Duration{time.Second, 5 * time.Second, 15 * time.Second}}
}

// removed is hermes.Options.UserRemoved.
func (c *contacts) removed(a sip.Addr) {
	select {
	case c.queue <- a:
	default:
		c.warn(a, "reason", "too many wait already")
	}
}

func (c *contacts) warn(a sip.Addr, args ...any) {
	c.log.Warn("Kamailio keeps the contacts of a removed user until they expire", append([]any{"user", a.String()}, args...)...)
}

// run works on the queue until ctx ends, and then for at most contactsTime on what is left, each once.
func (c *contacts) run(ctx context.Context) {
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(contactsTime, cancel) })()
	for ctx.Err() == nil {
		select {
		case a := <-c.queue:
			c.forget(ctx, calls, a)
		case <-ctx.Done():
		}
	}
	for len(c.queue) > 0 {
		a := <-c.queue
		if err := c.drop(calls, a.String()); err != nil {
			c.warn(a, "error", err)
		}
	}
}

// forget tries until Kamailio has dropped the contacts. What is not done when ctx ends goes back into the queue.
func (c *contacts) forget(ctx, calls context.Context, a sip.Addr) {
	for n := 0; ; n++ {
		err := c.drop(calls, a.String())
		switch {
		case err == nil:
			return
		case n == len(c.pauses):
			c.warn(a, "error", err)
			return
		}
		c.log.Warn("the contacts of a removed user could not be dropped: trying again", "user", a.String(), "after", c.pauses[n], "error", err)
		if !pause(ctx, c.pauses[n]) {
			c.removed(a)
			return
		}
	}
}

// pause tells whether it lasted.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
