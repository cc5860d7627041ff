package hermes_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// namedTypes are the types whose malformed values a decoder reports by the parameter's name.
var namedTypes = []reflect.Type{
	reflect.TypeFor[sip.Addr](), reflect.TypeFor[sip.Domain](), reflect.TypeFor[mac.Addr](),
	reflect.TypeFor[e164.Number](), reflect.TypeFor[hermes.Pattern](),
}

// Every request that a sample sends is right by itself, and stays so if one of its parameters was
// malformed: Check must not complain that it is missing.
func TestRequest_Check_malformed(t *testing.T) {
	t.Parallel()
	for path, sample := range samples() {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			req := sample(newWorld(t)).req
			if err := req.Check(); err != nil {
				t.Fatalf("the sample is refused: %v", err)
			}
			v := reflect.ValueOf(req).Elem()
			for i := range v.NumField() {
				name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("form"), ",")
				name = strings.TrimSuffix(name, "*")
				if v.Field(i).IsZero() || !isNamedType(v.Field(i).Type()) || strings.HasSuffix(v.Type().Field(i).Tag.Get("bad"), "/parameters") {
					continue
				}
				value := reflect.ValueOf(v.Field(i).Interface())
				v.Field(i).SetZero()
				if err := req.Check(name); err != nil {
					t.Errorf("%s was malformed: got %v, want nil", name, err)
				}
				v.Field(i).Set(value)
			}
		})
	}
}

func isNamedType(t reflect.Type) bool {
	for _, n := range namedTypes {
		if t == n {
			return true
		}
	}
	return false
}

// A malformed parameter is present: it still excludes the parameters that it must not come with.
func TestRequest_Check_malformedIsGiven(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		why       string
		req       hermes.Request
		malformed string
	}{
		{"mac and user", hermes.PhoneGetRequest{User: alice}, "mac"},
		{"user and mac", hermes.PhoneGetRequest{MAC: phone1}, "user"},
		{"number and random", hermes.NumberAssignRequest{User: alice, Random: true}, "number"},
		{"number and search", hermes.NumberAssignRequest{User: alice, Number: inPool}, "search"},
		{"alias and e164", hermes.AliasListRequest{E164: true}, "alias"},
		{"alias and destination", hermes.AliasListRequest{Alias: alice}, "destination"},
	} {
		if err := r.req.Check(r.malformed); !errors.Is(err, hermes.Parameters) {
			t.Errorf("%s: got %v, want %s", r.why, err, hermes.Parameters)
		}
	}
}
