package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(testKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		why     string
		args    []string
		env     env
		setting string
		want    string // the text, a comma and the origin
	}{
		{"nothing is set", nil, nil, "listen", "127.0.0.1:8080, default"},
		{"an empty variable counts as unset", nil, env{"HERMES_LISTEN": ""}, "listen", "127.0.0.1:8080, default"},
		{"the environment wins over the default", nil, env{"HERMES_LISTEN": "[::1]:1"}, "listen",
			"[::1]:1, environment HERMES_LISTEN"},
		{"a flag wins over the environment", []string{"--listen", "127.0.0.1:2"}, env{"HERMES_LISTEN": "[::1]:1"},
			"listen", "127.0.0.1:2, flag --listen"},
		{"a flag wins over a variable that is wrong", []string{"--listen=127.0.0.1:2"}, env{"HERMES_LISTEN": "x"},
			"listen", "127.0.0.1:2, flag --listen"},
		{"one dash is enough", []string{"-listen", "127.0.0.1:2"}, nil, "listen", "127.0.0.1:2, flag --listen"},
		{"a dash in the name is an underscore in the environment", nil, env{"HERMES_AUTH_KEY_TTL": "1m"},
			"auth-key-ttl", "1m, environment HERMES_AUTH_KEY_TTL"},
		{"a secret from a file", nil, env{"HERMES_SECRET_KEY_FILE": file}, "secret-key",
			"(set), file " + file + ", named by HERMES_SECRET_KEY_FILE"},
		{"a flag wins over a file", []string{"--secret-key", testKey}, env{"HERMES_SECRET_KEY_FILE": file},
			"secret-key", "(set), flag --secret-key"},
		{"a yes/no flag needs no value", []string{"--kamailio-plaintext"}, nil, "kamailio-plaintext",
			"true, flag --kamailio-plaintext"},
		{"a flag that may be repeated", []string{"--domain", "a.test,b.test", "--domain", "c.test"},
			env{"HERMES_DOMAIN": "d.test"}, "domain", "a.test,b.test,c.test, flag --domain"},
		{"the last one of another flag counts", []string{"--data", "a", "--data", "b"}, nil, "data", "b, flag --data"},
		{"the database is in the data folder", []string{"--data", "x"}, nil, "db", "sqlite:x/hermes.db, default"},
		{"an embedded database is migrated", nil, nil, "migrate", "auto, default"},
		{"a URL with several hosts", nil, env{"HERMES_DB": "postgres://u:tiger@h1:1,h2/d"}, "db",
			"postgres://u:(set)@h1:1,h2/d, environment HERMES_DB"},
		{"PostgreSQL is not", nil, env{"HERMES_DB": "postgres://h/d"}, "migrate", "check, default"},
	}
	for _, tt := range tests {
		c, err := load(newFlagSet(), tt.args, tt.env.get)
		if err != nil {
			t.Errorf("%s: %v", tt.why, err)
			continue
		}
		text, from := c.printable(c.lookup(tt.setting))
		if got := text + ", " + from.String(); got != tt.want {
			t.Errorf("%s: %s is %q, want %q", tt.why, tt.setting, got, tt.want)
		}
	}
}

// wrongSetting is a command line or environment that every command refuses.
type wrongSetting struct {
	why  string
	args []string
	env  env
	want string // what the error contains; the parts are separated by |
}

