package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestApp_RunMigrate(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	mustMigrate := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := runCommand(t, nil, append([]string{"migrate", "--data", data}, args...)...)
		if code != exitOK || stderr != "" {
			t.Fatalf("%q: exit code %d, %q", args, code, stderr)
		}
		return stdout
	}
	if sql := mustMigrate("--dry-run"); !strings.Contains(sql, "CREATE TABLE hermes_users") || strings.Contains(sql, "subscriber") {
		t.Errorf("--dry-run: %q, want the SQL of Hermes' own tables", sql)
	}
	sql := mustMigrate("--dry-run", "--kamailio-tables")
	if !strings.Contains(sql, "CREATE TABLE subscriber") || !strings.Contains(sql, "CREATE TABLE hermes_users") {
		t.Errorf("--dry-run --kamailio-tables: %q", sql)
	}
	if _, err := os.Stat(data); err == nil {
		t.Fatal("--dry-run created the data folder")
	}
	if out := mustMigrate(); !strings.HasPrefix(out, "migrated: 0001") {
		t.Errorf("migrate: %q", out)
	}
	if out := mustMigrate(); out != "nothing to migrate\n" {
		t.Errorf("migrate, once more: %q", out)
	}
	if sql := mustMigrate("--dry-run"); sql != "" {
		t.Errorf("--dry-run after migrate: %q", sql)
	}
	mustMigrate("--kamailio-tables")
	if sql := mustMigrate("--dry-run", "--kamailio-tables"); sql != "" {
		t.Errorf("--dry-run after --kamailio-tables: %q", sql)
	}
}
