package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/uptrace/bun/driver/pgdriver"
)

// newLogger returns the structured log that the settings describe, and directs the database
// driver's messages there.
func (a *app) newLogger(c *config) *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.logLevel}
	var handler slog.Handler = slog.NewTextHandler(a.stderr, opts)
	if c.logFormat == formatJSON {
		handler = slog.NewJSONHandler(a.stderr, opts)
	}
	log := slog.New(handler)
	a.driverLog.target.Store(log)
	return log
}

// driverLog receives the messages that pgdriver would print on standard error. It writes them to
// the structured log at debug level, because hermesd handles the errors behind them itself. It
// discards messages until it has a target.
type driverLog struct{ target atomic.Pointer[slog.Logger] }

// install makes d the logger of package pgdriver in this process. Only main calls it.
func (d *driverLog) install() { pgdriver.Logger = d }

// Printf implements pgdriver's interface of a logger.
func (d *driverLog) Printf(ctx context.Context, format string, args ...any) {
	log := d.target.Load()
	if log == nil || !log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	log.DebugContext(ctx, "database driver", "says", fmt.Sprintf(format, args...))
}
