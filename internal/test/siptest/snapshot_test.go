package siptest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// sharedTables are the tables that other tools write too. The name is an expression that identifies
// a row in messages; the columns are compared in addition to id.
var sharedTables = []struct {
	table, name string
	columns     []string
}{
	{"subscriber", "username || '@' || domain",
		[]string{"username", "domain", "password", "ha1", "ha1b", "email_address", "rpid", "site"}},
	{"dbaliases", "id || ' ' || alias_username || '@' || alias_domain",
		[]string{"alias_username", "alias_domain", "username", "domain"}},
	{"grp", "username || '@' || domain || ' ' || grp", []string{"last_modified"}},
	{"domain", "domain", []string{"did", "last_modified"}},
	{"version", "table_name", []string{"table_version"}},
}

// snapshot has the id and the columns of each row of the shared tables, by "TABLE NAME".
type snapshot map[string][]string

func (e *env) snapshot(t *testing.T) snapshot {
	t.Helper()
	all := snapshot{}
	for _, s := range sharedTables {
		for _, row := range e.db.Query(t, "SELECT "+s.name+", id, "+strings.Join(s.columns, ", ")+" FROM "+s.table) {
			all[s.table+" "+row[0]] = row[1:]
		}
	}
	return all
}

// changes returns the differences of two snapshots: "+TABLE NAME" for a row that was inserted,
// "-TABLE NAME" for one that was deleted, and "TABLE NAME COLUMN: VALUE" for a column that was
// changed.
func (before snapshot) changes(after snapshot) (changes []string) {
	for name, old := range before {
		row, ok := after[name]
		if !ok {
			changes = append(changes, "-"+name)
			continue
		}
		for i, value := range row {
			if value != old[i] {
				changes = append(changes, fmt.Sprintf("%s %s: %q", name, column(name, i), value))
			}
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			changes = append(changes, "+"+name)
		}
	}
	slices.Sort(changes)
	return changes
}

// column returns the name of the column i of a row.
func column(name string, i int) string {
	table, _, _ := strings.Cut(name, " ")
	for _, s := range sharedTables {
		if s.table == table && i > 0 {
			return s.columns[i-1]
		}
	}
	return "id"
}
