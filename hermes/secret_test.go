package hermes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// TestSecret_reflection checks printers that read unexported fields and follow pointers.
func TestSecret_reflection(t *testing.T) {
	t.Parallel()
	v := unexportedSecret{hermes.NewSecret(canary)}
	all := cmp.AllowUnexported(unexportedSecret{}, hermes.Secret{})
	if diff := cmp.Diff(v, unexportedSecret{}, all); diff == "" || leaks(diff) {
		t.Errorf("cmp.Diff prints %q", diff)
	}
	if diff := cmp.Diff(v, unexportedSecret{hermes.NewSecret(canary)}, all); diff != "" {
		t.Errorf("equal secrets differ: %s", diff)
	}
}

// TestNewSecret_texts checks texts around the sizes of the blocks that a Secret is made of, and
// that what can be printed of two of them does not show what they have in common.
func TestNewSecret_texts(t *testing.T) {
	t.Parallel()
	texts := []string{" ", "\x00", "\x00\x00", "\x80", "\x80\x00", "a\x80", "ü"}
	for _, c := range "a\x00\x80" {
		for n := range 70 {
			texts = append(texts, "x"+strings.Repeat(string(c), n))
		}
	}
	printed := map[string]string{}
	for _, text := range texts {
		s := hermes.NewSecret(text)
		if s.Reveal() != text || s.IsZero() || s != hermes.NewSecret(text) {
			t.Errorf("the secret of %q reveals %q, want that, and equality", text, s.Reveal())
		}
		const prefix = 20 // hexadecimal digits, of which two texts have none in common but by chance
		masked := fmt.Sprintf("%x", any(unexportedSecret{s}))
		for at, name := range map[int]string{0: "first", len(masked) - prefix - 1: "last"} {
			part := name + masked[at:at+prefix]
			if other, ok := printed[part]; ok && other != text {
				t.Errorf("the secrets of %q and %q have the same %s digits", text, other, name)
			}
			printed[part] = text
		}
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
