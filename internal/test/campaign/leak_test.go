package campaign_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// usage is what a hermesd has open.
type usage struct {
	// pooled are the connections in the pools. A restart of PostgreSQL leaves some that are dead until
	// they are used.
	pooled     int
	busy       int // of these, the ones in use
	files      int // other than those connections
	goroutines int
	sessions   int // of PostgreSQL
}

// within reports whether u is at most as much as first, all sessions are those of pools, and all
// connections have been given back to them.
func (u usage) within(first usage) bool {
	return u.files <= first.files && u.goroutines <= first.goroutines && u.sessions <= u.pooled && u.busy == 0
}

// TestLeaks sends requests, cuts the connections of clients that read lists, and lets connections
// to PostgreSQL fail. Afterwards hermesd has no more open files and goroutines than at first,
// and no connections to PostgreSQL but those of its pools. A round is 10 requests and one cut list;
// every other one has a failed connection.
func TestLeaks(t *testing.T) {
	t.Parallel()
	rounds := storetest.Rounds(t, 40)
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true})
	s := newMeasuredSite(t, newPostgreSQL(t, cluster.New(t, pgtest.Options{})))
	s.process.MustCall(t, "ok", s.admin, "number/add_range", rangeForm)
	first := s.firstUsage(t)
	s.requests(t, 10*rounds, "ok")
	for range rounds {
		s.startList(t).Close()
	}
	cluster.Stop(t, pgtest.Immediate)
	s.requests(t, max(1, rounds/2), "failed/dbfail")
	cluster.Start(t)
	testserver.WaitFor(t, "an answer", func() bool { return s.process.Call(t, s.admin, "domain/list", "").Class() == "ok" })
	s.requests(t, 400, "ok")
	s.mustUseAsAtFirst(t, first)
}

// TestSlowReaders begins to read more long lists than a principal may, and reads no further. The
// lists hold no connection to PostgreSQL meanwhile, and other requests are answered. Half of the
// clients go away, and hermesd closes the connections of the others. Afterwards there is a place
// for as many lists again, and hermesd has no more open files and goroutines than at first. A round
// takes ten seconds, after which hermesd gives up a reader.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	rounds := storetest.Rounds(t, 1)
	s := newMeasuredSite(t, newPostgreSQL(t, pgtest.New(t, pgtest.Options{NoFsync: true})))
	s.process.MustCall(t, "ok", s.admin, "number/add_range", rangeForm)
	first := s.firstUsage(t)
	for range rounds {
		var lists []net.Conn
		for range principalLists {
			lists = append(lists, s.startList(t))
		}
		// The lists are under way: the system has not taken the whole of them.
		s.process.MustCall(t, "failed/busy", s.admin, "number/list", "")
		s.requests(t, 80, "ok")
		testserver.WaitFor(t, "the end of all statements", func() bool { return s.count(t, busySessions) == 0 })
		for i, list := range lists {
			if i%2 == 0 {
				list.Close()
			}
		}
		testserver.WaitFor(t, "hermesd to give up the other readers", func() bool { return s.usage(t).files <= first.files })
		for i, list := range lists {
			if i%2 == 0 {
				continue
			}
			rest, err := io.ReadAll(list)
			if end := string(rest[max(0, len(rest)-100):]); strings.Contains(end, `"response"`) {
				t.Errorf("a list that was given up ends like a whole one: %q, %v", end, err)
			}
			list.Close()
		}
	}
	var again []net.Conn
	for range principalLists {
		again = append(again, s.startList(t))
	}
	for _, list := range again {
		list.Close()
	}
	s.mustUseAsAtFirst(t, first)
}

// principalLists is how many long lists of one principal are read at once.
const principalLists = 8

// busySessions are the connections to PostgreSQL that are used.
const busySessions = `pg_stat_activity
	WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle'`

// measuredSite is a site without writers, whose hermesd has metrics.
type measuredSite struct {
	*site
	metrics string // the URL
}

func newMeasuredSite(t *testing.T, d *database) *measuredSite {
	t.Helper()
	address, err := testserver.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, d, 0, "HERMES_METRICS_LISTEN="+address.String())
	return &measuredSite{site: s, metrics: "http://" + address.String() + "/metrics"}
}

// scrape returns the metrics.
func (s *measuredSite) scrape(t *testing.T) string {
	t.Helper()
	res, err := http.Get(s.metrics)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// firstUsage returns what hermesd has open after a load.
func (s *measuredSite) firstUsage(t *testing.T) usage {
	t.Helper()
	s.requests(t, 400, "ok")
	testserver.WaitFor(t, "the end of the clients' connections", func() bool { return s.usage(t).files < 100 })
	return s.usage(t)
}

// mustUseAsAtFirst waits until hermesd has no more open than it had.
func (s *measuredSite) mustUseAsAtFirst(t *testing.T, first usage) {
	t.Helper()
	var last usage
	defer func() { t.Logf("at first %+v, at the end %+v", first, last) }()
	testserver.WaitFor(t, "the use of resources to be as at first", func() bool {
		last = s.usage(t)
		return last.within(first)
	})
}

// usage returns what hermesd has open, without the test's own connections that are idle.
func (s *measuredSite) usage(t *testing.T) (u usage) {
	t.Helper()
	s.process.HTTP.CloseIdleConnections()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.process.PID()))
	if err != nil {
		testserver.SkipOrFail(t, err)
	}
	u.sessions = s.count(t, `pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`)
	text := s.scrape(t)
	value := goroutines.FindStringSubmatch(text)
	if value == nil {
		t.Fatalf("the metrics do not have the goroutines: %s", text)
	}
	u.goroutines, _ = strconv.Atoi(value[1])
	for _, m := range poolSizes.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[2])
		u.pooled += n
		if m[1] == "in_use" {
			u.busy += n
		}
	}
	u.files = len(files) - u.pooled
	return u
}

var (
	goroutines = regexp.MustCompile(`(?m)^go_goroutines (\d+)$`)
	poolSizes  = regexp.MustCompile(`(?m)^hermes_db_connections\{.*state="(\w+)"\} (\d+)$`)
)

// requests sends a number of requests from 40 clients, and checks that they are answered so.
func (s *site) requests(t *testing.T, number int, class string) {
	t.Helper()
	const clients = 40
	e := hermesdtest.Endpoint{URL: s.process.URL, HTTP: clientOf(clients)}
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for range (number + i) / clients {
				node, form := "number/list", "limit=10"
				if i%2 == 0 {
					node, form = "domain/set_servers", takerServers
				}
				if a, err := e.Post(t.Context(), s.admin, node, form); err != nil || a.Class() != class {
					t.Errorf("%s: %s, %v, want %s", node, a.Body, err, class)
				}
			}
		})
	}
	all.Wait()
	e.HTTP.CloseIdleConnections()
}

// startList asks for a long list, and reads the first bytes of the answer. The connection is closed
// when the test ends.
func (s *site) startList(t *testing.T) net.Conn {
	t.Helper()
	address := strings.TrimPrefix(s.process.URL, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	body := "session=" + s.admin.ID + "&auth_key=" + s.admin.AuthKey
	_, err = fmt.Fprintf(conn, "POST /api/number/list HTTP/1.1\r\nHost: %s\r\nCookie: hermes=%s\r\nContent-Length: %d\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\n\r\n%s", address, s.admin.Cookie, len(body), body)
	if err == nil {
		_, err = io.ReadFull(conn, make([]byte, 4096))
	}
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
