package pgconn

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

// readBuffer is pgdriver's, per connection. Beyond speed: with the 4 KiB of its default an error
// message that is longer loses its SQLSTATE.
const readBuffer = 64 << 10

// connector makes pgdriver connections that carry the guards of the package comment.
type connector struct {
	conf    pgdriver.Config
	timeout time.Duration
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	backoff backoff
}

func newConnector(opts Options) (*connector, error) {
	t, err := ParseURL(opts.URL)
	if err != nil {
		return nil, err
	}
	return &connector{
		timeout: t.ConnectTimeout,
		dial:    new(net.Dialer).DialContext,
		conf: pgdriver.Config{
			Network:          t.Network,
			Addr:             t.Addr,
			TLSConfig:        t.tls,
			User:             t.User,
			Password:         t.password,
			Database:         t.Database,
			AppName:          or(t.ApplicationName, opts.ApplicationName),
			ReadTimeout:      opts.ReadTimeout,
			WriteTimeout:     opts.WriteTimeout,
			BufferSize:       readBuffer,
			ResetSessionFunc: resetSession,
			ConnParams: map[string]any{
				"statement_timeout":                   millis(opts.StatementTimeout),
				"idle_in_transaction_session_timeout": millis(opts.IdleTxTimeout),
				"datestyle":                           "ISO",
				"timezone":                            "UTC",
			},
		},
	}, nil
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return pgdriver.NewDriver() }

// Connect implements driver.Connector. While connects fail it waits for its turn, half a second
// at most, and then tries once.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	probe, err := c.backoff.acquire(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := c.connect(ctx)
	if err != nil && ctx.Err() != nil {
		c.backoff.abandon(probe) // the caller left: that says nothing about the server
		return nil, err
	}
	c.backoff.release(probe, err)
	return conn, err
}

// connect closes what it dialled unless all succeeds, which pgdriver leaves to the garbage
// collector, and when ctx ends, which pgdriver does not look at while it reads.
func (c *connector) connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var raw *guardedConn
	stop := func() bool { return true }
	conf := c.conf
	conf.Dialer = func(_ context.Context, network, addr string) (net.Conn, error) {
		nc, err := c.dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		raw = &guardedConn{Conn: nc}
		stop = context.AfterFunc(ctx, raw.fail)
		return raw, nil
	}
	conn, err := pgdriver.NewConnector(pgdriver.WithConfig(&conf)).Connect(ctx)
	if !stop() {
		err = errors.Join(ctx.Err(), err)
	}
	if err != nil {
		if raw != nil {
			raw.fail()
		}
		return nil, err
	}
	return conn, nil
}
