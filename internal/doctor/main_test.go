package doctor

import (
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// Keys for sealed passwords. The databases of the tests use testKey.
const (
	testKey  = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	otherKey = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
)

// testDB is a database with Hermes' and Kamailio's tables, with a store and a client over it.
type testDB struct {
	postgres *pgtest.DB // nil for SQLite
	path     string     // of SQLite's file
	store    interface {
		hermes.Store
		Close() error
	}
	client *hermes.Client
}

// eachEngine runs a test for SQLite and for PostgreSQL. newDB returns a new empty database.
func eachEngine(t *testing.T, test func(t *testing.T, newDB func(t *testing.T) *testDB)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newSQLite) })
	t.Run("postgres", func(t *testing.T) { test(t, newPostgres) })
}

func newSQLite(t *testing.T) *testDB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hermes.db")
	store, err := sqlite.Open(t.Context(), path, nil)
	must(t, err)
	t.Cleanup(func() { store.Close() })
	db := &testDB{path: path, store: store}
	db.client = mustClient(t, store, false)
	return db
}

func newPostgres(t *testing.T) *testDB { return newPostgresLocale(t, "") }

// newPostgresICU returns a database whose default collation differs from those of all indexes.
func newPostgresICU(t *testing.T) *testDB { return newPostgresLocale(t, "en-US") }

func newPostgresLocale(t *testing.T, locale string) *testDB {
	t.Helper()
	pg := pgtest.New(t, pgtest.Options{NoFsync: true, ICULocale: locale})
	pg.Exec(t, "ALTER DATABASE "+pg.Name()+" SET synchronous_commit = on") // else a finding of its own
	store, err := postgres.Open(t.Context(), pg.URL(), &postgres.Options{MaxConns: 2})
	must(t, err)
	t.Cleanup(func() { store.Close() })
	must(t, store.Migrate(t.Context()))
	db := &testDB{postgres: pg, store: store}
	db.client = mustClient(t, store, false)
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustSecretKey(text string) hermes.SecretKey {
	k, err := hermes.ParseSecretKey(text)
	if err != nil {
		panic(err)
	}
	return k
}

// mustClient returns a client whose only secret key is testKey.
func mustClient(t *testing.T, store hermes.Store, kamailioPlaintext bool) *hermes.Client {
	t.Helper()
	client, err := hermes.New(store, &hermes.Options{
		SecretKeys:        []hermes.SecretKey{mustSecretKey(testKey)},
		KamailioPlaintext: kamailioPlaintext,
		Backends:          []hermes.Backend{local.New(&local.Options{MemoryKiB: 8, Passes: 1})},
	})
	must(t, err)
	return client
}

func mustBootstrap(t *testing.T, db *testDB) {
	t.Helper()
	must(t, db.client.Bootstrap(t.Context(), "admin", hermes.NewSecret("correct horse")))
}

// mustAddDomains adds domains to Kamailio's table, and their default servers.
func mustAddDomains(t *testing.T, db *testDB, names ...string) {
	t.Helper()
	for _, name := range names {
		db.exec(t, `INSERT INTO domain (domain, did) VALUES ('`+name+`', '`+name+`')`)
		_, err := db.client.DomainSetServers(t.Context(), hermes.DomainSetServersRequest{
			Domain:    sip.MustParseDomain(name),
			Registrar: sip.MustParseDomain("sip." + name), RPort: 5060,
			Proxy: sip.MustParseDomain("sip." + name), PPort: 5060,
			ProvURL: "https://prov." + name + "/",
		})
		must(t, err)
	}
}

// mustAddUsers adds local users.
func mustAddUsers(t *testing.T, db *testDB, addresses ...string) {
	t.Helper()
	for _, a := range addresses {
		_, err := db.client.UserAdd(t.Context(), hermes.UserAddRequest{User: sip.MustParse(a)})
		must(t, err)
	}
}

// mustSuspend suspends local users.
func mustSuspend(t *testing.T, db *testDB, addresses ...string) {
	t.Helper()
	for _, a := range addresses {
		_, err := db.client.UserSuspend(t.Context(), hermes.UserSuspendRequest{User: sip.MustParse(a)})
		must(t, err)
	}
}

// populate adds at least one row to each table of a new database, so that Examine finds no problem.
func populate(t *testing.T, db *testDB) {
	t.Helper()
	mustBootstrap(t, db)
	mustAddDomains(t, db, "example.test", "other.test")
	mustAddUsers(t, db, "alice@example.test", "bob@other.test")
	ctx, alice := t.Context(), sip.MustParse("alice@example.test")
	_, err := db.client.UserAddRemote(ctx, hermes.UserAddRemoteRequest{
		User:      sip.MustParse("carol@far.test"),
		Password:  hermes.NewSecret("x"),
		Registrar: sip.MustParseDomain("far.test"),
	})
	must(t, err)
	_, err = db.client.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: mac.MustParse("001122334455"), User: alice})
	must(t, err)
	_, err = db.client.NumberAddRange(ctx, hermes.NumberAddRangeRequest{
		Start: e164.MustParse("+4773500000"), End: e164.MustParse("+4773500009"),
	})
	must(t, err)
	_, err = db.client.NumberAssign(ctx, hermes.NumberAssignRequest{User: alice})
	must(t, err)
	for _, a := range []hermes.AliasAddRequest{
		{Alias: sip.MustParse("sales@example.test"), Destination: alice},
		{Alias: sip.MustParse("out@example.test"), Destination: sip.MustParse("nobody@far.test")},
	} {
		_, err = db.client.AliasAdd(ctx, a)
		must(t, err)
	}
	must(t, db.store.SetGroups(ctx, alice, []string{"intl", "local"}))
}

