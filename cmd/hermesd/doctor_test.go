package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/doctor"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// runDoctor runs doctor with and without --json, checks that both agree, and returns the findings.
func runDoctor(t *testing.T, e env, args ...string) []doctor.Finding {
	t.Helper()
	code, stdout, stderr := runCommand(t, e, append([]string{"doctor", "--json"}, args...)...)
	var findings []doctor.Finding
	if err := json.Unmarshal([]byte(stdout), &findings); err != nil || len(findings) == 0 {
		t.Fatalf("%q: %v", stdout, err)
	}
	failed := 0
	var want []string
	for _, f := range findings {
		line := string(f.Level) + strings.Repeat(" ", 6-len(f.Level)) + f.Check + ": " + f.Detail
		if f.Level != doctor.OK {
			line += "; remedy: " + f.Remedy
		}
		if f.Level == doctor.Fail {
			failed++
		}
		want = append(want, line)
	}
	wantCode := exitOK
	if failed > 0 {
		wantCode = exitFailure
	}
	if code != wantCode || (stderr == "") != (failed == 0) {
		t.Errorf("exit code %d with %d failed checks, %q", code, failed, stderr)
	}
	textCode, text, _ := runCommand(t, e, append([]string{"doctor"}, args...)...)
	got := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range got {
		if i < len(want) && strings.HasPrefix(want[i], "ok    clock: ") {
			got[i] = want[i] // the measured time differs
		}
	}
	if d := cmp.Diff(want, got); d != "" || textCode != code {
		t.Errorf("without --json: exit code %d, want %d: (-want +got)\n%s", textCode, code, d)
	}
	return findings
}

// notOK returns the findings that are not ok, as level and check.
func notOK(findings []doctor.Finding) (list []string) {
	for _, f := range findings {
		if f.Level != doctor.OK {
			list = append(list, string(f.Level)+" "+f.Check)
		}
	}
	return list
}

// wantNotOK checks which findings are not ok.
func wantNotOK(t *testing.T, why string, findings []doctor.Finding, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, notOK(findings)); d != "" {
		t.Errorf("%s: (-want +got)\n%s%v", why, d, findings)
	}
}

// startWithUser starts a hermesd with a domain and a user.
func startWithUser(t *testing.T, args ...string) (*process, *session) {
	t.Helper()
	p := startHermesd(t, nil, args...)
	s := p.login(t, "admin", p.password())
	s.mustSetServers(t)
	s.mustCall(t, "user/add", "user", "alice@example.test")
	return p, s
}

// TestApp_RunDoctor examines a database while hermesd writes it, after hermesd was killed, and
// after it ended in order.
func TestApp_RunDoctor(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	args := []string{"--data", data, "--domain", "example.test"}
	p, s := startWithUser(t, args...)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				s.mustCall(t, "user/add", "user", "bob@example.test")
				s.mustCall(t, "user/remove", "user", "bob@example.test")
			}
		}
	}()
	for range 3 {
		wantNotOK(t, "hermesd runs", runDoctor(t, nil, args...))
	}
	close(stop)
	<-stopped
	s.mustCall(t, "user/add", "user", "carol@example.test")
	p.signal(t, syscall.SIGKILL)
	p.waitExit()
	wantNotOK(t, "hermesd was killed", runDoctor(t, nil, args...))
	p = startHermesd(t, nil, args...)
	p.signal(t, syscall.SIGTERM)
	p.waitExit()
	before := readFolder(t, data)
	wantNotOK(t, "hermesd is down", runDoctor(t, nil, args...))
	if d := cmp.Diff(before, readFolder(t, data)); d != "" {
		t.Errorf("doctor changed files: (-before +after)\n%s", d)
	}
}

// readFolder returns the content of the files in a folder, by name.
func readFolder(t *testing.T, path string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(path, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(text)
	}
	return files
}

// TestApp_RunDoctor_Settings checks the findings for wrong settings. It is not parallel, because it
// changes the working directory.
func TestApp_RunDoctor_Settings(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, tt := range []struct {
		why  string
		args []string
		want []string
		text string // a part of the first finding that is not ok
	}{
		{"a setting that cannot be parsed", []string{"--listen", "x"}, []string{"fail settings"},
			`listen: "x": want HOST:PORT`},
		{"a setting that a server refuses", []string{"--listen", "0.0.0.0:1"}, []string{"fail settings", "fail database"},
			"is not a loopback address"},
		{"a missing certificate", []string{"--tls-cert", "x", "--tls-key", "y"},
			[]string{"fail settings", "fail database"}, "tls-cert: "},
		{"a missing htpasswd file", []string{"--auth-backend", "htpasswd:x"},
			[]string{"fail settings", "fail database"}, "auth-backend: "},
		{"no database yet", nil, []string{"fail database"}, "no such file"},
		{"a database in memory", []string{"--db", "memory:"}, []string{"fail settings"}, "memory: is gone"},
	} {
		findings := runDoctor(t, nil, tt.args...)
		wantNotOK(t, tt.why, findings, tt.want...)
		i := slices.IndexFunc(findings, func(f doctor.Finding) bool { return f.Level != doctor.OK })
		if i >= 0 && !strings.Contains(findings[i].Detail, tt.text) {
			t.Errorf("%s: %q, want %q in it", tt.why, findings[i].Detail, tt.text)
		}
	}
	code, stdout, stderr := runCommand(t, nil, "doctor", "--jsno")
	if code != exitUsage || stdout != "" || !strings.Contains(stderr, "jsno") {
		t.Errorf("an unknown flag: exit code %d, %q, %q", code, stdout, stderr)
	}
	if names, _ := os.ReadDir("."); len(names) > 0 {
		t.Errorf("doctor created %v", names)
	}
}

