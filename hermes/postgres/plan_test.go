package postgres_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// fillForPlans adds 20,000 users, of which some are in one of the two tables only, aliases and
// phones. A few users have a name that begins with "Zebra".
const fillForPlans = `CREATE TEMP TABLE t AS SELECT g, lpad(g::text, 6, '0') AS n,
			CASE WHEN g % 500 = 0 THEN 'Zebra' WHEN g % 2 = 0 THEN 'user' ELSE 'Guest' END || lpad(g::text, 6, '0') AS u
		FROM generate_series(1, 20000) AS g;
	INSERT INTO subscriber (username, domain) SELECT u, 'example.com' FROM t WHERE g % 100 <> 1;
	INSERT INTO hermes.users SELECT u, 'example.com', 'local', '', '', '', 0, '', 0, '', 'Name ' || g, 'name ' || g, '', '', '', ''
		FROM t WHERE g % 100 <> 2;
	INSERT INTO dbaliases (alias_username, alias_domain, username, domain) SELECT '+47' || n, 'example.com', u, 'example.com' FROM t;
	INSERT INTO hermes.phones SELECT '000000' || n, u, 'example.com', 1 FROM t`

// doctorIndexes are those that hermesd doctor names.
const doctorIndexes = `CREATE INDEX ON subscriber USING gin (lower((username || '@' || domain) COLLATE "C") hermes.gin_trgm_ops);
	CREATE INDEX ON subscriber (username COLLATE "C", domain COLLATE "C");
	CREATE INDEX ON dbaliases (alias_username COLLATE "C", alias_domain COLLATE "C", username COLLATE "C", domain COLLATE "C")`

// newExplaining returns a database in which the server logs the plan of each statement, with what
// its steps did.
func newExplaining(t *testing.T, icu string) *pgtest.DB {
	t.Helper()
	db := pgtest.New(t, pgtest.Options{NoFsync: true, ICULocale: icu})
	for _, setting := range []string{
		"session_preload_libraries = auto_explain", "auto_explain.log_min_duration = 0",
		"auto_explain.log_analyze = on", "auto_explain.log_timing = off",
	} {
		db.Exec(t, "ALTER DATABASE "+db.Name()+" SET "+setting)
	}
	return db
}

// TestStore_PagePlans lets the server log the plan of every statement, and wants no step of one to
// handle more rows than a few pages have, wherever in the list the page is.
func TestStore_PagePlans(t *testing.T) {
	for _, row := range []struct {
		why, icu, indexes string
		searches          []string
	}{
		{"text compares byte-wise", "", "", []string{"", "zebra*", "zebra01*", "user0100*", "name 1234*", "nobody*"}},
		{
			"text compares by the rules of a language, with doctor's indexes", "en-US", doctorIndexes,
			[]string{"", "zebra*", "zebra", "name 1234"},
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			db := newExplaining(t, row.icu)
			store := mustOpen(t, db, &postgres.Options{MaxConns: 1})
			db.Exec(t, fillForPlans)
			db.Exec(t, row.indexes)
			for _, table := range []string{"subscriber", "dbaliases", "hermes.users", "hermes.phones"} {
				db.Exec(t, "VACUUM ANALYZE "+table)
			}
			for _, limit := range []int{100, 1500} { // the second is copied
				for _, place := range []string{"", "000500", "010000", "019900"} {
					wantSmallPlans(t, db, 5*limit, func() {
						for range 7 { // the plan may change when a statement has run for five times
							mustReadPages(t, store, place, limit, row.searches)
						}
					})
				}
			}
		})
	}
}

// mustReadPages reads a page of each list after the entry with that number.
func mustReadPages(t *testing.T, store *postgres.Store, place string, limit int, searches []string) {
	t.Helper()
	ctx := t.Context()
	var user sip.Addr
	var alias hermes.Alias
	var phone mac.Addr
	if place != "" {
		user = sip.MustParse("user" + place + "@example.com")
		alias = hermes.Alias{Alias: sip.MustParse("+47" + place + "@example.com"), Destination: user}
		phone = mac.MustParse("000000" + place)
	}
	if _, err := store.Aliases(ctx, hermes.AliasQuery{After: alias, Limit: limit}); err != nil {
		t.Fatal(err)
	}
	toUser := hermes.AliasQuery{Destination: user, Numbers: true, Limit: limit}
	if _, err := store.Aliases(ctx, toUser); err != nil {
		t.Fatal(err)
	}
	for _, search := range []string{"", "000000019*"} {
		match := mustPattern(t, search)
		if _, err := store.Phones(ctx, hermes.PhoneQuery{Match: match, After: phone, Limit: limit}); err != nil {
			t.Fatal(err)
		}
	}
	for _, search := range searches {
		match := mustPattern(t, search)
		if _, err := store.Users(ctx, hermes.UserQuery{Match: match, After: user, Limit: limit}); err != nil {
			t.Fatal(err)
		}
	}
}

var planNumbers = regexp.MustCompile(`\(actual rows=(\d+)|Rows Removed by [A-Za-z ]+: (\d+)`)

// wantSmallPlans fails if a step of a plan that is logged while fn runs has or drops more rows than
// most.
func wantSmallPlans(t *testing.T, db *pgtest.DB, most int, fn func()) {
	t.Helper()
	before := len(db.Log())
	fn()
	plans := 0
	for entry := range strings.SplitSeq(db.Log()[before:], "LOG:  ") {
		if !strings.Contains(entry, "Query Text: ") || strings.Contains(entry, "pg_catalog.pg_") {
			continue
		}
		plans++
		for _, m := range planNumbers.FindAllStringSubmatch(entry, -1) {
			if n, _ := strconv.Atoi(m[1] + m[2]); n > most {
				t.Errorf("a step has %d rows, want at most %d:\n%s", n, most, entry)
				break
			}
		}
	}
	if plans == 0 {
		t.Error("no plan was logged")
	}
}

// TestStore_PagePlans_kept wants PostgreSQL to make no plan for every short page. It makes five for
// the values at hand, and then keeps one if that is not worse.
func TestStore_PagePlans_kept(t *testing.T) {
	db := pgtest.New(t, noFsync)
	pool := mustOpenPgx(t, db)
	pool.SetMaxOpenConns(1)
	store := mustNew(t, pool)
	mustMigrate(t, store)
	db.Exec(t, fillForPlans)
	db.Exec(t, "VACUUM ANALYZE")
	for range 10 {
		for _, limit := range []int{1, 11, 101} {
			mustReadPages(t, store, "010000", limit, []string{""})
		}
	}
	rows, err := pool.QueryContext(t.Context(), "SELECT custom_plans, generic_plans, statement FROM pg_prepared_statements")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	kept := 0
	for rows.Next() {
		var made, reused int
		var text string
		if err := rows.Scan(&made, &reused, &text); err != nil {
			t.Fatal(err)
		}
		if made > 5 {
			t.Errorf("%d plans were made for\n%s", made, text)
		}
		if reused > 0 {
			kept++
		}
	}
	if err := rows.Err(); err != nil || kept < 4 {
		t.Errorf("%d statements have a plan that was kept, %v; want those of users, phones, and aliases with and without a destination", kept, err)
	}
}