// exec executes statements as another tool would. The prefix "HERMES." marks Hermes' own tables.
func (db *testDB) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if db.postgres != nil {
			db.postgres.Exec(t, strings.ReplaceAll(s, "HERMES.", "hermes."))
			continue
		}
		pool, err := sql.Open("sqlite", db.path+"?_busy_timeout=10000")
		must(t, err)
		_, err = pool.Exec(strings.ReplaceAll(s, "HERMES.", "hermes_"))
		pool.Close()
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// open opens the database for Examine. role is the role of PostgreSQL, or "" for the owner.
func (db *testDB) open(t *testing.T, role string) *Database {
	t.Helper()
	var d *Database
	var err error
	switch {
	case db.postgres == nil:
		d, err = SQLite(db.path)
	case role == "":
		d, err = PostgreSQL(db.postgres.URL(), "public")
	default:
		d, err = PostgreSQL(strings.Replace(db.postgres.URL(), "postgres@", role+"@", 1), "public")
	}
	must(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

// examine returns the findings of Examine with testKey. change changes the options; it may be nil.
func (db *testDB) examine(t *testing.T, change func(*Options)) []Finding {
	t.Helper()
	d := db.open(t, "")
	defer d.Close()
	opts := Options{
		Database: d, SecretKeys: []hermes.SecretKey{mustSecretKey(testKey)}, Backends: []hermes.Backend{local.New(nil)},
	}
	if change != nil {
		change(&opts)
	}
	return examine(t, opts)
}

// examine returns the findings of Examine.
func examine(t *testing.T, opts Options) (all []Finding) {
	t.Helper()
	Examine(t.Context(), opts, func(f Finding) { all = append(all, f) })
	return all
}

// problems returns the level and the detail of those findings that are not OK, by check.
func problems(t *testing.T, findings []Finding) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, f := range findings {
		if (f.Level == OK) != (f.Remedy == "") {
			t.Errorf("%s: got level %s with remedy %q", f.Check, f.Level, f.Remedy)
		}
		if f.Level == OK {
			continue
		}
		if found[f.Check] != "" {
			t.Errorf("there are two findings of the check %s", f.Check)
		}
		found[f.Check] = fmt.Sprintf("%s %s", f.Level, f.Detail)
	}
	return found
}

// checkProblems compares the problems in findings.
func checkProblems(t *testing.T, findings []Finding, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, problems(t, findings)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// checkNames returns the names of all checks, in the order of their findings.
func checkNames(isPostgres bool) []string {
	names := []string{"database", "server-version", "journal-mode"}
	if isPostgres {
		names = []string{"database", "server-version", "clock", "durability", "privileges"}
	}
	names = append(names, "kamailio-tables", "foreign-columns", "column-types", "column-widths")
	if isPostgres {
		names = append(names, "table-rights")
	}
	names = append(names, "triggers", "table-versions", "domain-attributes", "migrations", "bootstrapped")
	if isPostgres {
		names = append(names, "search-index", "kamailio-indexes")
	}
	return append(names, "domains", "default-servers", "malformed-domains", "kamailio-only-users", "empty-hashes",
		"user-domains", "same-user-names", "hermes-only-users", "secret-keys", "password-hashes", "suspended-users", "remote-users",
		"clear-passwords", "pool-users", "alias-destinations", "users-and-aliases", "duplicate-aliases", "e164-aliases", "pool-numbers",
		"same-alias-names", "phones", "groups", "domain-case", "key-hosts")
}

// couldNotCheck is the problem of checks that could not be made for a reason.
func couldNotCheck(reason string, checks ...string) string {
	return "warn could not be looked at: " + strings.Join(checks, ", ") + ": " + reason
}

// databaseFault is a fault of a database as a whole, or a wrong setting, and the problems that
// Examine must find. Each is tested with a database of its own.
type databaseFault struct {
	why    string
	engine string         // "sqlite" or "postgres"; "" for both
	sql    []string       // brings the fault about
	change func(*Options) // brings the fault about; may be nil
	want   map[string]string

	// If stopsAfter is not empty, the checks after this one cannot be made, because of stopReason.
	stopsAfter, stopReason string
}

// testDatabaseFaults tests each fault in turn.
func testDatabaseFaults(t *testing.T, faults []databaseFault) {
	for _, f := range faults {
		t.Run(f.why, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, newDB func(*testing.T) *testDB) {
				if f.engine != "" && !strings.HasSuffix(t.Name(), "/"+f.engine) {
					return
				}
				db := newDB(t)
				populate(t, db)
				db.exec(t, f.sql...)
				want := map[string]string{}
				if f.stopsAfter != "" {
					names := checkNames(db.postgres != nil)
					want["not-checked"] = couldNotCheck(f.stopReason, names[slices.Index(names, f.stopsAfter)+1:]...)
				}
				maps.Copy(want, f.want)
				findings := db.examine(t, f.change)
				for i := range findings {
					if findings[i].Check == "clock" {
						findings[i].Detail = roundDurations(findings[i].Detail)
					}
				}
				checkProblems(t, findings, want)
			})
		})
	}
}

// roundDurations rounds the durations in a text to minutes.
func roundDurations(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		if d, err := time.ParseDuration(w); err == nil {
			words[i] = d.Round(time.Minute).String()
		}
	}
	return strings.Join(words, " ")
}

// rowFault is a fault that another tool brings about in single rows. All of them are tested in one
// database, by TestExamine_RowFaults.
type rowFault struct {
	why   string
	sql   []string
	check string
	want  string // the level and the detail of the finding
}
