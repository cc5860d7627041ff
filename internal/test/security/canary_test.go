package security_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// canaries are secrets that were sent to hermesd or that it has made, by kind.
type canaries map[string][]string

// misplacedPassword is the kind of passwords that were typed as user name. They are allowed in
// PostgreSQL's log, since a database cannot tell them from names. They are not allowed in hermesd's
// log, which has no names that were not verified.
const misplacedPassword = "misplaced password"

// canaryKinds has every kind.
var canaryKinds = []string{
	"password", misplacedPassword, "SIP password", "ha1", "API key", "session", "auth_key", "cookie", "nonce", "signature", "secret key",
	"provisioning key",
}

func (c canaries) add(kind, secret string) { c[kind] = append(c[kind], secret) }

// encodings returns the forms that a secret may have in a log or in a dump.
func encodings(secret string) []string {
	return []string{secret, url.QueryEscape(secret), hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret))}
}

// testAbsent reports the secrets that the text has, but for those of the allowed kinds.
func (c canaries) testAbsent(t *testing.T, where, text string, allowed ...string) {
	t.Helper()
	for kind, secrets := range c {
		if slices.Contains(allowed, kind) {
			continue
		}
		for _, secret := range slices.Compact(slices.Sorted(slices.Values(secrets))) {
			for _, form := range encodings(secret) {
				if at := strings.Index(text, form); at >= 0 {
					start := max(strings.LastIndexByte(text[:at], '\n'), at-300, 0)
					t.Errorf("%s has the %s %q: %s…", where, kind, secret, text[start:min(len(text), at+len(form)+100)])
					break
				}
			}
		}
	}
}

// canaryCase is a database for hermesd and the kinds of secrets that are allowed in it.
type canaryCase struct {
	name string
	env  []string
	db   *pgtest.DB // if nil, hermesd has its embedded database
	// inLog are allowed in PostgreSQL's log because its settings log the values of every statement.
	inLog []string
	// inDatabase are allowed in the database: ha1, which Kamailio needs, and passwords with
	// HERMES_KAMAILIO_PLAINTEXT.
	inDatabase []string
}

func canaryCases(t *testing.T) []canaryCase {
	t.Helper()
	newDB := func() *pgtest.DB { return pgtest.New(t, pgtest.Options{NoFsync: true}) }
	normal, logging, plaintext := newDB(), newDB(), newDB()
	for _, setting := range []string{"log_statement = 'all'", "log_min_duration_statement = 0"} {
		logging.Exec(t, "ALTER DATABASE "+logging.Name()+" SET "+setting)
	}
	normal.ShadowBuiltins(t) // whose functions and operators no request may run
	hashes, passwords := []string{"ha1"}, []string{"ha1", "SIP password"}
	return []canaryCase{
		{
			name:       "sqlite, text",
			env:        []string{"HERMES_LOG_FORMAT=text"},
			inDatabase: hashes,
		},
		{
			name:       "sqlite, json, plaintext",
			env:        []string{"HERMES_LOG_FORMAT=json", "HERMES_KAMAILIO_PLAINTEXT=true"},
			inDatabase: passwords,
		},
		{
			name:       "postgresql, json",
			env:        []string{"HERMES_LOG_FORMAT=json", "HERMES_DB=" + normal.URL()},
			db:         normal,
			inDatabase: hashes,
		},
		{
			name:       "postgresql that logs every statement",
			env:        []string{"HERMES_DB=" + logging.URL()},
			db:         logging,
			inDatabase: hashes,
			inLog:      hashes,
		},
		{
			name:       "postgresql, plaintext",
			env:        []string{"HERMES_DB=" + plaintext.URL(), "HERMES_KAMAILIO_PLAINTEXT=true"},
			db:         plaintext,
			inDatabase: passwords,
		},
	}
}

