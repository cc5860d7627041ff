package hermes_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestError_Is(t *testing.T) {
	t.Parallel()
	err := error(&hermes.Error{
		Node: "user/get", Response: hermes.Failed, Cause: hermes.NotFound, Detail: "there is no user", Err: errDisk,
	})
	for _, tt := range []struct {
		rule   string
		target error
		want   bool
	}{
		{"its cause", hermes.NotFound, true},
		{"another cause", hermes.Exists, false},
		{"its inner error", errDisk, true},
		{"another error", errors.New("x"), false},
	} {
		if got := errors.Is(err, tt.target); got != tt.want {
			t.Errorf("%s: errors.Is(err, %v) is %v, want %v", tt.rule, tt.target, got, tt.want)
		}
	}
}

func TestError_Error(t *testing.T) {
	t.Parallel()
	var err error = &hermes.Error{
		Node: "user/get", Response: hermes.Failed, Cause: hermes.NotFound, Detail: "there is no user", Err: errDisk,
	}
	if want := "user/get: failed/nonexistant: there is no user"; err.Error() != want {
		t.Errorf("got %q, want %q, without the inner error", err, want)
	}
	err = &hermes.Error{
		Response: hermes.Failed, Cause: hermes.Rejected, Detail: "Not a valid E164 number", Description: "end: too long",
	}
	if want := "failed/rejected: Not a valid E164 number: end: too long"; err.Error() != want {
		t.Errorf("got %q, want %q, with the description", err, want)
	}
	err = newEnv(t).withAccess(hermes.LimitedRead).Authorize("user/add", nil)
	if want := "user/add: failed/forbidden: the access level limited_read does not allow this"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if !errors.Is(err, hermes.Forbidden) || errors.Is(err, hermes.Unauthorized) {
		t.Errorf("errors.Is does not find the cause %s, or finds another one", hermes.Forbidden)
	}
}

func TestCause_Error(t *testing.T) {
	t.Parallel()
	if got := hermes.NotFound.Error(); got != "nonexistant" {
		t.Errorf("got %q, want the keyword %q", got, "nonexistant")
	}
}

// structFault is an inner error whose fields every encoder would show.
type structFault struct{ Query string }

func (f structFault) Error() string { return f.Query }

// encodings returns the ways in which an error may leave the process by accident.
func encodings() map[string]func(v any) (string, error) {
	log := func(handler func(*bytes.Buffer) slog.Handler) func(any) (string, error) {
		return func(v any) (string, error) {
			var b bytes.Buffer
			slog.New(handler(&b)).Info("x", "err", v, slog.Group("in", "err", v))
			return b.String(), nil
		}
	}
	all := map[string]func(any) (string, error){
		"JSON":        func(v any) (string, error) { b, err := json.Marshal(v); return string(b), err },
		"JSON in map": func(v any) (string, error) { b, err := json.Marshal(map[string]any{"e": v}); return string(b), err },
		"XML":         func(v any) (string, error) { b, err := xml.Marshal(v); return string(b), err },
		"gob": func(v any) (string, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(v)
			return b.String(), err
		},
		"slog.JSONHandler": log(func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) }),
		"slog.TextHandler": log(func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) }),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		all[verb] = func(v any) (string, error) { return fmt.Sprintf(verb, v), nil }
		all["in a slice "+verb] = func(v any) (string, error) { return fmt.Sprintf(verb, []any{v}), nil }
	}
	return all
}

// No encoding of an error has its inner error, whether the error is a pointer or a value.
func TestError_innerErrorStaysInside(t *testing.T) {
	t.Parallel()
	gob.Register(structFault{})
	inner := structFault{Query: "INSERT INTO subscriber"}
	hexInner := fmt.Sprintf("%x", inner.Query)
	e := hermes.Error{
		Node: "user/update", Response: hermes.Failed, Cause: hermes.StoreFailed, Detail: "not stored",
		Fields: []string{"email"}, RetryAfter: 1, Err: inner,
	}
	for name, encode := range encodings() {
		for kind, v := range map[string]any{"pointer": &e, "value": e} {
			got, err := encode(v)
			if err != nil || strings.Contains(got, inner.Query) || strings.Contains(got, hexInner) {
				t.Errorf("%s of a %s: got %q, %v; want no error and no %q", name, kind, got, err, inner.Query)
			}
			if !strings.Contains(got, e.Detail) && !strings.HasSuffix(name, "%x") {
				t.Errorf("%s of a %s: got %q, want the detail in it", name, kind, got)
			}
		}
	}
}

// A zero error and a nil pointer can be encoded, printed and asked.
func TestError_zero(t *testing.T) {
	t.Parallel()
	var none *hermes.Error
	for name, encode := range encodings() {
		if got, err := encode(&hermes.Error{}); err != nil || strings.Contains(got, "panic") {
			t.Errorf("%s of a zero error: got %q, %v", name, got, err)
		}
		if name == "gob" {
			continue // package gob refuses every nil pointer
		}
		if got, err := encode(none); err != nil || strings.Contains(got, "panic") || strings.Contains(got, "PANIC") {
			t.Errorf("%s of a nil pointer: got %q, %v", name, got, err)
		}
	}
	if none.Error() != "<nil>" || errors.Is(none, hermes.NotFound) || none.Unwrap() != nil {
		t.Errorf("nil pointer: got %q, a cause or an inner error; want <nil>, none, none", none.Error())
	}
}

// Package gob keeps all but the inner error.
func TestError_GobDecode(t *testing.T) {
	t.Parallel()
	e := hermes.Error{
		Node: "auth/login", Response: hermes.Failed, Cause: hermes.Throttled, Detail: "wait", Fields: []string{"x"},
		RetryAfter: time.Second, Err: errDisk,
	}
	var b bytes.Buffer
	var got hermes.Error
	if err := errors.Join(gob.NewEncoder(&b).Encode(&e), gob.NewDecoder(&b).Decode(&got)); err != nil {
		t.Fatal(err)
	}
	e.Err = nil
	if !reflect.DeepEqual(got, e) {
		t.Errorf("got %#v, want %#v", got, e)
	}
	if err := got.GobDecode([]byte("{")); err == nil {
		t.Error("GobDecode of no JSON: got no error")
	}
}

// The JSON of an error is that of the API, whether it is encoded as a pointer, as a value or inside
// of another one. It never has the inner error.
func TestError_MarshalJSON(t *testing.T) {
	t.Parallel()
	e := hermes.Error{
		Node: "user/update", Response: hermes.Failed, Cause: hermes.StoreFailed, Detail: "not stored",
		Fields: []string{"email"}, RetryAfter: 1, Err: errDisk,
	}
	const want = `{"response":"failed","cause":"dbfail","detail":"not stored","failed":["email"]}`
	for name, v := range map[string]any{"pointer": &e, "value": e} {
		if got, err := json.Marshal(v); err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, want)
		}
	}
	if got, err := json.Marshal(map[string]any{"error": e}); err != nil || string(got) != `{"error":`+want+`}` {
		t.Errorf("inside of a map: got %s, %v", got, err)
	}
	e.Fields, e.Description = nil, "which"
	const described = `{"response":"failed","cause":"dbfail","detail":"not stored","description":"which"}`
	if got, err := json.Marshal(&e); err != nil || string(got) != described {
		t.Errorf("with a description: got %s, %v; want %s", got, err, described)
	}
	e.Description = ""
	const without = `{"response":"failed","cause":"dbfail","detail":"not stored"}`
	if got, err := json.Marshal(&e); err != nil || string(got) != without {
		t.Errorf("without fields: got %s, %v; want %s", got, err, without)
	}
}
