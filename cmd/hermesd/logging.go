package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"

	"github.com/uptrace/bun/driver/pgdriver"
)

// logger makes the structured log that log-format and log-level ask for.
func (a *app) logger(c *config) *slog.Logger {
	log := newLogger(c, a.stderr)
	a.drivers.to.Store(log)
	return log
}

func newLogger(c *config, w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.logLevel}
	if c.logFormat == formatJSON {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// driverLog takes what pgdriver would write to standard error by a logger that is the package's. It goes into the
// structured log, at debug: what matters of it is an error that hermesd sees anyway.
type driverLog struct{ to atomic.Pointer[slog.Logger] }

// takeOver is for main, which the process and its package state belong to.
func (d *driverLog) takeOver() { pgdriver.Logger = d }

// Printf is what pgdriver wants of a logger.
func (d *driverLog) Printf(ctx context.Context, format string, args ...any) {
	if log := d.to.Load(); log != nil && log.Enabled(ctx, slog.LevelDebug) {
		log.DebugContext(ctx, "database driver", "says", fmt.Sprintf(format, args...))
	}
}
