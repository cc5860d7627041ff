package doctor

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
)

const unseenText = "warn could not be looked at: "

// from returns those checks that come after one, which cannot be made, and why.
func from(postgres bool, check, why string) map[string]string {
	names := checks(postgres)
	all := map[string]string{}
	for _, name := range names[slices.Index(names, check)+1:] {
		all[name] = unseenText + why
	}
	return all
}

// Faults of the database as a whole: each alone, and nothing but what it brings about.
var structureFaults = []struct {
	why    string
	sql    []string
	change func(*Options)
	only   string // the engine; "" for both
	want   map[string]string
	also   string // the checks after this one cannot be made
	reason string
}{
	{why: "no groups", sql: []string{`DROP TABLE grp`}, want: map[string]string{
		"kamailio-tables": "warn missing of Kamailio's tables and columns: 1 (grp)", "groups": unseenText + "the table grp is not as Kamailio has it"}},
	{why: "an old grp", sql: []string{`ALTER TABLE grp DROP COLUMN last_modified`}, want: map[string]string{
		"kamailio-tables": "warn missing of Kamailio's tables and columns: 1 (grp.last_modified)", "groups": unseenText + "the table grp is not as Kamailio has it"}},
	{why: "an old dbaliases", sql: []string{`ALTER TABLE dbaliases RENAME COLUMN alias_domain TO old`}, want: map[string]string{
		"kamailio-tables":    "fail missing of Kamailio's tables and columns: 1 (dbaliases.alias_domain)",
		"alias-destinations": unseenText + "the table dbaliases is not as Kamailio has it", "users-and-aliases": unseenText + "the table dbaliases is not as Kamailio has it",
		"duplicate-aliases": unseenText + "the table dbaliases is not as Kamailio has it", "e164-aliases": unseenText + "the table dbaliases is not as Kamailio has it",
		"pool-numbers": unseenText + "the table dbaliases is not as Kamailio has it", "same-alias-names": unseenText + "the table dbaliases is not as Kamailio has it",
		"domain-case": unseenText + "the table dbaliases is not as Kamailio has it"}},
	{why: "a site's column that wants a value", sql: []string{`DROP TABLE grp`, `CREATE TABLE grp (id integer PRIMARY KEY, username text, domain text, grp text, last_modified text, good integer NOT NULL DEFAULT 1, site integer NOT NULL)`},
		want: map[string]string{"foreign-columns": "fail columns that Hermes does not know, and that have neither a default nor NULL: nothing can be added to their tables: 1 (grp.site)"}},
	{why: "versions that Kamailio does not want", sql: []string{`UPDATE version SET table_version = 6 WHERE table_name = 'subscriber'`, `DELETE FROM version WHERE table_name = 'domain_attrs'`},
		want: map[string]string{"table-versions": "fail rows in Kamailio's table version that keep it from starting: 2 (subscriber is 6, want 7, domain_attrs has no row, want 1)"}},
	{why: "an old version without ids", sql: []string{`ALTER TABLE version RENAME TO old`, `CREATE TABLE version AS SELECT table_name, table_version FROM old`}, want: map[string]string{}},
	{why: "a migration is pending", sql: []string{`DELETE FROM HERMES.migrations WHERE name = '0002_access'`}, want: map[string]string{
		"migrations": "fail the schema is older than this hermesd: 0002_access"}, also: "migrations", reason: errSchema.Error()},
	{why: "a migration that comes by itself", sql: []string{`DELETE FROM HERMES.migrations`}, change: func(o *Options) { o.AutoMigrate = true }, want: map[string]string{
		"migrations": "warn the schema is older than this hermesd: 0001_provisioning, 0002_access"}, also: "migrations", reason: errSchema.Error()},
	{why: "a newer schema", sql: []string{`INSERT INTO HERMES.migrations (name) VALUES ('9999_future')`},
		want: map[string]string{"migrations": "fail the schema is newer than this hermesd: 9999_future"}},
	{why: "nobody administers", sql: []string{`UPDATE HERMES.authorizations SET access = 3`}, only: "postgres",
		want: map[string]string{"bootstrapped": "fail there is no principal with full_write: nobody can log in to administer"}},
	{why: "nobody administers yet", sql: []string{`DELETE FROM HERMES.authorizations`}, only: "sqlite",
		want: map[string]string{"bootstrapped": "warn there is no principal with full_write"}},
	{why: "without pg_trgm", sql: []string{`DROP EXTENSION pg_trgm CASCADE`}, only: "postgres",
		want: map[string]string{"search-index": "warn there is no index for searches in the users: each reads the whole table"}},
	{why: "no key", change: func(o *Options) { o.SecretKeys = nil },
		want: map[string]string{"secret-keys": "fail users whose sealed password no secret key opens: 3 (alice@example.test, bob@other.test, carol@far.test)"}},
	{why: "the key is the second", change: func(o *Options) {
		o.SecretKeys = append([]hermes.SecretKey{mustKey("ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=")}, o.SecretKeys...)
	}, want: map[string]string{}},
	{why: "a clock that is behind", change: func(o *Options) { o.Now = func() time.Time { return time.Now().Add(time.Hour) } }, only: "postgres",
		want: map[string]string{"clock": "warn the database's clock is 1h0m0s behind this machine's"}},
	{why: "a clock that is ahead", change: func(o *Options) { o.Now = func() time.Time { return time.Now().Add(-time.Hour) } }, only: "postgres",
		want: map[string]string{"clock": "warn the database's clock is 1h0m0s ahead of this machine's"}},
}