// TestCanaries sends secrets to every node, in requests that succeed and in requests that fail, and
// looks for them in the logs and in the database.
func TestCanaries(t *testing.T) {
	for i, c := range canaryCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // much of the time is spent waiting for the answers to failed logins
			folder := t.TempDir()
			traffic := startTraffic(t, i, folder, append(c.env, "HERMES_KAMAILIO_RPC="+noContacts(t)))
			c.exec(t, folder, insertToolUser)
			traffic.send(t, c.db)
			trail := traffic.MustCall(t, "ok", traffic.admin, "audit/list", "")
			traffic.Stop()
			for _, kind := range canaryKinds {
				if len(traffic.canaries[kind]) == 0 {
					t.Errorf("the requests had no %s", kind)
				}
			}
			log := traffic.Log()
			testEveryNodeLogged(t, log)
			if !strings.Contains(log, "phone/provision") {
				t.Error("no phone has got its file")
			}
			traffic.canaries.testAbsent(t, "hermesd's log", log)
			if c.db != nil {
				traffic.canaries.testAbsent(t, "PostgreSQL's log", c.db.Log(), append(c.inLog, misplacedPassword)...)
				if strings.Contains(c.db.Log(), pgtest.ShadowError) {
					t.Error("a function of another role ran")
				}
			}
			testEveryChangeListed(t, trail)
			traffic.canaries.testAbsent(t, "audit/list", trail.Body)
			for _, table := range []string{"audit", "audit_subjects"} {
				rows := c.rows(t, folder, table)
				if !strings.Contains(rows, "alice@example.com") {
					t.Errorf("the table %s does not have the user: %s", table, rows)
				}
				traffic.canaries.testAbsent(t, "the table "+table, rows)
			}
			dump := c.dump(t, folder)
			if hash := sha256.Sum256([]byte(traffic.admin.ID)); !strings.Contains(dump, string(hash[:])) && !strings.Contains(dump, hex.EncodeToString(hash[:])) {
				t.Errorf("the dump does not have the sessions: %q", dump)
			}
			traffic.canaries.testAbsent(t, "a dump of the database", dump, c.inDatabase...)
		})
	}
}

// noContacts starts a server that answers as a Kamailio with which no phone is registered, and
// returns its URL.
func noContacts(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","error":{"code":404,"message":"AOR not found in location table"},"id":1}`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

var requestLine = regexp.MustCompile(`\bnode"?[=:]"?([a-z_/]+).*?\bresponse"?[=:]"?([a-z]+)`)

// testEveryNodeLogged wants the log to have a request of each node that has succeeded and one that
// has failed.
func testEveryNodeLogged(t *testing.T, log string) {
	t.Helper()
	logged := map[string]bool{}
	for _, m := range requestLine.FindAllStringSubmatch(log, -1) {
		logged[m[1]+" "+m[2]] = true
	}
	for _, n := range hermes.Nodes() {
		if !logged[n.Path+" "+string(n.Answers)] || !logged[n.Path+" invalid"] && !logged[n.Path+" failed"] {
			t.Errorf("%s has not succeeded, or not failed; has accessCases in access_test.go a request for it?", n.Path)
		}
	}
}

// insertToolUser adds a user as other tools do, for user/adopt.
const insertToolUser = `INSERT INTO subscriber (username, domain, password, ha1, ha1b)
	VALUES ('tool', 'example.com', '', 'another tool''s ha1', 'another tool''s ha1b')`

// testEveryChangeListed wants the audit trail to have an entry of each node that changes something,
// apart from those that never make one.
func testEveryChangeListed(t *testing.T, trail hermesdtest.Answer) {
	t.Helper()
	listed := map[string]bool{"auth/login": true, "auth/logout": true, "auth/ping": true}
	for _, e := range trail.Members["list"].([]any) {
		listed[e.(map[string]any)["node"].(string)] = true
	}
	for _, n := range hermes.Nodes() {
		if n.Changes && !listed[n.Path] {
			t.Errorf("%s has no entry in the audit trail; has accessCases in access_test.go a request that changes something?", n.Path)
		}
	}
}

// openFile opens the embedded database.
func openFile(t *testing.T, folder string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, "hermes.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// exec runs a statement.
func (c canaryCase) exec(t *testing.T, folder, statement string) {
	t.Helper()
	if c.db != nil {
		c.db.Exec(t, statement)
		return
	}
	if _, err := openFile(t, folder).Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// rows returns all rows of a table of Hermes.
func (c canaryCase) rows(t *testing.T, folder, table string) string {
	t.Helper()
	if c.db != nil {
		return fmt.Sprint(c.db.Query(t, "SELECT * FROM hermes."+table))
	}
	rows, err := openFile(t, folder).Query("SELECT * FROM hermes_" + table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	values := make([]sql.RawBytes, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s\n", values)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// dump returns the content of the database: every row of PostgreSQL, or SQLite's files, which may
// still have rows that have been removed.
func (c canaryCase) dump(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	if c.db == nil {
		files, err := filepath.Glob(filepath.Join(folder, "hermes.db*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no database in %s: %v", folder, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
		return all.String()
	}
	for _, table := range c.db.Query(t, `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('hermes', 'public')`) {
		for _, row := range c.db.Query(t, "SELECT t::text FROM "+table[0]+" AS t") {
			all.WriteString(row[0] + "\n")
		}
	}
	return all.String()
}
