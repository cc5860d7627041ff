package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
)

// The limits of API.md, section 1.
const (
	maxURL        = 8 << 10
	maxHeaders    = 16 << 10
	maxBody       = 64 << 10
	maxParameters = 64
)

// door finds the node and refuses what is wrong about the request but for its parameters.
func (h *Handler) door(r *http.Request) (*endpoint, error) {
	if len(r.RequestURI) > maxURL || len(r.URL.RawQuery) > maxURL {
		return nil, refuse(urlTooLong, "the URL is too long: want at most 8 KiB; POST takes 64 KiB")
	}
	n := h.find(r)
	switch {
	case n == nil:
		return nil, refuse(noSuchNode, "there is no such node")
	case !slices.Contains(n.methods, r.Method):
		return n, refuse(wrongMethod, "want the method "+n.allow())
	case headerSize(r.Header) > maxHeaders:
		return n, refuse(headersTooLarge, "the headers are too large: want at most 16 KiB")
	case fromOtherSite(r, h.secure(r)):
		return n, refuse(otherSite, "the request comes from a page of another site")
	}
	return n, nil
}

// find matches the path as it came: no escapes, no cleaning, no redirects.
func (h *Handler) find(r *http.Request) *endpoint {
	if r.URL.RawPath != "" {
		return nil
	}
	return h.nodes[r.URL.Path]
}

func headerSize(header http.Header) (n int) {
	for name, values := range header {
		for _, v := range values {
			n += len(name) + len(v) + len(": \r\n")
		}
	}
	return n
}

// fromOtherSite tells whether a page of another site makes the browser ask. GET counts too, since it changes things here.
// A program that is no browser sends neither header.
func fromOtherSite(r *http.Request, secure bool) bool {
	if sites := r.Header.Values("Sec-Fetch-Site"); len(sites) > 0 {
		site := strings.Join(sites, ",")
		return site != "same-origin" && site != "none"
	}
	origins := r.Header.Values("Origin")
	return len(origins) > 0 && !strings.EqualFold(strings.Join(origins, ","), origin(r.Host, secure))
}

// origin is that of this server's own pages: browsers leave the scheme's own port out.
func origin(host string, secure bool) string {
	if secure {
		return "https://" + strings.TrimSuffix(host, ":443")
	}
	return "http://" + strings.TrimSuffix(host, ":80")
}

// parameters reads the form of the request, query and body together.
func (n *endpoint) parameters(w http.ResponseWriter, r *http.Request) (*form, error) {
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	f := newForm()
	for _, encoded := range []string{r.URL.RawQuery, body} {
		if err := f.parse(encoded); err != nil {
			return f, n.badParameter(err.Error())
		}
	}
	return f, nil
}

func readBody(w http.ResponseWriter, r *http.Request) (string, error) {
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
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return "", refuse(bodyTooLarge, "the body is too large: want at most 64 KiB")
	}
	if err != nil {
		return "", refuse(badBody, "the body could not be read")
	}
	return string(body), nil
}

func isForm(header http.Header) bool {
	types := header.Values("Content-Type")
	if len(types) != 1 || header.Get("Content-Encoding") != "" {
		return false
	}
	media, params, err := mime.ParseMediaType(types[0])
	charset, given := params["charset"]
	return err == nil && media == "application/x-www-form-urlencoded" && (!given || strings.EqualFold(charset, "utf-8"))
}

// badParameter makes the answer to a parameter fault, which differs at one node.
func (n *endpoint) badParameter(detail string) *hermes.Error {
	return &hermes.Error{Node: n.Path, Response: n.Refuses, Cause: hermes.Parameters, Detail: clip(detail)}
}
