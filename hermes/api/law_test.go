package api

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// samples are values of the types that requests and responses are made of.
var samples = []any{
	"å \"<&>\" +;=%", 5060, int64(300), true, []string{"a", "b c"},
	sip.MustParse("+47;x=1@example.com"), sip.MustParseDomain("example.com"), mac.MustParse("001122334455"), e164.MustParse("+4773500001"),
	hermes.NewSecret("p&ss=wörd +;%\"\\"), hermes.FullRead, hermes.NotFound, hermes.Local,
	hermes.Duration(90 * 24 * time.Hour), parsed[hermes.Pattern]("a*b?"), parsed[hermes.PublicKey](strings.Repeat("A", 43)),
	hermes.Cookie{Value: hermes.NewSecret("hec_x"), MaxAge: time.Minute}, time.Date(2026, 1, 2, 3, 4, 5, 678000, time.UTC),
}

func parsed[T any, P interface {
	*T
	UnmarshalText([]byte) error
}](text string) T {
	var v T
	if err := P(&v).UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return v
}

// fill sets every field below v.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	for _, s := range samples {
		if reflect.TypeOf(s) == v.Type() {
			v.Set(reflect.ValueOf(s))
			return
		}
	}
	switch {
	case v.Kind() == reflect.Pointer: // a list: from JSON, as a client has it
		entry := reflect.New(v.Type().Elem().Field(0).Type.Elem()).Elem()
		fill(t, entry)
		text, err := encoderOf(entry.Type())(nil, entry)
		v.Set(reflect.New(v.Type().Elem()))
		if err != nil || json.Unmarshal(fmt.Appendf(nil, "[%s,%s]", text, text), v.Interface()) != nil {
			t.Fatalf("a list of %s: %v", text, err)
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0))
		fill(t, v.Index(1))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("no sample of type %s", v.Type())
	}
}

// compare looks into every type but at lists, which it reads.
var compare = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.FilterValues(func(a, b any) bool { return isList(a) && isList(b) }, cmp.Transformer("entries", entries)),
}

func isList(v any) bool { _, ok := v.(streamed); return ok }

func entries(v any) (all []any) {
	for e, err := range v.(streamed).Stream() {
		all = append(all, e, err)
	}
	return all
}

// TestRequestsSurviveTheWire sends each request through form encoding and through JSON, with all
// its fields and with each one alone beside the required ones.
func TestRequestsSurviveTheWire(t *testing.T) {
	for _, n := range hermes.Nodes() {
		plan := planRequest(reflect.TypeOf(n.New()).Elem())
		full := n.New()
		for _, f := range plan.fields {
			fill(t, reflect.ValueOf(full).Elem().Field(f.index))
		}
		requests := []any{full}
		for _, alone := range plan.fields {
			req := n.New()
			for _, f := range plan.fields {
				if f.index == alone.index || f.required {
					reflect.ValueOf(req).Elem().Field(f.index).Set(reflect.ValueOf(full).Elem().Field(f.index))
				}
			}
			requests = append(requests, req)
		}
		for _, req := range requests {
			surviveForm(t, n, req)
			surviveJSON(t, n, req)
		}
	}
}

func surviveForm(t *testing.T, n hermes.Node, req any) {
	t.Helper()
	values, err := Encode(req)
	if err != nil {
		t.Fatalf("%s: %v", n.Path, err)
	}
	f := newForm()
	if err := f.parse(values.Encode()); err != nil {
		t.Fatalf("%s: %s: %v", n.Path, values.Encode(), err)
	}
	back, err := Decode(n, values)
	if err != nil {
		t.Fatalf("%s: %s: %v", n.Path, values.Encode(), err)
	}
	if diff := cmp.Diff(req, back, compare); diff != "" {
		t.Errorf("%s: %s (-sent +received)\n%s", n.Path, values.Encode(), diff)
	}
	if len(f.values) != len(values) {
		t.Errorf("%s: %d parameters of %d were read", n.Path, len(f.values), len(values))
	}
}

func surviveJSON(t *testing.T, n hermes.Node, req any) {
	t.Helper()
	v := reflect.ValueOf(req).Elem()
	text, err := encoderOf(v.Type())(nil, v)
	back := n.New()
	if err == nil {
		err = json.Unmarshal(text, back)
	}
	if diff := cmp.Diff(req, back, compare); err != nil || diff != "" {
		t.Errorf("%s: %s: %v (-sent +received)\n%s", n.Path, text, err, diff)
	}
}

// TestEmptyIsNotAbsent sends the fields in which that makes a difference.
func TestEmptyIsNotAbsent(t *testing.T) {
	for _, n := range hermes.Nodes() {
		for _, f := range planRequest(reflect.TypeOf(n.New()).Elem()).fields {
			req := n.New()
			for _, need := range planRequest(reflect.TypeOf(n.New()).Elem()).fields {
				if need.required {
					fill(t, reflect.ValueOf(req).Elem().Field(need.index))
				}
			}
			if f.opt {
				reflect.ValueOf(req).Elem().Field(f.index).FieldByName("Set").SetBool(true)
				surviveForm(t, n, req)
			}
		}
	}
}

// TestResponsesSurviveTheWire reads each answer back with encoding/json.
func TestResponsesSurviveTheWire(t *testing.T) {
	client := reflect.TypeFor[*hermes.Client]()
	for _, n := range hermes.Nodes() {
		method, ok := client.MethodByName(methodName(n.Path))
		if !ok {
			t.Fatalf("%s: no method %s", n.Path, methodName(n.Path))
		}
		res := reflect.New(method.Type.Out(0))
		fill(t, res.Elem())
		rec := httptest.NewRecorder()
		x := newExchange(New(nil, nil), rec, httptest.NewRequest("GET", "/", nil))
		x.node = newEndpoint(n)
		x.succeed(res.Elem().Interface(), nil)
		if p := planResponse(res.Type().Elem()); p.text >= 0 {
			if got, want := rec.Body.String(), res.Elem().Field(p.text).Interface().(hermes.Secret).Reveal(); got != want {
				t.Errorf("%s: answered %q, want %q", n.Path, got, want)
			}
			continue
		}
		checkAnswer(t, n, res, rec)
	}
}

func checkAnswer(t *testing.T, n hermes.Node, res reflect.Value, rec *httptest.ResponseRecorder) {
	t.Helper()
	back := reflect.New(res.Type().Elem())
	if err := json.Unmarshal(rec.Body.Bytes(), back.Interface()); err != nil {
		t.Fatalf("%s: %v: %s", n.Path, err, rec.Body)
	}
	if p := planResponse(res.Type().Elem()); p.cookie >= 0 {
		if rec.Header().Get("Set-Cookie") == "" {
			t.Errorf("%s: no cookie is set", n.Path)
		}
		back.Elem().Field(p.cookie).Set(res.Elem().Field(p.cookie))
	}
	if diff := cmp.Diff(res.Interface(), back.Interface(), compare); diff != "" {
		t.Errorf("%s: %s (-answered +read)\n%s", n.Path, rec.Body, diff)
	}
	var top struct{ Response hermes.Response }
	if err := json.Unmarshal(rec.Body.Bytes(), &top); err != nil || top.Response != n.Answers {
		t.Errorf("%s: response %q, want %q", n.Path, top.Response, n.Answers)
	}
}

// methodName is the name law: user/get is UserGet.
func methodName(path string) string {
	name := strings.NewReplacer("/", "_").Replace(path)
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
