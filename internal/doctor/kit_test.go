package doctor

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

// body is a database that is in use, with what another tool does to it and a look at all that is in it.
type body struct {
	t        *testing.T
	postgres *pgtest.DB // nil: SQLite
	path     string     // of SQLite's file
	store    hermes.Store
	client   *hermes.Client
	key      hermes.SecretKey
}

// engines runs a test on both.
func engines(t *testing.T, test func(t *testing.T, empty func(t *testing.T) *body)) {
	t.Run("sqlite", func(t *testing.T) { test(t, emptySQLite) })
	t.Run("postgres", func(t *testing.T) { test(t, emptyPostgres) })
}

func emptySQLite(t *testing.T) *body {
	t.Helper()
	b := &body{t: t, path: filepath.Join(t.TempDir(), "hermes.db")}
	store, err := sqlite.Open(t.Context(), b.path, nil)
	b.must(err)
	t.Cleanup(func() { store.Close() })
	b.store = store
	return b
}

func emptyPostgres(t *testing.T) *body { return emptyCollated(t, "") }

// emptyICU compares text as no index of Hermes' does.
func emptyICU(t *testing.T) *body { return emptyCollated(t, "en-US") }

func emptyCollated(t *testing.T, locale string) *body {
	t.Helper()
	b := &body{t: t, postgres: pgtest.New(t, pgtest.Options{NoFsync: true, ICULocale: locale})}
	store, err := postgres.Open(t.Context(), b.postgres.URL(), &postgres.Options{MaxConns: 2})
	b.must(err)
	t.Cleanup(func() { store.Close() })
	b.must(store.Migrate(t.Context()))
	b.store = store
	return b
}

func (b *body) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// lives makes the Client and the first principal.
func (b *body) lives(plaintext bool) *body {
	b.t.Helper()
	var err error
	b.key, err = hermes.ParseSecretKey("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	b.must(err)
	b.client, err = hermes.New(b.store, &hermes.Options{SecretKeys: []hermes.SecretKey{b.key}, KamailioPlaintext: plaintext,
		Backends: []hermes.Backend{local.New(&local.Options{MemoryKiB: 8, Passes: 1})}})
	b.must(err)
	b.must(b.client.Bootstrap(b.t.Context(), "admin", hermes.NewSecret("correct horse")))
	return b
}

// serve adds domains to Kamailio's table, and their servers.
func (b *body) serve(domains ...string) *body {
	b.t.Helper()
	for _, name := range domains {
		b.exec(`INSERT INTO domain (domain, did) VALUES ('` + name + `', '` + name + `')`)
		_, err := b.client.DomainSetServers(b.t.Context(), hermes.DomainSetServersRequest{Domain: sip.MustParseDomain(name),
			Registrar: sip.MustParseDomain("sip." + name), RPort: 5060, Proxy: sip.MustParseDomain("sip." + name), PPort: 5060, ProvURL: "https://prov." + name + "/"})
		b.must(err)
	}
	return b
}

// users adds local users.
func (b *body) users(addresses ...string) *body {
	b.t.Helper()
	for _, a := range addresses {
		_, err := b.client.UserAdd(b.t.Context(), hermes.UserAddRequest{User: sip.MustParse(a)})
		b.must(err)
	}
	return b
}

// exec does what another tool does. HERMES. stands before a table of Hermes'.
func (b *body) exec(statements ...string) {
	b.t.Helper()
	for _, s := range statements {
		if b.postgres != nil {
			b.postgres.Exec(b.t, strings.ReplaceAll(s, "HERMES.", "hermes."))
			continue
		}
		db, err := sql.Open("sqlite", b.path+"?_busy_timeout=10000")
		b.must(err)
		_, err = db.Exec(strings.ReplaceAll(s, "HERMES.", "hermes_"))
		db.Close()
		if err != nil {
			b.t.Fatalf("%s: %v", s, err)
		}
	}
}

// healthy is a database with one of each thing.
func healthy(empty *body) *body {
	b := empty.lives(false).serve("example.test", "other.test").users("alice@example.test", "bob@other.test")
	b.t.Helper()
	ctx, alice := b.t.Context(), sip.MustParse("alice@example.test")
	_, err := b.client.UserAddRemote(ctx, hermes.UserAddRemoteRequest{User: sip.MustParse("carol@far.test"), Password: hermes.NewSecret("x"),
		Registrar: sip.MustParseDomain("far.test")})
	b.must(err)
	_, err = b.client.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: mac.MustParse("001122334455"), User: alice})
	b.must(err)
	_, err = b.client.NumberAddRange(ctx, hermes.NumberAddRangeRequest{Start: e164.MustParse("+4773500000"), End: e164.MustParse("+4773500009")})
	b.must(err)
	_, err = b.client.NumberAssign(ctx, hermes.NumberAssignRequest{User: alice})
	b.must(err)
	for _, a := range []hermes.Alias{{Alias: sip.MustParse("sales@example.test"), Destination: alice},
		{Alias: sip.MustParse("out@example.test"), Destination: sip.MustParse("nobody@far.test")}} {
		_, err = b.client.AliasAdd(ctx, hermes.AliasAddRequest(a))
		b.must(err)
	}
	b.must(b.store.SetGroups(ctx, alice, []string{"intl", "local"}))
	return b
}

