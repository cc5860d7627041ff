package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/doctor"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// examine runs the doctor and returns its findings; both forms have to agree.
func examine(t *testing.T, e env, args ...string) []doctor.Finding {
	t.Helper()
	code, stdout, stderr := tryRun(t, e, append([]string{"doctor", "--json"}, args...)...)
	var all []doctor.Finding
	if err := json.Unmarshal([]byte(stdout), &all); err != nil || len(all) == 0 {
		t.Fatalf("%q: %v", stdout, err)
	}
	fails := 0
	var lines []string
	for _, f := range all {
		line := string(f.Level) + strings.Repeat(" ", 6-len(f.Level)) + f.Check + ": " + f.Detail
		if f.Level != doctor.OK {
			line += "; remedy: " + f.Remedy
		}
		if f.Level == doctor.Fail {
			fails++
		}
		lines = append(lines, line)
	}
	if (code == exitFailure) != (fails > 0) || code != exitOK && code != exitFailure || (stderr == "") != (fails == 0) {
		t.Errorf("exit code %d with %d fails, %q", code, fails, stderr)
	}
	again, text, _ := tryRun(t, e, append([]string{"doctor"}, args...)...)
	got := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range got {
		if clock := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "ok    clock: ") }); clock == i && len(lines) > i {
			got[i] = lines[i] // the time apart is another one
		}
	}
	if d := cmp.Diff(lines, got); d != "" || again != code {
		t.Errorf("as text: exit code %d, then %d: %s", code, again, d)
	}
	return all
}

// ill are the findings that are not ok, as level and check.
func ill(all []doctor.Finding) (found []string) {
	for _, f := range all {
		if f.Level != doctor.OK {
			found = append(found, string(f.Level)+" "+f.Check)
		}
	}
	return found
}

func wantIll(t *testing.T, why string, all []doctor.Finding, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, ill(all)); d != "" {
		t.Errorf("%s: (-want +got)\n%s%v", why, d, all)
	}
}

// served begins a database with a domain and a user, and leaves hermesd running.
func served(t *testing.T, e env, args ...string) (*process, *session) {
	t.Helper()
	p := start(t, e, args...)
	s := p.login("admin", p.password())
	s.must("domain/set_servers", "domain", "example.test", "registrar", "sip.example.test", "r_port", "5060",
		"proxy", "sip.example.test", "p_port", "5060", "prov_url", "https://prov.example.test/")
	s.must("user/add", "user", "alice@example.test")
	return p, s
}

// While hermesd runs and when it is down, after an orderly end and after none.
func TestDoctorBesideHermesd(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	args := []string{"--data", data, "--domain", "example.test"}
	p, s := served(t, nil, args...)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				s.must("user/add", "user", "bob@example.test")
				s.must("user/remove", "user", "bob@example.test")
			}
		}
	}()
	for range 3 {
		wantIll(t, "hermesd runs", examine(t, nil, args...))
	}
	close(stop)
	<-done
	s.must("user/add", "user", "carol@example.test")
	p.signal(syscall.SIGKILL)
	p.wait()
	wantIll(t, "hermesd was killed", examine(t, nil, args...))
	p = start(t, nil, args...)
	p.signal(syscall.SIGTERM)
	p.wait()
	before := folder(t, data)
	wantIll(t, "hermesd is down", examine(t, nil, args...))
	if d := cmp.Diff(before, folder(t, data)); d != "" {
		t.Errorf("the doctor changed files: %s", d)
	}
}

// folder is what is in the files of one.
func folder(t *testing.T, path string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(path, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(text)
	}
	return all
}

func TestDoctorSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, r := range []struct {
		why  string
		args []string
		want []string
		text string // in the first that is ill
	}{
		{"a setting that cannot be read", []string{"--listen", "x"}, []string{"fail settings"}, `listen: "x": want HOST:PORT`},
		{"a setting that cannot be served with", []string{"--listen", "0.0.0.0:1"}, []string{"fail settings", "fail database"}, "is no loopback address"},
		{"a certificate that is not there", []string{"--tls-cert", "x", "--tls-key", "y"}, []string{"fail settings", "fail database"}, "tls-cert: "},
		{"a file of users that is not there", []string{"--auth-backend", "htpasswd:x"}, []string{"fail settings", "fail database"}, "auth-backend: "},
		{"no database yet", nil, []string{"fail database"}, "no such file"},
		{"a database that does not stay", []string{"--db", "memory:"}, []string{"fail settings"}, "memory: is gone"},
	} {
		all := examine(t, nil, r.args...)
		wantIll(t, r.why, all, r.want...)
		for _, f := range all {
			if f.Level != doctor.OK {
				if !strings.Contains(f.Detail, r.text) {
					t.Errorf("%s: %q, want %q", r.why, f.Detail, r.text)
				}
				break
			}
		}
	}
	if code, stdout, stderr := tryRun(t, nil, "doctor", "--jsno"); code != exitUsage || stdout != "" || !strings.Contains(stderr, "jsno") {
		t.Errorf("an unknown flag: exit code %d, %q, %q", code, stdout, stderr)
	}
	if names, _ := os.ReadDir("."); len(names) > 0 {
		t.Errorf("the doctor made %v", names)
	}
}

