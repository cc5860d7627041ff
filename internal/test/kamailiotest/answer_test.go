package kamailiotest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// A failure of the environment is a Fault, even if to a phone it looks like a refusal.
func TestFault(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			for _, row := range []struct {
				name    string
				timeout time.Duration
				breakIt func(tables, *kamailiotest.Kamailio)
				want    string
				inTrace string
				why     string
			}{
				{"stopped", 0,
					func(_ tables, k *kamailiotest.Kamailio) { k.Stop() },
					"Kamailio is not running", "", "nothing is sent"},
				{"suspended", time.Second,
					func(_ tables, k *kamailiotest.Kamailio) { k.Suspend() },
					"no final answer", "REGISTER sip:example.com", "nothing is received"},
				{"table missing", 0,
					func(db tables, _ *kamailiotest.Kamailio) { db.Exec(t, "ALTER TABLE subscriber RENAME TO gone") },
					"database failed", "SIP/2.0 500", "Kamailio answers, and its log has the reason"},
			} {
				t.Run(row.name, func(t *testing.T) {
					db := open(t)
					addUsers(t, db)
					k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL(), ReplyTimeout: row.timeout})
					row.breakIt(db, k)
					answer, err := k.TryRegister(alice)
					var fault *kamailiotest.Fault
					if !errors.As(err, &fault) {
						t.Fatalf("answer %v, error %v, wanted a *Fault: %s", answer, err, row.why)
					}
					if !strings.Contains(fault.Err.Error(), row.want) || !strings.Contains(fault.Trace, row.inTrace) {
						t.Errorf("fault %v, wanted %q, and %q in the trace: %s", fault, row.want, row.inTrace, row.why)
					}
				})
			}
		})
	}
}

// A failed alias lookup is a 404 to the caller. Only the log distinguishes it from an alias that
// does not exist.
func TestFault_AliasLookup(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			addUsers(t, db)
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
			call := kamailiotest.Request{Method: "INVITE", From: alice, To: number + "@example.com"}
			if got, err := k.TrySend(call); err != nil || got.Code != 404 {
				t.Errorf("without the alias: %v, %v, wanted 404", got, err)
			}
			db.Exec(t, "ALTER TABLE dbaliases RENAME TO gone")
			got, err := k.TrySend(call)
			var fault *kamailiotest.Fault
			if !errors.As(err, &fault) || !strings.Contains(fault.Trace, "SIP/2.0 404") {
				t.Errorf("without the table: %v, %v, wanted a *Fault whose trace has the 404", got, err)
			}
		})
	}
}

// The database server stops while Kamailio runs.
func TestFault_DatabaseServer(t *testing.T) {
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true})
	db := cluster.New(t, pgtest.Options{})
	addUsers(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	if got := k.Register(t, alice); !got.OK() {
		t.Fatalf("REGISTER: %v, wanted 200", got)
	}
	// If one of Kamailio's processes cannot connect at its start, Kamailio ends: wait for all of them.
	testserver.WaitFor(t, "the connections of all of Kamailio's processes", func() bool {
		n := db.Value(t, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		return n == "10"
	})
	cluster.Stop(t, pgtest.Fast)
	answer, err := k.TryRegister(alice)
	var fault *kamailiotest.Fault
	if !errors.As(err, &fault) || !strings.Contains(fault.Log, "db_postgres") {
		t.Errorf("while the server is stopped: %v, %v, wanted a *Fault with the lines of db_postgres", answer, err)
	}
	cluster.Start(t)
	if got := k.Register(t, alice); !got.OK() {
		t.Errorf("after the server's start: %v, wanted 200", got)
	}
}

func TestFault_Input(t *testing.T) {
	db := kamailiotest.NewSQLite(t)
	addUsers(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	for _, row := range []struct {
		accounts []kamailiotest.Account
		why      string
	}{
		{[]kamailiotest.Account{{User: "[field0]", Domain: "example.com"}}, "sipp would read it as a keyword"},
		{[]kamailiotest.Account{alice, {User: "a;b", Domain: "example.com", Password: "x"}},
			"a separator of the injection file"},
		{[]kamailiotest.Account{alice, {User: "a", Domain: "example.com"}}, "no password"},
	} {
		var fault *kamailiotest.Fault
		if answers, err := k.TryRegisterAll(row.accounts); !errors.As(err, &fault) {
			t.Errorf("%+v: answers %v, error %v, wanted a *Fault: %s", row.accounts, answers, err, row.why)
		}
	}
}
