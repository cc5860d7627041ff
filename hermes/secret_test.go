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

// canary is a secret that is searched for in everything that is printed or logged.
const canary = "hunter2-canary"

// leaks reports whether s contains the canary, as text or as the numbers of its bytes.
func leaks(s string) bool {
	return strings.Contains(s, canary) || strings.Contains(s, fmt.Sprintf("%x", canary)) ||
		strings.Contains(s, fmt.Sprintf("%X", canary)) || strings.Contains(s, fmt.Sprint([]byte(canary)[:4])[1:])
}

// unexportedSecret has a secret in a field whose methods fmt cannot call.
type unexportedSecret struct{ secret hermes.Secret }

func TestSecret_Format(t *testing.T) {
	t.Parallel()
	s := hermes.NewSecret(canary)
	key, err := hermes.ParseSecretKey("aHVudGVyMi1jYW5hcnlodW50ZXIyLWNhbmFyeTEyMzQ")
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{
		"value":                       s,
		"pointer":                     &s,
		"slice":                       []hermes.Secret{s},
		"exported field":              struct{ S hermes.Secret }{s},
		"unexported field":            unexportedSecret{s},
		"pointer to unexported field": &unexportedSecret{s},
		"map value":                   map[string]hermes.Secret{"a": s},
		"map key":                     map[hermes.Secret]int{s: 1},
		"option":                      hermes.Some(s),
		"request":                     hermes.AuthLoginRequest{Username: "a", Password: s},
		"secret key":                  key,
		"field of a secret key":       struct{ k hermes.SecretKey }{key},
		"options":                     hermes.Options{SecretKeys: []hermes.SecretKey{key}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for verb := ' '; verb <= '~'; verb++ {
				for _, flags := range []string{"", "+", "#", "-40", " "} {
					if out := fmt.Sprintf("%"+flags+string(verb), v); leaks(out) {
						t.Errorf("%%%s%c prints %s", flags, verb, out)
					}
				}
			}
			if out := fmt.Sprint(v, v) + fmt.Sprintln(v); leaks(out) {
				t.Errorf("Sprint and Sprintln print %s", out)
			}
		})
	}
}

func TestSecret_MarshalJSON(t *testing.T) {
	t.Parallel()
	s := hermes.NewSecret(canary)
	for name, v := range map[string]any{
		"value":            s,
		"pointer":          &s,
		"option":           hermes.Some(s),
		"request":          &hermes.AuthLoginRequest{Password: s},
		"unexported field": unexportedSecret{s},
	} {
		text, err := json.Marshal(v)
		if err != nil || leaks(string(text)) {
			t.Errorf("%s: JSON is %s, %v", name, text, err)
		}
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		if leaks(out.String()) {
			t.Errorf("%s: the log has %s", name, out.String())
		}
	}
	if text, err := json.Marshal(s); err != nil || string(text) != `"[secret]"` {
		t.Errorf("JSON is %s, %v; want \"[secret]\"", text, err)
	}
}

func TestSecret_Reveal(t *testing.T) {
	t.Parallel()
	s := hermes.NewSecret(canary)
	if s.Reveal() != canary || s.IsZero() {
		t.Errorf("Reveal returns %q, IsZero returns %v; want the text and false", s.Reveal(), s.IsZero())
	}
	if s.String() != "[secret]" || s.GoString() != "[secret]" || fmt.Sprintf("%v", s) != "[secret]" {
		t.Errorf("got %v from String, GoString or %%v; want [secret]", s)
	}
	if s != hermes.NewSecret(canary) || s == hermes.NewSecret("other") {
		t.Error("secrets do not compare by their text")
	}
}

func TestSecret_zeroValue(t *testing.T) {
	t.Parallel()
	var zero hermes.Secret
	if !zero.IsZero() || zero.Reveal() != "" || zero != hermes.NewSecret("") || zero.String() != "[secret]" {
		t.Error("the zero value is not an empty secret")
	}
	if err := zero.UnmarshalText([]byte(canary)); err != nil || zero != hermes.NewSecret(canary) {
		t.Errorf("UnmarshalText read %q, %v; want %q", zero.Reveal(), err, canary)
	}
}
