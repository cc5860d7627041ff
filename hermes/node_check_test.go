package hermes_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// A decoder that finds a malformed parameter leaves its field zero and names it to Check, which
// then must not complain that the parameter is missing.
func TestRequest_Check_malformed(t *testing.T) {
	t.Parallel()
	// The types whose malformed values a decoder names to Check.
	types := []reflect.Type{
		reflect.TypeFor[sip.Addr](), reflect.TypeFor[sip.Domain](), reflect.TypeFor[mac.Addr](),
		reflect.TypeFor[e164.Number](), reflect.TypeFor[hermes.Pattern](),
	}
	forEachNode(t, func(t *testing.T, _ *env, _ hermes.Node, s nodeSample) {
		if err := s.req.Check(); err != nil {
			t.Fatalf("the sample itself is refused: %v", err)
		}
		v := reflect.ValueOf(s.req).Elem()
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("form"), ",")
			name = strings.TrimSuffix(name, "*")
			if v.Field(i).IsZero() || !slices.Contains(types, field.Type) {
				continue
			}
			if strings.HasSuffix(field.Tag.Get("bad"), "/parameters") {
				continue
			}
			value := reflect.ValueOf(v.Field(i).Interface())
			v.Field(i).SetZero()
			if err := s.req.Check(name); err != nil {
				t.Errorf("%s was malformed: got %v, want nil", name, err)
			}
			v.Field(i).Set(value)
		}
	})
}

// A malformed parameter counts as given: it still excludes the parameters that it must not come
// with.
func TestRequest_Check_malformedIsGiven(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule      string
		req       hermes.Request
		malformed string
	}{
		{"mac and user", hermes.PhoneGetRequest{User: alice}, "mac"},
		{"user and mac", hermes.PhoneGetRequest{MAC: phone1}, "user"},
		{"number and random", hermes.NumberAssignRequest{User: alice, Random: true}, "number"},
		{"number and search", hermes.NumberAssignRequest{User: alice, Number: inPool}, "search"},
		{"number and search to hold", hermes.NumberHoldRequest{Number: inPool}, "search"},
		{"alias and e164", hermes.AliasListRequest{E164: true}, "alias"},
		{"alias and destination", hermes.AliasListRequest{Alias: alice}, "destination"},
	} {
		if err := tt.req.Check(tt.malformed); !errors.Is(err, hermes.Parameters) {
			t.Errorf("%s: got %v, want %s", tt.rule, err, hermes.Parameters)
		}
	}
}