// TestConfig_ExamineKeys checks the findings about the secret key and the modes of files.
func TestConfig_ExamineKeys(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	keyFile, dbFile := filepath.Join(data, "secret.key"), filepath.Join(data, "hermes.db")
	args := []string{"--data", data, "--domain", "example.test"}
	p, _ := startWithUser(t, args...)
	p.signal(t, syscall.SIGTERM)
	p.waitExit()
	mustSucceed := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := os.ReadFile(keyFile)
	mustSucceed(err)
	secret := strings.TrimSpace(string(key))
	mustSucceed(os.Chmod(dbFile, 0o660))
	wantNotOK(t, "the group may write the database in the data folder", runDoctor(t, nil, args...), "fail settings")
	mustSucceed(os.Chmod(dbFile, 0o640))
	wantNotOK(t, "the group may read the database", runDoctor(t, nil, args...))
	mustSucceed(os.Chmod(dbFile, 0o644))
	wantNotOK(t, "others may read the database", runDoctor(t, nil, args...), "fail file-modes")
	mustSucceed(os.Chmod(dbFile, 0o600))
	mustSucceed(os.Chmod(keyFile, 0o640))
	wantNotOK(t, "the group may read the key", runDoctor(t, nil, args...), "fail file-modes")
	wantNotOK(t, "the key is in the environment", runDoctor(t, env{"HERMES_SECRET_KEY": secret}, args...))
	mustSucceed(os.WriteFile(keyFile, []byte("x"), 0o600))
	mustSucceed(os.Chmod(keyFile, 0o600))
	wantNotOK(t, "the key is damaged", runDoctor(t, nil, args...), "fail secret-key", "fail secret-keys")
	mustSucceed(os.Remove(keyFile))
	wantNotOK(t, "the key is missing", runDoctor(t, nil, args...), "fail secret-key", "fail secret-keys")
	if _, err := os.Stat(keyFile); err == nil {
		t.Error("doctor created a key")
	}
	wantNotOK(t, "another key", runDoctor(t, env{"HERMES_SECRET_KEY": testKey}, args...), "fail secret-keys")
	wantNotOK(t, "the right key is the second", runDoctor(t, env{"HERMES_SECRET_KEY": testKey + "," + secret}, args...))
}

func TestApp_RunDoctor_PostgreSQL(t *testing.T) {
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	db.Exec(t, "INSERT INTO domain (domain, did) VALUES ('example.test', 'example.test')")
	e := env{"HERMES_DB": db.URL(), "HERMES_SECRET_KEY": testKey}
	if findings := notOK(runDoctor(t, e)); !slices.Contains(findings, "fail migrations") || !slices.Contains(findings, "warn durability") {
		t.Errorf("before migrate, and with synchronous_commit=off: %v", findings)
	}
	db.Exec(t, "ALTER DATABASE "+db.Name()+" SET synchronous_commit = on")
	if code, _, stderr := runCommand(t, e, "migrate"); code != exitOK {
		t.Fatal(stderr)
	}
	wantNotOK(t, "before bootstrap", runDoctor(t, e), "fail bootstrapped", "warn default-servers")
	if code, _, stderr := runCommand(t, e, "bootstrap", "--user", "admin"); code != exitOK {
		t.Fatal(stderr)
	}
	wantNotOK(t, "before set_servers", runDoctor(t, e), "warn default-servers")
	wantNotOK(t, "with another schema", runDoctor(t, e, "--kamailio-schema", "hermes"),
		"fail kamailio-tables", "warn not-checked")
	wantNotOK(t, "without a key", runDoctor(t, env{"HERMES_DB": db.URL()}), "fail secret-key", "warn default-servers")
	withPassword := strings.Replace(db.URL(), "postgres@", "postgres:tiger@", 1)
	wrongPort := strings.Replace(withPassword, "127.0.0.1:", "127.0.0.1:1", 1) + "&connect_timeout=1"
	for _, url := range []string{withPassword, wrongPort} {
		_, stdout, stderr := runCommand(t, env{"HERMES_DB": url, "HERMES_SECRET_KEY": testKey}, "doctor")
		if strings.Contains(stdout+stderr, "tiger") {
			t.Errorf("the password is printed: %s %s", stdout, stderr)
		}
	}
	closedPort := env{"HERMES_DB": "postgres://x@127.0.0.1:1/x", "HERMES_SECRET_KEY": testKey}
	standbyLess := runDoctor(t, e, "--db-replica", db.URL(), "--db-replica", "postgres://x@127.0.0.1:1/x")
	wantNotOK(t, "replicas that are none", standbyLess, "warn db-replica", "warn db-replica", "warn default-servers")
	wantNotOK(t, "a closed port", runDoctor(t, closedPort), "fail database")
}

