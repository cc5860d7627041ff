package pgconn

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/hermes-voip/go-hermes/internal/stmtcache"
)

const (
	// maxIdleTime is how long a connection stays open unused, for example after a burst of
	// requests.
	maxIdleTime = 5 * time.Minute
	// readBuffer is the size in bytes of pgdriver's buffer, one per connection. With pgdriver's
	// default of 4 KiB, an error whose message is longer loses its SQLSTATE.
	readBuffer = 64 << 10
	// searchPath is where names without a schema are looked up, those of operators included. In any
	// other schema another role may create a function that would run with the rights of this one.
	searchPath = "pg_catalog"
)

// Options are the settings of Open. URL is required. Negative values are errors.
type Options struct {
	// URL names the server or the servers, the database and the user; see [ParseURL].
	URL string

	// Hosts are the servers of a URL, which several pools may share. If nil, they are those of URL.
	Hosts *Hosts

	// LeaveSilent closes connections to a server that has gone silent, although they could wait for
	// longer, because the caller has another server to turn to. It is set in any case if the URL has
	// several hosts; see [Hosts].
	LeaveSilent bool

	// MaxOpen is the greatest number of connections. All of them may stay open while idle, for five
	// minutes. Defaults to 16.
	MaxOpen int

	// ReadTimeout bounds the wait for the answer to a statement, and then for each of its rows. A
	// statement that exceeds it costs its connection. Defaults to 10 s.
	ReadTimeout time.Duration

	// StatementTimeout is the time after which the server cancels a statement (SQLSTATE 57014). It
	// must be shorter than ReadTimeout. Defaults to nine tenths of ReadTimeout.
	StatementTimeout time.Duration

	// WriteTimeout bounds the sending of a statement. Defaults to 5 s.
	WriteTimeout time.Duration

	// IdleTxTimeout is the time after which the server closes a connection that is idle inside a
	// transaction. This frees the locks of a client that vanished. Defaults to a minute.
	IdleTxTimeout time.Duration

	// Plain leaves the connections without internal/stmtcache, as [CopyFrom] and [CopyTo] need
	// them.
	Plain bool

	// ApplicationName is shown in pg_stat_activity, unless the URL has application_name. Defaults
	// to "hermes".
	ApplicationName string
}

func (o Options) withDefaults() (Options, error) {
	if o.MaxOpen < 0 || min(o.ReadTimeout, o.StatementTimeout, o.WriteTimeout, o.IdleTxTimeout) < 0 {
		return o, errors.New("postgres: negative number of connections or timeout, want 0 for the default or more")
	}
	o.MaxOpen = cmp.Or(o.MaxOpen, 16)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, 10*time.Second)
	o.StatementTimeout = cmp.Or(o.StatementTimeout, o.ReadTimeout/10*9)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 5*time.Second)
	o.IdleTxTimeout = cmp.Or(o.IdleTxTimeout, time.Minute)
	o.ApplicationName = cmp.Or(o.ApplicationName, "hermes")
	if o.StatementTimeout >= o.ReadTimeout {
		return o, fmt.Errorf("postgres: statement timeout %v, want less than the read timeout %v",
			o.StatementTimeout, o.ReadTimeout)
	}
	if o.StatementTimeout < time.Millisecond || o.IdleTxTimeout < time.Millisecond {
		return o, errors.New("postgres: timeout of less than a millisecond, which the server would take for none")
	}
	return o, nil
}

// Open returns a pool of pgdriver connections with the changes that the package comment lists. It
// does not connect; use Ping for that. The caller closes the pool. Errors never contain the
// password of the URL.
func Open(opts Options) (*sql.DB, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	c, err := newConnector(opts)
	if err != nil {
		return nil, err
	}
	var pooled driver.Connector = c
	if !opts.Plain {
		pooled = stmtcache.New(c, stmtcache.Options{Stale: isStalePlan, Valid: isOpen})
	}
	db := sql.OpenDB(pooled)
	// A pool that is full lets further callers wait for a place. It tells them of failures one by one,
	// and so they would wait for as many probes as there are callers before them.
	c.backoff.crowded = func() bool { return db.Stats().OpenConnections > (opts.MaxOpen+1)/2 }
	db.SetMaxOpenConns(opts.MaxOpen)
	db.SetMaxIdleConns(opts.MaxOpen)
	db.SetConnMaxIdleTime(maxIdleTime)
	return db, nil
}

