package hermes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

const canary = "hunter2-canary"

// leaks tells whether a text has the canary, in letters or as numbers of its bytes.
func leaks(s string) bool {
	return strings.Contains(s, canary) || strings.Contains(s, fmt.Sprintf("%x", canary)) ||
		strings.Contains(s, fmt.Sprintf("%X", canary)) || strings.Contains(s, fmt.Sprint([]byte(canary)[:4])[1:])
}

// hidden has a secret where fmt cannot call methods.
type hidden struct{ secret hermes.Secret }

func TestSecretIsNotPrinted(t *testing.T) {
	s := hermes.NewSecret(canary)
	key, err := hermes.ParseSecretKey("aHVudGVyMi1jYW5hcnlodW50ZXIyLWNhbmFyeTEyMzQ")
	if err != nil {
		t.Fatal(err)
	}
	for what, v := range map[string]any{
		"value": s, "pointer": &s, "slice": []hermes.Secret{s}, "field": struct{ S hermes.Secret }{s},
		"unexported field": hidden{s}, "pointer to one": &hidden{s}, "map": map[string]hermes.Secret{"a": s}, "key of a map": map[hermes.Secret]int{s: 1},
		"option": hermes.Some(s), "request": hermes.AuthLoginRequest{Username: "a", Password: s},
		"secret key": key, "field of a secret key": struct{ k hermes.SecretKey }{key}, "options": hermes.Options{SecretKeys: []hermes.SecretKey{key}},
	} {
		for verb := ' '; verb <= '~'; verb++ {
			for _, flags := range []string{"", "+", "#", "-40", " "} {
				if out := fmt.Sprintf("%"+flags+string(verb), v); leaks(out) {
					t.Errorf("%%%s%c of a %s: %s", flags, verb, what, out)
				}
			}
		}
		if out := fmt.Sprint(v, v) + fmt.Sprintln(v); leaks(out) {
			t.Errorf("Print of a %s: %s", what, out)
		}
	}
}

func TestSecretIsNotEncoded(t *testing.T) {
	s := hermes.NewSecret(canary)
	for what, v := range map[string]any{
		"value": s, "pointer": &s, "option": hermes.Some(s), "request": &hermes.AuthLoginRequest{Password: s}, "unexported field": hidden{s},
	} {
		text, err := json.Marshal(v)
		if err != nil || leaks(string(text)) {
			t.Errorf("JSON of a %s: %s, %v", what, text, err)
		}
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		if leaks(out.String()) {
			t.Errorf("log of a %s: %s", what, out.String())
		}
	}
	if text, err := json.Marshal(s); err != nil || string(text) != `"[secret]"` {
		t.Errorf("JSON: %s, %v", text, err)
	}
}

func TestSecret(t *testing.T) {
	s := hermes.NewSecret(canary)
	if s.Reveal() != canary || s.IsZero() || s.String() != "[secret]" || s.GoString() != "[secret]" || fmt.Sprintf("%v", s) != "[secret]" {
		t.Errorf("%v: want the text by Reveal and [secret] otherwise", s)
	}
	if s != hermes.NewSecret(canary) || s == hermes.NewSecret("other") {
		t.Error("secrets do not compare by their text")
	}
	var zero hermes.Secret
	if !zero.IsZero() || zero.Reveal() != "" || zero != hermes.NewSecret("") || zero.String() != "[secret]" {
		t.Error("the zero value is no empty secret")
	}
	if err := zero.UnmarshalText([]byte(canary)); err != nil || zero != s {
		t.Errorf("read as %q, %v", zero.Reveal(), err)
	}
}
