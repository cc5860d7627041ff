package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
	"github.com/hermes-voip/go-hermes/sip"
)

var steps = []string{
	"0001_provisioning", "0002_access", "0003_search", "0004_numbers", "0005_logins", "0006_secret_check", "0007_epoch",
	"0008_scopes", "0009_audit", "0010_answers", "0011_scope_indexes", "0012_reserved_numbers", "0013_suspended",
	"0014_lines", "0015_devices",
}

// queryFunc returns a function that reads the first column of a statement, on a connection of its
// own.
func queryFunc(t *testing.T, path string) func(query string) []string {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return func(query string) (all []string) {
		t.Helper()
		rows, err := db.Query(query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return all
	}
}

// definitions returns the definitions in a file, each in one line.
func definitions(t *testing.T, path, like string) []string {
	t.Helper()
	all := queryFunc(t, path)("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name LIKE '" + like + "' ORDER BY tbl_name, name")
	for i, text := range all {
		text = strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "( ", "(")
		all[i] = strings.ReplaceAll(text, " )", ")")
	}
	return all
}

func TestStore_Migrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hermes.db")
	store := mustOpen(t, path, &sqlite.Options{Manual: true})
	ctx := t.Context()
	if names, err := store.Pending(ctx); err != nil || !slices.Equal(names, steps) {
		t.Errorf("pending at first: %q, %v; want %q", names, err, steps)
	}
	if err := store.Ready(ctx); err == nil || !strings.Contains(err.Error(), steps[0]) {
		t.Errorf("Ready at first: %v; want an error that names the steps", err)
	}
	for range 2 {
		if err := store.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Ready(ctx); err == nil || !strings.Contains(err.Error(), "subscriber") {
		t.Errorf("Ready without Kamailio's tables: %v; want an error that names one", err)
	}
	for range 2 {
		if err := store.CreateKamailioTables(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Ready(ctx); err != nil {
		t.Errorf("Ready at last: %v", err)
	}
	ours, err := store.MigrationSQL(ctx)
	theirs, err2 := store.KamailioSQL(ctx)
	if err != nil || err2 != nil || ours+theirs != "" {
		t.Errorf("dry run at last: %v, %v\n%s%s", err, err2, ours, theirs)
	}
}

// TestStore_MigrationSQL runs the text of a dry run in another file and compares the definitions.
func TestStore_MigrationSQL(t *testing.T) {
	ran, fed := filepath.Join(t.TempDir(), "ran.db"), filepath.Join(t.TempDir(), "fed.db")
	store := mustOpen(t, ran, &sqlite.Options{Manual: true})
	theirs, err := store.KamailioSQL(t.Context())
	ours, err2 := store.MigrationSQL(t.Context())
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if rows := definitions(t, ran, "%"); rows != nil {
		t.Fatalf("the dry run made %q", rows)
	}
	newOtherTool(t, fed)(t, theirs+ours)
	mustOpen(t, ran, nil)
	if d := cmp.Diff(definitions(t, ran, "%"), definitions(t, fed, "%")); d != "" {
		t.Errorf("migrated and fed with the dry run (-migrated +fed):\n%s", d)
	}
	if err := mustOpen(t, fed, &sqlite.Options{Manual: true}).Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestStore_Migrate_AfterOneStep continues after a migrator that was killed between two steps.
func TestStore_Migrate_AfterOneStep(t *testing.T) {
	whole, halved := filepath.Join(t.TempDir(), "whole.db"), filepath.Join(t.TempDir(), "halved.db")
	mustOpen(t, whole, nil)
	store := mustOpen(t, halved, &sqlite.Options{Manual: true})
	text, err := store.MigrationSQL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(text, "COMMIT;")
	newOtherTool(t, halved)(t, first+"COMMIT;")
	if names, err := store.Pending(t.Context()); err != nil || !slices.Equal(names, steps[1:]) {
		t.Errorf("pending: %q, %v; want %q", names, err, steps[1:])
	}
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(definitions(t, whole, "hermes%"), definitions(t, halved, "hermes%")); d != "" {
		t.Errorf("in one go and in two (-one +two):\n%s", d)
	}
}

// TestStore_Migrate_FailedStep makes a step fail halfway, and checks that nothing of it stays.
func TestStore_Migrate_FailedStep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hermes.db")
	other := newOtherTool(t, path)
	other(t, "CREATE TABLE hermes_numbers (x)")
	store := mustOpen(t, path, &sqlite.Options{Manual: true})
	if err := store.Migrate(t.Context()); err == nil {
		t.Fatal("migrated over a table that is there already")
	}
	if got := queryFunc(t, path)("SELECT name FROM sqlite_master"); !slices.Equal(got, []string{"hermes_numbers"}) {
		t.Errorf("left: %q, want what was there", got)
	}
	other(t, "DROP TABLE hermes_numbers")
	if err := store.Migrate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStore_Migrate_NewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hermes.db")
	mustOpen(t, path, nil)
	newOtherTool(t, path)(t, "INSERT INTO hermes_migrations (name) VALUES ('9999_future')")
	if _, err := sqlite.Open(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), "9999_future") {
		t.Errorf("Open: %v; want an error that names the step", err)
	}
}

// TestStore_CreateKamailioTables compares the tables that Hermes creates with those that
// Kamailio ships.
func TestStore_CreateKamailioTables(t *testing.T) {
	const folder = "/usr/share/kamailio/db_sqlite"
	var ddl strings.Builder
	for _, name := range []string{"standard", "auth_db", "alias_db", "domain", "group"} {
		text, err := os.ReadFile(filepath.Join(folder, name+"-create.sql"))
		if err != nil {
			testserver.SkipOrFail(t, fmt.Errorf("Kamailio's tables for SQLite are not installed: %w", err))
		}
		ddl.Write(text)
	}
	shipped, created := filepath.Join(t.TempDir(), "shipped.db"), filepath.Join(t.TempDir(), "created.db")
	newOtherTool(t, shipped)(t, ddl.String()+"; DROP TABLE re_grp; DELETE FROM version WHERE table_name = 're_grp'")
	if err := mustOpen(t, created, &sqlite.Options{Manual: true}).CreateKamailioTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(definitions(t, shipped, "%"), definitions(t, created, "%")); d != "" {
		t.Errorf("the shipped schema and Hermes' (-shipped +Hermes'):\n%s", d)
	}
	const versions = "SELECT table_name || table_version FROM version ORDER BY 1"
	if d := cmp.Diff(queryFunc(t, shipped)(versions), queryFunc(t, created)(versions)); d != "" {
		t.Errorf("the shipped versions and Hermes' (-shipped +Hermes'):\n%s", d)
	}
}

// TestStore_ExtraColumns uses a file to which a site has added columns.
func TestStore_ExtraColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hermes.db")
	mustOpen(t, path, nil)
	newOtherTool(t, path)(t, "ALTER TABLE subscriber ADD email_address text NOT NULL DEFAULT ''; ALTER TABLE subscriber ADD site text NOT NULL DEFAULT 'own'")
	store := mustOpen(t, path, nil)
	u := hermes.User{Address: sip.MustParse("alice@example.com"), Type: hermes.Local, Email: "a@b.example", Clear: "it's \\ $1 ? clear"}
	if err := store.AddUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if got := queryFunc(t, path)("SELECT email_address || ' ' || site || ' ' || password FROM subscriber"); !slices.Equal(got, []string{u.Email + " own " + u.Clear}) {
		t.Errorf("the row is %q", got)
	}
	if got, err := store.User(t.Context(), u.Address); err != nil || got != u {
		t.Errorf("%+v, %v; want %+v", got, err, u)
	}
}

