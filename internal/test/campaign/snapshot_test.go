package campaign_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tables returns the names of all tables that calls change, but for the one of the networks that
// users have logged in from: a login is answered whether that could be kept or not.
func (d *database) tables(t *testing.T) []string {
	t.Helper()
	if d.tableNames != nil {
		return d.tableNames
	}
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'saved%'
		AND name NOT IN ('version', 'hermes_migrations', 'hermes_logins') ORDER BY name`
	if d.pg != nil {
		query = `SELECT schemaname || '.' || tablename FROM pg_tables
			WHERE schemaname IN ('hermes', 'public') AND tablename NOT IN ('migrations', 'version', 'logins') ORDER BY 1`
	}
	for _, row := range d.query(t, query) {
		d.tableNames = append(d.tableNames, row[0])
	}
	return d.tableNames
}

func saved(table string) string { return "saved_" + strings.ReplaceAll(table, ".", "_") }

// save keeps all rows for restore.
func (d *database) save(t *testing.T) {
	t.Helper()
	var all strings.Builder
	if d.pg != nil {
		all.WriteString("DROP SCHEMA IF EXISTS saved CASCADE; CREATE SCHEMA saved; SET search_path = saved;")
	}
	for _, table := range d.tables(t) {
		fmt.Fprintf(&all, "DROP TABLE IF EXISTS %s; CREATE TABLE %s AS SELECT * FROM %s;", saved(table), saved(table), table)
	}
	d.exec(t, all.String())
}

// restore brings back the rows that save has kept.
func (d *database) restore(t *testing.T) {
	t.Helper()
	var all strings.Builder
	if d.pg != nil {
		all.WriteString("SET search_path = saved;")
	}
	for _, table := range d.tables(t) {
		fmt.Fprintf(&all, "DELETE FROM %s; INSERT INTO %s SELECT * FROM %s;", table, table, saved(table))
	}
	d.exec(t, all.String())
}

// dump returns all rows, but for the numbers that the database gives them.
func (d *database) dump(t *testing.T) string {
	t.Helper()
	if d.dumpQuery == "" {
		d.dumpQuery = d.queryOfDump(t)
	}
	var rows []string
	for _, row := range d.query(t, d.dumpQuery) {
		rows = append(rows, row[0])
	}
	slices.Sort(rows)
	return entryIDs.ReplaceAllString(strings.Join(rows, "\n"), `"…"`)
}

func (d *database) queryOfDump(t *testing.T) string {
	t.Helper()
	var queries []string
	for _, table := range d.tables(t) {
		if d.pg != nil {
			queries = append(queries, fmt.Sprintf("SELECT '%s: ' || (to_jsonb(x) - 'id' - 'last_modified')::text FROM %s AS x", table, table))
			continue
		}
		var columns []string
		for _, column := range d.query(t, "SELECT name FROM pragma_table_info('"+table+"') WHERE name NOT IN ('id', 'last_modified')") {
			columns = append(columns, "'"+column[0]+"', CASE typeof(x."+column[0]+") WHEN 'blob' THEN hex(x."+column[0]+") ELSE x."+column[0]+" END")
		}
		queries = append(queries, fmt.Sprintf("SELECT '%s: ' || json_object(%s) FROM %s AS x", table, strings.Join(columns, ", "), table))
	}
	return strings.Join(queries, " UNION ALL ")
}

// entryIDs matches what is never the same: what depends on the id of an entry of the audit trail,
// and the hash of a password.
var entryIDs = regexp.MustCompile(`"(mac|entry|hash)": ?("[^"]*"|[^",}]*)`)
