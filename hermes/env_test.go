package hermes_test

import (
	"context"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/provision"
	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

// env is a Client over a memory store with some records; see newEnv.
type env struct {
	client *hermes.Client // acts as the program itself
	store  *memstore.Store
	clock  *clock
	opts   hermes.Options // those of client
}

// The records of each env: three local users and a remote one, a phone of alice, and the pool of
// numbers +4773500001 to +4773500009. The alias sales@example.com leads to bob. Kamailio serves
// example.com, which has default servers, and example.net, which has none.
var (
	alice, bob, dora = addr("alice@example.com"), addr("bob@example.com"), addr("dora@example.com")
	carol            = addr("carol@far.example")
	phone1, phone2   = mac.MustParse("001122334455"), mac.MustParse("001122334466")
	inPool           = number("+4773500001")
)

// desk is the contact of every user of an env.
var desk = hermes.Contact{Contact: "sip:alice@192.0.2.1:5060", UserAgent: "Desk 1.0", Received: "sip:198.51.100.1:1024", Expires: 300}

// password is the password of each API user of an env.
const password = "correct horse"

// office is the address that API users log in from, unless a test says otherwise.
var office = netip.MustParseAddr("192.0.2.10")

// levels returns the API users of an env.
func levels() map[string]hermes.Access {
	return map[string]hermes.Access{
		"admin": hermes.FullWrite, "writer": hermes.LimitedWrite, "auditor": hermes.FullRead, "reader": hermes.LimitedRead,
	}
}

func newEnv(t testing.TB) *env {
	t.Helper()
	return newEnvWith(t, func(*hermes.Options) {})
}

// newEnvWith returns an env with options that change has changed.
func newEnvWith(t testing.TB, change func(*hermes.Options)) *env {
	t.Helper()
	e := &env{store: memstore.New(domain("example.com"), domain("example.net")), clock: newClock()}
	e.opts = hermes.Options{
		SecretKeys: []hermes.SecretKey{mustSecretKey(t)}, Backends: []hermes.Backend{cheapBackend()},
		Now: e.clock.now, FailedLoginTime: -1, PhoneFiles: provision.Embedded(),
		Contacts:      func(context.Context, sip.Addr) ([]hermes.Contact, error) { return []hermes.Contact{desk}, nil },
		ResyncContact: func(context.Context, sip.Addr, hermes.Contact) error { return nil },
	}
	change(&e.opts)
	e.client = e.newClient(t, e.store)
	addRecords(t, e.client)
	addAPIUsers(t, e.client)
	return e
}

// cheapBackend returns a local backend that hashes fast.
func cheapBackend() *local.Backend { return local.New(&local.Options{MemoryKiB: 64, Passes: 1}) }

func addRecords(t testing.TB, c *hermes.Client) {
	t.Helper()
	ctx := t.Context()
	_, err := c.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: domain("example.com"), Registrar: domain("reg.example.com"), RPort: 5060,
		Proxy: domain("proxy.example.com"), PPort: 5061, ProvURL: "https://prov.example.com/",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []sip.Addr{alice, bob, dora} {
		mustUserAdd(t, c, hermes.UserAddRequest{User: user})
	}
	_, err = c.UserAddRemote(ctx, hermes.UserAddRemoteRequest{
		User: carol, Password: hermes.NewSecret("åpen"), Registrar: domain("sip.far.example"),
	})
	if err != nil {
		t.Fatal(err)
	}
	mustPhoneAdd(t, c, phone1, alice)
	mustAliasAdd(t, c, addr("sales@example.com"), bob)
	mustNumberAddRange(t, c, number("+4773500001"), number("+4773500009"))
}

func addAPIUsers(t testing.TB, c *hermes.Client) {
	t.Helper()
	for user, access := range levels() {
		_, err := c.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{User: user, Password: hermes.NewSecret(password)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: user, Access: access}); err != nil {
			t.Fatal(err)
		}
	}
}

// newClient returns another Client with the options of e, such as a second process would have.
func (e *env) newClient(t testing.TB, s hermes.Store) *hermes.Client {
	t.Helper()
	c, err := hermes.New(s, &e.opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// withOptions returns an env with the store and the clock of e and a client with changed options.
func (e *env) withOptions(t testing.TB, change func(*hermes.Options)) *env {
	t.Helper()
	other := *e
	change(&other.opts)
	other.client = other.newClient(t, other.store)
	return &other
}

// withAccess returns a client that acts for an actor with that access level and no session.
func (e *env) withAccess(a hermes.Access) *hermes.Client {
	return e.client.As(hermes.Actor{Access: a})
}

// from returns a client that acts for a caller at that address who has not logged in.
func (e *env) from(remote netip.Addr) *hermes.Client {
	return e.client.As(hermes.Actor{Remote: remote})
}

// login logs in to e from the office.
func (e *env) login(t testing.TB, user, password string) (hermes.AuthLoginResponse, error) {
	req := hermes.AuthLoginRequest{Username: user, Password: hermes.NewSecret(password)}
	return e.from(office).AuthLogin(t.Context(), req)
}

// loginWithKey logs in to e with an API key.
func (e *env) loginWithKey(t testing.TB, key hermes.Secret, remote netip.Addr) (hermes.Credentials, error) {
	res, err := e.from(remote).AuthLogin(t.Context(), hermes.AuthLoginRequest{APIKey: key})
	return credentials(res), err
}

// authenticate returns a client that acts for the session of cred, as a server does for each
// request.
func (e *env) authenticate(t testing.TB, cred hermes.Credentials) (*hermes.Client, error) {
	actor, err := e.from(office).Authenticate(t.Context(), cred)
	return e.client.As(actor), err
}

// ping renews the auth_key of cred, as a server does for auth/ping.
func (e *env) ping(t testing.TB, cred hermes.Credentials) (hermes.AuthPingResponse, error) {
	actor, err := e.from(office).AuthenticatePing(t.Context(), cred)
	if err != nil {
		return hermes.AuthPingResponse{}, err
	}
	return e.client.As(actor).AuthPing(t.Context(), hermes.AuthPingRequest{})
}

func credentials(res hermes.AuthLoginResponse) hermes.Credentials {
	return hermes.Credentials{Session: res.Session, AuthKey: res.AuthKey, Cookie: res.Cookie.Value}
}

// clock is a clock that only the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) sleep(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func addr(s string) sip.Addr      { return sip.MustParse(s) }
func domain(s string) sip.Domain  { return sip.MustParseDomain(s) }
func number(s string) e164.Number { return e164.MustParse(s) }