func TestConfig_ExamineCertificate(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c := &config{tlsCert: filepath.Join(folder, "cert.pem"), tlsKey: filepath.Join(folder, "key.pem")}
	if f, ok := c.examineCertificate(time.Now()); ok {
		t.Errorf("a missing certificate: %v, want no finding", f)
	}
	const day = 24 * time.Hour
	writeCertificateUntil(t, c.tlsCert, c.tlsKey, 1, time.Now().Add(90*day))
	for _, row := range []struct {
		why   string
		after time.Duration
		level doctor.Level
	}{
		{"long before its end", 0, doctor.OK},
		{"15 days before its end", 75 * day, doctor.OK},
		{"13 days before its end", 77 * day, doctor.Warn},
		{"its last hour", 90*day - time.Hour, doctor.Warn},
		{"after its end", 90*day + time.Hour, doctor.Fail},
		{"before its beginning", -2 * time.Hour, doctor.Fail},
	} {
		f, ok := c.examineCertificate(time.Now().Add(row.after))
		if !ok || f.Level != row.level || f.Check != "certificate" || (f.Level == doctor.OK) != (f.Remedy == "") {
			t.Errorf("%s: %v %t, want %s", row.why, f, ok, row.level)
		}
	}
}

func TestConfig_ExamineProxies(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		why    string
		behind bool
		ranges []netip.Prefix
		level  doctor.Level
	}{
		{"no proxy", false, nil, doctor.OK},
		{"a proxy that is not trusted", true, nil, doctor.Warn},
		{"a trusted proxy", true, []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}, doctor.OK},
		{"everybody is trusted", true, []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, doctor.Warn},
	} {
		c := &config{behindTLSProxy: row.behind, trustedProxies: row.ranges, origin: "https://hermes.example.com"}
		if f := c.examineProxies(); f.Level != row.level || (f.Level == doctor.OK) != (f.Remedy == "") {
			t.Errorf("%s: %v, want %s", row.why, f, row.level)
		}
	}
}

func TestTLSFinding(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		url   string
		level doctor.Level
	}{
		{"postgres://x@127.0.0.1/x", doctor.OK},
		{"postgres://x@localhost/x?sslmode=disable", doctor.OK},
		{"postgres://x@/x?host=/run/postgresql", doctor.OK},
		{"postgres://x@db.test/x", doctor.OK},
		{"postgres://x@db.test/x?sslmode=require", doctor.OK},
		{"postgres://x@db.test/x?sslmode=disable", doctor.Warn},
		{"postgres://x@192.0.2.1/x?sslmode=disable", doctor.Warn},
		{"postgres://x@db.test/x?sslmode=verify-ca", doctor.Warn},
	} {
		targets, err := pgconn.ParseURL(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		target := targets.Hosts[0]
		f := tlsFinding(target)
		if f.Level != tt.level || f.Check != "tls" || !strings.Contains(f.Detail, "sslmode is "+target.SSLMode) {
			t.Errorf("%s: %v, want %s", tt.url, f, tt.level)
		}
	}
}

func TestExamineRPC(t *testing.T) {
	t.Parallel()
	answer := ""
	kamailio := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text, _ := io.ReadAll(r.Body); !strings.Contains(string(text), `"core.version"`) {
			t.Errorf("request %s, want core.version", text)
		}
		io.WriteString(w, answer)
	}))
	defer kamailio.Close()
	finding := func() doctor.Finding {
		t.Helper()
		findings := runDoctor(t, nil, "--data", t.TempDir(), "--kamailio-rpc", kamailio.URL)
		i := slices.IndexFunc(findings, func(f doctor.Finding) bool { return f.Check == "kamailio-rpc" })
		if i < 0 {
			t.Fatalf("no finding of the check kamailio-rpc: %v", findings)
		}
		return findings[i]
	}
	for _, tt := range []struct {
		why, answer string
		level       doctor.Level
	}{
		{"Kamailio answers", `{"jsonrpc":"2.0","result":"kamailio","id":1}`, doctor.OK},
		{"a refusal is an answer", `{"jsonrpc":"2.0","error":{"code":404,"message":"Method Not Found"},"id":1}`, doctor.OK},
		{"another server answers", `<html>`, doctor.Warn},
	} {
		answer = tt.answer
		if f := finding(); f.Level != tt.level {
			t.Errorf("%s: %v, want %s", tt.why, f, tt.level)
		}
	}
	kamailio.Close()
	if f := finding(); f.Level != doctor.Warn {
		t.Errorf("a closed port: %v, want a warning", f)
	}
}
