package bunstore

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestPages_Plan wants every part of a page to be found by an index in SQLite, and sorted by it
// unless the part is a few rows.
func TestPages_Plan(t *testing.T) {
	t.Parallel()
	st, plan := newPlanner(t)
	const ofAlias = "SEARCH a USING INDEX dbaliases_alias_user_idx (alias_username>? AND alias_username<?)"
	const ofBlobAlias = "SEARCH a USING INDEX dbaliases_alias_user_idx (alias_username>?)"
	const sortFew = "USE TEMP B-TREE FOR ORDER BY"                  // blobs, or the rows of a page
	const sortLast = "USE TEMP B-TREE FOR LAST 3 TERMS OF ORDER BY" // of rows with the same alias name
	const sortDomains = "USE TEMP B-TREE FOR LAST TERM OF ORDER BY" // of rows with the same user name
	const account, own = "SEARCH s USING COVERING INDEX sqlite_autoindex_subscriber_1", "SEARCH h USING INDEX sqlite_autoindex_hermes_users_1"
	const inUsers, inRange = " ((username,domain)>(?,?))", " ((username,domain)>(?,?) AND username<?)"
	const inAccounts, inBlobs = " (username>? AND username<?)", " (username>?)"
	for _, row := range []struct {
		name string
		st   statement
		want []string // steps that read or sort a table
	}{
		{"aliases", st.aliases, []string{ofAlias, sortLast, sortFew, ofBlobAlias, sortFew, sortFew}},
		{"users", st.users, []string{
			account + inBlobs, sortFew, account + inAccounts, sortDomains, own + inUsers,
		}},
		{"usersBeginning", st.usersBeginning, []string{
			account + inBlobs, sortFew, "SEARCH h USING INDEX hermes_users_folded (folded>? AND folded<?)", sortFew,
			account + inAccounts, sortDomains, own + inRange, account + inAccounts, sortDomains, own + inRange,
		}},
		{"usersBeginningMany", st.usersBeginningMany, []string{
			account + inBlobs, sortFew, own + inUsers,
			account + inAccounts, sortDomains, own + inRange, account + inAccounts, sortDomains, own + inRange,
		}},
		{"usersIn", st.usersIn, []string{
			account + inBlobs, sortFew, account + inAccounts, sortDomains, // by no index of the domain
			"SEARCH h USING INDEX hermes_users_scope (<expr>=? AND (username,domain)>(?,?))",
		}},
		{"phones", st.phones, []string{"SEARCH p USING COVERING INDEX hermes_phones_line (mac>?)"}},
		{"phonesMatching", st.phonesMatching, []string{"SEARCH p USING COVERING INDEX hermes_phones_line (mac>?)"}},
		{"phonesIn", st.phonesIn, []string{"SEARCH p USING COVERING INDEX hermes_phones_scope (<expr>=? AND mac>?)"}},
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

// TestUsersBeginning_Bounds wants a search for the beginning of a name to begin and to end each
// part at what is searched for. The steps of a plan do not say which of several conditions is a
// bound, and without statistics SQLite cannot know which one is the nearest.
func TestUsersBeginning_Bounds(t *testing.T) {
	t.Parallel()
	db := newPlanDB(t)
	st := planStatements(t, db)
	for _, row := range []struct {
		name string
		st   statement
		want []string // the arguments that are the bounds of each part that has an upper one
	}{
		{"usersBeginning", st.usersBeginning, []string{"4-5", "8-9", "6-9", "12-13", "10-13"}},
		{"usersBeginningMany", st.usersBeginningMany, []string{"8-9", "6-9", "12-13", "10-13"}},
	} {
		if got := bounds(t, db, row.st.text); !slices.Equal(got, row.want) {
			t.Errorf("%s: the bounds are %q, want %q", row.name, got, row.want)
		}
	}
}

// bounds returns the arguments between which SQLite reads an index, for each one that it reads up
// to a bound.
func bounds(t *testing.T, db *sql.DB, text string) (all []string) {
	t.Helper()
	rows, err := db.Query("EXPLAIN "+text, make([]any, 32)...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	argumentIn := map[int]string{} // by register
	first := ""
	for rows.Next() {
		var address, p1, p2, p3 int
		var opcode string
		var p4, p5, comment any
		if err := rows.Scan(&address, &opcode, &p1, &p2, &p3, &p4, &p5, &comment); err != nil {
			t.Fatal(err)
		}
		switch opcode {
		case "Variable":
			argumentIn[p2] = fmt.Sprint(p1)
		case "Blob":
			argumentIn[p2] = "blobs"
		case "SeekGE", "SeekGT":
			first = argumentIn[p3]
		case "IdxGE", "IdxGT":
			all = append(all, first+"-"+argumentIn[p3])
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
