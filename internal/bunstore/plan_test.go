package bunstore

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // for its query planner

	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

// newPlanDB returns an empty SQLite database with all tables.
func newPlanDB(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "plan.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, folder := range []string{"kamailio/sqlite", "migrations/sqlite"} {
		entries, err := fs.ReadDir(files, folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if _, err := db.Exec(mustRead(folder + "/" + e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	return db
}

// planStatements returns the statements for a database of newPlanDB.
func planStatements(t *testing.T, db *sql.DB) statements {
	t.Helper()
	runTx := func(ctx context.Context, _ TxOptions, fn func(context.Context, Conn) error) error { return fn(ctx, db) }
	s, err := New(t.Context(), Options{Dialect: sqlitedialect.New(), Reads: db, RunTx: runTx})
	if err != nil {
		t.Fatal(err)
	}
	return *s.sql()
}

// newPlanner returns the statements for a database of newPlanDB, and a function that returns the
// steps of a statement's plan.
func newPlanner(t *testing.T) (statements, func(text string) []string) {
	t.Helper()
	db := newPlanDB(t)
	return planStatements(t, db), func(text string) (steps []string) {
		t.Helper()
		rows, err := db.Query("EXPLAIN QUERY PLAN "+text, make([]any, 32)...)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			steps = append(steps, step)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return steps
	}
}

// scanned returns the table that a step of a plan looks at row by row, or nothing. The rows of a
// subquery are no table: its name is in a step before. Nor are the values of a JSON text.
func scanned(step string, before []string) string {
	name, found := strings.CutPrefix(step, "SCAN ")
	name, _, _ = strings.Cut(name, " ")
	if !found || name == "CONSTANT" || strings.Contains(step, "VIRTUAL TABLE") || slices.Contains(before, "CO-ROUTINE "+name) || slices.Contains(before, "MATERIALIZE "+name) {
		return ""
	}
	return name
}

// TestStatements_Plan wants statements to find their rows by an index in SQLite, so that their cost
// does not grow with the tables.
func TestStatements_Plan(t *testing.T) {
	t.Parallel()
	exceptions := map[string]string{
		"authorizations": "lists them all",
		"keys":           "lists them all",
		"everAuthorized": "stops at the first",
		"domains":        "lists them all",

		"countLocalUsers":  "counts them all, once a minute at most",
		"countRemoteUsers": "counts them all, once a minute at most",
		"countPhones":      "counts them all, once a minute at most",
		"countAliases":     "counts them all, once a minute at most",
		"countSessions":    "counts them all, once a minute at most",

		"sealedUsers":    "runs once",
		"lastPrunedSeal": "stops at the first",
		"lastSeal":       "stops at the first",
		"sweepNonces":    "runs now and then",
		"sweepSessions":  "runs now and then",
		"unmarkPruned":   "finds its row in an index of those with a mark, of which there are two",
	}
	st, plan := newPlanner(t)
	for name, text := range texts(t, st) {
		if text == "" || exceptions[name] != "" {
			continue
		}
		steps := plan(text)
		for i, step := range steps {
			// Kamailio's table of domains, d, is small, and its names may have capitals.
			if table := scanned(step, steps[:i]); table != "" && table != "d" {
				t.Errorf("%s scans the table %s:\n%s\nby %q", name, table, text, steps)
			}
		}
	}
}

// TestStatements_Scan wants a search, which may look at every user, to run where it cannot keep
// other reads waiting, and to find its rows where the end of the context can stop it.
func TestStatements_Scan(t *testing.T) {
	t.Parallel()
	st, plan := newPlanner(t)
	if pool := st.usersMatching.pool; pool != Scan {
		t.Errorf("usersMatching runs in the pool %d, want %d", pool, Scan)
	}
	if steps := plan(st.usersMatching.text); !slices.Contains(steps, "MATERIALIZE page") {
		t.Errorf("usersMatching finds its rows one by one: %q", steps)
	}
}
