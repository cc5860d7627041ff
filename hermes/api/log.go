package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Outcome describes an answered request, for logs and metrics.
type Outcome struct {
	// ID is also the value of the header X-Request-Id and the detail of an internal error.
	ID string
	// Node is the node, such as "user/get"; empty if the request was refused before parameters were
	// read, for example because there is no such node.
	Node      string
	Principal hermes.Principal // zero if the request was not authenticated
	Remote    netip.Addr       // the client's address; zero if it is not known
	Response  hermes.Response
	Cause     hermes.Cause // empty for success
	Status    int          // of HTTP
	Duration  time.Duration
	// Err is the inner error of the store, of a fault inside Hermes, or of writing the answer. It
	// must not be shown to clients.
	Err error
}

// loggedValues are the parameters whose values may be logged. Of all others only the names are.
var loggedValues = []string{"limit", "random", "e164"}

// report passes the outcome to the logger and to Observe. URLs, queries and other values from the
// request are not logged: they may contain secrets.
func (req *request) report() {
	o := &req.outcome
	o.Duration = time.Since(req.start)
	level := slog.LevelInfo
	// A store that failed because the client disconnected needs no attention.
	if o.Cause == hermes.Internal || o.Cause == hermes.StoreFailed && req.r.Context().Err() == nil {
		level = slog.LevelError
	}
	if req.handler.opts.Logger != nil && (level > slog.LevelInfo || !o.refusesStranger() || req.handler.strangers.Allow()) {
		var room [16]slog.Attr
		ctx := context.WithoutCancel(req.r.Context())
		req.handler.opts.Logger.LogAttrs(ctx, level, "request", req.appendLogAttrs(room[:0])...)
	}
	if req.handler.opts.Observe != nil {
		req.handler.opts.Observe(*o)
	}
}

// maxStrangers is the number of refusals of strangers that are logged in a second.
const maxStrangers = 50

// refusesStranger reports whether a request was refused that had not been authenticated.
func (o *Outcome) refusesStranger() bool {
	return o.Principal == (hermes.Principal{}) && (o.Response == hermes.Failed || o.Response == hermes.Invalid)
}

// logLeftOut logs how many refusals of strangers were not logged.
func (h *Handler) logLeftOut(count int) {
	if h.opts.Logger != nil {
		h.opts.Logger.LogAttrs(context.Background(), slog.LevelInfo, "requests that were refused without a principal were not logged",
			slog.Int("count", count))
	}
}

func (req *request) appendLogAttrs(attrs []slog.Attr) []slog.Attr {
	o := &req.outcome
	principal, remote := "", ""
	if o.Principal.Name != "" {
		principal = string(o.Principal.Kind) + ":" + o.Principal.Name
	}
	if o.Remote.IsValid() {
		remote = o.Remote.String()
	}
	method := req.r.Method
	if !slices.Contains([]string{"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"}, method) {
		method = "other"
	}
	attrs = append(attrs,
		slog.String("id", o.ID), slog.String("node", o.Node), slog.String("method", method),
		slog.String("principal", principal), slog.String("remote", remote),
		slog.String("response", string(o.Response)), slog.String("cause", string(o.Cause)), slog.Int("status", o.Status),
		slog.Duration("duration", o.Duration), slog.Any("params", req.paramNames()),
	)
	if req.input != nil {
		v := reflect.ValueOf(req.input).Elem()
		for _, f := range req.endpoint.fields.list {
			if field := v.Field(f.index); slices.Contains(loggedValues, f.name) && !field.IsZero() {
				attrs = append(attrs, slog.Any(f.name, field.Interface()))
			}
		}
	}
	if o.Err != nil {
		attrs = append(attrs, slog.String("err", o.Err.Error()))
	}
	return attrs
}

// paramNames returns the sorted names of the parameters that the node accepts. An unknown name is
// left out, since it may be a misplaced secret.
func (req *request) paramNames() nameList {
	names := nameList{}
	if req.params == nil || req.endpoint == nil {
		return names
	}
	for name := range req.params.values {
		if req.endpoint.fields.names[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// nameList is a list of names that a [slog.TextHandler] writes faster than a []string, and no
// handler otherwise than that.
type nameList []string

// String returns the names as fmt prints them.
func (l nameList) String() string { return "[" + strings.Join(l, " ") + "]" }

// MarshalText implements [encoding.TextMarshaler].
func (l nameList) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// MarshalJSON implements [json.Marshaler].
func (l nameList) MarshalJSON() ([]byte, error) { return json.Marshal([]string(l)) }
