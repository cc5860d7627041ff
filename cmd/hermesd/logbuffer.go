package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	logFlushInterval = 50 * time.Millisecond // how long a line waits at most
	logBufferSize    = 32 << 10              // bytes; a buffer that is fuller is written at once
)

// logBuffer collects the lines of the log and writes them together. A system call for each line
// would cost a busy server a fifth of the time that it needs for a request.
//
// A line waits for logFlushInterval at most, so that is what SIGKILL, a power cut or a fatal error
// of the runtime can lose. [bufferedHandler] writes a warning or an error at once, together with
// the lines that wait. [app.runServe] closes the buffer when a signal stops the server.
type logBuffer struct {
	w io.Writer

	mu     sync.Mutex
	lines  []byte
	timer  *time.Timer // calls flush; nil until the first line
	direct bool        // lines do not wait
}

// Write adds lines to the buffer. It always succeeds: as for any log on standard error, an error of
// writing is ignored.
func (b *logBuffer) Write(lines []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := len(b.lines) == 0
	b.lines = append(b.lines, lines...)
	if b.direct || len(b.lines) >= logBufferSize {
		b.writeAll()
	} else if first {
		b.startTimer()
	}
	return len(lines), nil
}

// startTimer makes flush be called after logFlushInterval.
func (b *logBuffer) startTimer() {
	if b.timer == nil {
		b.timer = time.AfterFunc(logFlushInterval, b.flush)
	} else {
		b.timer.Reset(logFlushInterval)
	}
}

// flush writes the lines that wait.
func (b *logBuffer) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writeAll()
}

// close writes the lines that wait, and makes all later ones be written at once. It may be called
// more than once.
func (b *logBuffer) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.direct = true
	b.writeAll()
}

// writeAll is flush for a caller that holds the mutex. The timer may go on: it finds nothing then,
// or lines that it writes sooner than they have to be.
func (b *logBuffer) writeAll() {
	if len(b.lines) > 0 {
		_, _ = b.w.Write(b.lines)
		b.lines = b.lines[:0]
	}
}

// bufferedHandler is a handler that writes to a logBuffer.
type bufferedHandler struct {
	slog.Handler
	buffer *logBuffer
}

// Handle implements [slog.Handler]. It flushes the buffer after a warning or an error.
func (h bufferedHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		h.buffer.flush()
	}
	return err
}

// WithAttrs implements [slog.Handler].
func (h bufferedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return bufferedHandler{Handler: h.Handler.WithAttrs(attrs), buffer: h.buffer}
}

// WithGroup implements [slog.Handler].
func (h bufferedHandler) WithGroup(name string) slog.Handler {
	return bufferedHandler{Handler: h.Handler.WithGroup(name), buffer: h.buffer}
}
