package security_test

import (
	"context"
	"errors"
	"hash/crc32"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/sip"
)

// testTime is the time of every server, unless a test gives another.
var testTime = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// server is a Client and its Handler on a loopback port: hermesd without the process.
type server struct {
	hermesdtest.Endpoint
	store   hermes.Store
	client  *hermes.Client // acts as the program itself
	handler *api.Handler
}

// newServer serves a store, whose clock stands at now.
func newServer(t *testing.T, store hermes.Store, now time.Time) *server {
	t.Helper()
	s, h := newUnstarted(t, store, hermes.Options{
		Backends: []hermes.Backend{newLocal()}, Resolver: noResolver{}, Now: func() time.Time { return now },
	})
	s.start(t, h)
	return s
}

// newLocal returns a backend whose hashes cost little.
func newLocal() *local.Backend { return local.New(&local.Options{MemoryKiB: 64, Passes: 1}) }

// newUnstarted returns a server that does not listen yet. All servers have the same secret key, so
// that two of them on one database work together as two hermesd do.
func newUnstarted(t *testing.T, store hermes.Store, opts hermes.Options) (*server, *httptest.Server) {
	t.Helper()
	key, err := hermes.ParseSecretKey(strings.Repeat("k", 43))
	if err != nil {
		t.Fatal(err)
	}
	opts.PhoneFiles, opts.SecretKeys, opts.FailedLoginTime = provision.Embedded(), []hermes.SecretKey{key}, -1
	opts.Domains = []sip.Domain{sip.MustParseDomain("example.com"), sip.MustParseDomain("other.example")}
	client, err := hermes.New(store, &opts)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{store: store, client: client, handler: api.New(client.As(hermes.Actor{}), nil)}
	return s, httptest.NewUnstartedServer(s.handler)
}

// start makes the server listen until the test ends.
func (s *server) start(t *testing.T, h *httptest.Server) {
	h.Start()
	t.Cleanup(h.Close)
	s.URL, s.HTTP = h.URL, h.Client()
}

// noResolver resolves no host, so that tests send nothing to a name server.
type noResolver struct{}

func (noResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, errors.New("no such host")
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
