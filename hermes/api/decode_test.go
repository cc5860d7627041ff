package api

import (
	"encoding/json"
	"fmt"
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

// TestEncode encodes each request as parameters and as JSON and decodes it, with all its fields and
// with each field alone beside the required ones.
func TestEncode(t *testing.T) {
	t.Parallel()
	for _, n := range hermes.Nodes() {
		fields := requestFieldsOf(reflect.TypeOf(n.New()).Elem()).list
		full := n.New()
		for _, f := range fields {
			fill(t, reflect.ValueOf(full).Elem().Field(f.index))
		}
		requests := []any{full}
		for _, alone := range fields {
			req := n.New()
			for _, f := range fields {
				if f.index == alone.index || f.required {
					reflect.ValueOf(req).Elem().Field(f.index).Set(reflect.ValueOf(full).Elem().Field(f.index))
				}
			}
			requests = append(requests, req)
		}
		for _, req := range requests {
			testEncode(t, n, req)
			testJSON(t, n, req)
		}
	}
}

// TestEncode_Opt encodes fields that are present and empty, which is not the same as absent.
func TestEncode_Opt(t *testing.T) {
	t.Parallel()
	for _, n := range hermes.Nodes() {
		fields := requestFieldsOf(reflect.TypeOf(n.New()).Elem()).list
		for _, f := range fields {
			if !f.optional {
				continue
			}
			req := n.New()
			for _, other := range fields {
				if other.required {
					fill(t, reflect.ValueOf(req).Elem().Field(other.index))
				}
			}
			reflect.ValueOf(req).Elem().Field(f.index).FieldByName("Set").SetBool(true)
			testEncode(t, n, req)
		}
	}
}

// testEncode checks that req survives Encode and Decode, and that its query can be parsed.
func testEncode(t *testing.T, n hermes.Node, req any) {
	t.Helper()
	values, err := Encode(req)
	if err != nil {
		t.Fatalf("%s: %v", n.Path, err)
	}
	p := newParams()
	if err := p.parse(values.Encode()); err != nil {
		t.Fatalf("%s: %s: %v", n.Path, values.Encode(), err)
	}
	decoded, err := Decode(n, values)
	if err != nil {
		t.Fatalf("%s: %s: %v", n.Path, values.Encode(), err)
	}
	if diff := cmp.Diff(req, decoded, compareOptions); diff != "" {
		t.Errorf("%s: %s (-encoded +decoded)\n%s", n.Path, values.Encode(), diff)
	}
	if len(p.values) != len(values) {
		t.Errorf("%s: parsed %d of %d parameters", n.Path, len(p.values), len(values))
	}
}

// testJSON checks that req survives the encoders and encoding/json.
func testJSON(t *testing.T, n hermes.Node, req any) {
	t.Helper()
	v := reflect.ValueOf(req).Elem()
	text, err := encoderOf(v.Type())(nil, v)
	decoded := n.New()
	if err == nil {
		err = json.Unmarshal(text, decoded)
	}
	if diff := cmp.Diff(req, decoded, compareOptions); err != nil || diff != "" {
		t.Errorf("%s: %s: %v (-encoded +decoded)\n%s", n.Path, text, err, diff)
	}
}

// samples are values of the types of fields in requests and responses.
var samples = []any{
	hermes.UserPrincipal,
	"å \"<&>\" +;=%",
	5060,
	int64(300),
	true,
	[]string{"a", "b c"},
	sip.MustParse("+47;x=1@example.com"),
	sip.MustParseDomain("example.com"),
	mac.MustParse("001122334455"),
	e164.MustParse("+4773500001"),
	hermes.NewSecret("p&ss=wörd +;%\"\\"),
	hermes.FullRead,
	hermes.NotFound,
	hermes.Local,
	hermes.Duration(90 * 24 * time.Hour),
	hermes.NumberHeld,
	hermes.EnrolmentOpen,
	mustParse[hermes.Pattern]("a*b?"),
	mustParse[hermes.PublicKey](strings.Repeat("A", 43)),
	hermes.ScopeList("+47,+46 +"),
	hermes.Cookie{Value: hermes.NewSecret("hec_x"), MaxAge: time.Minute},
	time.Date(2026, 1, 2, 3, 4, 5, 678000, time.UTC),
}

func mustParse[T any, P interface {
	*T
	UnmarshalText([]byte) error
}](text string) T {
	var v T
	if err := P(&v).UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return v
}

// fill sets v and all fields in it to samples.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	for _, s := range samples {
		if reflect.TypeOf(s) == v.Type() {
			v.Set(reflect.ValueOf(s))
			return
		}
	}
	switch {
	case v.Kind() == reflect.Pointer:
		// The field is a list, which can be made from JSON.
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

// compareOptions compare unexported fields too, but lists by their entries.
var compareOptions = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.FilterValues(func(a, b any) bool { return isList(a) && isList(b) }, cmp.Transformer("entries", entriesOf)),
}

func isList(v any) bool {
	_, ok := v.(list)
	return ok
}

func entriesOf(v any) []any {
	var entries []any
	for page, err := range v.(list).Pages() {
		entries = append(entries, page, err)
	}
	return entries
}
