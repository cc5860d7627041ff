package api

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
)

// TestResponses answers a response of each node in which all fields are set, and reads the answer
// with encoding/json.
func TestResponses(t *testing.T) {
	t.Parallel()
	client := reflect.TypeFor[*hermes.Client]()
	for _, n := range hermes.Nodes() {
		method, ok := client.MethodByName(methodName(n.Path))
		if !ok {
			t.Fatalf("%s: no method %s", n.Path, methodName(n.Path))
		}
		output := reflect.New(method.Type.Out(0))
		fill(t, output.Elem())
		rec := httptest.NewRecorder()
		req := newRequest(New(nil, nil), rec, httptest.NewRequest("GET", "/", nil))
		req.endpoint = newEndpoint(n)
		req.succeed(output.Elem().Interface(), nil)
		fields := responseFieldsOf(output.Type().Elem())
		if fields.text >= 0 {
			want := output.Elem().Field(fields.text).Interface().(hermes.Secret).Reveal()
			if got := rec.Body.String(); got != want {
				t.Errorf("%s: answered %q, want %q", n.Path, got, want)
			}
			continue
		}
		read := reflect.New(output.Type().Elem())
		if err := json.Unmarshal(rec.Body.Bytes(), read.Interface()); err != nil {
			t.Fatalf("%s: %v: %s", n.Path, err, rec.Body)
		}
		if fields.cookie >= 0 {
			if rec.Header().Get("Set-Cookie") == "" {
				t.Errorf("%s: no cookie is set", n.Path)
			}
			read.Elem().Field(fields.cookie).Set(output.Elem().Field(fields.cookie))
		}
		if diff := cmp.Diff(output.Interface(), read.Interface(), compareOptions); diff != "" {
			t.Errorf("%s: %s (-answered +read)\n%s", n.Path, rec.Body, diff)
		}
		var object struct{ Response hermes.Response }
		if err := json.Unmarshal(rec.Body.Bytes(), &object); err != nil || object.Response != n.Answers {
			t.Errorf("%s: response %q, want %q", n.Path, object.Response, n.Answers)
		}
	}
}

// methodName returns the name of the Client's method for a node, such as UserGet for user/get.
func methodName(path string) string {
	var b strings.Builder
	for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '_' }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
