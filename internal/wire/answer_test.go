package wire_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
	"github.com/hermes-voip/go-hermes/sip"
)

// all has a field of each kind that responses have.
type all struct {
	Address sip.Addr                  `json:"address"`
	Zero    sip.Addr                  `json:"zero"`
	Domain  sip.Domain                `json:"domain"`
	Secret  hermes.Opt[hermes.Secret] `json:"secret,omitzero"`
	Absent  hermes.Opt[string]        `json:"absent,omitzero"`
	At      time.Time                 `json:"at"`
	List    []sip.Addr                `json:"list"`
	None    []string                  `json:"none"`
	hermes.ScopeObject
	Hidden string `json:"-"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	// Another program has written the addresses: capitals in a domain, a blank and no user name.
	const text = `{"address":"a b@Example.COM","zero":"","domain":"Example.COM","secret":"x\"y","at":"2026-01-02T03:04:05Z",
		"list":["@example.com","c@example.com"],"none":null,"nodes":["user/*"],"new":{"a":[1]},"Hidden":"h"}`
	var got all
	if err := wire.Decode([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := all{
		Address: sip.Unchecked("a b", "Example.COM"), Domain: sip.UncheckedDomain("Example.COM"),
		Secret: hermes.Some(hermes.NewSecret(`x"y`)), At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	if got.Address != want.Address || !got.Zero.IsZero() || got.Domain != want.Domain || got.Secret != want.Secret || !got.At.Equal(want.At) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if len(got.List) != 2 || got.List[0] != sip.Unchecked("", "example.com") || got.None != nil || len(got.Nodes) != 1 {
		t.Errorf("got the lists %v, %v, %v", got.List, got.None, got.Nodes)
	}
	if got.Absent.Set || got.Hidden != "" {
		t.Errorf("got %+v, although the text does not have it", got)
	}
}

// The errors name the member, and do not repeat its text, which may be secret.
func TestDecode_malformed(t *testing.T) {
	t.Parallel()
	for text, member := range map[string]string{
		`{"address":5}`:                 "address",
		`{"address":"secret"}`:          "address",
		`{"secret":{"a":"secret"}}`:     "secret",
		`{"at":"secret"}`:               "at",
		`{"list":["a@example.com","x"]`: "",
		`{"list":["a@b","secret"]}`:     "list: 1",
		`["secret"]`:                    "",
	} {
		var got all
		err := wire.Decode([]byte(text), &got)
		if err == nil || !strings.HasPrefix(err.Error(), member) || strings.Contains(strings.TrimPrefix(err.Error(), "secret:"), "secret") {
			t.Errorf("%s: got %v, want an error of %q", text, err, member)
		}
	}
}