// examined returns the findings.
func (b *body) examined(change ...func(*Options)) []Finding {
	b.t.Helper()
	return b.examinedAs("", change...)
}

// examinedAs is for a role of PostgreSQL's.
func (b *body) examinedAs(role string, change ...func(*Options)) (all []Finding) {
	b.t.Helper()
	db, err := SQLite(b.path)
	if b.postgres != nil {
		db, err = PostgreSQL(strings.Replace(b.postgres.URL(), "postgres@", role+"@", 1), "public")
		if role == "" {
			db, err = PostgreSQL(b.postgres.URL(), "public")
		}
	}
	b.must(err)
	defer db.Close()
	opts := Options{Database: db, SecretKeys: []hermes.SecretKey{b.key}}
	for _, c := range change {
		c(&opts)
	}
	Examine(context.Background(), opts, func(f Finding) { all = append(all, f) })
	return all
}

// faults are the findings that are not ok, by check.
func faults(t *testing.T, all []Finding) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, f := range all {
		if (f.Level == OK) != (f.Remedy == "") {
			t.Errorf("%s: level %s with the remedy %q", f.Check, f.Level, f.Remedy)
		}
		if f.Level == OK {
			continue
		}
		if found[f.Check] != "" {
			t.Errorf("the check %s is there twice", f.Check)
		}
		found[f.Check] = fmt.Sprintf("%s %s", f.Level, f.Detail)
	}
	return found
}

// dump is all that is in the tables, and what tables there are.
func (b *body) dump() map[string][]string {
	b.t.Helper()
	all := map[string][]string{}
	if b.postgres == nil {
		b.dumpFile(all)
		return all
	}
	for _, r := range b.postgres.Query(b.t, `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind FROM pg_class AS c
		JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'hermes')`) {
		all[r[0]] = nil
		query := map[string]string{"r": `SELECT CAST(r AS text) FROM ` + r[0] + ` AS r ORDER BY 1`, "S": `SELECT last_value || ',' || is_called FROM ` + r[0]}[r[1]]
		if query == "" {
			continue
		}
		for _, row := range b.postgres.Query(b.t, query) {
			all[r[0]] = append(all[r[0]], row[0])
		}
	}
	return all
}

func (b *body) dumpFile(all map[string][]string) {
	db, err := sql.Open("sqlite", b.path+"?_busy_timeout=10000")
	b.must(err)
	defer db.Close()
	for _, name := range b.column(db, `SELECT name FROM sqlite_master WHERE type = 'table'`) {
		columns := b.column(db, `SELECT 'quote("' || name || '")' FROM pragma_table_info('`+name+`')`)
		all[name] = b.column(db, `SELECT `+strings.Join(columns, ` || ',' || `)+` AS r FROM "`+name+`" ORDER BY r`)
	}
	all["schema"] = b.column(db, `SELECT coalesce(sql, name) FROM sqlite_master`)
}

func (b *body) column(db *sql.DB, query string) (all []string) {
	rows, err := db.Query(query)
	b.must(err)
	defer rows.Close()
	for rows.Next() {
		var v string
		b.must(rows.Scan(&v))
		all = append(all, v)
	}
	b.must(rows.Err())
	return all
}
