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

// canaries are secrets that went through a hermesd, by kind.
type canaries map[string][]string

func (c canaries) add(kind, secret string) { c[kind] = append(c[kind], secret) }

// misplaced are passwords that somebody typed where a name belongs. No database can tell them from a name; the
// log of hermesd has no names that nobody has checked.
const misplaced = "misplaced password"

// kinds are all that there are.
var kinds = []string{"password", misplaced, "SIP password", "ha1", "API key", "session", "auth_key", "cookie", "nonce", "signature", "secret key"}

// forms are what a secret may look like in a log or in a dump.
func forms(secret string) []string {
	return []string{secret, url.QueryEscape(secret), hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret))}
}

// find looks for secrets of all kinds but those that are known to be there.
func (c canaries) find(t *testing.T, where, text string, except ...string) {
	t.Helper()
	for kind, secrets := range c {
		if slices.Contains(except, kind) {
			continue
		}
		for _, secret := range slices.Compact(slices.Sorted(slices.Values(secrets))) {
			for _, form := range forms(secret) {
				if at := strings.Index(text, form); at >= 0 {
					start := max(strings.LastIndexByte(text[:at], '\n'), at-300, 0)
					t.Errorf("%s has the %s %q: %s…", where, kind, secret, text[start:min(len(text), at+len(form)+100)])
					break
				}
			}
		}
	}
}

// canaryDB is a database for a hermesd.
type canaryDB struct {
	name string
	env  []string
	db   *pgtest.DB // nil: SQLite
	// shown are the kinds that PostgreSQL's log has, because an administrator wants every value of every statement in it.
	shown []string
	// kept are the kinds that the database has: ha1 is what Kamailio looks at.
	kept []string
}

// canaryDBs are hermesd's databases, with the log's formats.
func canaryDBs(t *testing.T) []canaryDB {
	t.Helper()
	var dbs []*pgtest.DB
	for range 3 {
		dbs = append(dbs, pgtest.New(t, pgtest.Options{NoFsync: true}))
	}
	plain, all, clear := dbs[0], dbs[1], dbs[2]
	for _, setting := range []string{"log_statement = 'all'", "log_min_duration_statement = 0"} {
		all.Exec(t, "ALTER DATABASE "+all.Name()+" SET "+setting)
	}
	hashes, passwords := []string{"ha1"}, []string{"ha1", "SIP password"}
	return []canaryDB{
		{name: "sqlite, text", env: []string{"HERMES_LOG_FORMAT=text"}, kept: hashes},
		{name: "sqlite, json, plaintext", env: []string{"HERMES_LOG_FORMAT=json", "HERMES_KAMAILIO_PLAINTEXT=true"}, kept: passwords},
		{name: "postgresql, json", env: []string{"HERMES_LOG_FORMAT=json", "HERMES_DB=" + plain.URL()}, db: plain, kept: hashes},
		{name: "postgresql that logs every statement", env: []string{"HERMES_DB=" + all.URL()}, db: all, kept: hashes, shown: hashes},
		{name: "postgresql, plaintext", env: []string{"HERMES_DB=" + clear.URL(), "HERMES_KAMAILIO_PLAINTEXT=true"}, db: clear, kept: passwords},
	}
}

// TestCanaries sends secrets through every node, succeeding and failing, and looks for them in the logs and in the database.
func TestCanaries(t *testing.T) {
	for i, c := range canaryDBs(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // failed logins take their time
			folder := t.TempDir()
			s := startSinger(t, i, folder, c.env)
			s.sing(t, c.db)
			s.stop()
			for _, kind := range kinds {
				if len(s.canaries[kind]) == 0 {
					t.Errorf("no %s has gone through", kind)
				}
			}
			wantEveryNode(t, s.log.String())
			s.canaries.find(t, "hermesd's log", s.log.String())
			if c.db != nil {
				s.canaries.find(t, "PostgreSQL's log", c.db.Log(), append(c.shown, misplaced)...)
			}
			dump := c.dump(t, folder)
			if hash := sha256.Sum256([]byte(s.admin.session)); !strings.Contains(dump, string(hash[:])) && !strings.Contains(dump, hex.EncodeToString(hash[:])) {
				t.Errorf("the dump does not have the sessions: %q", dump)
			}
			s.canaries.find(t, "a dump of the database", dump, c.kept...)
		})
	}
}

var requestLine = regexp.MustCompile(`\bnode"?[=:]"?([a-z_/]+).*?\bresponse"?[=:]"?([a-z]+)`)

// wantEveryNode makes sure that every node has succeeded, and failed.
func wantEveryNode(t *testing.T, log string) {
	t.Helper()
	seen := map[string]bool{}
	for _, m := range requestLine.FindAllStringSubmatch(log, -1) {
		seen[m[1]+" "+m[2]] = true
	}
	for _, n := range hermes.Nodes() {
		if !seen[n.Path+" "+string(n.Answers)] || !seen[n.Path+" invalid"] && !seen[n.Path+" failed"] {
			t.Errorf("%s has not succeeded, or not failed", n.Path)
		}
	}
}

// dump is all that the database keeps: every row, or SQLite's files, which may hold rows that have been removed.
func (c canaryDB) dump(t *testing.T, folder string) string {
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
	for _, table := range c.db.Query(t, `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname IN ('hermes', 'public')`) {
		for _, row := range c.db.Query(t, "SELECT t::text FROM "+table[0]+" AS t") {
			all.WriteString(row[0] + "\n")
		}
	}
	return all.String()
}