func TestDoctorFiles(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	key, db := filepath.Join(data, "secret.key"), filepath.Join(data, "hermes.db")
	args := []string{"--data", data, "--domain", "example.test"}
	p, _ := served(t, nil, args...)
	p.signal(syscall.SIGTERM)
	p.wait()
	secret, err := os.ReadFile(key)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	must(os.Chmod(db, 0o660))
	wantIll(t, "the group may use the database", examine(t, nil, args...))
	must(os.Chmod(db, 0o664))
	wantIll(t, "others may read the database", examine(t, nil, args...), "fail file-modes")
	must(os.Chmod(db, 0o600))
	must(os.Chmod(key, 0o640))
	wantIll(t, "the group may read the key", examine(t, nil, args...), "fail file-modes")
	wantIll(t, "the key is elsewhere", examine(t, env{"HERMES_SECRET_KEY": strings.TrimSpace(string(secret))}, args...))
	must(os.WriteFile(key, []byte("x"), 0o600))
	must(os.Chmod(key, 0o600))
	wantIll(t, "the key is damaged", examine(t, nil, args...), "fail secret-key", "fail secret-keys")
	must(os.Remove(key))
	wantIll(t, "the key is gone", examine(t, nil, args...), "fail secret-key", "fail secret-keys")
	if _, err := os.Stat(key); err == nil {
		t.Error("the doctor made a key")
	}
	wantIll(t, "another key", examine(t, env{"HERMES_SECRET_KEY": testKey}, args...), "fail secret-keys")
	wantIll(t, "the right key is the second", examine(t, env{"HERMES_SECRET_KEY": testKey + "," + strings.TrimSpace(string(secret))}, args...))
}

func TestDoctorPostgres(t *testing.T) {
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	db.Exec(t, "INSERT INTO domain (domain, did) VALUES ('example.test', 'example.test')")
	e := env{"HERMES_DB": db.URL(), "HERMES_SECRET_KEY": testKey}
	if all := examine(t, e); !slices.Contains(ill(all), "fail migrations") {
		t.Errorf("before migrate: %v", all)
	}
	if code, _, stderr := tryRun(t, e, "migrate"); code != exitOK {
		t.Fatal(stderr)
	}
	wantIll(t, "before bootstrap", examine(t, e), "fail bootstrapped", "warn default-servers")
	if code, _, stderr := tryRun(t, e, "bootstrap", "--user", "admin"); code != exitOK {
		t.Fatal(stderr)
	}
	wantIll(t, "before set_servers", examine(t, e), "warn default-servers")
	wantIll(t, "with another schema", examine(t, e, "--kamailio-schema", "hermes")[:10], "fail kamailio-tables", "warn table-versions")
	wantIll(t, "without a key", examine(t, env{"HERMES_DB": db.URL()}), "fail secret-key", "warn default-servers")
	secret := strings.Replace(db.URL(), "postgres@", "postgres:tiger@", 1)
	for _, url := range []string{secret, strings.Replace(secret, "127.0.0.1:", "127.0.0.1:1", 1) + "&connect_timeout=1"} {
		_, stdout, stderr := tryRun(t, env{"HERMES_DB": url, "HERMES_SECRET_KEY": testKey}, "doctor")
		if strings.Contains(stdout+stderr, "tiger") {
			t.Errorf("the password is shown: %s %s", stdout, stderr)
		}
	}
	wantIll(t, "nobody listens", examine(t, env{"HERMES_DB": "postgres://x@127.0.0.1:1/x", "HERMES_SECRET_KEY": testKey}), "fail database")
}

func TestDoctorTLS(t *testing.T) {
	for _, r := range []struct {
		url   string
		level doctor.Level
	}{
		{"postgres://x@127.0.0.1/x", doctor.OK}, {"postgres://x@localhost/x?sslmode=disable", doctor.OK}, {"postgres://x@/x?host=/run/postgresql", doctor.OK},
		{"postgres://x@db.test/x", doctor.OK}, {"postgres://x@db.test/x?sslmode=require", doctor.OK},
		{"postgres://x@db.test/x?sslmode=disable", doctor.Warn}, {"postgres://x@192.0.2.1/x?sslmode=disable", doctor.Warn},
		{"postgres://x@db.test/x?sslmode=verify-ca", doctor.Warn},
	} {
		target, err := pgconn.ParseURL(r.url)
		if err != nil {
			t.Fatal(err)
		}
		if f := judgeTLS(target); f.Level != r.level || f.Check != "tls" || !strings.Contains(f.Detail, "sslmode is "+target.SSLMode) {
			t.Errorf("%s: %v, want %s", r.url, f, r.level)
		}
	}
}

// rpc is the finding with the setting; the database is not there.
func rpc(t *testing.T, target string) doctor.Finding {
	t.Helper()
	all := examine(t, nil, "--data", t.TempDir(), "--kamailio-rpc", target)
	i := slices.IndexFunc(all, func(f doctor.Finding) bool { return f.Check == "kamailio-rpc" })
	if i < 0 {
		t.Fatalf("no finding of it: %v", all)
	}
	return all[i]
}

func TestDoctorRPC(t *testing.T) {
	answer := ""
	kamailio := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text, _ := io.ReadAll(r.Body); !strings.Contains(string(text), `"core.version"`) {
			t.Errorf("asked %s", text)
		}
		io.WriteString(w, answer)
	}))
	defer kamailio.Close()
	for _, r := range []struct {
		why, answer string
		level       doctor.Level
	}{
		{"it answers", `{"jsonrpc":"2.0","result":"kamailio","id":1}`, doctor.OK},
		{"it refuses, which is an answer", `{"jsonrpc":"2.0","error":{"code":404,"message":"Method Not Found"},"id":1}`, doctor.OK},
		{"it is another server", `<html>`, doctor.Warn},
	} {
		answer = r.answer
		if f := rpc(t, kamailio.URL); f.Level != r.level || f.Check != "kamailio-rpc" {
			t.Errorf("%s: %v, want %s", r.why, f, r.level)
		}
	}
	kamailio.Close()
	if f := rpc(t, kamailio.URL); f.Level != doctor.Warn {
		t.Errorf("nobody listens: %v", f)
	}
}
