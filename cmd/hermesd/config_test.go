package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestApp_RunConfig(t *testing.T) {
	t.Parallel()
	e := env{
		"HERMES_SECRET_KEY":   testKey,
		"HERMES_DB":           "postgres://hermes:tiger@db.test/x?sslmode=require",
		"HERMES_KAMAILIO_RPC": "http://hermes:tiger@127.0.0.1:8000/RPC",
	}
	code, stdout, stderr := runCommand(t, e, "config")
	if code != exitOK || stderr != "" {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	for _, secret := range []string{testKey, testKey[:20], "tiger"} {
		if strings.Contains(stdout, secret) {
			t.Errorf("the secret %q is printed:\n%s", secret, stdout)
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
		t.Errorf("(-want +got)\n%s", d)
	}
}
