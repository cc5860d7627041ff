package security_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/sip"
)

// testTime is the time of every server, unless a test gives another.
var testTime = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// endpoint calls the API at a URL.
type endpoint struct {
	url  string
	http *http.Client
}

// server is a Client and its Handler on a loopback port: hermesd without the process.
type server struct {
	endpoint
	store   hermes.Store
	client  *hermes.Client // acts as the program itself
	handler *api.Handler
}

// newServer serves a store, whose clock stands at now. All servers have the same secret key, so
// that two of them on one database work together as two hermesd do.
func newServer(t *testing.T, store hermes.Store, now time.Time) *server {
	t.Helper()
	key, err := hermes.ParseSecretKey(strings.Repeat("k", 43))
	if err != nil {
		t.Fatal(err)
	}
	client, err := hermes.New(store, &hermes.Options{
		SecretKeys:      []hermes.SecretKey{key},
		Domains:         []sip.Domain{sip.MustParseDomain("example.com"), sip.MustParseDomain("other.example")},
		Backends:        []hermes.Backend{local.New(&local.Options{MemoryKiB: 64, Passes: 1})},
		Now:             func() time.Time { return now },
		FailedLoginTime: -1,
		Resolver:        noResolver{},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &server{store: store, client: client, handler: api.New(client.As(hermes.Actor{}), nil)}
	h := httptest.NewServer(s.handler)
	t.Cleanup(h.Close)
	s.url, s.http = h.URL, h.Client()
	return s
}

// noResolver resolves no host, so that tests send nothing to a name server.
type noResolver struct{}

func (noResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, errors.New("no such host")
}

// session has the secrets that a request shows. The zero value is a request without a session.
type session struct{ id, authKey, cookie string }

// sessionOf returns the session of an answer to auth/login.
func sessionOf(a answer) session {
	s := session{id: a.text("session"), authKey: a.text("auth_key")}
	for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
		s.cookie = cookie.Value
	}
	return s
}

// answer is an HTTP response of the API.
type answer struct {
	status  int
	header  http.Header
	body    string
	members map[string]any // of the JSON object; nil for plain text
}

// text returns a member that is a string.
func (a answer) text(name string) string {
	s, _ := a.members[name].(string)
	return s
}

// class returns the response and its cause: ok, failed/exists, ok/nonexistant. Plain text is ok.
func (a answer) class() string {
	switch {
	case a.members == nil:
		return "ok"
	case a.text("cause") == "":
		return a.text("response")
	}
	return a.text("response") + "/" + a.text("cause")
}

func readAnswer(res *http.Response) (a answer, err error) {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return a, err
	}
	a = answer{status: res.StatusCode, header: res.Header, body: string(body)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		return a, nil
	}
	if err := json.Unmarshal(body, &a.members); err != nil {
		return a, fmt.Errorf("the answer is not a JSON object: %w: %q", err, body)
	}
	return a, nil
}

// post calls a node with a session and an encoded form.
func (e endpoint) post(ctx context.Context, s session, node, form string) (a answer, err error) {
	if s.authKey != "" {
		form += "&session=" + s.id + "&auth_key=" + s.authKey
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url+"/api/"+node, strings.NewReader(form))
	if err != nil {
		return a, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s.cookie != "" {
		r.AddCookie(&http.Cookie{Name: "hermes", Value: s.cookie})
	}
	res, err := e.http.Do(r)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	return readAnswer(res)
}

// call is like post, and fails the test if there is no answer.
func (e endpoint) call(t *testing.T, s session, node, form string) answer {
	t.Helper()
	a, err := e.post(t.Context(), s, node, form)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// mustCall is like call, and fails the test if the answer is not of the wanted class.
func (e endpoint) mustCall(t *testing.T, want string, s session, node, form string) answer {
	t.Helper()
	a := e.call(t, s, node, form)
	if a.class() != want {
		t.Fatalf("%s %s: answered %s, want %s", node, form, a.body, want)
	}
	return a
}

// mustLogin opens a session.
func (e endpoint) mustLogin(t *testing.T, form string) session {
	t.Helper()
	return sessionOf(e.mustCall(t, "ok", session{}, "auth/login", form))
}

// withChecksum returns the token with the CRC-32 that Hermes' tokens end in, in base 62.
func withChecksum(token string) string {
	const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := crc32.ChecksumIEEE([]byte(token))
	digits := make([]byte, 6)
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = base62[sum%62]
		sum /= 62
	}
	return token + string(digits)
}
