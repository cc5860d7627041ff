package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

var steps = []string{
	"0001_provisioning", "0002_access", "0003_search", "0004_numbers", "0005_logins", "0006_secret_check", "0007_epoch",
	"0008_scopes", "0009_audit", "0010_answers", "0011_scope_indexes", "0012_reserved_numbers", "0013_suspended",
	"0014_lines", "0015_devices",
}

func TestStore_Migrate(t *testing.T) {
	db := pgtest.New(t, noFsync)
	store := mustOpenUnmigrated(t, db, nil)
	if names, err := store.Pending(t.Context()); err != nil || !slices.Equal(names, steps) {
		t.Errorf("pending at first: %q, %v; want %q", names, err, steps)
	}
	if err := store.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), steps[0]) {
		t.Errorf("Ready at first: %v; want an error that names the steps", err)
	}
	mustMigrate(t, store)
	once := schemaOf(t, db, "hermes")
	mustMigrate(t, store)
	if d := cmp.Diff(once, schemaOf(t, db, "hermes")); d != "" {
		t.Errorf("migrating again changed something (-before +after):\n%s", d)
	}
	if names, err := store.Pending(t.Context()); err != nil || names != nil {
		t.Errorf("pending at last: %q, %v; want none", names, err)
	}
	if err := store.Ready(t.Context()); err != nil {
		t.Errorf("Ready at last: %v", err)
	}
	if text, err := store.MigrationSQL(t.Context()); err != nil || text != "" {
		t.Errorf("dry run at last: %v\n%s", err, text)
	}
}

func TestStore_Migrate_Concurrent(t *testing.T) {
	db := pgtest.New(t, noFsync)
	var wg sync.WaitGroup
	for range 4 {
		store := mustOpenUnmigrated(t, db, nil)
		wg.Go(func() {
			if err := store.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := db.Value(t, "SELECT count(*) FROM hermes.migrations"); n != strconv.Itoa(len(steps)) {
		t.Errorf("%s steps are marked, want %d", n, len(steps))
	}
}

// TestStore_MigrationSQL runs the text of a dry run in another database and compares the schemas.
func TestStore_MigrationSQL(t *testing.T) {
	ran, fed := pgtest.New(t, noFsync), pgtest.New(t, noFsync)
	store := mustOpenUnmigrated(t, ran, nil)
	text, err := store.MigrationSQL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if rows := schemaOf(t, ran, "hermes"); rows != nil {
		t.Fatalf("the dry run made %q", rows)
	}
	fed.Exec(t, text)
	mustMigrate(t, store)
	if d := cmp.Diff(schemaOf(t, ran, "hermes"), schemaOf(t, fed, "hermes")); d != "" {
		t.Errorf("migrated and fed with the dry run (-migrated +fed):\n%s", d)
	}
	if err := mustOpenUnmigrated(t, fed, nil).Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestStore_Migrate_AfterOneStep continues after a migrator that was killed between two steps.
func TestStore_Migrate_AfterOneStep(t *testing.T) {
	whole, db := pgtest.New(t, noFsync), pgtest.New(t, noFsync)
	store := mustOpenUnmigrated(t, db, nil)
	text, err := store.MigrationSQL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(text, "COMMIT;")
	db.Exec(t, first+"COMMIT;")
	if names, err := store.Pending(t.Context()); err != nil || !slices.Equal(names, steps[1:]) {
		t.Errorf("pending: %q, %v; want %q", names, err, steps[1:])
	}
	mustMigrate(t, store)
	mustOpen(t, whole, nil)
	if d := cmp.Diff(schemaOf(t, whole, "hermes"), schemaOf(t, db, "hermes")); d != "" {
		t.Errorf("in one go and in two (-one +two):\n%s", d)
	}
}

// TestStore_Migrate_FailedStep makes a step fail halfway, and checks that nothing of it stays.
func TestStore_Migrate_FailedStep(t *testing.T) {
	db := pgtest.New(t, noFsync)
	db.Exec(t, "CREATE SCHEMA hermes; CREATE TABLE hermes.numbers ()")
	store := mustOpenUnmigrated(t, db, nil)
	if err := store.Migrate(t.Context()); err == nil {
		t.Fatal("migrated over a table that is there already")
	}
	if rows := db.Query(t, "SELECT tablename FROM pg_tables WHERE schemaname = 'hermes'"); !cmp.Equal(rows, [][]string{{"numbers"}}) {
		t.Errorf("left: %q, want what was there", rows)
	}
	db.Exec(t, "DROP TABLE hermes.numbers")
	mustMigrate(t, store)
}

// TestStore_Migrate_Waits checks that no migrator begins while the transaction of another is
// open, and that it gives up when its caller does.
func TestStore_Migrate_Waits(t *testing.T) {
	db := pgtest.New(t, noFsync)
	store, other := mustOpenUnmigrated(t, db, nil), mustOpenPgx(t, db)
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("SELECT pg_advisory_xact_lock($1)", 0x6865726d6573); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- store.Migrate(ctx) }()
	for !isMigratorWaiting(t, db) {
		if len(done) > 0 {
			t.Fatalf("a migrator did not wait for another: %v", <-done)
		}
	}
	cancel()
	tx.Rollback()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("a migrator whose caller left: %v", err)
	}
	if rows := schemaOf(t, db, "hermes"); rows != nil {
		t.Errorf("it made %q", rows)
	}
}

// isMigratorWaiting reports whether a session waits for an advisory lock.
func isMigratorWaiting(t *testing.T, db *pgtest.DB) bool {
	t.Helper()
	return db.Value(t, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()") != "0"
}

// TestStore_Migrate_Busy checks that a migrator does not keep others waiting behind it while it
// waits for a table, says so, and goes on when it can.
func TestStore_Migrate_Busy(t *testing.T) {
	db := pgtest.New(t, noFsync)
	store := mustOpen(t, db, nil)
	db.Exec(t, "DROP INDEX hermes.users_search")
	reader, err := mustOpenPgx(t, db).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Rollback()
	if _, err := reader.Exec("LOCK TABLE hermes.users IN ROW EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	log := make(lines, 100)
	migrator := mustOpenUnmigrated(t, db, &postgres.Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
	done := make(chan error, 1)
	go func() { done <- migrator.Migrate(t.Context()) }()
	if line := <-log; !strings.Contains(line, "lock") {
		t.Errorf("the log has %q, want a line about a lock", line)
	}
	if err := store.AddUser(t.Context(), local("alice@example.com")); err != nil {
		t.Errorf("a writer between two tries: %v", err)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// lines receives the lines of a log.
type lines chan string

// Write implements io.Writer.
func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestStore_Migrate_NewerSchema(t *testing.T) {
	db := pgtest.New(t, noFsync)
	store := mustOpen(t, db, nil)
	db.Exec(t, "INSERT INTO hermes.migrations (name) VALUES ('9999_future')")
	_, pending := store.Pending(t.Context())
	for name, err := range map[string]error{"Pending": pending, "Ready": store.Ready(t.Context()), "Migrate": store.Migrate(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "9999_future") {
			t.Errorf("%s: %v; want an error that names the step", name, err)
		}
	}
}
