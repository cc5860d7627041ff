package security_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
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
			traffic := startTraffic(t, i, folder, c.env)
			traffic.send(t, c.db)
			traffic.stop()
			for _, kind := range canaryKinds {
				if len(traffic.canaries[kind]) == 0 {
					t.Errorf("the requests had no %s", kind)
				}
			}
			log := traffic.log.String()
			testEveryNodeLogged(t, log)
			traffic.canaries.testAbsent(t, "hermesd's log", log)
			if c.db != nil {
				traffic.canaries.testAbsent(t, "PostgreSQL's log", c.db.Log(), append(c.inLog, misplacedPassword)...)
				if strings.Contains(c.db.Log(), pgtest.ShadowError) {
					t.Error("a function of another role ran")
				}
			}
			dump := c.dump(t, folder)
			if hash := sha256.Sum256([]byte(traffic.admin.id)); !strings.Contains(dump, string(hash[:])) && !strings.Contains(dump, hex.EncodeToString(hash[:])) {
				t.Errorf("the dump does not have the sessions: %q", dump)
			}
			traffic.canaries.testAbsent(t, "a dump of the database", dump, c.inDatabase...)
		})
	}
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
