package siptest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// lifeCall is a call that changes many tables, and the writes that it needs: operations and tables,
// without the prefix of Hermes' own.
type lifeCall struct {
	name   string
	run    func(context.Context, *hermes.Client) error
	writes []string
}

// lifeCalls are calls that succeed in this order.
func lifeCalls() []lifeCall {
	joan, june := sip.MustParse("joan@example.com"), sip.MustParse("june@example.com")
	return []lifeCall{
		{"user/onboard", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.UserOnboard(ctx, hermes.UserOnboardRequest{
				User: joan, MACs: []mac.Addr{mac.MustParse("001122334455"), mac.MustParse("001122334466")},
				Number: e164.MustParse(number), Permissions: []string{"local"},
			})
			return err
		}, []string{
			"INSERT subscriber", "INSERT users", "INSERT grp", "INSERT phones", "DELETE numbers", "INSERT dbaliases",
			"INSERT audit", "INSERT audit_subjects",
		}},
		{"user/rename", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.UserRename(ctx, hermes.UserRenameRequest{User: joan, NewUser: june, KeepAlias: true})
			return err
		}, []string{
			"UPDATE subscriber", "UPDATE users", "UPDATE grp", "UPDATE phones", "UPDATE dbaliases", "INSERT dbaliases",
			"INSERT audit", "INSERT audit_subjects",
		}},
		{"user/offboard", func(ctx context.Context, c *hermes.Client) error {
			_, err := c.UserOffboard(ctx, hermes.UserOffboardRequest{User: june})
			return err
		}, []string{
			"DELETE phones", "DELETE dbaliases", "INSERT numbers", "DELETE subscriber", "DELETE users", "DELETE grp",
			"INSERT audit", "INSERT audit_subjects",
		}},
	}
}

// TestUser_Life_Faults lets each kind of write fail in the database that a call makes, and then
// each of its calls of the store, and the commit. Nothing must have changed, and without a fault
// the call succeeds.
func TestUser_Life_Faults(t *testing.T) {
	onEach(t, func(t *testing.T, eng engine) {
		db := eng.create(t)
		db.Exec(t, "INSERT INTO domain (domain, last_modified) VALUES ('example.com', '2026-01-02 03:04:05')")
		store := eng.open(t, db)
		key, err := hermes.NewSecretKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		newClient := func(s hermes.Store) *hermes.Client {
			c, err := hermes.New(s, &hermes.Options{SecretKeys: []hermes.SecretKey{key}})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		e := &env{db: db, client: newClient(store)}
		e.mustDomainSetServers(t, "example.com")
		if _, err := e.client.NumberAdd(t.Context(), hermes.NumberAddRequest{Number: e164.MustParse(number)}); err != nil {
			t.Fatal(err)
		}
		for _, c := range lifeCalls() {
			e.testWriteFaults(t, eng, c)
			e.testStoreFaults(t, eng, c, func(before func(string) error) *hermes.Client {
				return newClient(storetest.Intercept(store, before))
			})
		}
	})
}

// testWriteFaults lets the database refuse one kind of write after the other.
func (e *env) testWriteFaults(t *testing.T, eng engine, c lifeCall) {
	t.Helper()
	before := e.lifeRows(t, eng)
	for _, write := range c.writes {
		remove := e.refuse(t, eng, write)
		if err := c.run(t.Context(), e.client); !errors.Is(err, hermes.StoreFailed) {
			t.Errorf("%s without %s: got %v, want %s", c.name, write, err, hermes.StoreFailed)
		}
		remove()
		if d := cmp.Diff(before, e.lifeRows(t, eng)); d != "" {
			t.Fatalf("%s without %s changed (-before +after)\n%s", c.name, write, d)
		}
	}
}

// testStoreFaults lets one call of the store after the other fail, until the call makes no more.
func (e *env) testStoreFaults(t *testing.T, eng engine, c lifeCall, over func(before func(string) error) *hermes.Client) {
	t.Helper()
	errFault := errors.New("fault")
	before := e.lifeRows(t, eng)
	for at := 1; ; at++ {
		n, method := 0, ""
		client := over(func(name string) error {
			if n++; n != at {
				return nil
			}
			method = name
			return errFault
		})
		err := c.run(t.Context(), client)
		if method == "" {
			if err != nil || at < 5 {
				t.Errorf("%s without a fault: got %v after %d calls of the store", c.name, err, n)
			}
			return
		}
		if !errors.Is(err, errFault) {
			t.Errorf("%s with a fault at %s: got %v", c.name, method, err)
		}
		if d := cmp.Diff(before, e.lifeRows(t, eng)); d != "" {
			t.Fatalf("%s with a fault at %s changed (-before +after)\n%s", c.name, method, d)
		}
	}
}

// table returns the name of a table that lifeCall.writes names.
func (eng engine) table(name string) string {
	if slices.Contains([]string{"subscriber", "dbaliases", "grp"}, name) {
		return name
	}
	return eng.tablePrefix + name
}

// lifeRows returns the rows of all tables that the calls write.
func (e *env) lifeRows(t *testing.T, eng engine) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, name := range []string{"subscriber", "dbaliases", "grp", "users", "phones", "numbers", "audit", "audit_subjects"} {
		all[name] = []string{}
		for _, row := range e.db.Query(t, "SELECT * FROM "+eng.table(name)) {
			all[name] = append(all[name], strings.Join(row, "|"))
		}
		slices.Sort(all[name])
	}
	return all
}

// refuse makes the database refuse a write, such as "INSERT phones", until remove is called.
func (e *env) refuse(t *testing.T, eng engine, write string) (remove func()) {
	t.Helper()
	operation, name, _ := strings.Cut(write, " ")
	table := eng.table(name)
	if eng.tablePrefix == "hermes_" {
		e.db.Exec(t, "CREATE TRIGGER fault BEFORE "+operation+" ON "+table+" BEGIN SELECT RAISE(ABORT, 'fault'); END")
		return func() { e.db.Exec(t, "DROP TRIGGER fault") }
	}
	e.db.Exec(t, "CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'fault'; END $$")
	e.db.Exec(t, "CREATE TRIGGER fault BEFORE "+operation+" ON "+table+" FOR EACH ROW EXECUTE FUNCTION fault()")
	return func() { e.db.Exec(t, "DROP TRIGGER fault ON "+table) }
}
