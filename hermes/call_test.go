package hermes

import (
	"errors"
	"strings"
	"testing"
)

func TestClient_With(t *testing.T) {
	t.Parallel()
	c := &Client{call: CallOptions{IdempotencyKey: "k"}}
	with := c.With(CallOptions{RequestID: "r"})
	if want := (CallOptions{RequestID: "r"}); with.call != want {
		t.Errorf("With: %+v, want %+v", with.call, want)
	}
	if want := (CallOptions{DryRun: true, RequestID: "r"}); with.DryRun().call != want {
		t.Errorf("DryRun: %+v, want %+v", with.DryRun().call, want)
	}
	if want := (CallOptions{IdempotencyKey: "k"}); c.call != want {
		t.Errorf("the Client itself has %+v, want %+v", c.call, want)
	}
}

func TestCallOptions_Check(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why, key string
		ok       bool
	}{
		{"no key", "", true},
		{"one character", "k", true},
		{"every kind of character", "aZ09._-", true},
		{"the longest", strings.Repeat("k", 64), true},
		{"too long", strings.Repeat("k", 65), false},
		{"a blank", "a b", false},
		{"another punctuation mark", "a/b", false},
		{"a letter that is not ASCII", "ø", false},
		{"no UTF-8", "\xff", false},
	} {
		err := CallOptions{IdempotencyKey: tt.key}.Check()
		if tt.ok != (err == nil) || err != nil && !errors.Is(err, Parameters) {
			t.Errorf("%s: %q: %v, want it accepted: %t", tt.why, tt.key, err, tt.ok)
		}
	}
}
