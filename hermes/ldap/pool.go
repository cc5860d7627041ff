package ldap

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// maxIdle is how long an unused connection is trusted: firewalls forget it without a word.
const maxIdle = time.Minute

// pool keeps a bounded number of connections.
type pool struct {
	dial  func(context.Context) (*conn, error)
	now   func() time.Time
	slots chan struct{} // holds one token for each connection in use

	mu     sync.Mutex
	unused []*conn // the latest used last
	closed bool
}

func newPool(size int, dial func(context.Context) (*conn, error)) *pool {
	return &pool{dial: dial, now: time.Now, slots: make(chan struct{}, size)}
}

// do runs fn on a connection. Where one that was kept turns out to be broken, fn runs again on a new one: all that
// was asked for is asked again, which changes nothing in a directory.
func (p *pool) do(ctx context.Context, fn func(*conn) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return fmt.Errorf("all %d connections are in use: %w", cap(p.slots), context.Cause(ctx))
	}
	c, err := p.take()
	if err != nil {
		return err
	}
	if c != nil {
		if err = p.use(ctx, c, fn); sound(err) || ctx.Err() != nil {
			return err
		}
	}
	if c, err = p.dial(ctx); err != nil {
		return err
	}
	return p.use(ctx, c, fn)
}

// sound tells whether err, or none, is what the server says, and no sign of a broken connection.
func sound(err error) bool {
	var said *goldap.Error
	return err == nil || errors.As(err, &said) && said.ResultCode < goldap.ErrorNetwork
}

// use keeps the connection where fn returns nil, and closes it else.
func (p *pool) use(ctx context.Context, c *conn, fn func(*conn) error) error {
	err := c.while(ctx, func() error { return fn(c) })
	if err != nil {
		c.close()
		return err
	}
	p.keep(c)
	return nil
}

// take returns the connection that was used last, nil where there is none.
func (p *pool) take() (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	for len(p.unused) > 0 {
		last := len(p.unused) - 1
		c := p.unused[last]
		p.unused = p.unused[:last]
		if p.now().Sub(c.idle) < maxIdle {
			return c, nil
		}
		c.close()
	}
	return nil, nil
}

func (p *pool) keep(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.close()
		return
	}
	c.idle = p.now()
	p.unused = append(p.unused, c)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.unused {
		c.close()
	}
	p.unused = nil
}
