package security_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

const (
	kills         = 5
	killWriters   = 8
	killAfter     = 40 // calls that were answered ok
	killPoolStart = "+4773500000"
	killPoolEnd   = "+4773500999" // more than the writers claim
)

// TestAudit_Kill kills hermesd several times while writers change users and claim numbers. In the
// end, the audit trail has each change that was done, once, and no other.
func TestAudit_Kill(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { testKill(t, nil) })
	t.Run("postgresql", func(t *testing.T) { testKill(t, pgtest.New(t, pgtest.Options{NoFsync: true})) })
}

func testKill(t *testing.T, db *pgtest.DB) {
	t.Parallel()
	env, h := newKillable(t, db, killWriters)
	admin := h.mustLoginAsAdmin(t)
	h.mustCall(t, "ok", admin, "number/add_range", "start="+url.QueryEscape(killPoolStart)+"&end="+url.QueryEscape(killPoolEnd))
	pool := h.pool(t, admin)
	h.stop()

	done := &answered{changes: map[string]string{}}
	for round := range kills {
		h := startHermesd(t, env)
		h.writeUntilKilled(t, h.mustLoginAsAdmin(t), round, done)
		waitForKilled(t, db)
	}
	h = startHermesd(t, env)
	testTrail(t, h, h.mustLoginAsAdmin(t), pool, done.changes)
}

// newKillable starts a hermesd with users for writers, over db or, if that is nil, over SQLite. It
// returns the environment with which it is started again. settings are further variables of it.
func newKillable(t *testing.T, db *pgtest.DB, writers int, settings ...string) (env []string, h *hermesd) {
	t.Helper()
	env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HERMES_DATA=" + t.TempDir(), "HERMES_SECRET_KEY=" + strings.Repeat("k", 43),
		"HERMES_DOMAIN=example.com",
	}, settings...)
	if db != nil {
		env = append(env, "HERMES_DB="+db.URL())
	}
	mustRunHermesd(t, env, "", "migrate", "--kamailio-tables")
	mustRunHermesd(t, env, adminPassword, "bootstrap", "--user", "admin", "--password-stdin")
	h = startHermesd(t, env)
	admin := h.mustLoginAsAdmin(t)
	h.mustCall(t, "ok", admin, "domain/set_servers", "domain=example.com&registrar=a.example.com&r_port=5060"+
		"&proxy=b.example.com&p_port=5060&prov_url=https://c.example.com/")
	for w := range writers {
		h.mustCall(t, "ok", admin, "user/add", "user="+writerName(w)+"@example.com")
	}
	return env, h
}

// waitForKilled waits until what a killed process has sent is done, or not: until its connections
// have ended.
func waitForKilled(t *testing.T, db *pgtest.DB) {
	t.Helper()
	if db != nil {
		testserver.WaitFor(t, "the end of the connections", func() bool { return db.Value(t, connectionCount) == "0" })
	}
}

// killWhen waits until enough is closed, kills hermesd, and waits for the writers.
func (h *hermesd) killWhen(t *testing.T, enough <-chan struct{}, writers *sync.WaitGroup) {
	t.Helper()
	select {
	case <-enough:
	case <-h.ended:
		t.Error("hermesd has ended by itself")
	}
	h.kill()
	writers.Wait()
}

func (h *hermesd) mustLoginAsAdmin(t *testing.T) session {
	t.Helper()
	return h.mustLogin(t, "username=admin&password="+url.QueryEscape(adminPassword))
}

// pool returns the numbers of the pool.
func (h *hermesd) pool(t *testing.T, admin session) []string {
	t.Helper()
	var numbers struct{ List []string }
	decode(t, h.mustCall(t, "ok", admin, "number/list", ""), &numbers)
	return numbers.List
}

func decode(t *testing.T, a answer, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		t.Fatal(err)
	}
}

const connectionCount = `SELECT count(*) FROM pg_stat_activity
	WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`

func writerName(w int) string { return fmt.Sprintf("writer%d", w) }

// answered has what the calls that were answered ok have changed, by X-Request-Id: the new name of
// the user, or the number.
type answered struct {
	mu      sync.Mutex
	changes map[string]string
}

