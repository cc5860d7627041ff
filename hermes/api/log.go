package api

import (
	"context"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// loggedValues are the parameters whose values the log may show; of all others it has the names.
var loggedValues = []string{"limit", "random", "e164"}

// report tells the log and the observer. Never a URL, a query or a value that is not allowed.
func (x *exchange) report() {
	x.out.Duration = time.Since(x.start)
	if x.h.opts.Logger != nil {
		x.h.opts.Logger.LogAttrs(context.WithoutCancel(x.r.Context()), x.level(), "request", x.attrs()...)
	}
	if x.h.opts.Observe != nil {
		x.h.opts.Observe(x.out)
	}
}

// level is Error for what somebody has to look at, which a client that went away is not.
func (x *exchange) level() slog.Level {
	if x.out.Cause == hermes.Internal || x.out.Cause == hermes.StoreFailed && x.r.Context().Err() == nil {
		return slog.LevelError
	}
	return slog.LevelInfo
}

func (x *exchange) attrs() []slog.Attr {
	o := x.out
	attrs := []slog.Attr{
		slog.String("id", o.ID), slog.String("node", o.Node), slog.String("method", method(x.r.Method)),
		slog.String("principal", principal(o.Principal)), slog.String("remote", remote(o)),
		slog.String("response", string(o.Response)), slog.String("cause", string(o.Cause)), slog.Int("status", o.Status),
		slog.Duration("duration", o.Duration), slog.Any("params", x.known()),
	}
	attrs = append(attrs, x.values()...)
	if o.Err != nil {
		attrs = append(attrs, slog.String("err", o.Err.Error()))
	}
	return attrs
}

// known returns the names that the node knows: one that it does not know may be a misplaced secret.
func (x *exchange) known() []string {
	names := []string{}
	if x.form == nil || x.node == nil {
		return names
	}
	for name := range x.form.values {
		if x.node.request.names[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// values returns what the log may show, as it was understood.
func (x *exchange) values() (attrs []slog.Attr) {
	if x.req == nil {
		return nil
	}
	v := reflect.ValueOf(x.req).Elem()
	for _, f := range x.node.request.fields {
		if field := v.Field(f.index); slices.Contains(loggedValues, f.name) && !field.IsZero() {
			attrs = append(attrs, slog.Any(f.name, field.Interface()))
		}
	}
	return attrs
}

// method keeps a method that somebody made up out of the log.
func method(m string) string {
	switch m {
	case "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH":
		return m
	}
	return "other"
}

func principal(p hermes.Principal) string {
	if p.Name == "" {
		return ""
	}
	return string(p.Kind) + ":" + p.Name
}

func remote(o Outcome) string {
	if !o.Remote.IsValid() {
		return ""
	}
	return o.Remote.String()
}
