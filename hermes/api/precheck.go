package api

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Limits of a request.
const (
	maxURL        = 8 << 10  // bytes
	maxHeaders    = 16 << 10 // bytes
	maxBody       = 64 << 10 // bytes
	maxParameters = 64
)

// precheck finds the endpoint and checks everything about the request except its parameters. It
// may return an endpoint with an error.
func (req *request) precheck() (*endpoint, error) {
	r := req.r
	if !req.handler.ServesHost(r) {
		return nil, refuse(otherHost, "the Host is not that of this server")
	}
	if len(r.RequestURI) > maxURL || len(r.URL.RawQuery) > maxURL {
		return nil, refuse(urlTooLong, "the URL is too long: want at most 8 KiB; POST takes 64 KiB")
	}
	// RawPath is set if the path was sent with unnecessary escapes, such as %2F.
	e := req.handler.endpoints[r.URL.Path]
	if e == nil || r.URL.RawPath != "" {
		return nil, refuse(noSuchNode, "there is no such node")
	}
	if !slices.Contains(e.methods, r.Method) {
		return e, refuse(wrongMethod, "want the method "+e.allow())
	}
	size := 0
	for name, values := range r.Header {
		for _, v := range values {
			size += len(name) + len(v) + len(": \r\n")
		}
	}
	if size > maxHeaders {
		return e, refuse(headersTooLarge, "the headers are too large: want at most 16 KiB")
	}
	if fromOtherSite(r, req.secure) {
		return e, refuse(otherSite, "the request comes from a page of another site")
	}
	return e, nil
}

// fromOtherSite reports whether a browser sent the request on behalf of a page of another site.
// GET is checked too, since it can change things here. Programs other than browsers send neither of
// the two headers.
func fromOtherSite(r *http.Request, secure bool) bool {
	if sites := r.Header["Sec-Fetch-Site"]; len(sites) > 0 {
		site := strings.Join(sites, ",")
		return site != "same-origin" && site != "none"
	}
	origins := r.Header["Origin"]
	if len(origins) == 0 {
		return false
	}
	// Browsers leave the default port of the scheme out.
	own := "http://" + strings.TrimSuffix(r.Host, ":80")
	if secure {
		own = "https://" + strings.TrimSuffix(r.Host, ":443")
	}
	return !strings.EqualFold(strings.Join(origins, ","), own)
}

// ClientAddr returns the address that the request comes from: that of the peer or, if the peer is a
// trusted proxy, the rightmost address in X-Forwarded-For that is not a trusted proxy. The client
// itself may have written the addresses to the left of that one. If an address on the way is
// malformed, the client is not known and ClientAddr returns the zero Addr.
func ClientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	addr := peer.Addr().Unmap().WithZone("")
	if len(trusted) == 0 {
		return addr
	}
	isTrusted := func(p netip.Prefix) bool { return p.Contains(addr) }
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !addr.IsValid() || !slices.ContainsFunc(trusted, isTrusted) {
			break
		}
		if hop = strings.TrimSpace(hop); hop != "" {
			addr = parseHop(hop)
		}
	}
	return addr
}

// parseHop parses an address; some proxies add the port. If s is malformed, it returns the zero
// Addr.
func parseHop(s string) netip.Addr {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		withPort, _ := netip.ParseAddrPort(s)
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone("")
}

// params holds the parameters of a request by name, decoded. Empty values are included.
type params struct {
	values map[string]string
	plus   map[string]string // those that were sent with an unescaped +, as they were sent
	count  int               // including those that are ignored
}

// value returns a parameter, or "" if it was not given. A + with which it, or an entry of a list,
// was sent unescaped is a + where rule says that values or entries may begin with one, and
// otherwise the blank that it stands for in a form.
func (p *params) value(name string, rule valueRule) string {
	value, encoded := p.values[name], p.plus[name]
	switch {
	case rule.leadingPlus && strings.HasPrefix(encoded, "+"):
		return "+" + value[1:]
	case rule.plusEntries && encoded != "":
		value, _ = url.QueryUnescape(keepPlus(encoded))
	}
	return value
}

// keepPlus escapes each + at the beginning of an entry of an encoded list.
func keepPlus(encoded string) string { return entryPlus.Replace("," + encoded)[1:] }

var entryPlus = strings.NewReplacer(",+", ",%2B", "%2C+", "%2C%2B", "%2c+", "%2c%2B")

// readParams reads the parameters of the query and of the body. After an error it returns those
// that precede the fault.
func (req *request) readParams() (*params, error) {
	body, err := req.readBody()
	if err != nil {
		return nil, err
	}
	p := newParams()
	for _, encoded := range []string{req.r.URL.RawQuery, body} {
		if err := p.parse(encoded); err != nil {
			return p, req.endpoint.badParameter(err.Error())
		}
	}
	return p, nil
}

