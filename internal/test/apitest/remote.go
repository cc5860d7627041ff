package apitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/remote"
)

// RunRemote runs each script on two servers. Of the one it calls the Client, and of the other the
// Handler through package remote, as the same user. Both must give the same responses and errors. A
// case that no Go program can ask, such as one with an unknown parameter, is sent to both Handlers.
func RunRemote(t *testing.T, dir string, open func(t *testing.T) Fixture) {
	t.Helper()
	forEachScript(t, dir, func(t *testing.T, file string) {
		embedded, far := newRunner(t, open(t)), newRunner(t, open(t))
		compared := 0
		for i, c := range mustReadScript(t, file).cases {
			key := fmt.Sprintf("case-%d", i)
			got, ok := far.askRemote(t, c, key)
			want, isSame := embedded.askClient(t, c, key)
			if ok != isSame {
				t.Fatalf("%s: asked of one server only", c.title)
			}
			if !ok {
				continue
			}
			compared++
			if diff := cmp.Diff(want, got, compareResults); diff != "" {
				t.Errorf("%s: %s (-Client +remote)\n%s", c.title, c.ask, diff)
			}
		}
		t.Logf("asked %d cases through package remote", compared)
		if compared == 0 && !isOfSessions(mustReadScript(t, file).cases[0].node()) {
			t.Error("no case was asked through package remote")
		}
	})
}

// result is what a method of a node returned.
type result struct {
	Response any
	Err      *hermes.Error
}

func resultOf(t *testing.T, response any, err error) result {
	t.Helper()
	r := result{Response: response}
	if err != nil && !errors.As(err, &r.Err) {
		t.Errorf("got the error %v, want a *hermes.Error", err)
	}
	// The ids of faults are those of requests.
	if r.Err != nil && r.Err.Cause == hermes.Internal {
		r.Err.Detail = ""
	}
	if r.Err != nil && r.Err.Response != hermes.OK {
		r.Response = nil
	}
	return r
}

// compareResults compares lists by their entries, and leaves out the errors of the store and the
// ids of requests, which a client does not get.
var compareResults = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreFields(hermes.Error{}, "Err"),
	cmpopts.IgnoreFields(hermes.AuditListEntry{}, "Request"),
	cmp.FilterValues(func(a, b any) bool { return isList(a) && isList(b) }, cmp.Transformer("entries", entriesOf)),
}

// anyList is a [*hermes.List] of any type.
type anyList interface {
	Pages() iter.Seq2[any, error]
	Next() string
}

func isList(v any) bool {
	_, ok := v.(anyList)
	return ok && !reflect.ValueOf(v).IsNil()
}

func entriesOf(v any) (all []any) {
	list := v.(anyList)
	for page, err := range list.Pages() {
		if err != nil {
			return append(all, err.Error())
		}
		for entries, i := reflect.ValueOf(page), 0; i < entries.Len(); i++ {
			all = append(all, entries.Index(i).Interface())
		}
	}
	return append(all, list.Next())
}

// typedRequest is a request of a script as a Go program makes it.
type typedRequest struct {
	node hermes.Node
	req  hermes.Request
	opts hermes.CallOptions
}

// typed returns what a Go program calls for a request of a user. It returns false if no program
// can.
func typed(req Request, user, key string) (typedRequest, bool) {
	if isOfSessions(req.Node) || user != "key" && !isUser(user) || len(req.Header) > 0 || req.Method != "GET" && req.Method != "POST" {
		return typedRequest{}, false
	}
	values, err := url.ParseQuery(req.Query + "&" + req.Form)
	if err != nil {
		return typedRequest{}, false
	}
	for _, n := range hermes.Nodes() {
		if n.Path != req.Node {
			continue
		}
		typed, err := api.Decode(n, values)
		call := typedRequest{node: n, req: typed}
		if call.opts.IdempotencyKey = values.Get("idempotency_key"); call.opts.IdempotencyKey == "" && n.TakesOptions() {
			call.opts.IdempotencyKey = key
		}
		call.opts.DryRun = values.Get("dry_run") != ""
		return call, err == nil
	}
	return typedRequest{}, false
}

