package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestApp_RunAudit(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	e := env{"HERMES_DATA": data, "HERMES_DOMAIN": "example.test"}
	p := startHermesd(t, e)
	p.login(t, firstUser, p.password()).mustAddUsers(t)
	p.signal(t, syscall.SIGTERM)
	if code := p.waitExit(); code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	code, stdout, stderr := runCommand(t, e, "audit", "verify")
	if code != exitOK || !strings.HasPrefix(stdout, "sealed: ") || !strings.Contains(stdout, "\nunsealed: 0\n") || stderr != "" {
		t.Errorf("after the server has stopped: %d %q %q, want everything sealed", code, stdout, stderr)
	}
	db, err := sql.Open("sqlite", filepath.Join(data, "hermes.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const forged = "01ARYZ6S410000000000000000"
	_, err = db.Exec(`INSERT INTO hermes_audit (id, at, kind, name, remote, request, node, subject, also, changes, mac)
		VALUES (?, 1, 'user', 'admin', '', '', 'user/add', 'a@example.test', '', '[]', x'00')`, forged)
	if err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr = runCommand(t, e, "audit", "verify")
	if code != exitFailure || stdout != "" || !strings.Contains(stderr, "entry "+forged) {
		t.Errorf("with a forged entry: %d %q %q, want exit code 1 and its id", code, stdout, stderr)
	}
	for _, args := range [][]string{{"audit"}, {"audit", "verfy"}} {
		if code, _, stderr := runCommand(t, e, args...); code != exitUsage || !strings.Contains(stderr, "want hermesd audit verify") {
			t.Errorf("%q: %d %q, want a usage error", args, code, stderr)
		}
	}
}

func TestParseKeep(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want time.Duration
		ok   bool
	}{
		{"400d", 400 * 24 * time.Hour, true},
		{"12h", 12 * time.Hour, true},
		{"0", 0, true},
		{"0d", 0, true},
		{"-1d", 0, false},
		{"40000d", 0, false}, // more than a hundred years
		{"1.5d", 0, false},
		{"1ms", 0, false},
		{"", 0, false},
		{"d", 0, false},
	} {
		if got, err := parseKeep(tt.text); got != tt.want || (err == nil) != tt.ok {
			t.Errorf("%q: got %s, %v, want %s", tt.text, got, err, tt.want)
		}
	}
}
