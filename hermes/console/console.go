// Package console serves the web page on which people manage users, numbers and phones. The page is
// a client of the API like any other: it logs in, keeps its session alive and logs out. It can do
// nothing that its user may not, and leaves out what the user's access level and scope do not
// allow.
//
// Mount a [Handler] beside the API:
//
//	mux.Handle("/api/", api.New(client, nil))
//	mux.Handle("/console/", http.StripPrefix("/console", console.New(nil)))
//
// The page logs in with user name and password, so it needs sessions: it does not work
// with [api.Options.Authenticate].
//
// The page, its scripts and its style sheets are embedded. There is no build step, and nothing
// comes from elsewhere at run time: the Content-Security-Policy allows only what this Handler
// serves, and no script in the page itself. Where a browser supports it, the policy also forbids
// scripts to turn text into markup.
package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/hermes-voip/go-hermes/hermes/api"
)

// Options configure a [Handler]. The zero value is usable.
type Options struct {
	// API is the URL below which the page finds the nodes of the API, as a path or relative to the
	// page. It ends in a slash and has the host of the page. Defaults to /api/.
	API string
	// LowWater are low-water marks of the number pool by prefix, such as +4773: the page warns if
	// fewer numbers are free under the prefix. A user sees the marks within the own scope. They need
	// Nodes. Defaults to none.
	LowWater map[string]int
	// Nodes is the handler of the API, such as an [api.Handler]. The Handler asks it who may see the
	// low-water marks, by auth/whoami, and for nothing else. If nil, no marks are shown.
	Nodes http.Handler
}

// Handler serves the page at /, and what the page needs, such as the description of the API at
// /openapi.json. Requests come without the prefix below which it is mounted; see
// [http.StripPrefix]. It is safe for concurrent use.
type Handler struct {
	files   map[string]file // by path, such as "/assets/app.js"
	openAPI func() file     // made when it is first asked for
	opts    Options
}

// file is a file of the page.
type file struct {
	content     []byte
	contentType string
	etag        string
}

const (
	indexPath   = "/index.html" // of the page in the embedded files; it is served at /
	openAPIPath = "/openapi.json"
)

//go:embed page
var embedded embed.FS

// types are the media types by file name extension. The system's table is not asked, which may
// have other ones.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".json": "application/json",
}

// New returns a Handler. If opts is nil, the defaults apply.
func New(opts *Options) *Handler {
	h := &Handler{files: map[string]file{}}
	if opts != nil {
		h.opts = *opts
	}
	if h.opts.API == "" {
		h.opts.API = "/api/"
	}
	h.openAPI = sync.OnceValue(func() file { return newFile(openAPIPath, api.OpenAPI()) })
	err := fs.WalkDir(embedded, "page", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := embedded.ReadFile(name)
		h.files[strings.TrimPrefix(name, "page")] = newFile(name, content)
		return err
	})
	if err != nil {
		panic(err) // the files are embedded
	}
	index := h.files[indexPath]
	delete(h.files, indexPath)
	h.files["/"] = newFile(indexPath, bytes.Replace(index.content, []byte(`content="/api/"`), []byte(`content="`+html.EscapeString(h.opts.API)+`"`), 1))
	return h
}

func newFile(name string, content []byte) file {
	sum := sha256.Sum256(content)
	return file{content: content, contentType: types[path.Ext(name)], etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`}
}

// Has reports whether the Handler serves a path, such as "/". With it, a program that serves other
// things at the root can mount the Handler there.
func (h *Handler) Has(path string) bool {
	_, ok := h.files[path]
	return ok || path == openAPIPath || path == lowWaterPath
}

// policy is the Content-Security-Policy of every answer.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// setHeaders sets the headers of every answer.
func setHeaders(header http.Header) {
	for name, value := range map[string]string{
		"Content-Security-Policy":      policy,
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
	} {
		header.Set(name, value)
	}
}

// ServeHTTP answers a request. Browsers keep the files, and ask each time whether these have
// changed.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	if r.URL.Path == lowWaterPath {
		h.serveLowWater(w, r)
		return
	}
	f, ok := h.files[r.URL.Path]
	if r.URL.Path == openAPIPath {
		f, ok = h.openAPI(), true
	}
	if !ok {
		http.Error(w, "there is no such page", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "want GET or HEAD", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", f.contentType)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Etag", f.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}
