package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// writeCounter keeps what is written, and counts the calls.
type writeCounter struct {
	mu     sync.Mutex
	text   strings.Builder
	writes int
}

func (w *writeCounter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	return w.text.Write(b)
}

// want checks the messages of the lines that were written, and in how many calls they were.
func (w *writeCounter) want(t *testing.T, when string, writes int, messages ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var got []string
	for line := range strings.Lines(w.text.String()) {
		_, message, _ := strings.Cut(strings.TrimSpace(line), "msg=")
		got = append(got, message)
	}
	if fmt.Sprint(got) != fmt.Sprint(messages) || w.writes != writes {
		t.Errorf("%s: %d writes of %q, want %d of %q", when, w.writes, got, writes, messages)
	}
}

func TestLogBuffer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, *slog.Logger, *logBuffer, *writeCounter){
		"lines are written together, after the interval": func(t *testing.T, log *slog.Logger, _ *logBuffer, out *writeCounter) {
			log.Info("a")
			time.Sleep(logFlushInterval - 1)
			log.Info("b")
			synctest.Wait()
			out.want(t, "before the interval", 0)
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			out.want(t, "after it", 1, "a", "b")
			log.Info("c")
			time.Sleep(logFlushInterval)
			synctest.Wait()
			out.want(t, "after a second interval", 2, "a", "b", "c")
		},
		"a warning is written at once, after the lines before it": func(t *testing.T, log *slog.Logger, _ *logBuffer, out *writeCounter) {
			log.Info("a")
			log.With("x", "y").WithGroup("g").Warn("b")
			out.want(t, "after the warning", 1, "a", "b x=y")
			log.Error("c")
			out.want(t, "after the error", 2, "a", "b x=y", "c")
			log.Info("d")
			time.Sleep(logFlushInterval)
			synctest.Wait()
			out.want(t, "after the interval", 3, "a", "b x=y", "c", "d")
		},
		"a full buffer is written at once": func(t *testing.T, log *slog.Logger, _ *logBuffer, out *writeCounter) {
			long := strings.Repeat("x", logBufferSize/2)
			log.Info(long)
			out.want(t, "half full", 0)
			log.Info(long)
			out.want(t, "full", 1, long, long)
		},
		"a closed buffer keeps nothing": func(t *testing.T, log *slog.Logger, buffer *logBuffer, out *writeCounter) {
			log.Info("a")
			buffer.close()
			out.want(t, "closed", 1, "a")
			log.Info("b")
			out.want(t, "after that", 2, "a", "b")
			buffer.close()
			out.want(t, "closed again", 2, "a", "b")
		},
		"a worker that panics leaves nothing behind": func(t *testing.T, log *slog.Logger, buffer *logBuffer, out *writeCounter) {
			s := &server{log: log, logs: buffer}
			defer func() {
				if recover() == nil {
					t.Error("the panic was lost")
				}
				out.want(t, "after the panic", 1, "a")
			}()
			s.work(t.Context(), func(context.Context) {
				log.Info("a")
				panic("fault")
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				out := &writeCounter{}
				a := &app{stderr: out, driverLog: &driverLog{}}
				log, buffer := a.newBufferedLogger(&config{logFormat: formatText})
				test(t, log, buffer, out)
			})
		})
	}
}

// TestServer_Serve_log checks that the line of each request has been written when the process ends.
func TestServer_Serve_log(t *testing.T) {
	t.Parallel()
	const requests = 20
	p := startHermesd(t, nil, "--db", "memory:")
	for range requests {
		(&session{p: p}).call(t, "user/get", "user", "alice@example.test")
	}
	p.signal(t, syscall.SIGTERM)
	if code := p.waitExit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	var lines []string
	for _, line := range p.log() {
		if strings.Contains(line, "msg=request") {
			lines = append(lines, line)
		}
	}
	if len(lines) != requests {
		t.Errorf("the log has %d of %d requests", len(lines), requests)
	}
	if last := p.log()[len(p.log())-1]; !strings.Contains(last, "msg=stopping") {
		t.Errorf("the last line is %q, want that the server stops", last)
	}
}