// connector makes the connections of one pool. It implements driver.Connector.
type connector struct {
	hosts       *Hosts
	conf        pgdriver.Config // without what differs between the hosts
	appName     string          // unless the URL has one
	leaveSilent bool
	backoff     backoff
}

func newConnector(opts Options) (*connector, error) {
	hosts := opts.Hosts
	if hosts == nil {
		var err error
		if hosts, err = NewHosts(opts.URL); err != nil {
			return nil, err
		}
	}
	return &connector{
		hosts:       hosts,
		appName:     opts.ApplicationName,
		leaveSilent: opts.LeaveSilent || hosts.several(),
		conf: pgdriver.Config{
			ReadTimeout:      opts.ReadTimeout,
			WriteTimeout:     opts.WriteTimeout,
			BufferSize:       readBuffer,
			ResetSessionFunc: resetSession,
			ConnParams: map[string]any{
				"statement_timeout":                   millis(opts.StatementTimeout),
				"idle_in_transaction_session_timeout": millis(opts.IdleTxTimeout),
				"datestyle":                           "ISO",
				"timezone":                            "UTC",
				"search_path":                         searchPath,
				"standard_conforming_strings":         "on",
			},
		},
	}, nil
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return pgdriver.NewDriver() }

// Connect implements driver.Connector. It makes one attempt. If earlier attempts failed, it first
// waits until the backoff allows it, or returns the result of another caller's attempt.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	probe, err := c.backoff.acquire(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := c.connect(ctx)
	if err != nil && ctx.Err() != nil {
		// The caller gave up, so the error does not show that the server is down.
		c.backoff.abandon(probe)
		return nil, err
	}
	c.backoff.release(probe, err)
	return conn, err
}

// connect tries each host once, or twice with target_session_attrs=prefer-standby.
func (c *connector) connect(ctx context.Context) (driver.Conn, error) {
	var failed hostsError
	for _, attrs := range c.hosts.passes() {
		for _, h := range c.hosts.order() {
			conn, err := c.connectTo(ctx, h, attrs)
			h.silent.Store(isTimeout(err))
			if err == nil {
				c.hosts.use(h)
				return conn, nil
			}
			if ctx.Err() != nil || !c.hosts.several() {
				return nil, connectError{err}
			}
			failed.addrs, failed.errs = append(failed.addrs, h.Addr), append(failed.errs, err)
		}
	}
	return nil, connectError{failed}
}

// connectTo makes one attempt. It closes the network connection if the attempt fails, which
// pgdriver leaves to the garbage collector, and when ctx is done, which pgdriver ignores while it
// reads.
func (c *connector) connectTo(ctx context.Context, h *host, attrs string) (driver.Conn, error) {
	timeout := h.ConnectTimeout
	if c.leaveSilent && !h.timeoutGiven {
		timeout = silentAfter
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	generation := h.generation.Load()
	var raw *guardedConn
	stop := func() bool { return true }
	conf := c.conf
	conf.Network, conf.Addr, conf.TLSConfig = h.Network, h.Addr, h.tls
	conf.User, conf.Password, conf.Database = h.User, h.password, h.Database
	conf.AppName = cmp.Or(h.ApplicationName, c.appName)
	conf.Dialer = func(_ context.Context, network, addr string) (net.Conn, error) {
		nc, err := h.dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		raw = &guardedConn{Conn: nc}
		stop = context.AfterFunc(ctx, raw.abort)
		return raw, nil
	}
	conn, err := pgdriver.NewConnector(pgdriver.WithConfig(&conf)).Connect(ctx)
	if err == nil && attrs != anyServer {
		var s session
		if s, err = readSession(ctx, conn.(*pgdriver.Conn)); err == nil && !s.is(attrs) {
			err = unfitError{attrs: attrs, session: s}
		}
	}
	if !stop() {
		err = errors.Join(ctx.Err(), err)
	}
	if err != nil {
		if raw != nil {
			raw.abort()
		}
		return nil, err
	}
	h.adopt(raw, generation, c.leaveSilent)
	return conn, nil
}
