package pgconn

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/hermes-voip/go-hermes/internal/stmtcache"
)

// maxIdleTime closes connections that a past burst of requests left behind.
const maxIdleTime = 5 * time.Minute

// Options says where the database is and how long to wait for it. Negative values are errors.
type Options struct {
	// URL names server, database and user; see ParseURL.
	URL string

	// MaxOpen is the greatest number of connections; 0 is 16. All may stay open while idle, for five minutes.
	MaxOpen int

	// ReadTimeout bounds the wait for a statement's answer, and for each row after it; 0 is 10 s. A
	// statement that passes it costs its connection.
	ReadTimeout time.Duration

	// StatementTimeout is after which the server cancels a statement (SQLSTATE 57014). It must be below
	// ReadTimeout; 0 is nine tenths of it.
	StatementTimeout time.Duration

	// WriteTimeout bounds the sending of a statement; 0 is 5 s.
	WriteTimeout time.Duration

	// IdleTxTimeout is after which the server ends a connection that is idle inside a transaction, and
	// so drops the locks of a client that vanished; 0 is a minute.
	IdleTxTimeout time.Duration

	// ApplicationName is what pg_stat_activity shows, unless the URL has application_name; "" is "hermes".
	ApplicationName string
}

func (o Options) withDefaults() (Options, error) {
	if o.MaxOpen < 0 || min(o.ReadTimeout, o.StatementTimeout, o.WriteTimeout, o.IdleTxTimeout) < 0 {
		return o, fmt.Errorf("postgres: negative number of connections or timeout, wanted 0 for the default or more")
	}
	o.MaxOpen = or(o.MaxOpen, 16)
	o.ReadTimeout = or(o.ReadTimeout, 10*time.Second)
	o.StatementTimeout = or(o.StatementTimeout, o.ReadTimeout/10*9)
	o.WriteTimeout = or(o.WriteTimeout, 5*time.Second)
	o.IdleTxTimeout = or(o.IdleTxTimeout, time.Minute)
	o.ApplicationName = or(o.ApplicationName, "hermes")
	if o.StatementTimeout >= o.ReadTimeout {
		return o, fmt.Errorf("postgres: statement timeout %v, wanted less than the read timeout %v",
			o.StatementTimeout, o.ReadTimeout)
	}
	if o.StatementTimeout < time.Millisecond || o.IdleTxTimeout < time.Millisecond {
		return o, fmt.Errorf("postgres: timeout under a millisecond, which the server would take for none")
	}
	return o, nil
}

func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// Open returns a pool of hardened pgdriver connections. It does not connect: Ping does. The caller closes
// the pool. An error never holds the URL's password.
func Open(opts Options) (*sql.DB, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	c, err := newConnector(opts)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(stmtcache.New(c, stmtcache.Options{Stale: stale}))
	db.SetMaxOpenConns(opts.MaxOpen)
	db.SetMaxIdleConns(opts.MaxOpen)
	db.SetConnMaxIdleTime(maxIdleTime)
	return db, nil
}
