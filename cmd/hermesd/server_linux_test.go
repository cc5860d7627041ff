package main

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // registers the driver

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// maxGrowth limits the growth of hermesd's memory, in KiB.
const maxGrowth = 64 << 10

// listLength returns the number of entries in each list: a million if every suite is required. A
// shorter list tests order and end only.
func listLength() int {
	if testserver.Required() {
		return 1_000_000
	}
	return 200_000
}

// firstNumber is the first number of the pool, without its +.
const firstNumber = 4721000000

// TestServer_StreamsLists checks that hermesd's memory does not grow with the length of a list that
// is read slowly. It is not parallel, because it takes much of the machine.
func TestServer_StreamsLists(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		e := env{"HERMES_DATA": filepath.Join(t.TempDir(), "data")}
		p := startHermesd(t, e)
		db, err := sql.Open("sqlite", filepath.Join(e["HERMES_DATA"], "hermes.db")+"?_pragma=busy_timeout(60000)")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		// A trigger lets hermesd write the aliases: this process would take minutes under the race
		// detector.
		mustExec(t, db, fmt.Sprintf(`CREATE TRIGGER fill AFTER INSERT ON hermes_numbers BEGIN
			INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
			SELECT '+47' || printf('%%08d', i), 'example.test', 'user' || i, 'example.test'
			FROM (SELECT substr(NEW.number, 2) - %d AS i); END`, firstNumber))
		mustAddNumbers(t, p.login(t, "admin", p.password()))
		mustExec(t, db, "DROP TRIGGER fill")
		testLists(t, restartHermesd(t, p, e), "admin", p.password())
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		db := pgtest.New(t, pgtest.Options{NoFsync: true})
		db.Exec(t, fmt.Sprintf(`INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
			SELECT '+47' || lpad(i::text, 8, '0'), 'example.test', 'user' || i, 'example.test'
			FROM generate_series(0, %d) AS i`, listLength()-1))
		db.Exec(t, "ANALYZE dbaliases") // as autovacuum does
		e := env{"HERMES_DB": db.URL(), "HERMES_SECRET_KEY": testKey, "HERMES_MIGRATE": "auto"}
		p := startHermesd(t, e)
		runCommandInput(t, "correct horse", e, "bootstrap", "--user", "root", "--password-stdin")
		mustAddNumbers(t, p.login(t, "root", "correct horse"))
		testLists(t, restartHermesd(t, p, e), "root", "correct horse")
	})
}

func mustExec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func mustAddNumbers(t *testing.T, s *session) {
	t.Helper()
	s.mustCall(t, "number/add_range",
		"start", fmt.Sprintf("+%d", firstNumber), "end", fmt.Sprintf("+%d", firstNumber+listLength()-1))
}

// testLists reads the lists of aliases and numbers. It measures the growth of memory from before
// the login, so that the login's own memory counts.
func testLists(t *testing.T, p *process, user, password string) {
	before := p.memory(t, "VmRSS")
	s := p.login(t, user, password)
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
		s.wantList(t, list.node, list.want)
		growth := p.memory(t, "VmHWM") - before
		t.Logf("%s: %d entries in %s; memory has grown by %d KiB from %d KiB at the start", list.node, listLength(),
			time.Since(begun).Round(time.Millisecond), growth, before)
		if growth >= maxGrowth {
			t.Errorf("%s: memory has grown by %d KiB, want less than %d", list.node, growth, maxGrowth)
		}
	}
}

// slowReader pauses before each read, so that hermesd has to wait.
type slowReader struct{ io.Reader }

func (r slowReader) Read(b []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return r.Reader.Read(b)
}

// wantList reads a list slowly and compares entry i with want(i).
func (s *session) wantList(t *testing.T, node string, want func(i int) string) {
	t.Helper()
	query := url.Values{"session": {s.session}, "auth_key": {s.key}}
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.p.url+"/api/"+node+"?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(s.cookie)
	res, err := s.p.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	n := 0
	for entry := range listEntries(t, bufio.NewReaderSize(slowReader{res.Body}, 256<<10)) {
		if w := want(n); entry != w {
			t.Fatalf("%s: entry %d is %s, want %s", node, n, entry, w)
		}
		n++
	}
	if n != listLength() {
		t.Errorf("%s has %d entries, want %d", node, n, listLength())
	}
}

// listEntries yields the entries of an answer's list as JSON. Then it checks the end of the answer.
func listEntries(t *testing.T, body io.Reader) iter.Seq[string] {
	return func(yield func(string) bool) {
		d := json.NewDecoder(body)
		for token := json.Token(nil); token != "list"; {
			var err error
			if token, err = d.Token(); err != nil {
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

// memory returns a field of the process's status in /proc, in KiB.
func (p *process) memory(t *testing.T, field string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(field + `:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		t.Fatalf("no %s in %s", field, status)
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
