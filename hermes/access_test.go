package hermes_test

import (
	"encoding/json"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestParseAccess(t *testing.T) {
	for in, want := range map[string]hermes.Access{
		"limited_read": hermes.LimitedRead, "1": hermes.LimitedRead,
		"full_read": hermes.FullRead, "2": hermes.FullRead,
		"limited_write": hermes.LimitedWrite, "3": hermes.LimitedWrite,
		"full_write": hermes.FullWrite, "4": hermes.FullWrite,
	} {
		a, err := hermes.ParseAccess(in)
		if err != nil || a != want {
			t.Errorf("%q is %v, %v; want %v", in, a, err, want)
		}
		var b hermes.Access
		text, err := a.MarshalText()
		if err != nil || b.UnmarshalText(text) != nil || b != a || string(text) != a.String() {
			t.Errorf("%v came back as %v from %q, %v", a, b, text, err)
		}
	}
	for _, in := range []string{"", "0", "5", "-1", "01", "+1", " 1", "Full_Write", "full_write ", "fullwrite", "15"} {
		if a, err := hermes.ParseAccess(in); err == nil || a != hermes.NoAccess {
			t.Errorf("%q is %v, %v; want an error", in, a, err)
		}
	}
}

func TestAccessText(t *testing.T) {
	a := hermes.FullWrite
	if err := a.UnmarshalText([]byte("root")); err == nil || a != hermes.FullWrite {
		t.Errorf("a bad text left %v, %v; want an error and nothing changed", a, err)
	}
	if err := a.UnmarshalText(nil); err != nil || a != hermes.NoAccess {
		t.Errorf("an empty text left %v, %v; want no access", a, err)
	}
	if text, err := json.Marshal(hermes.NoAccess); err != nil || string(text) != `""` {
		t.Errorf("no access is %s, %v", text, err)
	}
	for _, a := range []hermes.Access{-1, 5} {
		if text, err := a.MarshalText(); err == nil {
			t.Errorf("%d was written as %q", int(a), text)
		}
		if a.Allows(hermes.NoCapability) || a.Allows(hermes.CanRead) {
			t.Errorf("%v allows something", a)
		}
	}
}

func TestAccessAllows(t *testing.T) {
	every := hermes.CanRead | hermes.CanSeeSecrets | hermes.CanWrite | hermes.CanAdminister
	for a := hermes.NoAccess; a <= hermes.FullWrite; a++ {
		for c := hermes.NoCapability; c <= every; c++ {
			if got := a.Allows(c); got != allows(a, c) {
				t.Errorf("%v allows %04b: %v, API.md's table says %v", a, c, got, !got)
			}
		}
	}
	if hermes.FullWrite.Allows(every << 1) {
		t.Error("a capability that nobody has is allowed")
	}
}