// wrongSettings has at least one row for every setting. emptyFile is the path of an empty file.
func wrongSettings(emptyFile string) []wrongSetting {
	return []wrongSetting{
		{"no port", []string{"--listen", "127.0.0.1"}, nil, `listen: "127.0.0.1"|(flag --listen)`},
		{"a port too high", nil, env{"HERMES_LISTEN": "127.0.0.1:65536"}, `listen: |(environment HERMES_LISTEN)`},
		{"no unit of time", []string{"--audit-keep", "400"}, nil, `audit-keep: |want a duration such as 400d|(flag --audit-keep)`},
		{"a time in the past", nil, env{"HERMES_AUDIT_KEEP": "-1d"}, `audit-keep: |want a duration such as 400d`},
		{"no folder", []string{"--data="}, nil, `data: "": want a value (flag --data)`},
		{"unknown database", []string{"--db", "mysql://x"}, nil, `db: want sqlite:PATH|(flag --db)`},
		{"SQLite without a path", []string{"--db", "sqlite:"}, nil, `db: want sqlite:PATH`},
		{"SQLite with a blank path", []string{"--db", "sqlite: "}, nil, `db: want sqlite:PATH`},
		{"SQLite's name of a database in memory", []string{"--db", "sqlite::memory:"}, nil, `db: want sqlite:PATH, or memory:|(flag`},
		{"the same in a URI", nil, env{"HERMES_DB": "sqlite:file::memory:?cache=shared"}, `or memory:|is a URI|(environment HERMES_DB)`},
		{"a URI of a file", []string{"--db", "sqlite:file:hermes.db"}, nil, `is a URI`},
		{"the name of the setting as a path", []string{"--db", "sqlite:memory:"}, nil, `or memory:`},
		{"memory without the colon", []string{"--db", "memory"}, nil, `db: want sqlite:PATH, memory: or`},
		{"SQLite without the colon", []string{"--db", "sqlite"}, nil, `db: want sqlite:PATH, memory: or`},
		{"a path that looks like a URL", []string{"--db", "sqlite://hermes.db"}, nil, `db: want sqlite:PATH without //`},
		{"memory with a name", []string{"--db", "memory:x"}, nil, `db: want memory:`},
		{"a password with a number sign", []string{"--db", "postgres://u:1#2@h/d"}, nil, `db: postgres URL: |%XX`},
		{"a password with a slash", []string{"--db", "postgres://u:1/2@h/d"}, nil, `db: postgres URL: |%XX`},
		{"an empty host in a list", []string{"--db", "postgres://u:tiger@h1,,h2/d"}, nil, `db: postgres URL: an empty host|(flag --db)`},
		{"an IPv6 address in a list without brackets", nil, env{"HERMES_DB": "postgres://u:tiger@fd00::1,h/d"},
			`db: postgres URL: |brackets|(environment HERMES_DB)`},
		{"a server of an unknown kind", nil, env{"HERMES_DB": "postgres://u:tiger@h1,h2/d?target_session_attrs=leader"},
			`db: postgres URL: target_session_attrs "leader"|read-write`},
		{"an unknown TLS mode", []string{"--db", "postgres://h/d?sslmode=prefer"}, nil,
			`db: postgres URL: sslmode "prefer"`},
		{"a key too short", nil, env{"HERMES_SECRET_KEY": "c2hvcnQ="},
			`secret-key: key 1: want 32 bytes|(environment HERMES_SECRET_KEY)`},
		{"the second key", nil, env{"HERMES_SECRET_KEY": testKey + ",x"}, `secret-key: key 2:`},
		{"no such file", nil, env{"HERMES_SECRET_KEY_FILE": "/nonexistent"},
			`secret-key: open /nonexistent|(environment HERMES_SECRET_KEY_FILE)`},
		{"an empty file", nil, env{"HERMES_SECRET_KEY_FILE": emptyFile}, `secret-key: is empty (file ` + emptyFile},
		{"variable and file", nil, env{"HERMES_SECRET_KEY_FILE": emptyFile, "HERMES_SECRET_KEY": testKey},
			`secret-key: given twice`},
		{"a malformed domain", []string{"--domain", "ok.test,-x.test"}, nil, `domain: |-x.test|(flag --domain)`},
		{"a malformed domain in the environment", nil, env{"HERMES_DOMAIN": "a_b"}, `(environment HERMES_DOMAIN)`},
		{"no schema", []string{"--kamailio-schema="}, nil, `kamailio-schema: `},
		{"neither yes nor no", nil, env{"HERMES_KAMAILIO_PLAINTEXT": "maybe"},
			`kamailio-plaintext: "maybe": want true or false (environment`},
		{"unknown mode", []string{"--migrate", "never"}, nil, `migrate: "never": want one of auto, check, off`},
		{"a duration without a unit", []string{"--auth-key-ttl", "5"}, nil, `auth-key-ttl: "5": want a duration`},
		{"a duration of zero", []string{"--auth-key-grace", "0s"}, nil, `auth-key-grace: `},
		{"a negative duration", []string{"--session-ttl=-1h"}, nil, `session-ttl: `},
		{"neither yes nor no, as a flag", []string{"--require-cookie=perhaps"}, nil, `require-cookie: "perhaps"`},
		{"no backend", []string{"--auth-backend", ""}, nil, `auth-backend: backend 1: want local, htpasswd:PATH`},
		{"an unknown backend", []string{"--auth-backend", "local", "--auth-backend", "pam"}, nil,
			`auth-backend: backend 2: want local|(flag --auth-backend)`},
		{"htpasswd without a path", nil, env{"HERMES_AUTH_BACKEND": "local,htpasswd:"},
			`auth-backend: backend 2: want htpasswd:PATH|(environment HERMES_AUTH_BACKEND)`},
		{"a directory without a base", []string{"--auth-backend", "ldap://h"}, nil, `auth-backend: backend 1: ldap: |base`},
		{"local twice", []string{"--auth-backend", "local,ldap://h/ou=x,dc=y", "--auth-backend", "local"}, nil,
			`auth-backend: local is given twice`},
		{"a password in a URL", []string{"--auth-backend", "ldap://u:tiger@h/dc=y"}, nil,
			`auth-backend: backend 1: ldap: URL: a name or a password`},
		{"no URL", []string{"--kamailio-rpc", "rpc.sock"}, nil, `kamailio-rpc: want an http or https URL`},
		{"a URL with another scheme", nil, env{"HERMES_KAMAILIO_RPC": "ftp://u:tiger@h/"},
			`kamailio-rpc: |(environment HERMES_KAMAILIO_RPC)`},
		{"unknown check", []string{"--number-check", "strict"}, nil, `number-check: |shape, possible or valid`},
		{"a quarantine without a unit", []string{"--number-quarantine", "90"}, nil, `number-quarantine: |want a duration such as 90d`},
		{"a mark without a count", nil, env{"HERMES_NUMBER_LOW_WATER": "+4773"}, `number-low-water: |want PREFIX=COUNT`},
		{"a mark of zero", []string{"--number-low-water", "+4773=0"}, nil, `number-low-water: |want PREFIX=COUNT`},
		{"a mark of a prefix without +", []string{"--number-low-water", "4773=5"}, nil, `number-low-water: |want PREFIX=COUNT`},
		{"a count of zero", []string{"--max-range", "0"}, nil, `max-range: "0": want a whole number`},
		{"an origin with a path", []string{"--origin", "https://h.example/api"}, nil, `origin: |want https://HOST|(flag --origin)`},
		{"no connections", nil, env{"HERMES_MAX_CONNECTIONS": "0"}, `max-connections: "0": want a whole number`},
		{"no CIDR range", []string{"--trusted-proxies", "10.0.0.0/33"}, nil, `trusted-proxies: |CIDR`},
		{"a CIDR range with host bits", []string{"--trusted-proxies", "10.0.0.1/8"}, nil, `trusted-proxies: |host bits`},
		{"neither yes nor no, for the proxy", []string{"--behind-tls-proxy=x"}, nil, `behind-tls-proxy: `},
		{"no certificate", []string{"--tls-cert="}, nil, `tls-cert: "": want a value`},
		{"no key", []string{"--tls-key="}, nil, `tls-key: "": want a value`},
		{"a window without a unit", []string{"--prov-window", "24"}, nil, `prov-window: |want a duration such as 24h`},
		{"a network of phones with too many bits", []string{"--prov-plain", "10.0.0.0/33"}, nil, `prov-plain: |CIDR`},
		{"no folder of templates", []string{"--prov-templates="}, nil, `prov-templates: "": want a value`},
		{"metrics without a port", nil, env{"HERMES_METRICS_LISTEN": "127.0.0.1"}, `metrics-listen: "127.0.0.1"|(environment HERMES_METRICS_LISTEN)`},
		{"unknown format", []string{"--log-format", "xml"}, nil, `log-format: "xml": want one of text, json`},
		{"unknown level", []string{"--log-level", "loud"}, nil, `log-level: "loud": want one of debug, info, warn, error`},
		{"a misspelt flag", []string{"--lisen", "x"}, nil, `flag --lisen: want one that hermesd help lists, perhaps --listen`},
		{"two letters the wrong way round, with a value", []string{"-domian=x.test"}, nil, `flag --domian: |perhaps --domain`},
		{"a flag that is like no other", []string{"--xyzzyxyzzy"}, nil, "flag --xyzzyxyzzy: want one that hermesd help lists\n"},
		{"the value of a yes/no flag as an argument of its own", []string{"--require-cookie", "false"}, nil,
			`argument "false": |--setting=value`},
		{"a setting that this version does not have", []string{"--db-mirror", "x"}, nil, `-db-mirror`},
		{"a replica that is no URL", []string{"--db-replica", "postgres://u:tiger@h/d", "--db-replica", "h2"}, nil,
			`db-replica: replica 2: postgres URL: |(flag --db-replica)`},
		{"a replica with a misspelt parameter", nil, env{"HERMES_DB_REPLICA": "postgres://u:tiger@h/d?sslmod=disable"},
			`db-replica: replica 1: |"sslmod"|(environment HERMES_DB_REPLICA)`},
	}
}

