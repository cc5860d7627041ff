package security_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
)

// The logins of one client in a round. All sessions that a round opens at two servers are less than
// the 100 that a principal may have.
const (
	loginsBefore  = 6  // the revocation begins
	loginsDuring  = 30 // the revocation
	requestsAfter = 3  // of a client
)

// round is one revocation, with the clients of the principal at both servers.
type round struct {
	*revoker
	kind   revocation
	number int
	home   int    // the server at which the session is opened; the revocation is made at the other one
	name   string // of the user, or the key
	login  string // the form of auth/login
	heldAt string // the name at which the gates hold a login; empty if they cannot

	clients  [2]hermesdtest.Endpoint // of the servers
	session  hermesdtest.Session
	open     []*http.Response // lists
	revoking chan struct{}    // closed before the revocation is sent
	revoked  chan struct{}    // closed when it has been answered
	release  chan struct{}    // closed when the logins that are held go on
	used     sync.WaitGroup   // the clients that have not been answered yet
	running  sync.WaitGroup

	mu     sync.Mutex
	opened []hermesdtest.Session // by logins
}

// run makes a round.
func (c *revoker) run(t *testing.T, kind revocation, home int) {
	t.Helper()
	c.rounds++
	r := &round{
		revoker: c, kind: kind, number: c.rounds, home: home,
		revoking: make(chan struct{}), revoked: make(chan struct{}), release: make(chan struct{}),
	}
	for i, s := range []*server{c.server, c.other} {
		r.clients[i] = s.DialedBy(t, dialer(r.number))
	}
	defer r.close(t)
	kind.enter(t, r)
	r.holdLogins(t)
	if !kind.heldOnly {
		r.session = r.clients[home].MustLogin(t, r.login)
		r.openLists(t)
		for i := range r.clients {
			for _, p := range probes {
				r.start(func(used func()) { r.send(t, r.clients[i], p, used) })
			}
			r.start(func(used func()) { r.logIn(t, r.clients[i], used) })
		}
		r.used.Wait()
	}
	close(r.revoking)
	kind.revoke(t, r)
	close(r.revoked)
	close(r.release)
	r.running.Wait()
	r.mustBeCutOff(t)
	r.mustHaveEnded(t)
}

// away returns the client at the server at which the session was not opened.
func (r *round) away() hermesdtest.Endpoint { return r.clients[1-r.home] }

// close ends what a round has begun, also if it could not be made to its end.
func (r *round) close(t *testing.T) {
	for _, c := range []chan struct{}{r.revoking, r.revoked, r.release} {
		if !isClosed(c) {
			close(c)
		}
	}
	r.running.Wait()
	for _, res := range r.open {
		res.Body.Close()
	}
	for _, e := range r.clients {
		e.HTTP.CloseIdleConnections()
	}
	// The user, unless that was the revocation, or the principal is a key.
	r.other.Call(t, r.admin, "auth/remove_user", "user="+r.name)
}

