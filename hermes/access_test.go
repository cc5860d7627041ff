package hermes_test

import (
	"encoding/json"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestParseAccess(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]hermes.Access{
		"limited_read": hermes.LimitedRead, "1": hermes.LimitedRead,
		"full_read": hermes.FullRead, "2": hermes.FullRead,
		"limited_write": hermes.LimitedWrite, "3": hermes.LimitedWrite,
		"full_write": hermes.FullWrite, "4": hermes.FullWrite,
	} {
		if got, err := hermes.ParseAccess(in); err != nil || got != want {
			t.Errorf("ParseAccess(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "0", "5", "-1", "01", "+1", " 1", "Full_Write", "full_write ", "fullwrite", "15"} {
		if got, err := hermes.ParseAccess(in); err == nil || got != hermes.NoAccess {
			t.Errorf("ParseAccess(%q) = %v, %v; want an error", in, got, err)
		}
	}
}

func TestAccess_MarshalText(t *testing.T) {
	t.Parallel()
	for a := hermes.LimitedRead; a <= hermes.FullWrite; a++ {
		var got hermes.Access
		text, err := a.MarshalText()
		if err != nil || got.UnmarshalText(text) != nil || got != a || string(text) != a.String() {
			t.Errorf("%v: got the text %q, %v, which is read as %v", a, text, err, got)
		}
	}
	if text, err := json.Marshal(hermes.NoAccess); err != nil || string(text) != `""` {
		t.Errorf("NoAccess in JSON: got %s, %v; want an empty string", text, err)
	}
	for _, a := range []hermes.Access{-1, 5} {
		if text, err := a.MarshalText(); err == nil {
			t.Errorf("%d: got the text %q, want an error", int(a), text)
		}
	}
}

func TestAccess_UnmarshalText(t *testing.T) {
	t.Parallel()
	a := hermes.FullWrite
	if err := a.UnmarshalText([]byte("root")); err == nil || a != hermes.FullWrite {
		t.Errorf("malformed text: got %v, %v; want an error and the value unchanged", a, err)
	}
	if err := a.UnmarshalText(nil); err != nil || a != hermes.NoAccess {
		t.Errorf("empty text: got %v, %v; want NoAccess", a, err)
	}
}

func TestAccess_Allows(t *testing.T) {
	t.Parallel()
	all := hermes.CanRead | hermes.CanSeeSecrets | hermes.CanWrite | hermes.CanAdminister
	for a := hermes.NoAccess; a <= hermes.FullWrite; a++ {
		for c := hermes.NoCapability; c <= all; c++ {
			if got := a.Allows(c); got != allows(a, c) {
				t.Errorf("%v allows %04b: %v; API.md's table says %v", a, c, got, !got)
			}
		}
	}
	if hermes.FullWrite.Allows(all << 1) {
		t.Error("full_write allows a capability that does not exist")
	}
	for _, a := range []hermes.Access{-1, 5} {
		if a.Allows(hermes.NoCapability) || a.Allows(hermes.CanRead) {
			t.Errorf("%d allows something, want nothing: it is not an access level", int(a))
		}
	}
}