// TestStore_Tx_HiddenFailure ignores the failure of a statement inside the function. The
// transaction must not be committed.
func TestStore_Tx_HiddenFailure(t *testing.T) {
	store := mustOpen(t, filepath.Join(t.TempDir(), "hermes.db"), nil)
	ctx, a := t.Context(), sip.MustParse("alice@example.com")
	err := store.Tx(ctx, nil, func(s hermes.Store) error {
		if err := s.AddUser(ctx, hermes.User{Address: a, Type: hermes.Local}); err != nil {
			t.Error(err)
		}
		_ = s.AddUser(ctx, hermes.User{Address: sip.MustParse("bob@example.com"), Type: "no such type"})
		return nil
	})
	if err == nil {
		t.Error("Tx returned nil, want the failure that fn hid")
	}
	if _, err := store.User(ctx, a); err != error(hermes.NotFound) {
		t.Errorf("the user that came before: %v, want it not to be there", err)
	}
}

// TestStore_Migrate_lines wants the associations that there were before to have lines, in the order
// of user names and domains, also those of a phone with more users than lines.
func TestStore_Migrate_lines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hermes.db")
	store := mustOpen(t, path, &sqlite.Options{Manual: true})
	text, err := store.MigrationSQL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := newOtherTool(t, path)
	before := strings.SplitAfter(text, "COMMIT;\n")[:slices.Index(steps, "0014_lines")]
	other(t, strings.Join(before, ""))
	other(t, `INSERT INTO hermes_phones (mac, username, domain)
		VALUES ('001122334455', 'b', 'a.example'), ('001122334455', 'a', 'b.example'), ('001122334455', 'a', 'a.example'),
			('001122334455', 'B', 'z.example'), ('001122334466', 'z', 'z.example')`)
	other(t, `WITH RECURSIVE r (n) AS (SELECT 11 UNION ALL SELECT n + 1 FROM r WHERE n < 30)
		INSERT INTO hermes_phones (mac, username, domain) SELECT 'ffffffffffff', 'u' || n, 'a.example' FROM r`)
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"001122334455 1 B@z.example", "001122334455 2 a@a.example", "001122334455 3 a@b.example",
		"001122334455 4 b@a.example", "001122334466 1 z@z.example"}
	for n := 11; n <= 30; n++ {
		want = append(want, fmt.Sprintf("ffffffffffff %d u%d@a.example", n-10, n))
	}
	var got []string
	phones, err := store.Phones(t.Context(), hermes.PhoneQuery{Limit: 9})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range phones {
		lines, err := store.PhoneLines(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range lines {
			got = append(got, fmt.Sprintf("%s %d %s", p.MAC, p.Line, p.User))
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