func mustKey(s string) hermes.SecretKey {
	k, err := hermes.ParseSecretKey(s)
	if err != nil {
		panic(err)
	}
	return k
}

func TestStructureFaults(t *testing.T) {
	for _, f := range structureFaults {
		t.Run(strings.ReplaceAll(f.why, " ", "_"), func(t *testing.T) {
			engines(t, func(t *testing.T, empty func(*testing.T) *body) {
				if f.only != "" && !strings.HasSuffix(t.Name(), "/"+f.only) {
					return
				}
				b := healthy(empty(t))
				b.exec(f.sql...)
				want := map[string]string{}
				if f.also != "" {
					want = from(b.postgres != nil, f.also, f.reason)
				}
				for check, finding := range f.want {
					want[check] = finding
				}
				if f.change == nil {
					f.change = func(*Options) {}
				}
				got := faults(t, b.examined(f.change))
				if clock := got["clock"]; clock != "" {
					got["clock"] = rounded(clock)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("(-want +got)\n%s", d)
				}
			})
		})
	}
}

// rounded takes what is under a second off the finding's duration.
func rounded(finding string) string {
	words := strings.Fields(finding)
	for i, w := range words {
		if d, err := time.ParseDuration(w); err == nil {
			words[i] = d.Round(time.Minute).String()
		}
	}
	return strings.Join(words, " ")
}

// A database that has just been made has nothing yet, and that is no fault but for domains.
func TestEmpty(t *testing.T) {
	engines(t, func(t *testing.T, empty func(*testing.T) *body) {
		got := faults(t, empty(t).lives(false).examined())
		if d := cmp.Diff(map[string]string{"domains": "warn no domain is served: no user can be added"}, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	})
}

func TestJournalMode(t *testing.T) {
	b := healthy(emptySQLite(t))
	b.must(b.store.(io.Closer).Close())
	b.exec(`PRAGMA journal_mode = DELETE`)
	want := map[string]string{"journal-mode": `fail the journal mode is "delete": Kamailio's queries fail while hermesd writes`}
	if d := cmp.Diff(want, faults(t, b.examined())); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// Where there is no database to ask there is one finding.
func TestNoDatabase(t *testing.T) {
	b := &body{t: t, path: filepath.Join(t.TempDir(), "x.db")}
	b.must(os.WriteFile(b.path, []byte(strings.Repeat("this is no database ", 100)), 0o600))
	if got := b.examined(); len(got) != 1 || got[0].Level != Fail || got[0].Check != "database" {
		t.Errorf("a file of text: %v", got)
	}
	if _, err := SQLite(b.path + "y"); err == nil {
		t.Error("a file that is not there was opened")
	}
	if _, err := os.Stat(b.path + "y"); err == nil {
		t.Error("a file was made")
	}
	db, err := PostgreSQL("postgres://hermes:tiger@127.0.0.1:1/x", "public")
	b.must(err)
	defer db.Close()
	var all []Finding
	Examine(t.Context(), Options{Database: db}, func(f Finding) { all = append(all, f) })
	if len(all) != 1 || all[0].Level != Fail || all[0].Check != "database" || strings.Contains(all[0].Detail, "tiger") {
		t.Errorf("nobody listens: %v", all)
	}
}
