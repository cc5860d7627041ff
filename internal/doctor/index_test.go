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
	for _, row := range []struct {
		why, locale string
		want        []string // statements
	}{
		{
			why:  "text compares byte-wise, and the order of lists is that of Kamailio's indexes",
			want: []string{search},
		},
		{
			why: "text compares by the rules of a language", locale: "en-US",
			want: []string{
				search,
				`CREATE INDEX CONCURRENTLY subscriber_bytewise ON "public"."subscriber" (username COLLATE "C", domain COLLATE "C")`,
				`CREATE INDEX CONCURRENTLY dbaliases_bytewise ON "public"."dbaliases" ` +
					`(alias_username COLLATE "C", alias_domain COLLATE "C", username COLLATE "C", domain COLLATE "C")`,
			},
		},
	} {
		db := newPostgresLocale(t, row.locale)
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
