package doctor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExaminer_kamailioIndexes creates the indexes that doctor names, and checks that it is content
// then.
func TestExaminer_kamailioIndexes(t *testing.T) {
	const search = `CREATE INDEX CONCURRENTLY subscriber_search ON "public"."subscriber" ` +
		`USING gin (lower((username || '@' || domain) COLLATE "C") hermes.gin_trgm_ops)`
	const searchAliases = `CREATE INDEX CONCURRENTLY dbaliases_search ON "public"."dbaliases" ` +
		`USING gin (lower((alias_username || '@' || alias_domain) COLLATE "C") hermes.gin_trgm_ops, ` +
		`lower((username || '@' || domain) COLLATE "C") hermes.gin_trgm_ops)`
	const scope = `INSERT INTO hermes.authorizations (kind, name, access, epoch, domains) VALUES ('user', 'alice', 4, 0, 'a.example')`
	for _, row := range []struct {
		why, locale, sql string
		want             []string // statements
	}{
		{
			why:  "text compares byte-wise, and the order of lists is that of Kamailio's indexes",
			want: []string{search, searchAliases},
		},
		{
			why: "text compares by the rules of a language", locale: "en-US",
			want: []string{
				search, searchAliases,
				`CREATE INDEX CONCURRENTLY subscriber_bytewise ON "public"."subscriber" (username COLLATE "C", domain COLLATE "C")`,
				`CREATE INDEX CONCURRENTLY dbaliases_bytewise ON "public"."dbaliases" ` +
					`(alias_username COLLATE "C", alias_domain COLLATE "C", username COLLATE "C", domain COLLATE "C")`,
			},
		},
		{
			why: "text compares byte-wise, and an authorization is narrowed to a domain", sql: scope,
			want: []string{
				search, searchAliases,
				`CREATE INDEX CONCURRENTLY subscriber_scope ON "public"."subscriber" ` +
					`(lower(domain::text COLLATE "C"), username, domain)`,
				`CREATE INDEX CONCURRENTLY dbaliases_scope ON "public"."dbaliases" ` +
					`(lower(alias_domain::text COLLATE "C"), alias_username, alias_domain, username, domain)`,
			},
		},
		{
			why: "text compares by the rules of a language, and an authorization is narrowed to a domain", locale: "en-US",
			sql: scope + `; ALTER TABLE subscriber ALTER domain TYPE text;
				CREATE INDEX ON subscriber (username COLLATE "C", domain COLLATE "C");
				CREATE INDEX ON dbaliases (alias_username COLLATE "C", alias_domain COLLATE "C", username COLLATE "C", domain COLLATE "C")`,
			want: []string{
				search, searchAliases,
				`CREATE INDEX CONCURRENTLY subscriber_scope ON "public"."subscriber" ` +
					`(lower(domain::text COLLATE "C"), username COLLATE "C", domain COLLATE "C")`,
				`CREATE INDEX CONCURRENTLY dbaliases_scope ON "public"."dbaliases" (lower(alias_domain::text COLLATE "C"), ` +
					`alias_username COLLATE "C", alias_domain COLLATE "C", username COLLATE "C", domain COLLATE "C")`,
			},
		},
	} {
		db := newPostgresLocale(t, row.locale)
		db.exec(t, row.sql)
		if got := indexFinding(t, db); got.Level != OK {
			t.Errorf("small tables where %s: %+v; want OK", row.why, got)
		}
		db.exec(t, `UPDATE pg_class SET reltuples = 1000000 WHERE relname IN ('subscriber', 'dbaliases')`)
		got := indexFinding(t, db)
		if d := cmp.Diff("as that owner, outside a transaction: "+strings.Join(row.want, "; "), got.Remedy); d != "" || got.Level != Warn {
			t.Errorf("where %s: %s (-want +got):\n%s", row.why, got.Level, d)
		}
		for _, statement := range row.want {
			db.exec(t, statement)
		}
		db.exec(t, `UPDATE pg_class SET reltuples = 1000000 WHERE relname IN ('subscriber', 'dbaliases')`)
		if got := indexFinding(t, db); got.Level != OK {
			t.Errorf("with the indexes where %s: %+v; want OK", row.why, got)
		}
	}
}

// indexFinding returns the finding of the check of Kamailio's indexes.
func indexFinding(t *testing.T, db *testDB) (found Finding) {
	t.Helper()
	for _, f := range db.examine(t, nil) {
		if f.Check == "kamailio-indexes" {
			found = f
		}
	}
	return found
}
