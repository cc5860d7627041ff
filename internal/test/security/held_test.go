package security_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/argon2id"
)

// gate holds logins of a server that have been verified, as a directory or a name server does that
// answers late.
type gate struct {
	mu    sync.Mutex
	holds map[string]*hold // by the name of a user or a host
}

// hold is a login that is held, or will be.
type hold struct {
	reached chan struct{} // closed when the login is held
	release chan struct{} // the login goes on when it is closed
}

func newGate() *gate { return &gate{holds: map[string]*hold{}} }

// hold makes the next login of a name wait until the channel is closed. Later ones do not wait.
func (g *gate) hold(name string, release chan struct{}) *hold {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := &hold{reached: make(chan struct{}), release: release}
	g.holds[name] = h
	return h
}

// pass returns at once, unless the login of the name is to be held.
func (g *gate) pass(ctx context.Context, name string) {
	g.mu.Lock()
	h := g.holds[name]
	delete(g.holds, name)
	g.mu.Unlock()
	if h == nil {
		return
	}
	close(h.reached)
	select {
	case <-h.release:
	case <-ctx.Done():
	}
}

// heldLocal is the backend local behind a gate. It does not hash in the slots that the Client has
// for that, so that a login that is held keeps none.
type heldLocal struct {
	hermes.WritableBackend
	gate *gate
}

// Verify implements [hermes.Backend].
func (b heldLocal) Verify(ctx context.Context, s hermes.Store, user string, password hermes.Secret) (bool, error) {
	right, err := b.WritableBackend.Verify(ctx, s, user, password)
	b.gate.pass(ctx, user)
	return right, err
}

// heldDirectory is a backend that cannot be written, behind a gate.
type heldDirectory struct {
	hermes.Backend
	gate *gate
}

// Verify implements [hermes.Backend].
func (b heldDirectory) Verify(ctx context.Context, s hermes.Store, user string, password hermes.Secret) (bool, error) {
	right, err := b.Backend.Verify(ctx, s, user, password)
	b.gate.pass(ctx, user)
	return right, err
}

// heldResolver knows the hosts of the clients of all rounds, and is behind a gate.
type heldResolver struct{ gate *gate }

// LookupNetIP implements [hermes.Resolver].
func (r heldResolver) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	var round int
	if _, err := fmt.Sscanf(host, hostForm, &round); err != nil {
		return nil, err
	}
	r.gate.pass(ctx, host)
	address, _ := netip.AddrFromSlice(clientAddress(round))
	return []netip.Addr{address}, ctx.Err()
}

const hostForm = "client%d.example.com"

// hostOf returns the name of the host of the client of a round.
func hostOf(round int) string { return fmt.Sprintf(hostForm, round) }

// directory is a file of users whom only its owner can change.
type directory struct{ path string }

func newDirectory(t *testing.T) directory {
	t.Helper()
	d := directory{path: filepath.Join(t.TempDir(), "users")}
	d.set(t)
	return d
}

// set replaces the users. All have the same password.
func (d directory) set(t *testing.T, users ...string) {
	t.Helper()
	var lines strings.Builder
	for _, user := range users {
		hash, err := argon2id.New(rand.Reader, argon2id.Cost{Memory: 64, Passes: 1, Lanes: 1}, password)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&lines, "%s:%s\n", user, hash)
	}
	next := d.path + ".next"
	if err := os.WriteFile(next, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, d.path); err != nil {
		t.Fatal(err)
	}
}
