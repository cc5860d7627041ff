package main

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/doctor"
)

func TestParseLowWater(t *testing.T) {
	t.Parallel()
	var marks []doctor.LowWater
	if err := setList(&marks, parseLowWater)("+4773=100, +1=5\n+999999999999999=1"); err != nil {
		t.Fatal(err)
	}
	want := []doctor.LowWater{{Prefix: "+4773", Count: 100}, {Prefix: "+1", Count: 5}, {Prefix: "+999999999999999", Count: 1}}
	if !slices.Equal(marks, want) {
		t.Errorf("got %v, want %v", marks, want)
	}
	for _, row := range []struct{ text, why string }{
		{"+4773", "no count"}, {"+4773=", "an empty count"}, {"+4773=0", "a count of zero"}, {"+4773=-1", "a negative count"},
		{"4773=1", "no plus sign"}, {"+=1", "no digit"}, {"+0=1", "a code that begins with 0"}, {"+47*=1", "a pattern"},
		{"+1234567890123456=1", "more digits than a number has"}, {"=1", "no prefix"},
	} {
		if got, err := parseLowWater(row.text); err == nil {
			t.Errorf("%s: %q is read as %v", row.why, row.text, got)
		}
	}
}

func TestParseQuarantine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"0": 0, "90d": 90 * 24 * time.Hour, "12h": 12 * time.Hour} {
		if got, err := parseQuarantine(text); got != want || err != nil {
			t.Errorf("%q is read as %v, %v; want %v", text, got, err, want)
		}
	}
	if _, err := parseQuarantine("90"); err == nil || !strings.Contains(err.Error(), "0 for none") {
		t.Errorf("without a unit: %v, want an error that says what 0 means", err)
	}
}

func TestNumberWatch_Look(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	client, err := hermes.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	config := &config{numberLowWater: []doctor.LowWater{{Prefix: "+4773", Count: 2}, {Prefix: "+46", Count: 1}}}
	w := &numberWatch{
		server: &server{config: config, client: client, log: slog.New(slog.NewTextHandler(&log, nil))},
		warned: map[doctor.LowWater]time.Time{},
	}
	add := func(texts ...string) {
		for _, text := range texts {
			if _, err := client.NumberAdd(t.Context(), hermes.NumberAddRequest{Number: e164.MustParse(text)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	hold := func(ttl time.Duration) {
		_, err := client.NumberHold(t.Context(), hermes.NumberHoldRequest{Number: e164.MustParse("+4773500001"), TTL: hermes.Duration(ttl)})
		if err != nil {
			t.Fatal(err)
		}
	}
	add("+4773500001", "+4773500002", "+4673500001")
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, step := range []struct {
		why    string
		before func()
		minute int
		want   int // warnings
	}{
		{"there are enough", func() {}, 0, 0},
		{"one is held", func() { hold(time.Hour) }, 1, 1},
		{"still few, less than an hour later", func() {}, 60, 0},
		{"still few, an hour later", func() {}, 61, 1},
		{"enough again", func() { add("+4773500003") }, 62, 0},
		{"few again, at once", func() {
			if _, err := client.NumberRemove(t.Context(), hermes.NumberRemoveRequest{Number: e164.MustParse("+4773500003")}); err != nil {
				t.Fatal(err)
			}
		}, 63, 1},
	} {
		log.Reset()
		step.before()
		w.look(t.Context(), begin.Add(time.Duration(step.minute)*time.Minute))
		text := log.String()
		if got := strings.Count(text, "level=WARN"); got != step.want ||
			step.want > 0 && !strings.Contains(text, `msg="1 free numbers under +4773, fewer than 2" prefix=+4773 free=1 mark=2`) {
			t.Errorf("%s: %d warnings, want %d about +4773: %s", step.why, got, step.want, text)
		}
	}
}
