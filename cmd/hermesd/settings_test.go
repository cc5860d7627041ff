package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const testKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// env is an environment for run.
type env map[string]string

func (e env) get(name string) string { return e[name] }

func TestSettingsOrigin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(testKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		why     string
		args    []string
		env     env
		setting string
		want    string // text, origin
	}{
		{"nothing is set", nil, nil, "listen", "127.0.0.1:8080, default"},
		{"an empty variable is none", nil, env{"HERMES_LISTEN": ""}, "listen", "127.0.0.1:8080, default"},
		{"environment over default", nil, env{"HERMES_LISTEN": "[::1]:1"}, "listen", "[::1]:1, environment HERMES_LISTEN"},
		{"flag over environment", []string{"--listen", "127.0.0.1:2"}, env{"HERMES_LISTEN": "[::1]:1"}, "listen", "127.0.0.1:2, flag --listen"},
		{"flag over a variable that is wrong", []string{"--listen=127.0.0.1:2"}, env{"HERMES_LISTEN": "x"}, "listen", "127.0.0.1:2, flag --listen"},
		{"one dash will do", []string{"-listen", "127.0.0.1:2"}, nil, "listen", "127.0.0.1:2, flag --listen"},
		{"a dash is an underscore", nil, env{"HERMES_AUTH_KEY_TTL": "1m"}, "auth-key-ttl", "1m, environment HERMES_AUTH_KEY_TTL"},
		{"a secret from a file", nil, env{"HERMES_SECRET_KEY_FILE": file}, "secret-key", "(set), file " + file + ", named by HERMES_SECRET_KEY_FILE"},
		{"flag over file", []string{"--secret-key", testKey}, env{"HERMES_SECRET_KEY_FILE": file}, "secret-key", "(set), flag --secret-key"},
		{"a yes/no flag needs no value", []string{"--kamailio-plaintext"}, nil, "kamailio-plaintext", "true, flag --kamailio-plaintext"},
		{"a flag that repeats", []string{"--domain", "a.test,b.test", "--domain", "c.test"}, env{"HERMES_DOMAIN": "d.test"}, "domain", "a.test,b.test,c.test, flag --domain"},
		{"the last of a flag that does not", []string{"--data", "a", "--data", "b"}, nil, "data", "b, flag --data"},
		{"the database is in the data folder", []string{"--data", "x"}, nil, "db", "sqlite:x/hermes.db, default"},
		{"embedded migrates", nil, nil, "migrate", "auto, default"},
		{"PostgreSQL does not", nil, env{"HERMES_DB": "postgres://h/d"}, "migrate", "check, default"},
	}
	for _, tt := range tests {
		c, err := load(newFlags(), tt.args, tt.env.get)
		if err != nil {
			t.Errorf("%s: %v", tt.why, err)
			continue
		}
		text, from := c.shown(c.value(tt.setting))
		if got := text + ", " + from.String(); got != tt.want {
			t.Errorf("%s: %s is %q, want %q", tt.why, tt.setting, got, tt.want)
		}
	}
}

// wrongSetting is a setting that is refused by every command.
type wrongSetting struct {
	why  string
	args []string
	env  env
	want string // what the line holds, parts separated by |
}

