package security_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/htpasswd"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestRevocation revokes sessions at one of two servers on one database, while they are used at
// both, lists are being read and logins are under way, and other clients make load. From the moment
// in which the answer to the revocation is there, neither server accepts a request that is sent
// with an old session, or with one that a login under way has opened; an open list is cut off. A
// round is one revocation.
func TestRevocation(t *testing.T) {
	kinds := revocations()
	rounds := storetest.Rounds(t, len(kinds))
	eachDatabase(t, func(t *testing.T, db database) {
		c := newRevoker(t, db)
		stop := c.startLoad(t)
		defer stop()
		for i := 0; i < rounds && !t.Failed(); i++ {
			c.run(t, kinds[i%len(kinds)], (i+i/len(kinds))%2)
		}
		t.Logf("%d requests, %d lists and %d sessions of logins after %d revocations, and %d requests of others: %d late acceptances",
			c.requests.Load(), c.lists.Load(), c.sessions.Load(), c.rounds, c.others.Load(), c.late.Load())
	})
}

// revocation is a way to take rights away.
type revocation struct {
	name   string
	enter  func(t *testing.T, r *round) // makes the principal
	revoke func(t *testing.T, r *round)
	end    revocationEnd
	// heldOnly is set where nothing but logins that are held can be under way.
	heldOnly bool
}

// revocationEnd is what a revocation ends.
type revocationEnd int

const (
	endsPrincipal revocationEnd = iota // no session of the principal goes on, and no login succeeds
	endsSession                        // one session ends
	endsRights                         // the sessions go on, with less rights
	// endsAtPing is endsPrincipal, but sessions that logins under way open afterwards end at their
	// first ping: Hermes learns from the directory by asking.
	endsAtPing
)

func revocations() []revocation {
	return []revocation{
		{name: "logout", enter: enterUser, end: endsSession, revoke: func(t *testing.T, r *round) {
			r.away().MustCall(t, "ok", hermesdtest.Session{Cookie: r.session.Cookie}, "auth/logout", "session="+r.session.ID)
		}},
		{name: "the user is removed", enter: enterUser, revoke: byAdmin("auth/remove_user", "user={name}")},
		{name: "the password is changed", enter: enterUser, revoke: byAdmin("auth/update_user", "user={name}&password=another+horse")},
		{name: "the level is lowered", enter: enterUser, end: endsRights, revoke: byAdmin("auth/authorize", "user={name}&access=limited_read")},
		{name: "the scope becomes narrower", enter: enterUser, end: endsRights,
			revoke: byAdmin("auth/authorize", "user={name}&access=full_write&domains=other.example")},
		{name: "the key is removed", enter: enterKey, revoke: byAdmin("auth/remove_key", "key={name}")},
		{name: "the key is removed while its host is looked up", enter: enterKeyOfHost, heldOnly: true,
			revoke: byAdmin("auth/remove_key", "key={name}")},
		{name: "the directory has the user no more", enter: enterDirectoryUser, end: endsAtPing, revoke: func(t *testing.T, r *round) {
			r.directory.set(t)
			r.away().MustCall(t, "failed/unauthorized", r.session, "auth/ping", "")
		}},
	}
}

// byAdmin revokes by a call of the administrator, in whose form {name} stands for the user or the
// key.
func byAdmin(node, form string) func(*testing.T, *round) {
	return func(t *testing.T, r *round) {
		r.away().MustCall(t, "ok", r.admin, node, strings.ReplaceAll(form, "{name}", r.name))
	}
}

func enterUser(t *testing.T, r *round) {
	r.name = fmt.Sprintf("user%d", r.number)
	r.mustAddUser(t, r.name, hermes.FullWrite)
	r.login, r.heldAt = "username="+r.name+"&password="+passwordForm, r.name
}

func enterKey(t *testing.T, r *round) {
	r.name = r.mustNewKey(t, hermes.FullWrite)
	r.login = "api_key=" + r.name
}

func enterKeyOfHost(t *testing.T, r *round) {
	r.heldAt = hostOf(r.number)
	r.name = r.mustCallAsAdmin(t, "auth/new_key", "access=full_write&host="+r.heldAt).Text("key")
	r.login = "api_key=" + r.name
}

func enterDirectoryUser(t *testing.T, r *round) {
	r.name = fmt.Sprintf("directory%d", r.number)
	r.directory.set(t, r.name)
	r.mustCallAsAdmin(t, "auth/authorize", "access=full_write&user="+r.name)
	r.login, r.heldAt = "username="+r.name+"&password="+passwordForm, r.name
}

// revoker is a deployment whose users are in the database or in a directory, and whose logins can
// be held between their verification and the opening of the session.
type revoker struct {
	*deployment
	directory directory
	gates     [2]*gate // of the servers
	rounds    int
	writes    atomic.Int64 // makes each change another one

	requests, lists, sessions, others, late atomic.Int64
}

// longList is a list of the changes of one user, which has several pages. Of the first one the most
// part does not fit into the buffers of a connection.
const (
	longListNode = "audit/list"
	longListForm = "subject=alice@example.com"
	longList     = 400 // entries
	socketBuffer = 8 << 10
)

func newRevoker(t *testing.T, db database) *revoker {
	t.Helper()
	c := &revoker{directory: newDirectory(t), gates: [2]*gate{newGate(), newGate()}}
	var servers [2]*server
	a, b := db.empty(t)
	for i, store := range []hermes.Store{a, b} {
		servers[i] = c.newServer(t, store, c.gates[i])
	}
	c.deployment = fill(t, servers[0], servers[1])
	for i := range longList {
		text := strings.Repeat(string('a'+rune(i%2)), 128)
		_, err := c.client.UserUpdate(t.Context(), hermes.UserUpdateRequest{
			User: sip.MustParse("alice@example.com"), DisplayName: hermes.Some(text),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// newServer starts a server whose logins are held at the gate, and whose connections have small
// buffers.
func (c *revoker) newServer(t *testing.T, store hermes.Store, g *gate) *server {
	t.Helper()
	users, err := htpasswd.Open(c.directory.path)
	if err != nil {
		t.Fatal(err)
	}
	s, h := newUnstarted(t, store, hermes.Options{
		Backends: []hermes.Backend{heldLocal{WritableBackend: newLocal(), gate: g}, heldDirectory{Backend: users, gate: g}},
		Resolver: heldResolver{gate: g},
		Now:      func() time.Time { return testTime },
	})
	h.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateNew {
			_ = conn.(*net.TCPConn).SetWriteBuffer(socketBuffer)
		}
	}
	s.start(t, h)
	return s
}

// clientAddress returns the loopback address of the client of a round. Each has its own, because
// failed logins count against it.
func clientAddress(round int) net.IP { return net.IPv4(127, 0, byte(1+round/250), byte(1+round%250)) }

// dialer returns the one of the client of a round, whose connections have small buffers.
func dialer(round int) net.Dialer {
	return net.Dialer{
		LocalAddr: &net.TCPAddr{IP: clientAddress(round)},
		Control: func(_, _ string, c syscall.RawConn) (err error) {
			fault := c.Control(func(fd uintptr) {
				err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, socketBuffer)
			})
			return errors.Join(fault, err)
		},
	}
}
