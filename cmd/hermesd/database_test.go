package main

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestDatabase_Set checks that no command prints the password of a PostgreSQL URL, whether the URL
// works or not.
func TestDatabase_Set(t *testing.T) {
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	if !strings.Contains(db.URL(), "postgres@") {
		t.Fatalf("%q: want a URL with postgres@, which is replaced below", db.URL())
	}
	withPassword := strings.Replace(db.URL(), "postgres@", "postgres:tiger@", 1)
	for _, tt := range []struct {
		why, url string
		commands []string
	}{
		{"a working URL", withPassword, []string{"config", "migrate"}},
		{"an unknown parameter", withPassword + "&application_name=x" + "&connect_timeout=x", []string{"config", "migrate", "serve"}},
		{"a closed port", "postgres://postgres:tiger@127.0.0.1:1/x", []string{"config", "migrate"}},
		{"a slash in the password", "postgres://postgres:1/tiger@127.0.0.1:1/x", []string{"config", "migrate", "serve"}},
	} {
		for _, command := range tt.commands {
			_, stdout, stderr := runCommand(t, env{"HERMES_DB": tt.url, "HERMES_SECRET_KEY": testKey}, command, "--log-level=debug")
			if strings.Contains(stdout+stderr, "tiger") {
				t.Errorf("%s: %s prints the password: %q %q", tt.why, command, stdout, stderr)
			}
		}
	}
}
