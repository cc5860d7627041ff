package apitest_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// dumpSQLite returns all rows of all tables in a file, those included in which SQLite keeps its
// sequences.
func dumpSQLite(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_query_only=1")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var lines []string
	for _, table := range readRows(t, db, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name") {
		for _, row := range readRows(t, db, `SELECT * FROM "`+table+`"`) {
			lines = append(lines, table+": "+row)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// readRows returns the rows of a query, each as a text.
func readRows(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(values))
		for i, v := range values {
			if texts[i] = fmt.Sprintf("%q", v); len(values) == 1 {
				texts[i] = fmt.Sprint(v)
			}
		}
		all = append(all, strings.Join(texts, " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// dumpPostgreSQL returns a function that returns all rows of all tables of a database, and the
// state of its sequences.
func dumpPostgreSQL(t *testing.T, session *pgtest.Session) func(t *testing.T) string {
	t.Helper()
	var parts []string
	for _, row := range session.Query(t, `SELECT schemaname || '.' || relname, relkind FROM (
			SELECT n.nspname AS schemaname, c.relname, c.relkind FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		) AS r WHERE schemaname IN ('hermes', 'public') AND relkind IN ('r', 'S')`) {
		// The counter of the log of a sequence says nothing about the numbers that it gives out.
		columns := map[string]string{"r": "t::text", "S": "t.last_value || ' ' || t.is_called"}[row[1]]
		parts = append(parts, "SELECT '"+row[0]+": ' || "+columns+" AS line FROM "+row[0]+" AS t")
	}
	query := "SELECT line FROM (" + strings.Join(parts, " UNION ALL ") + `) AS r ORDER BY line COLLATE "C"`
	return func(t *testing.T) string {
		t.Helper()
		var lines []string
		for _, row := range session.Query(t, query) {
			lines = append(lines, row[0])
		}
		return strings.Join(lines, "\n")
	}
}
