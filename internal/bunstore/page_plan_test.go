package bunstore

import (
	"slices"
	"strings"
	"testing"
)

// TestPages_Plan wants every part of a page to be found by an index in SQLite, and sorted by it
// unless the part is a few rows.
func TestPages_Plan(t *testing.T) {
	t.Parallel()
	st, plan := newPlanner(t)
	const ofAlias = "SEARCH a USING INDEX dbaliases_alias_idx ((alias_username,alias_domain)>(?,?))"
	const sortLast = "USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY" // of rows with the same alias
	const account, own = "SEARCH s USING COVERING INDEX sqlite_autoindex_subscriber_1", "SEARCH h USING INDEX sqlite_autoindex_hermes_users_1"
	const inUsers, inRange = " ((username,domain)>(?,?))", " ((username,domain)>(?,?) AND username<?)"
	for _, row := range []struct {
		name string
		st   statement
		want []string // steps that read or sort a table
	}{
		{"aliases", st.aliases, []string{ofAlias, sortLast}},
		{"aliasesTo", st.aliasesTo, []string{"SEARCH a USING INDEX dbaliases_target_idx (username=? AND domain=?)"}},
		{"users", st.users, []string{account + inUsers, own + inUsers}},
		{"usersBeginning", st.usersBeginning, []string{
			"SEARCH h USING INDEX hermes_users_folded (folded>? AND folded<?)", "USE TEMP B-TREE FOR ORDER BY",
			account + inRange, own + inRange, account + inRange, own + inRange,
		}},
		{"usersBeginningMany", st.usersBeginningMany, []string{
			own + inUsers, account + inRange, own + inRange, account + inRange, own + inRange,
		}},
		{"phones", st.phones, []string{"SEARCH p USING PRIMARY KEY (mac>?)"}},
	} {
		if got := stepsOfPage(plan(row.st.text)); !slices.Equal(got, row.want) {
			t.Errorf("%s:\n%s\nwant\n%s", row.name, strings.Join(got, "\n"), strings.Join(row.want, "\n"))
		}
	}
}

// stepsOfPage returns those steps that read or sort a table, and not the rows of a page.
func stepsOfPage(steps []string) []string {
	return slices.DeleteFunc(steps, func(step string) bool {
		return !strings.HasPrefix(step, "SEARCH ") && !strings.Contains(step, "ORDER BY")
	})
}
