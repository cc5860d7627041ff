package hermes_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestOpt_JSON(t *testing.T) {
	t.Parallel()
	type object struct {
		A hermes.Opt[string] `json:"a,omitzero"`
		B hermes.Opt[int]    `json:"b,omitzero"`
	}
	for _, r := range []struct {
		rule  string
		value object
		text  string
	}{
		{"absent values are left out", object{}, `{}`},
		{"empty values are present", object{hermes.Some(""), hermes.Some(0)}, `{"a":"","b":0}`},
		{"one value of two", object{A: hermes.Some("x")}, `{"a":"x"}`},
	} {
		text, err := json.Marshal(r.value)
		if err != nil || string(text) != r.text {
			t.Errorf("%s: %+v is written as %s, %v; want %s", r.rule, r.value, text, err, r.text)
		}
		var back object
		if err := json.Unmarshal(text, &back); err != nil || back != r.value {
			t.Errorf("%s: %s is read as %+v, %v; want %+v", r.rule, text, back, err, r.value)
		}
	}
	if err := json.Unmarshal([]byte(`{"b":"x"}`), &object{}); err == nil {
		t.Error("a string was read as a number")
	}
}

func TestOpt_IsZero(t *testing.T) {
	t.Parallel()
	if o := (hermes.Opt[time.Time]{}); !o.IsZero() {
		t.Error("an absent value is not zero")
	}
	if hermes.Some(time.Time{}).IsZero() {
		t.Error("a zero value that is present is taken for absent")
	}
}

func TestDuration_UnmarshalText(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, r := range []struct {
		in   string
		want time.Duration
		out  string // what MarshalText returns
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
			t.Errorf("%q is read as %v, %v; want %v", r.in, time.Duration(d), err, r.want)
		}
		if text, err := d.MarshalText(); err != nil || string(text) != r.out {
			t.Errorf("%q is written as %q, %v; want %q", r.in, text, err, r.out)
		}
	}
	for _, r := range []struct{ rule, in string }{
		{"zero days", "0d"},
		{"zero seconds", "0s"},
		{"a negative number of days", "-1d"},
		{"a negative number of hours", "-1h"},
		{"no unit", "90"},
		{"no number", "d"},
		{"days and hours", "1d12h"},
		{"a fraction of a day", "1.5d"},
		{"a plus sign", "+1d"},
		{"a leading blank", " 1d"},
		{"more days than are accepted", "65536d"},
		{"more weeks than a time.Duration holds", "15251w"},
		{"so many weeks that the product would be positive again", "35000w"},
		{"years, which differ in length", "1y"},
	} {
		d := hermes.Duration(7)
		if err := d.UnmarshalText([]byte(r.in)); err == nil || d != 7 {
			t.Errorf("%s: %q is read as %v, %v; want an error and the old value", r.rule, r.in, time.Duration(d), err)
		}
	}
}
