package postgres_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestStore_Migrate_lines wants the associations that there were before to have lines, in the order
// of user names and domains, also those of a phone with more users than lines.
func TestStore_Migrate_lines(t *testing.T) {
	db := pgtest.New(t, noFsync)
	store := mustOpenUnmigrated(t, db, nil)
	text, err := store.MigrationSQL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := strings.SplitAfter(text, "COMMIT;\n")[:slices.Index(steps, "0014_lines")]
	db.Exec(t, strings.Join(before, ""))
	db.Exec(t, `INSERT INTO hermes.phones (mac, username, domain)
		VALUES ('001122334455', 'b', 'a.example'), ('001122334455', 'a', 'b.example'), ('001122334455', 'a', 'a.example'),
			('001122334455', 'B', 'z.example'), ('001122334466', 'z', 'z.example')`)
	db.Exec(t, `INSERT INTO hermes.phones (mac, username, domain)
		SELECT 'ffffffffffff', 'u' || pg_catalog.lpad(g::text, 2, '0'), 'a.example' FROM generate_series(1, 20) AS g`)
	mustMigrate(t, store)
	for m, want := range map[string][]string{
		"001122334455": {"1 B@z.example", "2 a@a.example", "3 a@b.example", "4 b@a.example"},
		"001122334466": {"1 z@z.example"},
	} {
		if d := cmp.Diff(want, linesOf(t, store, m)); d != "" {
			t.Errorf("%s (-want +got):\n%s", m, d)
		}
	}
	many := linesOf(t, store, "ffffffffffff")
	if len(many) != 20 || many[0] != "1 u01@a.example" || many[19] != "20 u20@a.example" {
		t.Errorf("a phone with 20 users has the lines %q", many)
	}
	last := hermes.Phone{MAC: unchecked(t, "ffffffffffff"), User: sip.MustParse("u20@a.example")}
	if err := store.AddPhone(t.Context(), hermes.Phone{MAC: last.MAC, User: sip.MustParse("new@a.example"), Line: 20}, hermes.Device{}); err != error(hermes.Exists) {
		t.Errorf("another user of the last line: %v, want %v", err, hermes.Exists)
	}
	if err := removePhone(t.Context(), store, last); err != nil {
		t.Error(err)
	}
}

// linesOf returns the lines of a phone with their users.
func linesOf(t *testing.T, s hermes.Store, m string) (lines []string) {
	t.Helper()
	phones, err := s.PhoneLines(t.Context(), unchecked(t, m))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range phones {
		lines = append(lines, fmt.Sprintf("%d %s", p.Line, p.User))
	}
	return lines
}

func unchecked(t *testing.T, text string) mac.Addr {
	t.Helper()
	m, err := mac.Unchecked(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// fillWithDevices adds 20,000 phones with two keys each, of which every tenth has two users, and
// 1,000 domains with two keys each.
const fillWithDevices = `CREATE TEMP TABLE v AS SELECT g, lpad(to_hex(g * 16), 12, '0') AS m, 'd' || g % 1000 || '.example' AS d
		FROM generate_series(1, 20000) AS g;
	INSERT INTO hermes.devices SELECT m, '', '', d, NULL, sha256(('key ' || g)::bytea), 'sealed', sha256(('next ' || g)::bytea), 'sealed',
		'', '', '', NULL, '' FROM v;
	INSERT INTO hermes.domain_keys SELECT d, sha256(('current ' || d)::bytea), 'sealed', sha256(('before ' || d)::bytea), 'sealed'
		FROM (SELECT DISTINCT d FROM v) AS d;
	INSERT INTO hermes.servers SELECT d, 'sip.example', 5060, 'proxy.example', 5060, '' FROM (SELECT DISTINCT d FROM v) AS d;
	INSERT INTO hermes.users SELECT 'u' || g, d, 'local', '', '', '', 0, '', 0, '', '', '', '', '', '', '' FROM v WHERE g % 10 = 0;
	INSERT INTO subscriber (username, domain) SELECT 'u' || g, d FROM v WHERE g % 10 = 0;
	INSERT INTO hermes.phones SELECT m, 'u' || g, d, 1 FROM v WHERE g % 10 = 0;
	INSERT INTO hermes.phones SELECT m, 'u1', d, 2 FROM v WHERE g % 10 = 0`

// TestStore_Provisioning_plan wants the statement to read a few rows only, whoever has the key.
func TestStore_Provisioning_plan(t *testing.T) {
	for _, icu := range []string{"", "en-US"} {
		db := newExplaining(t, icu)
		store := mustOpen(t, db, &postgres.Options{MaxConns: 1})
		db.Exec(t, fillWithDevices)
		db.Exec(t, "VACUUM ANALYZE")
		m := mac.MustParse(fmt.Sprintf("%012x", 10_000*16))
		for _, key := range []string{"key 10000", "next 10000", "key 1", "current d0.example", "before d0.example", "none"} {
			wantSmallPlans(t, db, 4, func() {
				for range 7 { // the plan may change when a statement has run for five times
					mustProvision(t.Context(), t, store, key, m)
				}
			})
		}
	}
}

func mustProvision(ctx context.Context, t *testing.T, s hermes.Store, key string, m mac.Addr) {
	t.Helper()
	p, err := s.Provisioning(ctx, sha256.Sum256([]byte(key)), m)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Lines) != 2 || p.Device.MAC != m || (p.KeyDomain.IsZero() && p.KeyPhone.IsZero()) != (key == "none") {
		t.Errorf("by the key %q: %+v", key, p)
	}
}
