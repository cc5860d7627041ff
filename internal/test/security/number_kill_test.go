package security_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

const (
	numberKills     = 3
	numberWriters   = 32
	numberKillAfter = 200 // calls that were answered ok
	numberPool      = 2000
)

// TestNumbers_Kill kills hermesd several times while clients hold, claim, assign and release the
// numbers of a pool. In the end each number is in one place, and those that were given back have
// not been given out again.
func TestNumbers_Kill(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { testNumbersKill(t, nil) })
	t.Run("postgresql", func(t *testing.T) { testNumbersKill(t, pgtest.New(t, pgtest.Options{NoFsync: true})) })
}

func testNumbersKill(t *testing.T, db *pgtest.DB) {
	t.Parallel()
	env, h := newKillable(t, db, numberWriters, "HERMES_NUMBER_QUARANTINE=1h")
	admin := h.mustLoginAsAdmin(t)
	h.mustCall(t, "ok", admin, "number/add_range", fmt.Sprintf("start=%%2B4773500000&end=%%2B%d", 4773500000+numberPool-1))
	pool := h.pool(t, admin)
	h.stop()

	done := &answeredNumbers{}
	for range numberKills {
		h := startHermesd(t, env)
		h.useNumbersUntilKilled(t, h.mustLoginAsAdmin(t), done)
		waitForKilled(t, db)
	}
	h = startHermesd(t, env)
	testNumbers(t, h, h.mustLoginAsAdmin(t), pool, done)
}

// answeredNumbers are the numbers of the calls that were answered ok.
type answeredNumbers struct {
	mu                sync.Mutex
	claimed, released []string
}

func (d *answeredNumbers) add(node, number string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch node {
	case "number/claim":
		d.claimed = append(d.claimed, number)
	case "number/release":
		d.released = append(d.released, number)
	}
}

// useNumbersUntilKilled has clients use numbers, and kills hermesd when enough calls were answered.
func (h *hermesd) useNumbersUntilKilled(t *testing.T, admin session, done *answeredNumbers) {
	h.http.Transport = &http.Transport{MaxIdleConnsPerHost: numberWriters}
	var writers sync.WaitGroup
	var count atomic.Int64
	enough := make(chan struct{})
	stop := sync.OnceFunc(func() { close(enough) })
	for w := range numberWriters {
		writers.Go(func() {
			u := &numberUser{hermesd: h, session: admin, name: writerName(w) + "@example.com", done: done, answered: func() {
				if count.Add(1) == numberKillAfter {
					stop()
				}
			}}
			for u.use(t) {
			}
			stop() // it ends after a fault, or because hermesd was killed
		})
	}
	h.killWhen(t, enough, &writers)
}

// numberUser is a client of a round.
type numberUser struct {
	*hermesd
	session  session
	name     string
	done     *answeredNumbers
	answered func()
}

// use makes the calls of a number's life: it gives back what the user has had since the round
// before, holds a number, assigns it, gives it back, and claims another one. It reports whether all
// were answered as they should be.
func (u *numberUser) use(t *testing.T) bool {
	a, ok := u.call(t, "alias/list", "destination="+u.name+"&e164=true")
	if !ok {
		return false
	}
	var aliases struct{ List []struct{ Alias string } }
	decode(t, a, &aliases)
	for _, had := range aliases.List {
		if _, ok := u.call(t, "number/release", "alias="+url.QueryEscape(had.Alias)); !ok {
			return false
		}
	}
	held, ok := u.call(t, "number/hold", "random=yes")
	if !ok {
		return false
	}
	number := url.QueryEscape(held.text("number"))
	for _, step := range []struct{ node, form string }{
		{"number/assign", "user=" + u.name + "&number=" + number},
		{"number/release", "number=" + number},
		{"number/claim", "random=yes"},
	} {
		if _, ok := u.call(t, step.node, step.form); !ok {
			return false
		}
	}
	return true
}

// call makes a call, and reports whether it was answered ok.
func (u *numberUser) call(t *testing.T, node, form string) (answer, bool) {
	a, err := u.post(t.Context(), u.session, node, form)
	if err != nil {
		return a, false // it was killed
	}
	if a.class() != "ok" {
		t.Errorf("%s %s: answered %s, want ok", node, form, a.body)
		return a, false
	}
	u.done.add(node, a.text("number"))
	u.answered()
	return a, true
}

// testNumbers checks where each number of the first pool is now.
func testNumbers(t *testing.T, h *hermesd, admin session, pool []string, done *answeredNumbers) {
	t.Helper()
	in := map[string][]string{}
	for _, state := range []string{"free", "held", "cooling"} {
		var numbers struct{ List []string }
		a, err := h.post(t.Context(), admin, "number/list", "state="+state)
		if err != nil || a.class() != "ok" && a.class() != "failed/empty" {
			t.Fatalf("the numbers that are %s: %s, %v", state, a.body, err)
		}
		decode(t, a, &numbers)
		in[state] = numbers.List
	}
	var aliases struct{ List []struct{ Alias string } }
	decode(t, h.mustCall(t, "ok", admin, "alias/list", ""), &aliases)
	for _, a := range aliases.List {
		number, _, _ := strings.Cut(a.Alias, "@")
		in["assigned"] = append(in["assigned"], number)
	}
	// The trail has the claims whose answers were lost, too.
	var trail struct{ List []struct{ Subject string } }
	decode(t, h.mustCall(t, "ok", admin, "audit/list", "node=number/claim"), &trail)
	for _, e := range trail.List {
		in["claimed"] = append(in["claimed"], e.Subject)
	}
	var all []string
	for _, numbers := range in {
		all = append(all, numbers...)
	}
	slices.Sort(all)
	if d := cmp.Diff(pool, all); d != "" {
		t.Errorf("the first pool, and where its numbers are now (-first +now):\n%s", d)
	}
	for _, n := range done.claimed {
		if !slices.Contains(in["claimed"], n) {
			t.Errorf("%s was answered as claimed, and no entry says so", n)
		}
	}
	for _, n := range done.released {
		if !slices.Contains(in["cooling"], n) {
			t.Errorf("%s was given back less than an hour ago, and does not cool down", n)
		}
	}
	t.Logf("%d numbers were claimed and %d given back, as answered", len(done.claimed), len(done.released))
}
