package hermes_test

import (
	"encoding/json"
	"errors"
	"testing"

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