func (r *round) errorf(t *testing.T, format string, args ...any) {
	t.Errorf("round %d, %s: %s", r.number, r.kind.name, fmt.Sprintf(format, args...))
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// start runs a client. The round goes on when the client has called used, or has ended.
func (r *round) start(client func(used func())) {
	r.used.Add(1)
	used := sync.OnceFunc(r.used.Done)
	r.running.Go(func() {
		defer used()
		client(used)
	})
}

// probe is a request that is sent again and again.
type probe struct {
	node, form string // %d stands for a number that is new each time
	want       string // the class of the answer before the revocation
	rights     bool   // it needs the rights that a revocation with endsRights takes away
}

var probes = []probe{
	{node: "phone/config", form: "mac=001122334455&vendor=yealink", want: "ok", rights: true},
	{node: "user/update", form: "user=carol@example.com&displayname=carol%d", want: "ok", rights: true},
	{node: "auth/ping", want: "pong"},
}

// after returns the class of the answer to a probe after the revocation.
func (r *round) after(p probe) string {
	switch {
	case r.kind.end != endsRights:
		return "failed/unauthorized"
	case p.rights:
		return "failed/forbidden"
	}
	return p.want
}

// ask sends a probe with a session.
func (r *round) ask(t *testing.T, e hermesdtest.Endpoint, s hermesdtest.Session, p probe) (hermesdtest.Answer, error) {
	form := p.form
	if strings.Contains(form, "%d") {
		form = fmt.Sprintf(form, r.writes.Add(1))
	}
	return e.Post(t.Context(), s, p.node, form)
}

// isLate counts an answer after the revocation that is not of the wanted class.
func (r *round) isLate(t *testing.T, what string, a hermesdtest.Answer, want string) {
	if a.Class() != want {
		r.late.Add(1)
		r.errorf(t, "%s after it: answered %.300s, want %s", what, a.Body, want)
	}
}

// send sends a probe with the session until it has sent some after the revocation. The auth_key is
// always the first one of the session: the clock stands still, and so it is in its grace after a
// ping.
func (r *round) send(t *testing.T, e hermesdtest.Endpoint, p probe, used func()) {
	for sent := 0; sent < requestsAfter; {
		after := isClosed(r.revoked)
		a, err := r.ask(t, e, r.session, p)
		switch {
		case err != nil:
			r.errorf(t, "%s: %v", p.node, err)
			return
		case after:
			r.isLate(t, p.node, a, r.after(p))
			r.requests.Add(1)
			sent++
		case isClosed(r.revoking): // its answer may be either one
		case a.Class() != p.want:
			r.errorf(t, "%s before it: answered %s, want %s", p.node, a.Body, p.want)
			return
		default:
			used()
		}
	}
}

// logIn opens sessions until it has tried to open one after the revocation.
func (r *round) logIn(t *testing.T, e hermesdtest.Endpoint, used func()) {
	for n := 0; ; n++ {
		switch n {
		case loginsBefore:
			<-r.revoking
		case loginsBefore + loginsDuring:
			<-r.revoked
		}
		after := isClosed(r.revoked)
		a, err := e.Post(t.Context(), hermesdtest.Session{}, "auth/login", r.login)
		if err != nil {
			r.errorf(t, "auth/login: %v", err)
			return
		}
		r.keep(a)
		switch {
		case after:
			r.isRightLogin(t, a)
			return
		case a.Class() == "ok":
			used()
		case !isClosed(r.revoking):
			r.errorf(t, "auth/login before it: answered %s, want ok", a.Body)
			return
		}
	}
}

// isRightLogin checks the answer to a login that was sent after the revocation.
func (r *round) isRightLogin(t *testing.T, a hermesdtest.Answer) {
	r.requests.Add(1)
	switch want := "failed/unauthorized"; {
	case r.kind.end == endsSession || r.kind.end == endsRights:
		r.isLate(t, "auth/login", a, "ok")
	case a.Class() != "failed/throttled": // after several that have failed
		r.isLate(t, "auth/login", a, want)
	}
}

// keep keeps the session that a login has opened, if any.
func (r *round) keep(a hermesdtest.Answer) {
	if a.Class() == "ok" {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.opened = append(r.opened, hermesdtest.SessionOf(a))
	}
}

// holdLogins starts a login at each server that is verified before the revocation, and opens its
// session afterwards.
func (r *round) holdLogins(t *testing.T) {
	t.Helper()
	if r.heldAt == "" {
		return
	}
	for i, e := range r.clients {
		h := r.gates[i].hold(r.heldAt, r.release)
		answered := make(chan struct{})
		r.running.Go(func() {
			defer close(answered)
			a, err := e.Post(t.Context(), hermesdtest.Session{}, "auth/login", r.login)
			if err != nil {
				r.errorf(t, "auth/login: %v", err)
				return
			}
			r.keep(a)
		})
		select {
		case <-h.reached:
		case <-answered:
			t.Fatalf("round %d, %s: a login was not held", r.number, r.kind.name)
		}
	}
}

// openLists begins to read a long list at each server.
func (r *round) openLists(t *testing.T) {
	t.Helper()
	for _, e := range r.clients {
		res, err := e.Begin(t.Context(), r.session, longListNode, longListForm)
		if err != nil {
			t.Fatal(err)
		}
		r.open = append(r.open, res)
	}
}

// mustBeCutOff reads the lists to their ends.
func (r *round) mustBeCutOff(t *testing.T) {
	for _, res := range r.open {
		a, err := hermesdtest.ReadAnswer(res)
		if err != nil {
			continue // a server that waited too long for this reader has given the list up before
		}
		r.lists.Add(1)
		r.isLate(t, longListNode, a, r.after(probe{rights: true}))
	}
}

// mustHaveEnded checks the sessions that logins have opened, whenever they began, at both servers.
func (r *round) mustHaveEnded(t *testing.T) {
	for i, s := range r.opened {
		r.sessions.Add(1)
		if r.kind.end == endsAtPing {
			r.isLate(t, "the first ping", r.clients[i%2].Call(t, s, "auth/ping", ""), "failed/unauthorized")
		}
		for j, p := range probes[:2] {
			want := r.after(p)
			if r.kind.end == endsSession {
				want = p.want
			}
			a, err := r.ask(t, r.clients[(i+j)%2], s, p)
			if err != nil {
				t.Fatal(err)
			}
			r.isLate(t, p.node+" of a login", a, want)
		}
	}
}

// loadClients is how many clients make load beside those of a round.
const loadClients = 4

// startLoad makes other clients work at both servers until the function that it returns is called.
func (c *revoker) startLoad(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for i := range loadClients {
		name := fmt.Sprintf("load%d", i)
		c.mustAddUser(t, name, hermes.FullWrite)
		running.Go(func() { c.work(ctx, t, "username="+name+"&password="+passwordForm) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// work logs in, makes some calls, and logs out, again and again.
func (c *revoker) work(ctx context.Context, t *testing.T, login string) {
	var s hermesdtest.Session
	for n := 0; ctx.Err() == nil; n++ {
		for i, call := range []struct{ node, form, want string }{
			{"auth/login", login, "ok"},
			{"user/get", "user=bob@example.com", "ok"},
			{"user/update", fmt.Sprintf("user=bob@example.com&displayname=bob%d", c.writes.Add(1)), "ok"},
			{"auth/ping", "", "pong"},
			{"number/list", "limit=5", "ok"},
			{"audit/list", "limit=20", "ok"},
			{"auth/logout", "", "ok"},
		} {
			e := []hermesdtest.Endpoint{c.Endpoint, c.other.Endpoint}[(n+i)%2]
			form, shown := call.form, s
			switch call.node {
			case "auth/login":
				shown = hermesdtest.Session{}
			case "auth/logout":
				form, shown = "session="+s.ID, hermesdtest.Session{Cookie: s.Cookie}
			}
			a, err := e.Post(ctx, shown, call.node, form)
			if ctx.Err() != nil {
				return
			}
			if err != nil || a.Class() != call.want {
				t.Errorf("%s of another client: answered %s, %v, want %s", call.node, a.Body, err, call.want)
				return
			}
			c.others.Add(1)
			switch call.node {
			case "auth/login":
				s = hermesdtest.SessionOf(a)
			case "auth/ping":
				s.AuthKey = a.Text("auth_key")
			}
		}
	}
}
