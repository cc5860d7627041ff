package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/hermes-voip/go-hermes/internal/pgconn"
)

const (
	// startPatience is how long a start may take before the server listens although it is not ready.
	startPatience = 2 * time.Second
	// The pauses between two attempts grow from the first to the last.
	firstStartPause = 100 * time.Millisecond
	lastStartPause  = 3 * time.Second
	// startTold lies between two lines of the log with the same reason.
	startTold = time.Minute
)

// errStarting is wrapped by the reason why a server is not ready that has not begun to serve. The
// startup logs such reasons.
var errStarting = errors.New("starting")

// Reasons of a server that has not begun to serve.
const (
	preparing        = notReady("the database is being prepared")
	noDatabase       = notReady("the database does not answer")
	databaseRefuses  = notReady("the database refuses the connection: see the log")
	databaseIsLocked = notReady("another transaction has a lock in the database: see the log")
)

// startup prepares a database that a server listens for already. It tries again until that succeeds
// or fails for a reason that does not pass.
type startup struct {
	attempt func(context.Context) error
	hold    func() // called when nothing can be served
	// called when requests can be served, or when they get the right error from the database
	release func()
	log     *slog.Logger
	failed  chan struct{} // closed after the first attempt that failed

	mu     sync.Mutex
	reason notReady // why nothing can be served; empty if that is not so
}

func newStartup(attempt func(context.Context) error, hold, release func(), log *slog.Logger) *startup {
	return &startup{attempt: attempt, hold: hold, release: release, log: log, failed: make(chan struct{}), reason: preparing}
}

// err returns why nothing can be served, or nil.
func (u *startup) err() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.reason == "" {
		return nil
	}
	return errors.Join(errStarting, u.reason)
}

func (u *startup) set(reason notReady) {
	u.mu.Lock()
	u.reason = reason
	u.mu.Unlock()
	if reason == "" {
		u.release()
	} else {
		u.hold()
	}
}

// run makes attempts until one succeeds. It returns the error of one that cannot succeed later, or
// that of ctx.
func (u *startup) run(ctx context.Context) error {
	u.hold()
	told := map[notReady]time.Time{}
	open := false // once requests are let in, /readyz and the answers say what is wrong
	for pause := firstStartPause; ; pause = min(2*pause, lastStartPause) {
		err := u.attempt(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		reason, level := waitReason(err)
		if reason == "" {
			if err == nil {
				u.set("")
			}
			return err
		}
		if open = open || isServable(err); open {
			reason = ""
		} else if now := time.Now(); now.Sub(told[reason]) >= startTold {
			told[reason] = now
			u.log.Log(ctx, level, "not serving yet; trying again", "reason", string(reason), "error", err)
		}
		u.set(reason)
		if pause == firstStartPause {
			close(u.failed)
		}
		if !sleep(ctx, pause) {
			return ctx.Err()
		}
	}
}

// isServable reports whether the database answers and only lacks what an administrator creates, as
// /readyz and the log then say.
func isServable(err error) bool {
	var reason notReady
	return errors.As(err, &reason)
}

// waitReason returns the reason to wait because of err and the level at which to log it. The reason
// is empty if waiting does not help. What an operator has to mend is an error.
func waitReason(err error) (notReady, slog.Level) {
	var reason notReady
	if err == nil {
		return "", slog.LevelInfo
	}
	if errors.As(err, &reason) {
		return reason, slog.LevelWarn
	}
	switch state := pgconn.State(err); {
	case state == "55P03": // lock_not_available
		return databaseIsLocked, slog.LevelWarn
	case strings.HasPrefix(state, "08"), strings.HasPrefix(state, "53"), strings.HasPrefix(state, "57"),
		strings.HasPrefix(state, "40"), state == "25006": // it starts, stops, is full, or is a standby
		return noDatabase, slog.LevelWarn
	case state != "" && pgconn.IsConnect(err), isTLSError(err): // a password, a name, pg_hba.conf
		return databaseRefuses, slog.LevelError
	case state == "" && (pgconn.IsConnect(err) || isBrokenConnection(err)):
		return noDatabase, slog.LevelWarn
	}
	return "", slog.LevelError
}

// isTLSError reports whether the server has no TLS, or a certificate that is not accepted.
func isTLSError(err error) bool {
	certificateErr, recordErr, hostErr := (*tls.CertificateVerificationError)(nil), tls.RecordHeaderError{}, x509.HostnameError{}
	return errors.As(err, &certificateErr) || errors.As(err, &recordErr) || errors.As(err, &hostErr) ||
		pgconn.IsConnect(err) && strings.Contains(err.Error(), "SSL is not enabled")
}

// isBrokenConnection reports whether a connection broke or took too long while it was used.
func isBrokenConnection(err error) bool {
	netErr := net.Error(nil)
	return errors.As(err, &netErr) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, context.DeadlineExceeded)
}

// interruptible calls f and returns its error. If ctx ends, it gives f a second to end, too, and
// then leaves it behind: a statement that waits for a lock does not notice that ctx has ended.
func interruptible(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	late := time.NewTimer(time.Second)
	defer late.Stop()
	select {
	case err := <-done:
		return err
	case <-late.C:
		return ctx.Err()
	}
}
