package siptest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// kamailio are the tables that other tools write too: how a row is called, and its columns besides id.
var kamailio = []struct {
	table, name string
	columns     []string
}{
	{"subscriber", "username || '@' || domain", []string{"username", "domain", "password", "ha1", "ha1b", "email_address", "rpid", "site"}},
	{"dbaliases", "id || ' ' || alias_username || '@' || alias_domain", []string{"alias_username", "alias_domain", "username", "domain"}},
	{"grp", "username || '@' || domain || ' ' || grp", []string{"last_modified"}},
	{"domain", "domain", []string{"did", "last_modified"}},
	{"version", "table_name", []string{"table_version"}},
}

// snapshot has the values of a row by "table name".
type snapshot map[string][]string

func (w *world) snapshot(t *testing.T) snapshot {
	t.Helper()
	all := snapshot{}
	for _, k := range kamailio {
		for _, row := range w.db.Query(t, "SELECT "+k.name+", id, "+strings.Join(k.columns, ", ")+" FROM "+k.table) {
			all[k.table+" "+row[0]] = row[1:]
		}
	}
	return all
}

// changes says what became of the rows: "+" and "-" those that came and went, and the columns of those that
// changed.
func (before snapshot) changes(after snapshot) (changes []string) {
	for name, old := range before {
		row, there := after[name]
		if !there {
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
		if _, there := before[name]; !there {
			changes = append(changes, "+"+name)
		}
	}
	slices.Sort(changes)
	return changes
}

func column(name string, i int) string {
	table, _, _ := strings.Cut(name, " ")
	for _, k := range kamailio {
		if k.table == table && i > 0 {
			return k.columns[i-1]
		}
	}
	return "id"
}
