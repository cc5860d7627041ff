package plan_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/plan"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestPlan_many applies many users, and again, and then a file with 100 of them changed and 50
// lacking.
func TestPlan_many(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		c := newClient(t, 11_000, nil)
		testMany(t, c, c, 10_000)
	})
	t.Run("remote", func(t *testing.T) {
		t.Parallel()
		c := newClient(t, 2000, serverOptions())
		testMany(t, c, dial(t, c), 1000)
	})
}

func testMany(t *testing.T, embedded *hermes.Client, c hermes.API, all int) {
	t.Helper()
	const changed, lacking = 100, 50
	path := passwordPath(t)
	f := mustParse(t, "users.csv", manyUsers(0, all, "User"))
	p := mustMake(t, c, f, nil)
	calls := 0
	opts := &plan.ApplyOptions{Passwords: mustOpen(t, path), Progress: func(done, total int) {
		if calls++; done != calls || total != all {
			t.Errorf("progress %d of %d, want %d of %d", done, total, calls, all)
		}
	}}
	if res := mustApply(t, c, p, opts); res != (plan.Result{Done: all}) {
		t.Errorf("the result is %+v, want all users", res)
	}
	wantNothing(t, c, f, nil)
	wantPasswords(t, embedded, path, all)

	text := manyUsers(0, all-lacking, "User")
	text = text[:strings.Index(text, "u00000@")] + strings.SplitAfterN(manyUsers(0, changed, "Other"), "\r\n", 2)[1] + text[strings.Index(text, "u00100@"):]
	f = mustParse(t, "users.csv", text)
	prune := &plan.Options{Prune: []sip.Domain{domain}}
	p = mustMake(t, c, f, prune)
	if a, ch, r := p.Count(); a != 0 || ch != changed || r != lacking {
		t.Errorf("%d added, %d changed, %d removed; want 0, %d, %d", a, ch, r, changed, lacking)
	}
	mustApply(t, c, p, nil)
	wantNothing(t, c, f, prune)
	res, err := embedded.NumberStats(ctx, hermes.NumberStatsRequest{})
	if err != nil || res.Assigned != int64(all-lacking) || res.Free != 1000+lacking {
		t.Errorf("%+v, %v; want the numbers of removed users in the pool", res, err)
	}
}

// TestPlan_remote does over HTTP what the other tests do with an embedded Client.
func TestPlan_remote(t *testing.T) {
	t.Parallel()
	c := dial(t, newClient(t, 10, serverOptions()))
	f := mustParse(t, "world.yaml", world)
	mustApply(t, c, mustMake(t, c, f, nil), nil)
	wantNothing(t, c, f, nil)
	f = mustParse(t, "f.csv", "user,displayname,phones,aliases,number,suspended,permissions,absent\n"+
		"alice@example.com,-,-,-,+4773500000,1,-,\nbob@example.com,B,001565123456,info@example.com,+4773500005,0,a,\ncarol@other.example.com,,,,,,,1\n")
	p := mustMake(t, c, f, nil)
	mustApply(t, c, p, nil)
	wantNothing(t, c, f, nil)
	for _, csv := range []bool{false, true} {
		wantNothing(t, c, mustParse(t, "export", mustExport(t, c, plan.ExportOptions{CSV: csv})), &plan.Options{Prune: []sip.Domain{domain}})
	}
}
