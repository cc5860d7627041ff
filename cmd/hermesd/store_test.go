package main

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// kamailioColumns selects the columns of Kamailio's tables, which Hermes must not change.
const kamailioColumns = `SELECT table_name, column_name, data_type, column_default, is_nullable, character_maximum_length
	FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`

const relations = `SELECT n.nspname, c.relname, c.relkind FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2`

// TestStore_PostgreSQL follows an operator from the first command to the first user. Nothing is
// created that the operator did not ask for.
func TestStore_PostgreSQL(t *testing.T) {
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	db.Exec(t, "INSERT INTO domain (domain, did) VALUES ('example.test', 'example.test')")
	columns, before := db.Query(t, kamailioColumns), db.Query(t, relations)
	e := env{"HERMES_DB": db.URL(), "HERMES_SECRET_KEY": testKey}

	code, _, stderr := runCommand(t, e, "serve", "--listen", "127.0.0.1:0", "--domain", "other.test")
	if code != exitFailure || !strings.Contains(stderr, "run hermesd migrate") {
		t.Errorf("serve before migrate: exit code %d, %q", code, stderr)
	}
	code, _, stderr = runCommand(t, e, "bootstrap", "--user", "admin")
	if code != exitFailure || !strings.Contains(stderr, "run hermesd migrate") {
		t.Errorf("bootstrap before migrate: exit code %d, %q", code, stderr)
	}
	code, sql, _ := runCommand(t, e, "migrate", "--dry-run")
	if code != exitOK || !strings.Contains(sql, "CREATE TABLE hermes.users") {
		t.Errorf("migrate --dry-run: exit code %d, %q", code, sql)
	}
	if d := cmp.Diff(before, db.Query(t, relations)); d != "" {
		t.Fatalf("relations before migrate: (-want +got)\n%s", d)
	}
	if code, out, stderr := runCommand(t, e, "migrate"); code != exitOK || !strings.HasPrefix(out, "migrated: 0001") {
		t.Fatalf("migrate: exit code %d, %q, %q", code, out, stderr)
	}

	p := startHermesd(t, e, "--domain", "other.test")
	p.waitForLine(t, "run hermesd bootstrap --user NAME")
	p.waitReadyz(t, http.StatusServiceUnavailable, "not bootstrapped")
	code, out, stderr := runCommand(t, e, "bootstrap", "--user", "admin")
	password := generated.FindStringSubmatch(out)
	if code != exitOK || password == nil {
		t.Fatalf("bootstrap: exit code %d, %q, %q", code, out, stderr)
	}
	p.waitReadyz(t, http.StatusOK, "ok")
	s := p.login(t, "admin", password[1])
	if d := cmp.Diff([]any{"example.test", "other.test"}, s.mustCall(t, "domain/list")["list"]); d != "" {
		t.Errorf("domain/list: (-want +got)\n%s", d)
	}
	s.mustSetServers(t)
	s.mustCall(t, "user/add", "user", "alice@example.test")
	if n := db.Value(t, "SELECT count(*) FROM subscriber"); n != "1" {
		t.Errorf("%s rows in subscriber, want 1", n)
	}
	if n := db.Value(t, "SELECT count(*) FROM domain"); n != "1" {
		t.Errorf("%s rows in domain, want 1: only Kamailio's administrator adds domains", n)
	}
	if d := cmp.Diff(columns, db.Query(t, kamailioColumns)); d != "" {
		t.Errorf("Kamailio's columns: (-want +got)\n%s", d)
	}
}

func TestStore_PrepareSchema(t *testing.T) {
	t.Parallel()
	t.Run("migrate=check refuses an old schema", func(t *testing.T) {
		t.Parallel()
		data := filepath.Join(t.TempDir(), "data")
		code, _, stderr := runCommand(t, nil, "serve", "--data", data, "--listen", "127.0.0.1:0", "--migrate", "check")
		if code != exitFailure || !strings.Contains(stderr, "run hermesd migrate") || strings.Contains(stderr, "listening") {
			t.Errorf("exit code %d, %q", code, stderr)
		}
	})
	t.Run("an embedded database is created in the default folder", func(t *testing.T) {
		t.Parallel()
		p := startHermesd(t, nil)
		if _, err := os.Stat(filepath.Join(p.cmd.Dir, "hermes-data", "hermes.db")); err != nil {
			t.Error(err)
		}
	})
	t.Run("a database in memory serves the domains and creates no files", func(t *testing.T) {
		t.Parallel()
		p := startHermesd(t, nil, "--db", "memory:", "--domain", "example.test")
		s := p.login(t, "admin", p.password())
		if d := cmp.Diff([]any{"example.test"}, s.mustCall(t, "domain/list")["list"]); d != "" {
			t.Errorf("domain/list: (-want +got)\n%s", d)
		}
		if files, _ := os.ReadDir(p.cmd.Dir); len(files) != 0 {
			t.Errorf("created files: %v", files)
		}
	})
}

