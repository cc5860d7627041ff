package hermes

import (
	"context"
	"log/slog"
	"reflect"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// audit writes a log line about a login, a refusal, or a change. Scripts rely on its keys: event
// (the node), actor, remote, subject (the principal, address, number or domain that the event is
// about), outcome ("ok" or the cause).
//
// Secrets and unchecked input must not get into the log. A name that turned out to be no
// principal's may be a password that was typed into the wrong field, so the subject is left out
// then. A flood of refusals must not fill the log either: of those of callers without a principal,
// maxStrangers a second are written.
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
	switch {
	case err == nil:
		c.store.AfterCommit(write) // a rollback undoes the success
	case c.actor != (Actor{Remote: c.actor.Remote}) || c.strangers.Allow():
		write()
	}
}

// maxStrangers is the number of audit lines about refusals of callers without a principal that are
// written in a second.
const maxStrangers = 50

// auditLeftOut logs how many of those lines were not written.
func (c *Client) auditLeftOut(count int) {
	c.opts.Logger.LogAttrs(context.Background(), slog.LevelWarn, "audit lines about callers without a principal were not written",
		slog.Int("count", count))
}

// auditChange writes the audit line of a node that has changed something and has no line of its
// own. The subject is the address, number or domain that the request names first, else the phone
// that it names or, if it names none of these, that of the response. The request has been checked.
func (c *Client) auditChange(ctx context.Context, node string, needs Capability, req Request, res any) {
	if r, ok := req.(capabilityRequest); ok {
		needs |= r.needs(c.actor)
	}
	if strings.HasPrefix(node, "auth/") || needs&(CanWrite|CanAdminister) == 0 {
		return
	}
	subject := subjectOf(reflect.Indirect(reflect.ValueOf(req)))
	if subject == "" {
		subject = subjectOf(reflect.ValueOf(res))
	}
	c.audit(ctx, node, subject, nil)
}

// subjectOf returns the first field of a struct that is an address, a number or a domain, and not
// zero, or else the first one that is a MAC address.
func subjectOf(v reflect.Value) (phone string) {
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			continue
		}
		switch f := v.Field(i).Interface().(type) {
		case sip.Addr:
			return f.String()
		case e164.Number:
			return f.String()
		case sip.Domain:
			return f.String()
		case mac.Addr:
			setDefault(&phone, f.String())
		}
	}
	return phone
}

func remoteText(a Actor) string {
	if !a.Remote.IsValid() {
		return ""
	}
	return a.Remote.Unmap().String()
}
