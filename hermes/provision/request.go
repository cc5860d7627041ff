package provision

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
)

// request is what matters of an HTTP request.
type request struct {
	method string
	remote netip.Addr
	secure bool // the connection may carry secrets
	key    string
	name   string // of the file, with the query; empty if the address is malformed
	files  []File // what the name stands for, one for each vendor
	agent  Agent  // what the User-Agent says
	tags   string // of If-None-Match
}

// read reads an HTTP request. It looks at nothing but the method, the address and some headers.
func (h *Handler) read(r *http.Request) *request {
	req := &request{
		method: r.Method, remote: h.opts.ClientAddr(r), agent: Identify(r.UserAgent()),
		tags: strings.Join(r.Header["If-None-Match"], ","),
	}
	req.secure = h.opts.Secure(r) || slices.ContainsFunc(h.opts.Plain, func(p netip.Prefix) bool { return p.Contains(req.remote) })
	// RawPath is set if the path was sent with unnecessary escapes, such as %2F.
	path, ok := strings.CutPrefix(r.URL.Path, h.opts.Prefix+"/")
	if !ok || r.URL.RawPath != "" {
		return req
	}
	key, name, ok := strings.Cut(path, "/")
	if !ok {
		return req
	}
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		name += "?" + r.URL.RawQuery
	}
	req.key, req.name = key, name
	req.files = Classify(name)
	return req
}

// isWellFormed reports whether the request has the form of one for a file.
func (req *request) isWellFormed() bool {
	return (req.method == http.MethodGet || req.method == http.MethodHead) && req.name != ""
}

// isLog reports whether the name is that of a log, which Poly's phones want to store.
func (req *request) isLog() bool {
	return strings.HasSuffix(req.name, ".log") && slices.ContainsFunc(req.files, func(f File) bool { return f.Vendor == Poly })
}

// mac returns the MAC address in the name of the file, or zero if there is none.
func (req *request) mac() mac.Addr {
	for _, f := range req.files {
		if !f.MAC.IsZero() {
			return f.MAC
		}
	}
	return mac.Addr{}
}

// kind returns what the name stands for with phones of that vendor, or "" if they have no such
// file. If all vendors agree, the vendor does not matter.
func (req *request) kind(vendor string) Kind {
	var kind Kind
	for i, f := range req.files {
		if f.Vendor == vendor {
			return f.Kind
		}
		if i == 0 || f.Kind == kind {
			kind = f.Kind
		} else {
			kind = ""
		}
	}
	if kind == Secret { // which is made for a vendor
		return ""
	}
	return kind
}

// commonVendor returns the vendor by which a file without secrets is made: the given one or, if its
// phones have no such file, the first one whose phones do.
func (req *request) commonVendor(vendor string) string {
	for _, f := range req.files {
		if f.Vendor == vendor {
			return vendor
		}
	}
	return req.files[0].Vendor
}

// question returns what decides about the request. vendor is that of the phone, if it is known.
func (req *request) question(f hermes.PhoneFacts, vendor string) question {
	m, kind := req.mac(), req.kind(vendor)
	return question{
		secure: req.secure, genuine: f.Genuine, common: kind == Common, hasMAC: !m.IsZero(), known: f.Known,
		own: f.Own, opens: f.Opens, ofDomain: !f.KeyDomain.IsZero(), contradicts: req.contradicts(f, m),
		hasVendor: vendor != "", secret: kind == Secret, vain: kind == Vain,
	}
}

// contradicts reports whether the User-Agent says that it is another phone.
func (req *request) contradicts(f hermes.PhoneFacts, m mac.Addr) bool {
	a := req.agent
	return !a.MAC.IsZero() && a.MAC != m || a.Vendor != "" && f.Vendor != "" && maker(a.Vendor) != maker(f.Vendor)
}

// has reports whether the client has the file with that entity tag.
func (req *request) has(etag string) bool {
	for tag := range strings.SplitSeq(req.tags, ",") {
		if strings.TrimPrefix(strings.TrimSpace(tag), "W/") == etag {
			return true
		}
	}
	return false
}

// isReplaced reports whether an error of [hermes.Client.DeliverPhone] says that the phone has got
// another key.
func isReplaced(err error) bool { return errors.Is(err, hermes.NotFound) }

// maxLogLines is the number of lines of the log that are written in a second.
const maxLogLines = 50

// log writes a line about a request that was refused or has failed. It has nothing of the request's
// address but the MAC address: the rest may be a key.
func (h *Handler) log(ctx context.Context, req *request, a answer) {
	level := slog.LevelInfo
	switch a.outcome {
	case ServedSecret, ServedCommon, Unchanged:
		return
	case Broken:
		level = slog.LevelError
	}
	if !h.lines.Allow() {
		return
	}
	remote := ""
	if req.remote.IsValid() {
		remote = req.remote.String()
	}
	attrs := []slog.Attr{
		slog.String("outcome", string(a.outcome)), slog.String("remote", remote), slog.String("mac", req.mac().String()),
		slog.String("vendor", req.agent.Vendor),
	}
	if a.err != nil {
		attrs = append(attrs, slog.String("err", reason(a.err)))
	}
	h.opts.Logger.LogAttrs(ctx, level, "provisioning", attrs...)
}

// reason returns the text of an error, and of the inner one that an error of a Client does not
// show.
func reason(err error) string {
	text := err.Error()
	if e := (*hermes.Error)(nil); errors.As(err, &e) && e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// logLeftOut logs how many lines were not written.
func (h *Handler) logLeftOut(count int) {
	h.opts.Logger.LogAttrs(context.Background(), slog.LevelInfo, "lines about provisioning were not written",
		slog.Int("count", count))
}
