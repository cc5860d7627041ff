package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// mark is a low-water mark.
type mark struct {
	Prefix string `json:"prefix"`
	Count  int    `json:"count"`
}

// lowWaterPath is where the page gets the low-water marks. The request has the form of a call of a
// node: session and auth_key by POST.
const lowWaterPath = "/low_water"

// serveLowWater answers the marks that are in the scope of the request's principal. Without a
// session there are none, because they tell which numbers the operator has.
func (h *Handler) serveLowWater(w http.ResponseWriter, r *http.Request) {
	list := []mark{}
	if len(h.opts.LowWater) > 0 && h.opts.Nodes != nil {
		list = h.marksFor(r)
	}
	w.Header().Set("Content-Type", types[".json"])
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]any{"list": list})
}

func (h *Handler) marksFor(r *http.Request) []mark {
	// The API checks everything about the request: its size, its site, its session.
	asked := r.Clone(r.Context())
	asked.URL.Path, asked.URL.RawPath = "/api/auth/whoami", ""
	answer := &recorder{header: http.Header{}}
	h.opts.Nodes.ServeHTTP(answer, asked)
	var whoami struct {
		Response string   `json:"response"`
		Numbers  []string `json:"numbers"`
	}
	if err := json.Unmarshal(answer.body.Bytes(), &whoami); err != nil || whoami.Response != "ok" {
		return []mark{}
	}
	list := []mark{}
	for prefix, count := range h.opts.LowWater {
		inScope := func(scope string) bool { return strings.HasPrefix(prefix, scope) }
		if len(whoami.Numbers) == 0 || slices.ContainsFunc(whoami.Numbers, inScope) {
			list = append(list, mark{Prefix: prefix, Count: count})
		}
	}
	slices.SortFunc(list, func(a, b mark) int { return strings.Compare(a.Prefix, b.Prefix) })
	return list
}

// recorder is a response that is kept.
type recorder struct {
	header http.Header
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements [http.ResponseWriter].
func (r *recorder) WriteHeader(int) {}

// Write implements [http.ResponseWriter].
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
