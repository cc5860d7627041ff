package main

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
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

// TestServer_KeepAudit has a server seal the audit trail within 10 seconds, remove old entries, and
// seal once more when it stops, which takes no time. No goroutine may be left when that has ended.
func TestServer_KeepAudit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, err := hermes.New(memstore.New(), nil)
		if err != nil {
			t.Fatal(err)
		}
		s := &server{config: &config{auditKeep: time.Hour}, log: slog.New(slog.DiscardHandler), client: client}
		ctx, stop := context.WithCancel(t.Context())
		var keeper sync.WaitGroup
		keeper.Go(func() { s.keepAudit(ctx) })
		synctest.Wait()
		mustAddNumber(t, client, "+4723000001")
		time.Sleep(10 * time.Second)
		wantTrail(t, "after 10 s", client, 1, 0)
		time.Sleep(pruneInterval)
		mustAddNumber(t, client, "+4723000002")
		wantTrail(t, "after a day", client, 0, 1)
		begun := time.Now()
		stop()
		keeper.Wait()
		if took := time.Since(begun); took != 0 {
			t.Errorf("stopping took %v", took)
		}
		wantTrail(t, "after the stop", client, 1, 0)
	})
}

// TestServer_VerifyAudit has a server that verifies its audit trail every hour notice a forged
// entry, and write it into the log.
func TestServer_VerifyAudit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mem := memstore.New()
		client, err := hermes.New(mem, nil)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		s := &server{config: &config{}, log: slog.New(slog.NewTextHandler(&log, nil)), client: client}
		ctx, stop := context.WithCancel(t.Context())
		var worker sync.WaitGroup
		worker.Go(func() { s.watchAudit(ctx) })
		synctest.Wait()
		if got := s.audit.unfit; got || s.audit.verified.IsZero() {
			t.Errorf("at the start: unfit %v, verified %v", got, s.audit.verified)
		}
		if err := mem.AddAuditEntry(t.Context(), hermes.AuditEntry{ID: strings.Repeat("0", 26), At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(verifyInterval)
		synctest.Wait()
		stop()
		worker.Wait()
		if !s.audit.unfit || !strings.Contains(log.String(), "does not fit") {
			t.Errorf("with a forged entry: unfit %v, log %q", s.audit.unfit, &log)
		}
	})
}

func mustAddNumber(t *testing.T, c *hermes.Client, n string) {
	t.Helper()
	if _, err := c.NumberAdd(t.Context(), hermes.NumberAddRequest{Number: e164.MustParse(n)}); err != nil {
		t.Fatal(err)
	}
}

// wantTrail wants an audit trail that fits, with as many entries.
func wantTrail(t *testing.T, when string, c *hermes.Client, sealed, unsealed int64) {
	t.Helper()
	res, err := c.AuditVerify(t.Context(), hermes.AuditVerifyRequest{})
	if err != nil || res.Sealed != sealed || res.Unsealed != unsealed {
		t.Errorf("%s: got %+v, %v; want %d sealed and %d unsealed", when, res, err, sealed, unsealed)
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