func isOfSessions(node string) bool {
	switch node {
	case "auth/login", "auth/challenge", "auth/ping", "auth/logout":
		return true
	}
	return false
}

// methodOf returns the name of the method of a node.
func methodOf(node string) string {
	upper := true
	return strings.Map(func(r rune) rune {
		if r == '/' || r == '_' {
			upper = true
			return -1
		}
		if upper {
			r, upper = unicode.ToUpper(r), false
		}
		return r
	}, node)
}

// askClient asks a case of the Client of the server.
func (r *runner) askClient(t *testing.T, c *testCase, key string) (result, bool) {
	t.Helper()
	req, user := r.prepare(t, c)
	session := r.login(t, user)
	r.ask(c, &req, session)
	call, ok := typed(req, user, key)
	if !ok {
		r.saveValues(r.server.Do(t, req))
		return result{}, false
	}
	client := r.server.Client
	if req.Handler != nil {
		client = r.server.clients[req.Handler]
	}
	anonymous := client.As(hermes.Actor{Remote: netip.MustParseAddr("192.0.2.1")})
	actor, err := anonymous.Authenticate(t.Context(), hermes.Credentials{
		Session: hermes.NewSecret(session.ID), AuthKey: hermes.NewSecret(session.AuthKey), Cookie: hermes.NewSecret(session.Cookie),
	})
	if e := (*hermes.Error)(nil); errors.As(err, &e) {
		e.Node = req.Node
		return resultOf(t, nil, e), true
	}
	res, err := call.node.Call(t.Context(), anonymous.As(actor).With(call.opts), call.req)
	r.saveTyped(res)
	return resultOf(t, res, err), true
}

// saveTyped saves the members of a response that scripts use and that are secrets there.
func (r *runner) saveTyped(res any) {
	switch res := res.(type) {
	case hermes.AuthNewKeyResponse:
		r.values["key"] = res.Key.Reveal()
	default:
		text, err := json.Marshal(res)
		var members map[string]any
		if err != nil || json.Unmarshal(text, &members) != nil {
			return
		}
		r.saveValues(Response{Members: members})
	}
	if l := listOf(res); l != nil {
		if next := l.Next(); next != "" {
			r.values["next"] = next
		}
	}
}

// listOf returns the list in a response, read to its end, or nil.
func listOf(res any) anyList {
	v := reflect.ValueOf(res)
	for i := range v.NumField() {
		if l, ok := v.Field(i).Interface().(anyList); ok && isList(l) {
			entriesOf(l)
			return l
		}
	}
	return nil
}

// askRemote asks a case of the server through package remote.
func (r *runner) askRemote(t *testing.T, c *testCase, key string) (result, bool) {
	t.Helper()
	req, user := r.prepare(t, c)
	r.ask(c, &req, Session{})
	call, ok := typed(req, user, key)
	if !ok {
		session := r.login(t, user)
		r.ask(c, &req, session)
		r.saveValues(r.server.Do(t, req))
		return result{}, false
	}
	transport := &handlerTransport{handler: r.server.Handler}
	opts := &remote.Options{Transport: transport, RetryFor: -1}
	if user == "key" {
		opts.APIKey = hermes.NewSecret(r.values["key"])
	} else {
		opts.User, opts.Password = user, hermes.NewSecret(Password)
	}
	client, err := remote.Dial(t.Context(), "https://example.com", opts)
	if err != nil {
		t.Fatalf("%s: %v", c.title, err)
	}
	if req.Handler != nil {
		transport.handler = req.Handler
	}
	method := reflect.ValueOf(client.With(call.opts)).MethodByName(methodOf(req.Node))
	out := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(call.req).Elem()})
	err, _ = out[1].Interface().(error)
	r.saveTyped(out[0].Interface())
	return resultOf(t, out[0].Interface(), err), true
}

// handlerTransport sends requests to a handler without a network.
type handlerTransport struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (h *handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	in.Header, in.TLS = r.Header, nil
	in.ContentLength = r.ContentLength
	rec := httptest.NewRecorder()
	h.handler.ServeHTTP(rec, in)
	return rec.Result(), nil
}
