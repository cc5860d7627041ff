package ldap

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// maxIdle is how long a connection may be unused. A firewall may drop an unused connection without
// notice.
const maxIdle = time.Minute

var errClosed = errors.New("the backend is closed")

// pool keeps a limited number of connections. It is safe for concurrent use.
type pool struct {
	dial  func(context.Context) (*conn, error)
	now   func() time.Time
	inUse chan struct{} // holds one element for each connection in use

	mu     sync.Mutex
	unused []*conn // the one used last is at the end
	closed bool
}

func newPool(size int, dial func(context.Context) (*conn, error)) *pool {
	return &pool{dial: dial, now: time.Now, inUse: make(chan struct{}, size)}
}

// do calls fn with a connection. If a connection that was kept turns out to be broken, it calls fn
// again with a new one. This is safe because the requests of fn change nothing in the directory.
func (p *pool) do(ctx context.Context, fn func(*conn) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case p.inUse <- struct{}{}:
		defer func() { <-p.inUse }()
	case <-ctx.Done():
		return fmt.Errorf("all %d connections are in use: %w", cap(p.inUse), context.Cause(ctx))
	}
	c, err := p.takeUnused()
	if err != nil {
		return err
	}
	if c != nil {
		if err = p.use(ctx, c, fn); err == nil || isAnswer(err) || ctx.Err() != nil {
			return err
		}
	}
	if c, err = p.dial(ctx); err != nil {
		return err
	}
	return p.use(ctx, c, fn)
}

// isAnswer reports whether err is an answer of the server, and not a sign of a broken connection.
func isAnswer(err error) bool {
	var answer *goldap.Error
	return errors.As(err, &answer) && answer.ResultCode < goldap.ErrorNetwork
}

// use calls fn with the connection. It keeps the connection for later calls if fn returns nil, and
// closes it otherwise.
func (p *pool) use(ctx context.Context, c *conn, fn func(*conn) error) error {
	err := c.withContext(ctx, func() error { return fn(c) })
	if err != nil {
		c.close()
		return err
	}
	p.keep(c)
	return nil
}

// takeUnused returns the connection that was used last, or nil if there is none.
func (p *pool) takeUnused() (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	for len(p.unused) > 0 {
		last := len(p.unused) - 1
		c := p.unused[last]
		p.unused = p.unused[:last]
		if p.now().Sub(c.idleSince) < maxIdle {
			return c, nil
		}
		c.close()
	}
	return nil, nil
}

// keep keeps the connection for later calls, or closes it if the pool is closed.
func (p *pool) keep(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.close()
		return
	}
	c.idleSince = p.now()
	p.unused = append(p.unused, c)
}

// close closes the connections that are not in use. Those in use are closed by keep.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.unused {
		c.close()
	}
	p.unused = nil
}
