package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"sync/atomic"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/hermes-voip/go-hermes/hermes"
)

// newLogger returns the structured log that the settings describe, and directs the database
// driver's messages there.
func (a *app) newLogger(c *config) *slog.Logger {
	log := slog.New(c.newLogHandler(a.stderr))
	a.driverLog.target.Store(log)
	return log
}

// newBufferedLogger is newLogger for a server, which writes many lines. The caller closes the
// buffer.
func (a *app) newBufferedLogger(c *config) (*slog.Logger, *logBuffer) {
	buffer := &logBuffer{w: a.stderr}
	log := slog.New(bufferedHandler{Handler: c.newLogHandler(buffer), buffer: buffer})
	a.driverLog.target.Store(log)
	return log, buffer
}

// newLogHandler returns a handler of the format and the level of the settings.
func (c *config) newLogHandler(w io.Writer) slog.Handler {
	opts := &slog.HandlerOptions{Level: c.logLevel}
	if c.logFormat == formatJSON {
		return slog.NewJSONHandler(w, opts)
	}
	return slog.NewTextHandler(w, opts)
}

// maxHTTPErrors is the number of lines of the HTTP server that are logged in a second. Clients
// cause them, for example by a failing TLS handshake.
const maxHTTPErrors = 50

// newErrorLog returns the logger for the HTTP server, which writes to l.
func newErrorLog(l *slog.Logger) *log.Logger {
	w := &sampledWriter{Writer: slog.NewLogLogger(l.Handler(), slog.LevelWarn).Writer()}
	w.sampler = hermes.NewSampler(maxHTTPErrors, func(count int) {
		l.Warn("lines of the HTTP server were not written", "count", count)
	})
	return log.New(w, "", 0)
}

// sampledWriter writes as many lines as its sampler lets through.
type sampledWriter struct {
	io.Writer
	sampler *hermes.Sampler
}

// Write implements [io.Writer].
func (w *sampledWriter) Write(line []byte) (int, error) {
	if !w.sampler.Allow() {
		return len(line), nil
	}
	return w.Writer.Write(line)
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