// wrongSettings has a row for every setting at least; empty is the path of an empty file.
func wrongSettings(empty string) []wrongSetting {
	return []wrongSetting{
		{"no port", []string{"--listen", "127.0.0.1"}, nil, `listen: "127.0.0.1"|(flag --listen)`},
		{"a port too high", nil, env{"HERMES_LISTEN": "127.0.0.1:65536"}, `listen: |(environment HERMES_LISTEN)`},
		{"no folder", []string{"--data="}, nil, `data: "": want a value (flag --data)`},
		{"unknown database", []string{"--db", "mysql://x"}, nil, `db: want sqlite:PATH|(flag --db)`},
		{"SQLite without a path", []string{"--db", "sqlite:"}, nil, `db: want sqlite:PATH`},
		{"memory with a name", []string{"--db", "memory:x"}, nil, `db: want memory:`},
		{"a password that ends the URL's host", []string{"--db", "postgres://u:1#2@h/d"}, nil, `db: postgres URL: |%XX`},
		{"the same by a slash", []string{"--db", "postgres://u:1/2@h/d"}, nil, `db: want a URL|%XX`},
		{"a mode of TLS that is none", []string{"--db", "postgres://h/d?sslmode=prefer"}, nil, `db: postgres URL: sslmode "prefer"`},
		{"a key too short", nil, env{"HERMES_SECRET_KEY": "c2hvcnQ="}, `secret-key: key 1: want 32 bytes|(environment HERMES_SECRET_KEY)`},
		{"the second key", nil, env{"HERMES_SECRET_KEY": testKey + ",x"}, `secret-key: key 2:`},
		{"no such file", nil, env{"HERMES_SECRET_KEY_FILE": "/nonexistent"}, `secret-key: open /nonexistent|(environment HERMES_SECRET_KEY_FILE)`},
		{"an empty file", nil, env{"HERMES_SECRET_KEY_FILE": empty}, `secret-key: is empty (file ` + empty},
		{"variable and file", nil, env{"HERMES_SECRET_KEY_FILE": empty, "HERMES_SECRET_KEY": testKey}, `secret-key: given twice`},
		{"a malformed domain", []string{"--domain", "ok.test,-x.test"}, nil, `domain: |-x.test|(flag --domain)`},
		{"a malformed domain of the environment", nil, env{"HERMES_DOMAIN": "a_b"}, `(environment HERMES_DOMAIN)`},
		{"no schema", []string{"--kamailio-schema="}, nil, `kamailio-schema: `},
		{"neither yes nor no", nil, env{"HERMES_KAMAILIO_PLAINTEXT": "maybe"}, `kamailio-plaintext: "maybe": want true or false (environment`},
		{"unknown mode", []string{"--migrate", "never"}, nil, `migrate: "never": want one of auto, check, off`},
		{"no unit", []string{"--auth-key-ttl", "5"}, nil, `auth-key-ttl: "5": want a duration`},
		{"no time at all", []string{"--auth-key-grace", "0s"}, nil, `auth-key-grace: `},
		{"negative", []string{"--session-ttl=-1h"}, nil, `session-ttl: `},
		{"neither yes nor no, as a flag", []string{"--require-cookie=perhaps"}, nil, `require-cookie: "perhaps"`},
		{"no backend", []string{"--auth-backend", ""}, nil, `auth-backend: backend 1: want local, htpasswd:PATH`},
		{"an unknown backend", []string{"--auth-backend", "local", "--auth-backend", "pam"}, nil, `auth-backend: backend 2: want local|(flag --auth-backend)`},
		{"htpasswd without a path", nil, env{"HERMES_AUTH_BACKEND": "local,htpasswd:"}, `auth-backend: backend 2: want htpasswd:PATH|(environment HERMES_AUTH_BACKEND)`},
		{"a directory without a base", []string{"--auth-backend", "ldap://h"}, nil, `auth-backend: backend 1: ldap: |base`},
		{"local twice", []string{"--auth-backend", "local,ldap://h/ou=x,dc=y", "--auth-backend", "local"}, nil, `auth-backend: local is given twice`},
		{"a password in a URL", []string{"--auth-backend", "ldap://u:tiger@h/dc=y"}, nil, `auth-backend: backend 1: ldap: URL: a name or a password`},
		{"no URL", []string{"--kamailio-rpc", "rpc.sock"}, nil, `kamailio-rpc: want an http or https URL`},
		{"another scheme", nil, env{"HERMES_KAMAILIO_RPC": "ftp://u:tiger@h/"}, `kamailio-rpc: |(environment HERMES_KAMAILIO_RPC)`},
		{"unknown check", []string{"--number-check", "strict"}, nil, `number-check: |shape, possible or valid`},
		{"no numbers", []string{"--max-range", "0"}, nil, `max-range: "0": want a whole number`},
		{"no CIDR range", []string{"--trusted-proxies", "10.0.0.0/33"}, nil, `trusted-proxies: |CIDR`},
		{"host bits", []string{"--trusted-proxies", "10.0.0.1/8"}, nil, `trusted-proxies: |host bits`},
		{"neither yes nor no, for the proxy", []string{"--behind-tls-proxy=x"}, nil, `behind-tls-proxy: `},
		{"no certificate", []string{"--tls-cert="}, nil, `tls-cert: "": want a value`},
		{"no key", []string{"--tls-key="}, nil, `tls-key: "": want a value`},
		{"unknown format", []string{"--log-format", "xml"}, nil, `log-format: "xml": want one of text, json`},
		{"unknown level", []string{"--log-level", "loud"}, nil, `log-level: "loud": want one of debug, info, warn, error`},
		{"unknown flag", []string{"--lisen", "x"}, nil, `-lisen`},
		{"a value that is apart from its yes/no flag", []string{"--require-cookie", "false"}, nil, `argument "false": |--setting=value`},
		{"a setting of a later version", []string{"--metrics-listen", "x"}, nil, `-metrics-listen`},
	}
}

func TestSettingsWrong(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, tt := range wrongSettings(empty) {
		code, _, stderr := tryRun(t, tt.env, append([]string{"config"}, tt.args...)...)
		if code != exitUsage {
			t.Errorf("%s: exit code %d, want %d", tt.why, code, exitUsage)
		}
		if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "hermesd: ") {
			t.Errorf("%s: %q, want one line of hermesd's", tt.why, stderr)
		}
		for part := range strings.SplitSeq(tt.want, "|") {
			if !strings.Contains(stderr, part) {
				t.Errorf("%s: %q, want %q in it", tt.why, stderr, part)
			}
		}
		if strings.Contains(stderr, "tiger") {
			t.Errorf("%s: %q shows a password", tt.why, stderr)
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(stderr, "hermesd: "), ":")
		seen[name] = true
	}
	for _, s := range (&config{}).table() {
		if !seen[s.name] {
			t.Errorf("no row has a wrong value of %s", s.name)
		}
	}
}

