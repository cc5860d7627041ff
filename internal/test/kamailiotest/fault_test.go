package kamailiotest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// Whatever is broken, it is a Fault, and never the refusal that it looks like to a phone.
func TestFaults(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			for _, row := range []struct {
				name     string
				patience time.Duration
				harm     func(tables, *kamailiotest.Kamailio)
				want     string
				inTrace  string
				why      string
			}{
				{"down", 0, func(_ tables, k *kamailiotest.Kamailio) { k.Stop() }, "Kamailio is not running", "", "nothing is sent"},
				{"frozen", time.Second, func(_ tables, k *kamailiotest.Kamailio) { k.Freeze() }, "no final answer", "REGISTER sip:example.com",
					"nothing comes back"},
				{"database", 0, func(db tables, _ *kamailiotest.Kamailio) { db.Exec(t, "ALTER TABLE subscriber RENAME TO gone") },
					"database failed", "SIP/2.0 500", "Kamailio answers, and its log says why"},
			} {
				t.Run(row.name, func(t *testing.T) {
					db := open(t)
					seed(t, db)
					k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL(), Patience: row.patience})
					row.harm(db, k)
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

// A lookup that fails is a 404 to the caller: only the log tells it from an alias that is not there.
func TestFaultOfAliases(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			seed(t, db)
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

// The server is gone under a Kamailio that runs.
func TestFaultOfDatabaseServer(t *testing.T) {
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{NoFsync: true})
	db := cluster.New(t, pgtest.Options{})
	seed(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	if got := k.Register(t, alice); !got.OK() {
		t.Fatalf("REGISTER: %v, wanted 200", got)
	}
	// A child that cannot connect as it starts takes Kamailio down with it: here all of them shall have.
	await(t, "a connection of each of Kamailio's processes", func() bool {
		n := db.Value(t, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		return n == "10"
	})
	cluster.Stop(t, pgtest.Fast)
	answer, err := k.TryRegister(alice)
	var fault *kamailiotest.Fault
	if !errors.As(err, &fault) || !strings.Contains(fault.Log, "db_postgres") {
		t.Errorf("without its server: %v, %v, wanted a *Fault with db_postgres' lines", answer, err)
	}
	cluster.Start(t)
	if got := k.Register(t, alice); !got.OK() {
		t.Errorf("with its server again: %v, wanted 200", got)
	}
}

func TestFaultOfInput(t *testing.T) {
	db := kamailiotest.NewSQLite(t)
	seed(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	for _, row := range []struct {
		accounts []kamailiotest.Account
		why      string
	}{
		{[]kamailiotest.Account{{User: "[field0]", Domain: "example.com"}}, "sipp would take it for a keyword"},
		{[]kamailiotest.Account{alice, {User: "a;b", Domain: "example.com", Password: "x"}}, "a separator of the injection file"},
		{[]kamailiotest.Account{alice, {User: "a", Domain: "example.com"}}, "no password"},
	} {
		var fault *kamailiotest.Fault
		if answers, err := k.TryRegisterAll(row.accounts); !errors.As(err, &fault) {
			t.Errorf("%+v: answers %v, error %v, wanted a *Fault: %s", row.accounts, answers, err, row.why)
		}
	}
}

// A server that comes back serves on, on the same ports and without its registrations.
func TestStopAndStart(t *testing.T) {
	db := kamailiotest.NewSQLite(t)
	seed(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	k.Phone(t, bob)
	rpc, addr := k.RPCURL(), k.Addr()
	k.Stop()
	if _, err := k.RPC("core.version"); err == nil {
		t.Error("RPC of a stopped server: no error")
	}
	k.Start(t)
	if k.RPCURL() != rpc || k.Addr() != addr {
		t.Errorf("at %s after the restart, wanted %s", k.RPCURL(), rpc)
	}
	if got := k.Register(t, alice); !got.OK() {
		t.Errorf("after the restart: %v, wanted 200", got)
	}
	if got := k.Contacts(t, bob.Addr()); got != nil {
		t.Errorf("contacts %v after the restart, wanted none", got)
	}
	k.Freeze()
	k.Thaw()
	if got := k.Register(t, alice); !got.OK() {
		t.Errorf("after the thaw: %v, wanted 200", got)
	}
}
