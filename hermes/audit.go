package hermes

import (
	"context"
	"log/slog"
)

// audit writes a line about a login, a refusal, or a change of who may do what. Its keys are
// relied on by people's scripts: event (the node), actor, remote, subject (whom it is about), outcome
// (ok, or the cause). Secrets and what nobody has checked never get there: a name that was found to be nobody's may be
// a password that was typed into the wrong field, and is left out.
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
	c.opts.Logger.LogAttrs(ctx, level, "audit", attrs...)
}

func remoteText(a Actor) string {
	if !a.Remote.IsValid() {
		return ""
	}
	return a.Remote.Unmap().String()
}