// Rules that join settings are the server's alone: config shows what is set all the same.
func TestServeRefuses(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	tests := []struct {
		why  string
		args []string
		env  env
		want string
	}{
		{"all addresses", []string{"--listen", ":0"}, nil, `listen: ":0": is no loopback address|(flag --listen)`},
		{"another address", nil, env{"HERMES_LISTEN": "192.0.2.1:0"}, `(environment HERMES_LISTEN)`},
		{"a name", []string{"--listen", "sip.example.test:0"}, nil, `listen: `},
		{"half of TLS", []string{"--tls-cert", "x"}, nil, `tls-key: missing`},
		{"the other half", []string{"--tls-key", "x"}, nil, `tls-cert: missing`},
		{"no such certificate", []string{"--tls-cert", "/nonexistent", "--tls-key", "/nonexistent"}, nil, `tls-cert: |/nonexistent|(flag --tls-cert)`},
		{"no such file of users", []string{"--auth-backend", "htpasswd:/nonexistent"}, nil, `auth-backend: |/nonexistent|(flag --auth-backend)`},
		{"PostgreSQL without a key", []string{"--db", "postgres://localhost/x"}, nil, `secret-key: missing`},
	}
	for _, tt := range tests {
		code, _, stderr := tryRun(t, tt.env, append([]string{"serve", "--data", data}, tt.args...)...)
		if code != exitUsage || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d and %q, want %d and one line", tt.why, code, stderr, exitUsage)
		}
		for part := range strings.SplitSeq(tt.want, "|") {
			if !strings.Contains(stderr, part) {
				t.Errorf("%s: %q, want %q in it", tt.why, stderr, part)
			}
		}
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("a server that refused its settings made its folder")
	}
}

func TestLoopback(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:80": true, "127.9.9.9:80": true, "[::1]:80": true, "[::ffff:127.0.0.1]:80": true, "localhost:80": true,
		":80": false, "0.0.0.0:80": false, "[::]:80": false, "192.0.2.1:80": false, "localhost.example.test:80": false, "x": false,
	} {
		if got := loopback(addr); got != want {
			t.Errorf("loopback(%q) = %v", addr, got)
		}
	}
}

func TestConfigMasksSecrets(t *testing.T) {
	e := env{"HERMES_SECRET_KEY": testKey, "HERMES_DB": "postgres://hermes:tiger@db.test/x?sslmode=require",
		"HERMES_KAMAILIO_RPC": "http://hermes:tiger@127.0.0.1:8000/RPC"}
	code, stdout, stderr := tryRun(t, e, "config")
	if code != exitOK || stderr != "" {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	for _, secret := range []string{testKey, testKey[:20], "tiger"} {
		if strings.Contains(stdout, secret) {
			t.Errorf("%q is printed:\n%s", secret, stdout)
		}
	}
	var got []string
	for line := range strings.Lines(stdout) {
		if f := strings.Fields(line); f[0] == "db" || f[0] == "secret-key" || f[0] == "kamailio-rpc" {
			got = append(got, strings.Join(f, " "))
		}
	}
	want := []string{
		"db postgres://hermes:(set)@db.test/x?sslmode=require environment HERMES_DB",
		"secret-key (set) environment HERMES_SECRET_KEY",
		"kamailio-rpc http://hermes:(set)@127.0.0.1:8000/RPC environment HERMES_KAMAILIO_RPC",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Every setting is shown by config, help and the reference, in the table's order.
func TestOneTable(t *testing.T) {
	_, shown, _ := tryRun(t, nil, "config")
	_, help, _ := tryRun(t, nil, "help")
	lines := strings.Split(strings.TrimSpace(shown), "\n")
	rows := strings.Split(strings.TrimSpace(reference()), "\n")[2:]
	for i, s := range (&config{}).table() {
		if s.about == "" || s.defaults() == "" || s.set == nil {
			t.Errorf("%s: the table's line lacks something", s.name)
		}
		if i >= len(lines) || strings.Fields(lines[i])[0] != s.name {
			t.Errorf("config does not show %s in line %d", s.name, i+1)
		}
		if i >= len(rows) || !strings.HasPrefix(rows[i], "| `--"+s.name+"` | `"+s.envName()+"`") {
			t.Errorf("the reference does not show %s in row %d", s.name, i+1)
		}
		if !strings.Contains(help, "\n  --"+s.name) || !strings.Contains(help, s.envName()) {
			t.Errorf("help does not name %s", s.name)
		}
	}
	if n := len((&config{}).table()); len(lines) != n || len(rows) != n {
		t.Errorf("%d settings, but config shows %d and the reference %d", n, len(lines), len(rows))
	}
}
