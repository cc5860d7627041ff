package postgres_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/sip"
)

// fillForScopes adds 100 users of a tenant, among those of fillForPlans and of 20 other domains,
// with aliases, phones and numbers.
const fillForScopes = `CREATE TEMP TABLE s AS SELECT g, lpad(g::text, 6, '0') AS n, 'user' || lpad(g::text, 6, '0') AS u,
			CASE WHEN g % 37 = 0 THEN 'tenant.example' ELSE 'd' || g % 20 || '.example' END AS d
		FROM generate_series(1, 3700) AS g;
	INSERT INTO domain (domain, did) SELECT DISTINCT d, d FROM s;
	INSERT INTO subscriber (username, domain) SELECT u, d FROM s;
	INSERT INTO hermes.users SELECT u, d, 'local', '', '', '', 0, '', 0, '', 'Name ' || g, 'name ' || g, '', '', '', '' FROM s;
	INSERT INTO dbaliases (alias_username, alias_domain, username, domain) SELECT '+46' || n, d, u, d FROM s;
	INSERT INTO hermes.phones SELECT '000001' || n, u, d, 1 FROM s;
	INSERT INTO hermes.numbers SELECT '+4' || g FROM generate_series(710000, 729999) AS g`

// scopeIndexes are those that hermesd doctor names for lists that are narrowed to domains.
var scopeIndexes = map[string]string{
	"": `CREATE INDEX ON subscriber (lower(domain::text COLLATE "C"), username, domain);
		CREATE INDEX ON dbaliases (lower(alias_domain::text COLLATE "C"), alias_username, alias_domain, username, domain)`,
	"en-US": `CREATE INDEX ON subscriber (lower(domain::text COLLATE "C"), username COLLATE "C", domain COLLATE "C");
		CREATE INDEX ON dbaliases (lower(alias_domain::text COLLATE "C"), alias_username COLLATE "C", alias_domain COLLATE "C",
			username COLLATE "C", domain COLLATE "C")`,
}

// TestStore_ScopePlans wants no step of a statement about a tenant of 100 to handle more rows than
// the tenant has, and a few more.
func TestStore_ScopePlans(t *testing.T) {
	for icu, indexes := range scopeIndexes {
		t.Run("text compares by "+icu, func(t *testing.T) {
			db := newExplaining(t, icu)
			store := mustOpen(t, db, &postgres.Options{MaxConns: 1})
			db.Exec(t, fillForPlans)
			db.Exec(t, fillForScopes)
			db.Exec(t, indexes)
			for _, table := range []string{"subscriber", "dbaliases", "domain", "hermes.users", "hermes.phones", "hermes.numbers"} {
				db.Exec(t, "VACUUM ANALYZE "+table)
			}
			for _, scope := range []hermes.Scope{
				{Domains: "tenant.example", Numbers: "+47100"},
				{Domains: "none.example,tenant.example", Numbers: "+46,+47101,+47202"},
			} {
				for _, limit := range []int{100, 1500} { // the second is copied
					wantSmallPlans(t, db, 250, func() {
						for range 7 { // the plan may change when a statement has run for five times
							mustReadScope(t, store, scope, limit)
						}
					})
				}
			}
		})
	}
}

// mustReadScope reads a page of each list within a scope and takes numbers.
func mustReadScope(t *testing.T, store *postgres.Store, scope hermes.Scope, limit int) {
	t.Helper()
	ctx := t.Context()
	after := sip.MustParse("user001000@tenant.example")
	for _, search := range []string{"", "user00*", "*9@*", "name 1*", "*ø*", "nobody*"} {
		match := mustPattern(t, search)
		for _, q := range []hermes.UserQuery{
			{Match: match, Scope: scope, Limit: limit}, {Match: match, Scope: scope, After: after, Limit: limit},
		} {
			if _, err := store.Users(ctx, q); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := store.Phones(ctx, hermes.PhoneQuery{Match: match, Scope: scope, Limit: limit}); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []hermes.AliasQuery{
		{}, {Numbers: true}, {After: hermes.Alias{Alias: sip.MustParse("+46001000@tenant.example")}}, {Destination: after},
	} {
		q.Scope, q.Served, q.Limit = scope, "more.example", limit
		if _, err := store.Aliases(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	if n := mustTake(t, store, scope); !scope.HasNumber(n) {
		t.Errorf("took %s within %s", n, scope.Numbers)
	}
	q := hermes.NumberQuery{Scope: scope, Limit: limit}
	for _, read := range []func() (int, error){
		func() (int, error) { return count(store.Numbers(ctx, q)) },
		func() (int, error) { return count(store.ShuffledNumbers(ctx, q)) },
		func() (int, error) {
			return count(store.SampleNumbers(ctx, hermes.NumberQuery{Scope: scope, Limit: 5}))
		},
	} {
		if n, err := read(); err != nil || n == 0 {
			t.Fatalf("read %d numbers: %v", n, err)
		}
	}
}

// mustTake takes numbers in each way, and returns the last one.
func mustTake(t *testing.T, store *postgres.Store, scope hermes.Scope) (n e164.Number) {
	t.Helper()
	for _, random := range []bool{false, true} {
		assign := hermes.AssignQuery{
			Random: random, Scope: scope,
			Domain: sip.MustParseDomain("tenant.example"), Destination: sip.MustParse("user000037@tenant.example"),
		}
		if _, _, err := store.AssignAny(t.Context(), assign); err != nil {
			t.Fatal(err)
		}
		var err error
		if n, err = store.TakeNumber(t.Context(), hermes.TakeQuery{Random: random, Scope: scope}); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func count[T any](all []T, err error) (int, error) { return len(all), err }
