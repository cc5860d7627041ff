package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// kamailioColumns is what must not change, whatever Hermes does.
const kamailioColumns = `SELECT table_name, column_name, data_type, column_default, is_nullable, character_maximum_length
	FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`

const relations = `SELECT n.nspname, c.relname, c.relkind FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2`

// From an operator's first command to the first user, with nothing made unasked.
func TestPostgres(t *testing.T) {
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	db.Exec(t, "INSERT INTO domain (domain, did) VALUES ('example.test', 'example.test')")
	columns, before := db.Query(t, kamailioColumns), db.Query(t, relations)
	e := env{"HERMES_DB": db.URL(), "HERMES_SECRET_KEY": testKey}

	code, _, stderr := tryRun(t, e, "serve", "--listen", "127.0.0.1:0", "--domain", "other.test")
	if code != exitFailure || !strings.Contains(stderr, "run hermesd migrate") {
		t.Errorf("serve before migrate: exit code %d, %q", code, stderr)
	}
	code, _, stderr = tryRun(t, e, "bootstrap", "--user", "admin")
	if code != exitFailure || !strings.Contains(stderr, "run hermesd migrate") {
		t.Errorf("bootstrap before migrate: exit code %d, %q", code, stderr)
	}
	code, sql, _ := tryRun(t, e, "migrate", "--dry-run")
	if code != exitOK || !strings.Contains(sql, "CREATE TABLE hermes.users") {
		t.Errorf("migrate --dry-run: exit code %d, %q", code, sql)
	}
	if d := cmp.Diff(before, db.Query(t, relations)); d != "" {
		t.Fatalf("something was made unasked: %s", d)
	}
	if code, out, stderr := tryRun(t, e, "migrate"); code != exitOK || !strings.HasPrefix(out, "migrated: 0001") {
		t.Fatalf("migrate: exit code %d, %q, %q", code, out, stderr)
	}

	p := start(t, e, "--domain", "other.test")
	p.line("run hermesd bootstrap --user NAME")
	if status, text := p.get("/readyz"); status != http.StatusServiceUnavailable || text != "not bootstrapped" {
		t.Errorf("/readyz: %d %q, want 503 not bootstrapped", status, text)
	}
	code, out, stderr := tryRun(t, e, "bootstrap", "--user", "admin")
	password := generated.FindStringSubmatch(out)
	if code != exitOK || password == nil {
		t.Fatalf("bootstrap: exit code %d, %q, %q", code, out, stderr)
	}
	if status, text := p.get("/readyz"); status != http.StatusOK || text != "ok" {
		t.Errorf("/readyz: %d %q, want 200 ok", status, text)
	}
	s := p.login("admin", password[1])
	if d := cmp.Diff([]any{"example.test", "other.test"}, s.must("domain/list")["list"]); d != "" {
		t.Error(d)
	}
	s.must("domain/set_servers", "domain", "example.test", "registrar", "sip.example.test", "r_port", "5060",
		"proxy", "sip.example.test", "p_port", "5060", "prov_url", "https://prov.example.test/")
	s.must("user/add", "user", "alice@example.test")
	if n := db.Value(t, "SELECT count(*) FROM subscriber"); n != "1" {
		t.Errorf("%s rows in subscriber, want 1", n)
	}
	if n := db.Value(t, "SELECT count(*) FROM domain"); n != "1" {
		t.Errorf("%s rows in domain, want 1: it is the Kamailio administrator's", n)
	}
	if d := cmp.Diff(columns, db.Query(t, kamailioColumns)); d != "" {
		t.Errorf("Kamailio's columns: %s", d)
	}
}

func TestPostgresReady(t *testing.T) {
	c := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true})
	db := c.New(t, pgtest.Options{Empty: true})
	e := env{"HERMES_DB": db.URL(), "HERMES_SECRET_KEY": testKey}
	p := start(t, e, "--migrate", "off")
	want := func(status int, text string) {
		t.Helper()
		if s, got := p.get("/readyz"); s != status || !strings.Contains(got, text) {
			t.Errorf("/readyz: %d %q, want %d and %q in it", s, got, status, text)
		}
	}
	want(503, "pending migrations: 0001")
	if code, _, stderr := tryRun(t, e, "migrate"); code != exitOK {
		t.Fatal(stderr)
	}
	want(503, "Kamailio's tables are missing")
	if code, _, stderr := tryRun(t, e, "migrate", "--kamailio-tables"); code != exitOK {
		t.Fatal(stderr)
	}
	want(503, "not bootstrapped")
	if code, _, stderr := tryRun(t, e, "bootstrap", "--user", "admin"); code != exitOK {
		t.Fatal(stderr)
	}
	want(200, "ok")
	c.Stop(t, pgtest.Fast)
	want(503, "database: see the log")
	if status, _ := p.get("/healthz"); status != 200 {
		t.Errorf("/healthz without the database: %d", status)
	}
	c.Start(t)
	want(200, "ok")
}

// A password goes nowhere, whatever becomes of the URL.
func TestPostgresPassword(t *testing.T) {
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	for why, u := range map[string]string{
		"it works":           strings.Replace(db.URL(), "postgres@", "postgres:tiger@", 1),
		"no such database":   strings.Replace(db.URL(), "postgres@", "postgres:tiger@", 1) + "&application_name=x" + "&connect_timeout=x",
		"nobody listens":     "postgres://postgres:tiger@127.0.0.1:1/x",
		"the URL is cut off": "postgres://postgres:1/tiger@127.0.0.1:1/x",
	} {
		e := env{"HERMES_DB": u, "HERMES_SECRET_KEY": testKey}
		for _, command := range []string{"config", "migrate", "serve"} {
			args := []string{command, "--log-level=debug"}
			if command == "serve" && why == "it works" {
				continue
			}
			_, stdout, stderr := tryRun(t, e, args...)
			if strings.Contains(stdout+stderr, "tiger") {
				t.Errorf("%s: %s shows the password: %q %q", why, command, stdout, stderr)
			}
		}
	}
	if !strings.Contains(db.URL(), "postgres@") {
		t.Errorf("%q: the test looks for postgres@", db.URL())
	}
}
