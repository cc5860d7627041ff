package hermes

import (
	"context"
	"log/slog"
)

// audit writes a log line about a login, a refusal, or a change of access. Scripts rely on its
// keys: event (the node), actor, remote, subject (the principal that the event is about), outcome
// ("ok" or the cause).
//
// Secrets and unchecked input must not get into the log. A name that turned out to be no
// principal's may be a password that was typed into the wrong field, so the subject is left out
// then.
func (c *Client) audit(ctx context.Context, event, subject string, err error) {
	outcome, level, reason := string(OK), slog.LevelInfo, error(nil)
	if err != nil {
		e := asError(err)
		outcome, level, reason = string(e.Cause), slog.LevelWarn, e.Err
		if e.Cause == Parameters || e.Cause == NotFound {
			subject = ""
		}
	}
	attrs := []slog.Attr{
		slog.String("event", event),
		slog.String("actor", c.actor.Principal.Name),
		slog.String("remote", remoteText(c.actor)),
		slog.String("subject", subject),
		slog.String("outcome", outcome),
	}
	if reason != nil {
		attrs = append(attrs, slog.String("reason", reason.Error()))
	}
	write := func() { c.opts.Logger.LogAttrs(ctx, level, "audit", attrs...) }
	if err == nil {
		c.store.AfterCommit(write) // a rollback undoes the success
		return
	}
	write()
}

func remoteText(a Actor) string {
	if !a.Remote.IsValid() {
		return ""
	}
	return a.Remote.Unmap().String()
}
