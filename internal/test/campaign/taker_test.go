package campaign_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
)

const (
	takers      = 5
	takerDomain = "takers.example.com"
	takerPool   = 20_000
	takerStart  = 4773500000

	// takerServers is the form of domain/set_servers for the takers' domain.
	takerServers = "domain=" + takerDomain + "&registrar=a.example.com&r_port=5060" +
		"&proxy=b.example.com&p_port=5060&prov_url=https://c.example.com/"
)

// ledger has the numbers of the takers' calls that were answered ok.
type ledger struct {
	pool []string // as it was at first

	mu                sync.Mutex
	claimed, released []string
}

func (l *ledger) add(node, number string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch node {
	case "number/claim":
		l.claimed = append(l.claimed, number)
	case "number/release":
		l.released = append(l.released, number)
	}
}

// taker is a client that takes numbers of a pool which all takers share.
type taker struct {
	hermesdtest.Endpoint
	session hermesdtest.Session
	name    string
	ledger  *ledger
}

// use makes the calls of a number's life: it gives back what the user has had since the last fault,
// holds a number, assigns it, gives it back, and claims another one. It reports whether all were
// answered ok. Refusals are faults, unless the database is down.
func (u *taker) use(t *testing.T, answered func()) bool {
	a, ok := u.call(t, "alias/list", "destination="+u.name+"&e164=true")
	if !ok {
		return false
	}
	answered()
	for _, alias := range entries(a, "alias") {
		if _, ok := u.call(t, "number/release", "alias="+url.QueryEscape(alias)); !ok {
			return false
		}
	}
	search := "random=yes&search=" + url.QueryEscape("+47735*")
	held, ok := u.call(t, "number/hold", search)
	if !ok {
		return false
	}
	answered()
	number := url.QueryEscape(held.Text("number"))
	for _, step := range []struct{ node, form string }{
		{"number/assign", "user=" + u.name + "&number=" + number},
		{"number/release", "number=" + number},
		{"number/claim", search},
	} {
		if _, ok := u.call(t, step.node, step.form); !ok {
			return false
		}
		answered()
	}
	return true
}

// call makes a call, and reports whether it was answered ok.
func (u *taker) call(t *testing.T, node, form string) (hermesdtest.Answer, bool) {
	a, err := u.Post(t.Context(), u.session, node, form)
	switch {
	case err != nil || isDown(a) || a.Class() == "ok/dbfail": // alias/list
		return a, false
	case a.Class() != "ok":
		t.Errorf("%s %s: answered %s, want ok", node, form, a.Body)
		return a, false
	}
	u.ledger.add(node, a.Text("number"))
	return a, true
}

// mustEnter makes the pool and the users of the takers.
func mustEnterTakers(t *testing.T, e hermesdtest.Endpoint, admin hermesdtest.Session) (all []*taker) {
	t.Helper()
	e.MustCall(t, "ok", admin, "domain/set_servers", takerServers)
	e.MustCall(t, "ok", admin, "number/add_range", fmt.Sprintf("start=%%2B%d&end=%%2B%d", takerStart, takerStart+takerPool-1))
	l := &ledger{}
	for i := range takerPool {
		l.pool = append(l.pool, fmt.Sprintf("+%d", takerStart+i))
	}
	for i := range takers {
		u := &taker{Endpoint: e, session: admin, name: fmt.Sprintf("taker%d@%s", i, takerDomain), ledger: l}
		e.MustCall(t, "ok", admin, "user/add", "user="+u.name)
		all = append(all, u)
	}
	return all
}

// settle checks where each number of the first pool is now: each is in one place, and those that
// were answered as claimed or given back have not been given out again.
func (l *ledger) settle(t *testing.T, e hermesdtest.Endpoint, admin hermesdtest.Session) {
	t.Helper()
	in, search := map[string][]string{}, "search="+url.QueryEscape("+47735*")
	for _, state := range []string{"free", "held", "cooling"} {
		a := e.Call(t, admin, "number/list", search+"&state="+state)
		if c := a.Class(); c != "ok" && c != "failed/empty" {
			t.Fatalf("the numbers that are %s: %s", state, a.Body)
		}
		in[state] = entries(a, "")
	}
	for _, alias := range aliases(e.MustCall(t, "ok", admin, "alias/list", ""), takerDomain) {
		number, _, _ := strings.Cut(alias, "@")
		in["assigned"] = append(in["assigned"], number)
	}
	// The trail has the claims whose answers were lost, too.
	in["claimed"] = entries(e.MustCall(t, "ok", admin, "audit/list", "node=number/claim&principal=admin"), "subject")
	var all []string
	for _, numbers := range in {
		all = append(all, numbers...)
	}
	slices.Sort(all)
	if d := cmp.Diff(l.pool, all); d != "" {
		t.Errorf("the first pool, and where its numbers are now (-first +now):\n%s", d)
	}
	for where, numbers := range map[string][]string{"claimed": l.claimed, "cooling": l.released} {
		for _, n := range numbers {
			if !slices.Contains(in[where], n) {
				t.Errorf("%s was answered as given out or given back, and is not among those that are %s", n, where)
			}
		}
	}
}