func (d *answered) add(a answer, change string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes[a.header.Get("X-Request-Id")] = change
}

// writeUntilKilled has writers call hermesd, and kills it when enough calls were answered.
func (h *hermesd) writeUntilKilled(t *testing.T, admin session, round int, done *answered) {
	h.http.Transport = &http.Transport{MaxIdleConnsPerHost: killWriters}
	var writers sync.WaitGroup
	var count atomic.Int64
	enough := make(chan struct{})
	stop := sync.OnceFunc(func() { close(enough) })
	for w := range killWriters {
		writers.Go(func() {
			for i := 0; ; i++ {
				node, form := "number/claim", ""
				name := fmt.Sprintf("round %d, writer %d, call %d", round, w, i)
				if i%2 == 0 {
					node, form = "user/update", "user="+writerName(w)+"@example.com&displayname="+url.QueryEscape(name)
				}
				a, err := h.post(t.Context(), admin, node, form)
				if err != nil {
					return // it was killed
				}
				if a.class() != "ok" {
					t.Errorf("%s %s: answered %s", node, form, a.body)
					stop()
					return
				}
				if node == "number/claim" {
					name = a.text("number")
				}
				done.add(a, name)
				if count.Add(1) == killAfter {
					stop()
				}
			}
		})
	}
	h.killWhen(t, enough, &writers)
}

// testTrail compares the audit trail with the answers of calls, and with the users and the pool as
// they are now.
func testTrail(t *testing.T, h *hermesd, admin session, pool []string, answers map[string]string) {
	t.Helper()
	var trail struct {
		List []struct {
			Request, Node, Subject string
			Changes                []hermes.FieldChange
		}
	}
	decode(t, h.mustCall(t, "ok", admin, "audit/list", ""), &trail)
	left, names, changes := h.pool(t, admin), map[string]string{}, map[string]string{}
	for _, e := range trail.List {
		change := e.Subject
		switch e.Node {
		case "number/claim":
			left = append(left, e.Subject)
		case "user/update":
			from := e.Changes[0].From
			if _, twice := names[from]; twice {
				t.Errorf("two entries replace the name %q", from)
			}
			change = e.Changes[0].To
			names[from] = change
		default:
			continue
		}
		if _, twice := changes[e.Request]; twice {
			t.Errorf("two entries have the request %s", e.Request)
		}
		changes[e.Request] = change
	}
	for request, change := range answers {
		if changes[request] != change {
			t.Errorf("the request %s was answered ok and has changed %q; its entry says %q", request, change, changes[request])
		}
	}
	slices.Sort(left)
	if d := cmp.Diff(pool, left); d != "" {
		t.Errorf("the pool at first, and now with the numbers that entries say were claimed (-first +now):\n%s", d)
	}
	testNames(t, h, admin, names)
	var verified struct{ Sealed, Unsealed int }
	decode(t, h.mustCall(t, "ok", admin, "audit/verify", ""), &verified)
	if n := verified.Sealed + verified.Unsealed; n != len(trail.List) {
		t.Errorf("%d entries were verified, and there are %d", n, len(trail.List))
	}
	t.Logf("%d calls were answered, %d have entries", len(answers), len(changes))
}

// testNames follows the names of each user from the first one to that which it has now. next has
// what each name was replaced by; no two names are the same.
func testNames(t *testing.T, h *hermesd, admin session, next map[string]string) {
	t.Helper()
	steps := 0
	for w := range killWriters {
		name := writerName(w)
		for next[name] != "" && steps < len(next) {
			name = next[name]
			steps++
		}
		var got struct{ User struct{ DisplayName string } }
		decode(t, h.mustCall(t, "ok", admin, "user/get", "user="+writerName(w)+"@example.com"), &got)
		if got.User.DisplayName != name {
			t.Errorf("%s: the entries lead to the name %q, and it has %q", writerName(w), name, got.User.DisplayName)
		}
	}
	if steps != len(next) {
		t.Errorf("%d entries lead from the first names to the present ones, of %d", steps, len(next))
	}
}
