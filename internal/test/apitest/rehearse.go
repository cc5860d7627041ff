package apitest

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Each request of a script to a node that takes the parameter dry_run is rehearsed: it is sent with
// dry_run=true first, which must change nothing, and then as it is, which must be answered in the
// same way.

// rehearse sends a request with dry_run=true. It returns a function that compares the answer with
// that of the request itself.
func (r *runner) rehearse(t *testing.T, req Request) (compare func(Response)) {
	t.Helper()
	if !rehearsable(req) {
		return func(Response) {}
	}
	dry := req
	if req.Form != "" {
		dry.Form += "&dry_run=true"
	} else {
		dry.Query = strings.TrimPrefix(req.Query+"&dry_run=true", "&")
	}
	restore := r.server.keepRandom()
	before := r.Dump(t)
	rehearsed := r.server.Do(t, dry)
	if diff := cmp.Diff(before, r.Dump(t)); diff != "" {
		t.Errorf("%s %s %s changed the database (-before +after)\n%s", dry.Node, dry.Query, dry.Form, diff)
	}
	restore()
	if _, dryRun := rehearsed.Members["dry_run"]; dryRun != (rehearsed.Response == "ok") {
		t.Errorf("%s with dry_run=true: answered %s, want the member dry_run if and only if it is ok", dry.Node, rehearsed.Body)
	}
	return func(res Response) {
		t.Helper()
		got, want := maps.Clone(rehearsed.Members), hidden(res.Members).(map[string]any)
		delete(got, "dry_run")
		if isRandom(req) { // the two may draw different numbers
			for _, name := range []string{"number", "alias"} {
				got[name], want[name] = nil, nil
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || rehearsed.Status != res.Status {
			t.Errorf("%s %s %s with dry_run=true: status %d, want %d (-want +got)\n%s",
				req.Node, req.Query, req.Form, rehearsed.Status, res.Status, diff)
		}
	}
}

// rehearsable reports whether a request may be sent with dry_run=true before it is sent.
func rehearsable(req Request) bool {
	isNode := func(n hermes.Node) bool { return n.Path == req.Node && n.TakesOptions() }
	if !slices.ContainsFunc(hermes.Nodes(), isNode) {
		return false
	}
	parameters := req.Query + "&" + req.Form
	return !strings.Contains(parameters, "dry_run") && !strings.Contains(parameters, "idempotency_key")
}

func isRandom(req Request) bool {
	values, _ := url.ParseQuery(req.Query + "&" + req.Form)
	return values.Has("random")
}

// secretMembers are the members of answers that a dry run leaves out.
var secretMembers = []string{"password", "ha1", "ha1b", "url"}

// hidden returns the members of an answer without secrets.
func hidden(v any) any {
	switch v := v.(type) {
	case map[string]any:
		bare := map[string]any{}
		for name, member := range v {
			if !slices.Contains(secretMembers, name) {
				bare[name] = hidden(member)
			}
		}
		return bare
	case []any:
		bare := []any{}
		for _, element := range v {
			bare = append(bare, hidden(element))
		}
		return bare
	}
	return v
}
