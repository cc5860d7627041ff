package main

import (
	"database/sql"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

// generated matches the output of bootstrap with a generated password.
var generated = regexp.MustCompile(`^password: ([^\s]{20})\n$`)

func TestApp_RunBootstrap(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	steps := []struct {
		why    string
		stdin  string
		args   []string
		code   int
		stdout string // a regular expression
		stderr string // a part of it
	}{
		{"a name is required", "", nil, exitUsage, `^$`, "hermesd: --user: missing"},
		{"a password too short", "short\n", []string{"--user", "root", "--password-stdin"}, exitUsage, `^$`,
			"want 8 to 128 characters"},
		{"an empty password", "", []string{"--user", "root", "--password-stdin"}, exitUsage, `^$`,
			"want 8 to 128 characters"},
		{"a name with a colon", "", []string{"--user", "a:b"}, exitUsage, `^$`, "want a name without a colon"},
		{"the first principal", "", []string{"--user", "root"}, exitOK, generated.String(), ""},
		{"the same once more", "", []string{"--user", "root"}, exitBootstrapped, `^$`, "hermesd: already bootstrapped"},
		{"another one", "", []string{"--user", "other"}, exitBootstrapped, `^$`, "hermesd: already bootstrapped"},
		{"another one with --recover", "", []string{"--user", "other", "--recover"}, exitOK, generated.String(),
			"msg=\"bootstrap --recover: the user has full_write"},
		{"a new password for one that was lost", "", []string{"--user", "other", "--recover"}, exitOK,
			generated.String(), "user=other"},
		{"a new password too short", "short\n", []string{"--user", "other", "--recover", "--password-stdin"},
			exitUsage, `^$`, "want 8 to 128 characters"},
		{"an empty new password", "\n", []string{"--user", "other", "--recover", "--password-stdin"}, exitUsage, `^$`,
			"want 8 to 128 characters"},
		{"a password on standard input ends with its line", "correct horse\r\nbattery",
			[]string{"--user", "third", "--recover", "--password-stdin"}, exitOK, `^$`, ""},
	}
	passwords := map[string]string{"third": "correct horse"}
	for _, st := range steps {
		code, stdout, stderr := runCommandInput(t, st.stdin, nil, append([]string{"bootstrap", "--data", data}, st.args...)...)
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
	p := startHermesd(t, nil, "--data", data)
	if p.password() != "" {
		t.Error("serve created a user although bootstrap had")
	}
	for user, password := range passwords {
		if a := p.login(t, user, password).call(t, "auth/list_users"); len(a["list"].([]any)) != 3 {
			t.Errorf("auth/list_users for %s: %v, want 3 users", user, a)
		}
	}
}

// TestApp_RunBootstrap_ReadOnlyBackend checks that no user is created if no backend can be written,
// and that users of a read-only backend can be given access.
func TestApp_RunBootstrap_ReadOnlyBackend(t *testing.T) {
	t.Parallel()
	e := env{
		"HERMES_DATA":         filepath.Join(t.TempDir(), "data"),
		"HERMES_AUTH_BACKEND": "htpasswd:" + writeHtpasswd(t, "mary", "correct horse"),
	}
	p := startHermesd(t, e)
	if p.password() != "" {
		t.Error("serve created a user although no backend can be written")
	}
	p.waitForLine(t, "run hermesd bootstrap --user NAME")
	for _, st := range []struct {
		why, stdin string
		args       []string
		code       int
		stderr     string
	}{
		{"a user that the file does not have", "", []string{"--user", "admin"}, exitFailure,
			"no authentication backend can be written"},
		{"a password that cannot be stored", "battery staple\n", []string{"--user", "mary", "--password-stdin"},
			exitFailure, "no authentication backend can be written"},
		{"a user of the file", "", []string{"--user", "mary"}, exitOK, "with the password that the backend htpasswd knows"},
		{"the same once more", "", []string{"--user", "mary"}, exitBootstrapped, "already bootstrapped"},
		{"the same with --recover", "", []string{"--user", "mary", "--recover"}, exitOK, "level=WARN"},
	} {
		code, stdout, stderr := runCommandInput(t, st.stdin, e, append([]string{"bootstrap"}, st.args...)...)
		if code != st.code || stdout != "" || !strings.Contains(stderr, st.stderr) {
			t.Errorf("%s: exit code %d, %q, %q", st.why, code, stdout, stderr)
		}
	}
	s := p.login(t, "mary", "correct horse")
	want := []any{map[string]any{"user": "mary", "access": "full_write", "backend": "htpasswd"}}
	if d := cmp.Diff(want, s.mustCall(t, "auth/list_users")["list"]); d != "" {
		t.Errorf("auth/list_users: (-want +got)\n%s", d)
	}
	if a := s.call(t, "auth/add_user", "user", "new"); a["cause"] != "readonly" {
		t.Errorf("auth/add_user: %v, want readonly", a)
	}
}

// TestCreateFirstUser starts two hermesd with one new database at the same time. One of them
// creates the user, and each opens what the other seals and signs.
func TestCreateFirstUser(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	a := launchHermesd(t, nil, "--data", data, "--domain", "example.test")
	b := launchHermesd(t, nil, "--data", data, "--domain", "example.test")
	a.waitListening(t)
	b.waitListening(t)
	if a.password() != "" && b.password() != "" {
		t.Fatal("both created a first user")
	}
	s := a.login(t, "admin", a.password()+b.password())
	s.mustSetServers(t)
	added := s.mustCall(t, "user/add", "user", "alice@example.test")["user"]
	s.p = b
	if d := cmp.Diff(added, s.mustCall(t, "user/get", "user", "alice@example.test")["user"]); d != "" {
		t.Errorf("user/get at the other hermesd: (-want +got)\n%s", d)
	}
}

func TestFirstLogin_Add(t *testing.T) {
	t.Parallel()
	ctx, b, other := t.Context(), local.New(&local.Options{MemoryKiB: 8, Passes: 1}), hermes.NewSecret("another password")
	first, err := newFirstLogin(ctx, b)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		why, user string
		password  hermes.Secret
	}{
		{"the user whose hash was begun", firstUser, first.password},
		{"the same user with another password", firstUser, other},
		{"another user", "mary", first.password},
	} {
		s := memstore.New()
		add, err := first.Add(row.user, row.password)
		if err == nil {
			err = add(ctx, s)
		}
		if err != nil {
			t.Errorf("%s: %v", row.why, err)
			continue
		}
		if ok, err := b.Verify(ctx, s, row.user, row.password); !ok || err != nil {
			t.Errorf("%s: the password is accepted: %v, %v", row.why, ok, err)
		}
	}
}

// TestServer_CreateFirstUser_unfinished starts over a database that was made without a principal.
func TestServer_CreateFirstUser_unfinished(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	if code, _, stderr := runCommand(t, nil, "migrate", "--kamailio-tables", "--data", data); code != exitOK {
		t.Fatalf("migrate: exit code %d, %s", code, stderr)
	}
	p := startHermesd(t, nil, "--data", data)
	p.login(t, firstUser, p.password())
}

// TestServer_CreateFirstUser_onlyOnce removes the only principal of a server by SQL, since the API
// refuses that, and starts the server again.
func TestServer_CreateFirstUser_onlyOnce(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := startHermesd(t, nil, "--data", data)
	p.login(t, firstUser, p.password())
	db, err := sql.Open("sqlite", filepath.Join(data, "hermes.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DELETE FROM hermes_sessions; DELETE FROM hermes_authorizations; DELETE FROM hermes_credentials"); err != nil {
		t.Fatal(err)
	}
	p = restartHermesd(t, p, env{"HERMES_DATA": data})
	if password := p.password(); password != "" {
		t.Error("the second start created a first user, want none: the database was bootstrapped before")
	}
}
