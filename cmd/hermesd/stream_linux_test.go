package main

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver by its name

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// mostGrowth is what hermesd's memory may grow by, in KiB.
const mostGrowth = 64 << 10

// streamed is how many entries each list has: a million where everything is to be tested, which takes its time. Of fewer only
// order and end can be wrong.
func streamed() int {
	if os.Getenv("HERMES_TEST_REQUIRE") == "1" {
		return 1_000_000
	}
	return 200_000
}

// firstNumber is the first in the pool, without its +.
const firstNumber = 4721000000

// A list of a million is no larger in memory than any other, however slowly it is read.
func TestStream(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		e := env{"HERMES_DATA": filepath.Join(t.TempDir(), "data")}
		p := start(t, e)
		db, err := sql.Open("sqlite", filepath.Join(e["HERMES_DATA"], "hermes.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		// The server makes the rows: this process would take minutes under the race detector.
		execute(t, db, fmt.Sprintf(`CREATE TRIGGER fill AFTER INSERT ON hermes_numbers BEGIN
			INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
			SELECT '+47' || printf('%%08d', i), 'example.test', 'user' || i, 'example.test' FROM (SELECT substr(NEW.number, 2) - %d AS i); END`, firstNumber))
		addNumbers(p.login("admin", p.password()))
		execute(t, db, "DROP TRIGGER fill")
		stream(t, restart(t, p, e), "admin", p.password())
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		db := pgtest.New(t, pgtest.Options{NoFsync: true})
		db.Exec(t, fmt.Sprintf(`INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
			SELECT '+47' || lpad(i::text, 8, '0'), 'example.test', 'user' || i, 'example.test' FROM generate_series(0, %d) AS i`, streamed()-1))
		db.Exec(t, "ANALYZE dbaliases") // as autovacuum does
		e := env{"HERMES_DB": db.URL(), "HERMES_SECRET_KEY": testKey, "HERMES_MIGRATE": "auto"}
		p := start(t, e)
		tryRunWith(t, "correct horse", e, "bootstrap", "--user", "root", "--password-stdin")
		addNumbers(p.login("root", "correct horse"))
		stream(t, restart(t, p, e), "root", "correct horse")
	})
}

func execute(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func addNumbers(s *session) {
	s.p.t.Helper()
	s.must("number/add_range", "start", fmt.Sprintf("+%d", firstNumber), "end", fmt.Sprintf("+%d", firstNumber+streamed()-1))
}

// stream counts from an idle server, so that all that a login leaves behind is in the figure.
func stream(t *testing.T, p *process, user, password string) {
	before := p.memory("VmRSS")
	s := p.login(user, password)
	for _, list := range []struct {
		node string
		want func(i int) string
	}{
		{"alias/list", func(i int) string {
			return fmt.Sprintf(`{"alias":"+47%08d@example.test","destination":"user%d@example.test"}`, i, i)
		}},
		{"number/list", func(i int) string { return fmt.Sprintf(`"+%d"`, firstNumber+i) }},
	} {
		begun := time.Now()
		s.wantList(list.node, list.want)
		grown := p.memory("VmHWM") - before
		t.Logf("%s: %d entries in %s; memory has grown by %d KiB from %d KiB at the start", list.node, streamed(),
			time.Since(begun).Round(time.Millisecond), grown, before)
		if grown >= mostGrowth {
			t.Errorf("%s: want memory to grow by less than %d KiB", list.node, mostGrowth)
		}
	}
}

// slowly is a reader that hermesd has to wait for.
type slowly struct{ io.Reader }

func (s slowly) Read(b []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return s.Reader.Read(b)
}

// wantList reads a list entry by entry.
func (s *session) wantList(node string, want func(i int) string) {
	s.p.t.Helper()
	query := url.Values{"session": {s.session}, "auth_key": {s.key}}
	req, err := http.NewRequestWithContext(s.p.t.Context(), "GET", s.p.url+"/api/"+node+"?"+query.Encode(), nil)
	if err != nil {
		s.p.t.Fatal(err)
	}
	req.AddCookie(s.cookie)
	res, err := s.p.http.Do(req)
	if err != nil {
		s.p.t.Fatal(err)
	}
	defer res.Body.Close()
	n := 0
	for entry := range entries(s.p.t, bufio.NewReaderSize(slowly{res.Body}, 256<<10)) {
		if w := want(n); entry != w {
			s.p.t.Fatalf("%s: entry %d is %s, want %s", node, n, entry, w)
		}
		n++
	}
	if n != streamed() {
		s.p.t.Errorf("%s has %d entries, want %d", node, n, streamed())
	}
}

// entries yields those of an answer's list, and then looks for its end.
func entries(t *testing.T, body io.Reader) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		d := json.NewDecoder(body)
		for tok := json.Token(nil); tok != "list"; {
			var err error
			if tok, err = d.Token(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		var entry json.RawMessage
		for d.More() {
			if err := d.Decode(&entry); err != nil {
				t.Fatal(err)
			}
			if !yield(string(entry)) {
				return
			}
		}
		rest, err := io.ReadAll(io.MultiReader(d.Buffered(), body))
		if want := `],"response":"ok"}`; err != nil || strings.TrimSpace(string(rest)) != want {
			t.Fatalf("%q, %v after the list, want %s", rest, err, want)
		}
	}
}

// memory reads what the kernel says of the process, in KiB.
func (p *process) memory(field string) int {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	m := regexp.MustCompile(field + `:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		p.t.Fatalf("no %s in %s", field, status)
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}
