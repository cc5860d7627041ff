package hermesdtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// Endpoint calls the API at a URL.
type Endpoint struct {
	URL  string
	HTTP *http.Client
}

// DialedBy returns the endpoint for a client that connects by a dialer, such as one with another
// loopback address, which servers take for another network. The connections that the client does
// not use are closed when the test ends.
func (e Endpoint) DialedBy(tb testing.TB, d net.Dialer) Endpoint {
	tb.Helper()
	transport := &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: 64}
	tb.Cleanup(transport.CloseIdleConnections)
	e.HTTP = &http.Client{Transport: transport}
	return e
}

// Session has the secrets that a request shows. The zero value is a request without a session.
type Session struct{ ID, AuthKey, Cookie string }

// SessionOf returns the session of an answer to auth/login.
func SessionOf(a Answer) Session {
	s := Session{ID: a.Text("session"), AuthKey: a.Text("auth_key")}
	for _, cookie := range (&http.Response{Header: a.Header}).Cookies() {
		s.Cookie = cookie.Value
	}
	return s
}

// Answer is an HTTP response of the API.
type Answer struct {
	Status  int
	Header  http.Header
	Body    string
	Members map[string]any // of the JSON object; nil for plain text
}

// Text returns a member that is a string.
func (a Answer) Text(name string) string {
	s, _ := a.Members[name].(string)
	return s
}

// Class returns the response and its cause: ok, failed/exists, ok/nonexistant. Plain text is ok.
func (a Answer) Class() string {
	switch {
	case a.Members == nil:
		return "ok"
	case a.Text("cause") == "":
		return a.Text("response")
	}
	return a.Text("response") + "/" + a.Text("cause")
}

// Decode decodes the JSON object into v, or ends the test.
func (a Answer) Decode(tb testing.TB, v any) {
	tb.Helper()
	if err := json.Unmarshal([]byte(a.Body), v); err != nil {
		tb.Fatalf("%v: %s", err, a.Body)
	}
}

// ReadAnswer reads the answer of an HTTP response. The caller closes its body.
func ReadAnswer(res *http.Response) (a Answer, err error) {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return a, err
	}
	a = Answer{Status: res.StatusCode, Header: res.Header, Body: string(body)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		return a, nil
	}
	if err := json.Unmarshal(body, &a.Members); err != nil {
		return a, fmt.Errorf("the answer is not a JSON object: %w: %q", err, body)
	}
	return a, nil
}

// Begin calls a node with a session and an encoded form. The caller reads the answer and closes its
// body.
func (e Endpoint) Begin(ctx context.Context, s Session, node, form string) (*http.Response, error) {
	if s.AuthKey != "" {
		form += "&session=" + s.ID + "&auth_key=" + s.AuthKey
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL+"/api/"+node, strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s.Cookie != "" {
		r.AddCookie(&http.Cookie{Name: "hermes", Value: s.Cookie})
	}
	return e.HTTP.Do(r)
}

// Post is like Begin, and reads the answer.
func (e Endpoint) Post(ctx context.Context, s Session, node, form string) (a Answer, err error) {
	res, err := e.Begin(ctx, s, node, form)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	return ReadAnswer(res)
}

// Call is like Post, and ends the test if there is no answer.
func (e Endpoint) Call(tb testing.TB, s Session, node, form string) Answer {
	tb.Helper()
	a, err := e.Post(tb.Context(), s, node, form)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// MustCall is like Call, and ends the test if the answer is not of the wanted class.
func (e Endpoint) MustCall(tb testing.TB, want string, s Session, node, form string) Answer {
	tb.Helper()
	a := e.Call(tb, s, node, form)
	if a.Class() != want {
		tb.Fatalf("%s %s: answered %s, want %s", node, form, a.Body, want)
	}
	return a
}

// MustLogin opens a session.
func (e Endpoint) MustLogin(tb testing.TB, form string) Session {
	tb.Helper()
	return SessionOf(e.MustCall(tb, "ok", Session{}, "auth/login", form))
}
