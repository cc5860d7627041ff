package hermes_test

import (
	"crypto/rand"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// clock is moved by the test alone.
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

// world is a memory store with a little of everything, and a Client that acts as the program itself.
type world struct {
	*testing.T
	*hermes.Client
	store *memstore.Store
	clock *clock
	opts  hermes.Options
}

// password is that of every API user in a world.
const password = "correct horse"

func newWorld(t *testing.T) *world { return newWorldWith(t, func(*hermes.Options) {}) }

// newWorldWith lets the test change the options first.
func newWorldWith(t *testing.T, change func(*hermes.Options)) *world {
	t.Helper()
	w := &world{T: t, store: memstore.New(domain("example.com"), domain("example.net")), clock: newClock()}
	key, err := hermes.NewSecretKey(rand.Reader)
	w.noError(err)
	w.opts = hermes.Options{
		SecretKeys: []hermes.SecretKey{key}, Backends: []hermes.Backend{cheapBackend()},
		Now: w.clock.now, FailedLoginTime: -1,
	}
	change(&w.opts)
	w.Client = w.over(w.store)
	w.fill()
	return w
}

func cheapBackend() *local.Backend { return local.New(&local.Options{MemoryKiB: 64, Passes: 1}) }

// over is another Client of the same kind: what a second process would have.
func (w *world) over(s hermes.Store) *hermes.Client {
	w.Helper()
	c, err := hermes.New(s, &w.opts)
	w.noError(err)
	return c
}

// fill makes the records that the tests speak of.
func (w *world) fill() {
	w.Helper()
	ctx := w.Context()
	ok(w.T, got(w.DomainSetServers(ctx, hermes.DomainSetServersRequest{
		Domain: domain("example.com"), Registrar: domain("reg.example.com"), RPort: 5060,
		Proxy: domain("proxy.example.com"), PPort: 5061, ProvURL: "https://prov.example.com/",
	})))
	for _, user := range []string{"alice@example.com", "bob@example.com", "dora@example.com"} {
		ok(w.T, got(w.UserAdd(ctx, hermes.UserAddRequest{User: addr(user)})))
	}
	ok(w.T, got(w.UserAddRemote(ctx, hermes.UserAddRemoteRequest{
		User: addr("carol@far.example"), Password: hermes.NewSecret("åpen"), Registrar: domain("sip.far.example"),
	})))
	ok(w.T, got(w.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: phone1, User: addr("alice@example.com")})))
	ok(w.T, got(w.AliasAdd(ctx, hermes.AliasAddRequest{Alias: addr("sales@example.com"), Destination: addr("bob@example.com")})))
	ok(w.T, got(w.NumberAddRange(ctx, hermes.NumberAddRangeRequest{Start: number("+4773500001"), End: number("+4773500009")})))
	w.fillAPIUsers()
}

// levels are the API users of a world.
func levels() map[string]hermes.Access {
	return map[string]hermes.Access{
		"admin": hermes.FullWrite, "writer": hermes.LimitedWrite, "auditor": hermes.FullRead, "reader": hermes.LimitedRead,
	}
}

func (w *world) fillAPIUsers() {
	w.Helper()
	for user, access := range levels() {
		ok(w.T, got(w.AuthAddUser(w.Context(), hermes.AuthAddUserRequest{User: user, Password: hermes.NewSecret(password)})))
		ok(w.T, got(w.AuthAuthorize(w.Context(), hermes.AuthAuthorizeRequest{User: user, Access: access})))
	}
}

// level is a Client with that level and no session.
func (w *world) level(a hermes.Access) *hermes.Client { return w.As(hermes.Actor{Access: a}) }

func (w *world) noError(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// answer is what a method returned.
type answer[T any] struct {
	value T
	err   error
}

func got[T any](value T, err error) answer[T] { return answer[T]{value, err} }

// only drops what a method returned besides its error.
func only[T any](_ T, err error) error { return err }

// ok wants an answer without error.
func ok[T any](t testing.TB, a answer[T]) T {
	t.Helper()
	if a.err != nil {
		t.Fatalf("got the error %v, want none", a.err)
	}
	return a.value
}

// refused wants an *Error with that cause and the response that goes with it.
func refused(t testing.TB, err error, cause hermes.Cause) *hermes.Error {
	t.Helper()
	var e *hermes.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error with the cause %s", err, cause)
	}
	if e.Cause != cause || e.Response != responseOf(cause) || e.Node != "" && !isNode(e.Node) && cause != hermes.NoNode {
		t.Fatalf("got the error %v, want %s/%s", e, responseOf(cause), cause)
	}
	return e
}

func isNode(path string) bool {
	return slices.ContainsFunc(hermes.Nodes(), func(n hermes.Node) bool { return n.Path == path })
}

// responseOf is the response that API.md gives with a cause, domain/set_servers excepted.
func responseOf(c hermes.Cause) hermes.Response {
	switch c {
	case hermes.Parameters, hermes.BadAlias, hermes.BadDestination, hermes.BadAddress, hermes.NoNode:
		return hermes.Invalid
	case hermes.Internal:
		return hermes.Fault
	}
	return hermes.Failed
}

// same shows how two values differ, unexported fields included.
func same(t testing.TB, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); d != "" {
		t.Errorf("difference (-want +got):\n%s", d)
	}
}

// row is one rule: what is done, and with which cause it is refused; "" where it is not.
type row struct {
	why  string
	do   func(w *world) error
	want hermes.Cause
}

// play holds each rule in a world of its own.
func play(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.why, func(t *testing.T) {
			err := r.do(newWorld(t))
			if r.want != "" {
				refused(t, err, r.want)
			} else if err != nil {
				t.Fatalf("got the error %v, want none", err)
			}
		})
	}
}

func addr(s string) sip.Addr      { return sip.MustParse(s) }
func domain(s string) sip.Domain  { return sip.MustParseDomain(s) }
func number(s string) e164.Number { return e164.MustParse(s) }

var (
	alice, bob, dora = addr("alice@example.com"), addr("bob@example.com"), addr("dora@example.com")
	carol            = addr("carol@far.example")
	phone1, phone2   = mac.MustParse("001122334455"), mac.MustParse("001122334466")
	inPool           = number("+4773500001")
)

func pattern(t testing.TB, s string) hermes.Pattern {
	t.Helper()
	return ok(t, got(hermes.ParsePattern(s)))
}
