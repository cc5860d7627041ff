package apitest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/sip"
)

// Password is the password of every API user of a [Server].
const Password = "correct horse"

// Origin is the origin of a [Server], for which key pairs sign.
const Origin = "https://hermes.example.com"

// Server is the API over a store, without a network. It has an API user for each access level,
// named reader, auditor, writer and admin, and serves the domains example.com and example.net.
type Server struct {
	Client  *hermes.Client // may do everything
	Handler *api.Handler

	// These handlers have the same store and users as Handler, with one difference each.

	Broken   *api.Handler // every call of the store but Session fails
	Down     *api.Handler // every call of the store fails
	ReadOnly *api.Handler // the authentication backend cannot be written, and Kamailio cannot be asked

	clients map[http.Handler]*hermes.Client // of the handlers; each may do everything
	now     time.Time
	random  *lockedReader
}

// Options configure a [Server]. The zero value is usable.
type Options struct {
	// Client is the configuration of the Client. SecretKeys, Domains, Backends, Origin, Now, Rand,
	// FailedLoginTime, Contacts, ResyncContact and PhoneFiles are overwritten.
	Client hermes.Options
	API    api.Options
}

// NewServer returns a Server over an empty store. If opts is nil, the defaults apply.
func NewServer(tb testing.TB, store hermes.Store, opts *Options) *Server {
	tb.Helper()
	if opts == nil {
		opts = &Options{}
	}
	s := &Server{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), clients: map[http.Handler]*hermes.Client{}}
	random := &lockedReader{source: rand.NewChaCha8([32]byte{})}
	s.random = random
	key, err := hermes.NewSecretKey(random)
	if err != nil {
		tb.Fatal(err)
	}
	backend := local.New(&local.Options{MemoryKiB: 8, Passes: 1, Rand: random})
	clientOpts := opts.Client
	clientOpts.SecretKeys = []hermes.SecretKey{key}
	clientOpts.Domains = []sip.Domain{sip.MustParseDomain("example.com"), sip.MustParseDomain("example.net")}
	clientOpts.Backends = []hermes.Backend{backend}
	clientOpts.Now = func() time.Time { return s.now }
	clientOpts.Rand, clientOpts.Origin, clientOpts.FailedLoginTime = random, Origin, -1
	clientOpts.Contacts, clientOpts.PhoneFiles = contacts, provision.Embedded()
	clientOpts.ResyncContact = func(context.Context, sip.Addr, hermes.Contact) error { return nil }
	newHandler := func(store hermes.Store) (*hermes.Client, *api.Handler) {
		c, err := hermes.New(store, &clientOpts)
		if err != nil {
			tb.Fatal(err)
		}
		h := api.New(c, &opts.API)
		s.clients[h] = c
		return c, h
	}
	s.Client, s.Handler = newHandler(store)
	errBroken := errors.New("the database is broken")
	_, s.Broken = newHandler(storetest.Intercept(store, func(method string) error {
		if method == "Session" {
			return nil
		}
		return errBroken
	}))
	_, s.Down = newHandler(storetest.Intercept(store, func(string) error { return errBroken }))
	// The embedded interface hides the methods that write.
	clientOpts.Backends = []hermes.Backend{struct{ hermes.Backend }{backend}}
	clientOpts.Contacts, clientOpts.ResyncContact, clientOpts.PhoneFiles = nil, nil, nil
	_, s.ReadOnly = newHandler(store)
	addUsers(tb, s.Client)
	return s
}

// contacts is Options.Contacts of a Server. The user alice is registered. For the user silent
// Kamailio does not answer.
func contacts(_ context.Context, user sip.Addr) ([]hermes.Contact, error) {
	switch user.User() {
	case "silent":
		return nil, errors.New("connection refused")
	case "alice":
		return []hermes.Contact{
			{Contact: "sip:alice@192.0.2.1:5060", UserAgent: "Desk 1.0", Received: "sip:198.51.100.1:1024", Expires: 300},
		}, nil
	}
	return nil, nil
}

// lockedReader makes a source of random bytes safe for concurrent use.
type lockedReader struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

// Read implements [io.Reader].
func (r *lockedReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(p)
}

// keepRandom returns a function that makes the server's random bytes go on from where they are now.
func (s *Server) keepRandom() (restore func()) {
	s.random.mu.Lock()
	defer s.random.mu.Unlock()
	source := *s.random.source
	return func() {
		s.random.mu.Lock()
		defer s.random.mu.Unlock()
		*s.random.source = source
	}
}

// users are the API users of a Server beside admin.
var users = []hermes.AuthAuthorizeRequest{
	{User: "reader", Access: hermes.LimitedRead},
	{User: "auditor", Access: hermes.FullRead},
	{User: "writer", Access: hermes.LimitedWrite},
}

// isUser reports whether name is an API user of a Server.
func isUser(name string) bool {
	return name == "admin" || slices.ContainsFunc(users, func(u hermes.AuthAuthorizeRequest) bool { return u.User == name })
}

func addUsers(tb testing.TB, c *hermes.Client) {
	tb.Helper()
	ctx, password := tb.Context(), hermes.NewSecret(Password)
	if err := c.Bootstrap(ctx, "admin", password); err != nil {
		tb.Fatal(err)
	}
	for _, user := range users {
		if _, err := c.AuthAddUser(ctx, hermes.AuthAddUserRequest{User: user.User, Password: password}); err != nil {
			tb.Fatal(err)
		}
		if _, err := c.AuthAuthorize(ctx, user); err != nil {
			tb.Fatal(err)
		}
	}
}

// Advance moves the clock of the server forward. It must not be called during a request.
func (s *Server) Advance(d time.Duration) { s.now = s.now.Add(d) }

// Login opens a session of one of the server's users.
func (s *Server) Login(tb testing.TB, user string) Session {
	tb.Helper()
	return s.login(tb, "username="+user+"&password="+strings.ReplaceAll(Password, " ", "+"))
}

// LoginByKey opens a session with an API key.
func (s *Server) LoginByKey(tb testing.TB, key string) Session {
	tb.Helper()
	return s.login(tb, "api_key="+key)
}

func (s *Server) login(tb testing.TB, form string) Session {
	tb.Helper()
	res := s.Do(tb, Request{Node: "auth/login", Form: form})
	if res.Response != "ok" {
		tb.Fatalf("login: %s", res.Body)
	}
	return Session{ID: res.Text("session"), AuthKey: res.Text("auth_key"), Cookie: res.Cookie()}
}

// Do sends a request to the server's Handler or, if set, to the request's own.
func (s *Server) Do(tb testing.TB, req Request) Response {
	tb.Helper()
	var h http.Handler = s.Handler
	if req.Handler != nil {
		h = req.Handler
	}
	return Serve(tb, h, req.HTTP())
}