func TestStore_Ready(t *testing.T) {
	c := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true})
	db := c.New(t, pgtest.Options{Empty: true})
	e := env{"HERMES_DB": db.URL(), "HERMES_SECRET_KEY": testKey}
	p := startHermesd(t, e, "--migrate", "off")
	p.waitReadyz(t, 503, "pending migrations: 0001")
	if code, _, stderr := runCommand(t, e, "migrate"); code != exitOK {
		t.Fatal(stderr)
	}
	p.waitReadyz(t, 503, "Kamailio's tables are missing")
	if code, _, stderr := runCommand(t, e, "migrate", "--kamailio-tables"); code != exitOK {
		t.Fatal(stderr)
	}
	p.waitReadyz(t, 503, "not bootstrapped")
	if code, _, stderr := runCommand(t, e, "bootstrap", "--user", "admin"); code != exitOK {
		t.Fatal(stderr)
	}
	p.waitReadyz(t, 200, "ok")
	db.Exec(t, "CREATE EXTENSION citext; ALTER TABLE subscriber ALTER username TYPE citext")
	startHermesd(t, e).waitReadyz(t, 503, "subscriber.username is of the type citext")
	db.Exec(t, "ALTER TABLE subscriber ALTER username TYPE varchar(64)")
	c.Stop(t, pgtest.Fast)
	p.waitReadyz(t, 503, "database: see the log")
	waiting, stopped := startHermesd(t, e), startHermesd(t, e)
	for _, path := range []string{"/readyz", "/healthz"} {
		if status, text := waiting.get(t, path); (status == 200) != (path == "/healthz") || status != 200 && text != string(noDatabase) {
			t.Errorf("%s of a server that started without the database: %d %q", path, status, text)
		}
	}
	if a := (&session{p: waiting}).call(t, "auth/login", "username", "admin", "password", "x"); a["cause"] != "busy" {
		t.Errorf("login without the database: %v, want busy", a)
	}
	stopped.waitForLine(t, string(noDatabase))
	stopped.signal(t, syscall.SIGTERM)
	if code := stopped.waitExit(); code != 0 {
		t.Errorf("SIGTERM while it waits for the database: exit code %d", code)
	}
	if status, _ := p.get(t, "/healthz"); status != 200 {
		t.Errorf("/healthz without the database: %d", status)
	}
	c.Start(t)
	p.waitReadyz(t, 200, "ok")
	waiting.waitForLine(t, "msg=ready")
	if a := (&session{p: waiting}).call(t, "auth/login", "username", "admin", "password", "x"); a["cause"] != "unauthorized" {
		t.Errorf("a wrong login once the database is there: %v, want unauthorized", a)
	}
	if n := strings.Count(strings.Join(waiting.log(), "\n"), "not serving yet"); n < 1 || n > 2 {
		t.Errorf("%d lines say what it waited for, want one a reason:\n%s", n, strings.Join(waiting.log(), "\n"))
	}
}

func TestWithStoreError(t *testing.T) {
	t.Parallel()
	inner := errors.New("disk on fire")
	for _, r := range []struct {
		why  string
		err  error
		want string
	}{
		{"a node and a detail", &hermes.Error{Node: "user/add", Detail: "not done", Err: inner}, "user/add: not done: disk on fire"},
		{"no node", &hermes.Error{Detail: "not done", Err: inner}, "not done: disk on fire"},
		{"neither", &hermes.Error{Err: inner}, "disk on fire"},
		{"nothing inside", &hermes.Error{Node: "user/add", Response: hermes.Failed, Cause: hermes.Exists, Detail: "taken"}, "user/add: failed/exists: taken"},
		{"another error", inner, "disk on fire"},
	} {
		if got := withStoreError(r.err).Error(); got != r.want {
			t.Errorf("%s: got %q, want %q", r.why, got, r.want)
		}
	}
}