func TestLoad_Errors(t *testing.T) {
	t.Parallel()
	emptyFile := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(emptyFile, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{} // the settings that an error named
	for _, tt := range wrongSettings(emptyFile) {
		code, _, stderr := runCommand(t, tt.env, append([]string{"config"}, tt.args...)...)
		if code != exitUsage {
			t.Errorf("%s: exit code %d, want %d", tt.why, code, exitUsage)
		}
		if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "hermesd: ") {
			t.Errorf("%s: %q, want one line that begins with hermesd:", tt.why, stderr)
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
		named[name] = true
	}
	for _, s := range (&config{}).table() {
		if !named[s.name] {
			t.Errorf("no row of wrongSettings has a wrong value of %s", s.name)
		}
	}
}

// TestApp_Load_unknownVariables checks that a variable with hermesd's prefix that is no setting is
// named, and nothing else of the environment.
func TestApp_Load_unknownVariables(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why, variable, value string
		want                 string // what the warning contains; empty if there is none
	}{
		{"a letter is missing", "HERMES_LISTN", "x", "perhaps HERMES_LISTEN"},
		{"a dash of the flag", "HERMES_KAMAILIO-RPC", "x", "perhaps HERMES_KAMAILIO_RPC"},
		{"only secrets are read from files", "HERMES_LISTEN_FILE", "x", "variable=HERMES_LISTEN_FILE"},
		{"it is like none", "HERMES_XYZZY", "x", "hermesd help lists\" variable=HERMES_XYZZY"},
		{"another program's", "OTHER_LISTN", "x", ""},
		{"a setting", "HERMES_DATA", "x", ""},
		{"a secret in a file that is unset", "HERMES_DB_FILE", "", ""},
	} {
		code, _, stderr := runCommand(t, env{tt.variable: tt.value}, "config")
		if code != exitOK || (tt.want == "") != (stderr == "") || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: exit code %d, %q; want %q in it", tt.why, code, stderr, tt.want)
		}
	}
}
