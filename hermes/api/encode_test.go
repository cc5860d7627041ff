package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestEncoderOf compares with encoding/json. There are no secrets in the value: only these are
// encoded in another way.
func TestEncoderOf(t *testing.T) {
	t.Parallel()
	type all struct {
		Alias     hermes.Alias              `json:"alias"`
		Texts     []string                  `json:"texts"`
		Unchecked sip.Addr                  `json:"unchecked"`
		Zero      e164.Number               `json:"zero"`
		Number    e164.Number               `json:"number"`
		Empty     []string                  `json:"empty,omitempty"`
		Access    hermes.Access             `json:"access"`
		Time      time.Time                 `json:"time"`
		Opt       hermes.Opt[hermes.Access] `json:"opt,omitzero"`
		Absent    hermes.Opt[string]        `json:"absent,omitzero"`
		Entries   []hermes.AuthUserEntry    `json:"entries"`
		Map       map[string]int            `json:"map"`
		hermes.ScopeObject
	}
	v := &all{
		Alias: hermes.Alias{Alias: sip.Unchecked("\x00\"é\xff", "</script>"), Destination: sip.MustParse("a@b")},
		Texts: []string{"", "\u2028", "<&>", "\x1b", "\\", "😀", "\xc3", "\x7f"}, Unchecked: sip.Unchecked("", "x"),
		Number: e164.MustParse("+4773500001"), Access: hermes.FullWrite, Time: time.Unix(1, 5).UTC(),
		Opt: hermes.Some(hermes.FullRead), Entries: []hermes.AuthUserEntry{{User: "a"}}, Map: map[string]int{"<": 1},
		ScopeObject: hermes.ScopeObject{Domains: []sip.Domain{sip.MustParseDomain("b")}, Nodes: []string{"user/*"}},
	}
	got, err := encoderOf(reflect.TypeFor[all]())(nil, reflect.ValueOf(v).Elem())
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)+"\n"); diff != "" {
		t.Errorf("(-encoding/json +encoder)\n%s", diff)
	}
}
