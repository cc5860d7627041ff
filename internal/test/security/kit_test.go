package security_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
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

// noon is when all happens, unless a test says otherwise.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// site is what one hermesd is, without the process: a Client, and a Handler on a loopback port.
type site struct {
	testing.TB
	store   hermes.Store
	client  *hermes.Client // acts as the program itself
	handler *api.Handler
	url     string
	http    *http.Client
}

// newKey draws a secret key.
func newKey(tb testing.TB) hermes.SecretKey {
	tb.Helper()
	key, err := hermes.ParseSecretKey(strings.Repeat("k", 43))
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// noNames resolves nothing, so that no test asks beyond this machine.
type noNames struct{}

func (noNames) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, errors.New("no such host")
}

// newSite serves a store. All sites have the same secret key, so that two of one database are as two hermesd are.
func newSite(tb testing.TB, store hermes.Store, change func(*hermes.Options)) *site {
	tb.Helper()
	o := hermes.Options{
		SecretKeys: []hermes.SecretKey{newKey(tb)}, Domains: []sip.Domain{sip.MustParseDomain("example.com")},
		Backends: []hermes.Backend{local.New(&local.Options{MemoryKiB: 64, Passes: 1})},
		Now:      func() time.Time { return noon }, FailedLoginTime: -1, Resolver: noNames{},
	}
	if change != nil {
		change(&o)
	}
	client, err := hermes.New(store, &o)
	if err != nil {
		tb.Fatal(err)
	}
	s := &site{TB: tb, store: store, client: client, handler: api.New(client.As(hermes.Actor{}), nil)}
	server := httptest.NewServer(s.handler)
	tb.Cleanup(server.Close)
	s.url, s.http = server.URL, server.Client()
	return s
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// caller is a session; the zero value has none.
type caller struct{ session, authKey, cookie string }

// answer is a response, and what programs read of it.
type answer struct {
	status  int
	header  http.Header
	body    string
	members map[string]any // nil for plain text
}

func (a answer) text(name string) string {
	s, _ := a.members[name].(string)
	return s
}

// is names the answer as API.md does: ok, failed/exists, ok/nonexistant.
func (a answer) is() string {
	switch {
	case a.members == nil:
		return "ok"
	case a.text("cause") == "":
		return a.text("response")
	}
	return a.text("response") + "/" + a.text("cause")
}

// ask posts a node's parameters, which are encoded as a form is.
func (s *site) ask(c caller, node, form string) answer {
	s.Helper()
	a, err := s.try(c, node, form)
	s.must(err)
	return a
}

// try is ask for goroutines of their own.
func (s *site) try(c caller, node, form string) (a answer, err error) {
	if c.authKey != "" {
		form += "&session=" + c.session + "&auth_key=" + c.authKey
	}
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+"/api/"+node, strings.NewReader(form))
	if err != nil {
		return a, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.cookie != "" {
		r.AddCookie(&http.Cookie{Name: "hermes", Value: c.cookie})
	}
	res, err := s.http.Do(r)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	return read(res)
}

func read(res *http.Response) (a answer, err error) {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return a, err
	}
	a = answer{status: res.StatusCode, header: res.Header, body: string(body)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		return a, nil
	}
	if err := json.Unmarshal(body, &a.members); err != nil {
		return a, fmt.Errorf("the answer is no JSON object: %w: %q", err, body)
	}
	return a, nil
}

// wants asks and compares what the answer is.
func (s *site) wants(want string, c caller, node, form string) answer {
	s.Helper()
	a := s.ask(c, node, form)
	if a.is() != want {
		s.Fatalf("%s %s: answered %s, want %s", node, form, a.body, want)
	}
	return a
}

// login opens a session by what form shows.
func (s *site) login(form string) caller {
	s.Helper()
	return callerOf(s.wants("ok", caller{}, "auth/login", form))
}

// callerOf reads the answer to a login.
func callerOf(a answer) caller {
	c := caller{session: a.text("session"), authKey: a.text("auth_key")}
	for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
		c.cookie = cookie.Value
	}
	return c
}

// checksummed ends a token in the CRC-32 that SECURITY.md describes.
func checksummed(token string) string {
	sum := new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(token))))
	digits := strings.Map(func(r rune) rune { // Go's digits have the small letters first
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return r
	}, sum.Text(62))
	return token + strings.Repeat("0", 6-len(digits)) + digits
}