func (req *request) readBody() (string, error) {
	r := req.r
	switch {
	case r.ContentLength > maxBody:
		return "", refuse(bodyTooLarge, "the body is too large: want at most 64 KiB")
	case r.ContentLength == 0 || r.Body == nil:
		return "", nil
	case r.Method != http.MethodPost:
		return "", refuse(badBody, "want the parameters in the query, or POST")
	case !isForm(r.Header):
		return "", refuse(notAForm, "want the Content-Type application/x-www-form-urlencoded")
	}
	body, err := readText(http.MaxBytesReader(req.w, r.Body, maxBody), r.ContentLength, req.takeLargePlace)
	switch tooLarge := (*http.MaxBytesError)(nil); {
	case errors.As(err, &tooLarge):
		return "", refuse(bodyTooLarge, "the body is too large: want at most 64 KiB")
	case errors.Is(err, hermes.Busy):
		return "", err
	case err != nil:
		return "", refuse(badBody, "the body could not be read")
	}
	return body, nil
}

// readText reads all of r. size is the expected length, or -1 if that is not known. When more than
// largeBody has come, readText calls onLarge, and returns its error. Memory is allocated for at
// most four times of what has come, so that clients that send slowly need little.
func readText(r io.Reader, size int64, onLarge func() error) (string, error) {
	const small, large = 4 << 10, 16 << 10 // bytes read at once
	chunk := make([]byte, small)
	var text strings.Builder
	for {
		n, err := r.Read(chunk)
		if text.Cap()-text.Len() < n {
			text.Grow(max(n, min(3*text.Len(), int(size)-text.Len())))
		}
		before := text.Len()
		text.Write(chunk[:n])
		if before <= largeBody && text.Len() > largeBody {
			if err := onLarge(); err != nil {
				return "", err
			}
		}
		if err == io.EOF {
			return text.String(), nil
		}
		if err != nil {
			return "", err
		}
		if len(chunk) < large && text.Len() >= large {
			chunk = make([]byte, large)
		}
	}
}

// isForm reports whether the headers announce an uncompressed form in UTF-8.
func isForm(header http.Header) bool {
	types := header.Values("Content-Type")
	if len(types) != 1 || header.Get("Content-Encoding") != "" {
		return false
	}
	media, options, err := mime.ParseMediaType(types[0])
	charset, ok := options["charset"]
	return err == nil && media == "application/x-www-form-urlencoded" && (!ok || strings.EqualFold(charset, "utf-8"))
}

func newParams() *params { return &params{values: map[string]string{}, plus: map[string]string{}} }

// parse adds the parameters of a query or of a form. Unlike [url.ParseQuery], which skips malformed
// parameters and returns the others, it stops at the first fault.
func (p *params) parse(encoded string) error {
	if strings.Contains(encoded, ";") {
		return errors.New(`want "&" between parameters, and "%3B" for a semicolon`)
	}
	for pair := range strings.SplitSeq(encoded, "&") {
		if pair == "" {
			continue
		}
		if p.count++; p.count > maxParameters {
			return fmt.Errorf("want at most %d parameters", maxParameters)
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := unescape(name)
		if err != nil {
			return errors.New("a parameter's name: want two hex digits after each %")
		}
		encoded := value
		value, err = unescape(encoded)
		if err != nil {
			return fmt.Errorf("%s: want two hex digits after each %%", quoteName(name))
		}
		// Scripts in browsers add the parameter _ to get around caches.
		if name == "_" {
			continue
		}
		// What a store keeps of one parameter must not keep the whole body in memory.
		if len(value) < len(encoded)/2 {
			value = strings.Clone(value)
		}
		if err := p.add(strings.Clone(name), value); err != nil {
			return err
		}
		if strings.Contains(encoded, "+") {
			p.plus[name] = encoded
		}
	}
	return nil
}

// unescape is [url.QueryUnescape], but takes less time for a long text without escapes.
func unescape(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, nil
	}
	return url.QueryUnescape(s)
}

// add adds a decoded parameter.
func (p *params) add(name, value string) error {
	if !hermes.CleanText(name) || !hermes.CleanText(value) {
		return fmt.Errorf("%s: want UTF-8 without control characters and without overrides of the direction",
			quoteName(name))
	}
	if _, ok := p.values[name]; ok {
		return fmt.Errorf("%s: given twice", quoteName(name))
	}
	p.values[name] = value
	return nil
}

// quoteName returns a name from a request in a form that is safe to show: as it is if it looks like
// a parameter's, otherwise quoted and cut.
func quoteName(name string) string {
	isOther := func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' }
	if name != "" && len(name) <= 64 && !strings.ContainsFunc(name, isOther) {
		return name
	}
	return fmt.Sprintf("%.64q", name)
}

// badParameter returns the node's answer to a fault in its parameters. The detail is cut, since it
// may quote the request.
func (e *endpoint) badParameter(detail string) *hermes.Error { return e.BadParameter(clip(detail)) }

// clip cuts a detail that quotes the request.
func clip(detail string) string {
	const maxBytes = 400
	if len(detail) <= maxBytes {
		return detail
	}
	return strings.ToValidUTF8(detail[:maxBytes], "") + "…"
}
