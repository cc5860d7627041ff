package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var generated = regexp.MustCompile(`^password: ([^\s]{20})\n$`)

func TestBootstrap(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	steps := []struct {
		why    string
		stdin  string
		args   []string
		code   int
		stdout string // regexp
		stderr string // what it holds
	}{
		{"without a name", "", nil, exitUsage, `^$`, "hermesd: --user: missing"},
		{"a password too short", "short\n", []string{"--user", "root", "--password-stdin"}, exitUsage, `^$`, "want 8 to 128 characters"},
		{"no password at all", "", []string{"--user", "root", "--password-stdin"}, exitUsage, `^$`, "want 8 to 128 characters"},
		{"a name with a colon", "", []string{"--user", "a:b"}, exitUsage, `^$`, "want a name without a colon"},
		{"the first", "", []string{"--user", "root"}, exitOK, generated.String(), ""},
		{"once more", "", []string{"--user", "root"}, exitBootstrapped, `^$`, "hermesd: already bootstrapped"},
		{"another", "", []string{"--user", "other"}, exitBootstrapped, `^$`, "hermesd: already bootstrapped"},
		{"another, to recover", "", []string{"--user", "other", "--recover"}, exitOK, generated.String(), "msg=\"bootstrap --recover: the user has full_write"},
		{"the same, whose password was lost", "", []string{"--user", "other", "--recover"}, exitOK, generated.String(), "user=other"},
		{"the same, with a password too short", "short\n", []string{"--user", "other", "--recover", "--password-stdin"}, exitUsage, `^$`, "want 8 to 128 characters"},
		{"the same, with none", "\n", []string{"--user", "other", "--recover", "--password-stdin"}, exitUsage, `^$`, "want 8 to 128 characters"},
		{"a password of one's own", "correct horse\r\nbattery", []string{"--user", "third", "--recover", "--password-stdin"}, exitOK, `^$`, ""},
	}
	passwords := map[string]string{"third": "correct horse"}
	for _, st := range steps {
		code, stdout, stderr := tryRunWith(t, st.stdin, nil, append([]string{"bootstrap", "--data", data}, st.args...)...)
		if code != st.code || !regexp.MustCompile(st.stdout).MatchString(stdout) || !strings.Contains(stderr, st.stderr) {
			t.Errorf("%s: exit code %d, %q, %q", st.why, code, stdout, stderr)
		}
		if m := generated.FindStringSubmatch(stdout); m != nil {
			passwords[st.args[1]] = m[1]
			if strings.Contains(stderr, m[1]) {
				t.Errorf("%s: the password is in the log", st.why)
			}
		}
	}
	p := start(t, nil, "--data", data)
	if p.password() != "" {
		t.Error("serve made a user besides those of bootstrap")
	}
	for user, password := range passwords {
		if a := p.login(user, password).call("auth/list_users"); len(a["list"].([]any)) != 3 {
			t.Errorf("%s sees %v", user, a)
		}
	}
}

func TestKeptCommands(t *testing.T) {
	for _, args := range [][]string{{"bootstrap", "--user", "x", "--db", "memory:"}, {"migrate", "--db", "memory:"}, {"rekey", "--db", "memory:"}} {
		if code, _, stderr := tryRun(t, nil, args...); code != exitUsage || !strings.Contains(stderr, "db: memory: is gone") {
			t.Errorf("%q: exit code %d, %q", args, code, stderr)
		}
	}
}

func TestMigrate(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	migrate := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := tryRun(t, nil, append([]string{"migrate", "--data", data}, args...)...)
		if code != exitOK || stderr != "" {
			t.Fatalf("%q: exit code %d, %q", args, code, stderr)
		}
		return stdout
	}
	if sql := migrate("--dry-run"); !strings.Contains(sql, "CREATE TABLE hermes_users") || strings.Contains(sql, "subscriber") {
		t.Errorf("--dry-run: %q, want the SQL of Hermes' own tables", sql)
	}
	if sql := migrate("--dry-run", "--kamailio-tables"); !strings.Contains(sql, "CREATE TABLE subscriber") || !strings.Contains(sql, "CREATE TABLE hermes_users") {
		t.Errorf("--dry-run --kamailio-tables: %q", sql)
	}
	if _, err := os.Stat(data); err == nil {
		t.Fatal("--dry-run made the data folder")
	}
	if out := migrate(); !strings.HasPrefix(out, "migrated: 0001") {
		t.Errorf("migrate: %q", out)
	}
	if out := migrate(); out != "nothing to migrate\n" {
		t.Errorf("migrate, once more: %q", out)
	}
	if sql := migrate("--dry-run"); sql != "" {
		t.Errorf("--dry-run after migrate: %q", sql)
	}
	migrate("--kamailio-tables")
	if sql := migrate("--dry-run", "--kamailio-tables"); sql != "" {
		t.Errorf("--dry-run after --kamailio-tables: %q", sql)
	}
}

// An embedded database is not brought up where the operator says so.
func TestMigrateCheck(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	code, _, stderr := tryRun(t, nil, "serve", "--data", data, "--listen", "127.0.0.1:0", "--migrate", "check")
	if code != exitFailure || !strings.Contains(stderr, "run hermesd migrate") || strings.Contains(stderr, "listening") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}
