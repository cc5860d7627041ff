package hermes_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestOpt(t *testing.T) {
	type object struct {
		A hermes.Opt[string] `json:"a,omitzero"`
		B hermes.Opt[int]    `json:"b,omitzero"`
	}
	for _, r := range []struct {
		value object
		text  string
		why   string
	}{
		{object{}, `{}`, "absent"},
		{object{hermes.Some(""), hermes.Some(0)}, `{"a":"","b":0}`, "empty is there all the same"},
		{object{A: hermes.Some("x")}, `{"a":"x"}`, "one of two"},
	} {
		text, err := json.Marshal(r.value)
		if err != nil || string(text) != r.text {
			t.Errorf("%+v is %s, %v; want %s: %s", r.value, text, err, r.text, r.why)
		}
		var back object
		if err := json.Unmarshal(text, &back); err != nil || back != r.value {
			t.Errorf("%s came back as %+v, %v: %s", text, back, err, r.why)
		}
	}
	if o := (hermes.Opt[time.Time]{}); !o.IsZero() || hermes.Some(time.Time{}).IsZero() {
		t.Error("IsZero looks at the value, want it to tell whether there is one")
	}
	if err := json.Unmarshal([]byte(`{"b":"x"}`), &object{}); err == nil {
		t.Error("a text was taken for a number")
	}
}

func TestDuration(t *testing.T) {
	const day = 24 * time.Hour
	for _, r := range []struct {
		in   string
		want time.Duration
		out  string
	}{
		{"90d", 90 * day, "90d"},
		{"2w", 14 * day, "14d"},
		{"12h", 12 * time.Hour, "12h0m0s"},
		{"12h30m", 12*time.Hour + 30*time.Minute, "12h30m0s"},
		{"48h", 2 * day, "2d"},
		{"0090d", 90 * day, "90d"},
		{"1ns", 1, "1ns"},
		{"65535d", 65535 * day, "65535d"},
		{"15250w", 15250 * 7 * day, "106750d"},
	} {
		var d hermes.Duration
		if err := d.UnmarshalText([]byte(r.in)); err != nil || time.Duration(d) != r.want {
			t.Errorf("%q is %v, %v; want %v", r.in, time.Duration(d), err, r.want)
		}
		if text, err := d.MarshalText(); err != nil || string(text) != r.out {
			t.Errorf("%q is written as %q, %v; want %q", r.in, text, err, r.out)
		}
	}
	for _, r := range []struct{ in, why string }{
		{"", "nothing"}, {"0d", "no time at all"}, {"0s", "no time at all"}, {"-1d", "before now"}, {"-1h", "before now"},
		{"90", "no unit"}, {"d", "no number"}, {"1d12h", "days with hours"}, {"1.5d", "half a day"}, {"+1d", "a sign"}, {" 1d", "a blank"},
		{"65536d", "more than a Duration holds"}, {"15251w", "more than a Duration holds"}, {"35000w", "so much more that it comes round"},
		{"1y", "years are of no one length"},
	} {
		d := hermes.Duration(7)
		if err := d.UnmarshalText([]byte(r.in)); err == nil || d != 7 {
			t.Errorf("%q is %v, %v; want an error and nothing changed: %s", r.in, time.Duration(d), err, r.why)
		}
	}
}
