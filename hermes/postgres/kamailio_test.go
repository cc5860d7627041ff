package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

// schemaOf returns the columns and indexes of a schema.
func schemaOf(t *testing.T, db *pgtest.DB, schema string) [][]string {
	t.Helper()
	rows := db.Query(t, `SELECT table_name, column_name, data_type, character_maximum_length, column_default, is_nullable, collation_name
		FROM information_schema.columns WHERE table_schema = $1 ORDER BY table_name, ordinal_position`, schema)
	return append(rows, db.Query(t, `SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = $1 ORDER BY 1, 2`, schema)...)
}

// mustWriteAll calls every method that writes to Kamailio's tables.
func mustWriteAll(t *testing.T, store hermes.Store) {
	t.Helper()
	ctx, a, b := t.Context(), sip.MustParse("alice@example.com"), sip.MustParse("bob@far.example")
	u := hermes.User{Address: a, Type: hermes.Local, HA1: "1", HA1B: "2", Clear: "clear", Email: "a@example.com", RPID: "r", PermittedCalls: "intl"}
	alias := hermes.Alias{Alias: sip.MustParse("sales@example.com"), Destination: a}
	for _, err := range []error{
		store.AddUser(ctx, u), store.AddUser(ctx, hermes.User{Address: b, Type: hermes.Remote}), store.SetUser(ctx, u),
		store.SetGroups(ctx, a, []string{"intl"}), addAlias(ctx, store, alias), removeAlias(ctx, store, alias.Alias),
		removeUser(ctx, store, b), store.SetGroups(ctx, a, nil), removeUser(ctx, store, a),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestStore_KamailioUnchanged(t *testing.T) {
	db := pgtest.New(t, noFsync)
	before, versions := schemaOf(t, db, "public"), db.Query(t, "SELECT * FROM version ORDER BY id")
	store := mustOpen(t, db, nil)
	mustWriteAll(t, store)
	if err := store.CreateKamailioTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, schemaOf(t, db, "public")); d != "" {
		t.Errorf("Kamailio's schema before and after (-before +after):\n%s", d)
	}
	if d := cmp.Diff(versions, db.Query(t, "SELECT * FROM version ORDER BY id")); d != "" {
		t.Errorf("the table version before and after (-before +after):\n%s", d)
	}
}

func TestStore_ExtraColumns(t *testing.T) {
	db := pgtest.New(t, noFsync)
	db.Exec(t, `ALTER TABLE subscriber ADD email_address varchar(128) NOT NULL DEFAULT '', ADD rpid varchar(128), ADD site integer NOT NULL DEFAULT 7`)
	store := mustOpen(t, db, nil)
	ctx := t.Context()
	row := func(user string) string {
		t.Helper()
		return fmt.Sprint(db.Query(t, "SELECT password, ha1, ha1b, email_address, rpid, site FROM subscriber WHERE username = $1", user))
	}
	u := hermes.User{Address: sip.MustParse("alice@example.com"), Type: hermes.Local, HA1: "1", HA1B: "2", Email: "a@b.example", RPID: "r", PermittedCalls: "p"}
	if err := store.AddUser(ctx, u); err != nil {
		t.Fatal(err)
	}
	if got, want := row("alice"), "[[ 1 2 a@b.example r 7]]"; got != want {
		t.Errorf("added: %s, want %s", got, want)
	}
	db.Exec(t, "UPDATE subscriber SET site = 8")
	u.Email, u.RPID, u.Clear, u.HA1 = "new@b.example", "", "clear", "3"
	if err := store.SetUser(ctx, u); err != nil {
		t.Fatal(err)
	}
	if got, want := row("alice"), "[[clear 3 2 new@b.example  8]]"; got != want {
		t.Errorf("set: %s, want %s: a column that is the site's own stays", got, want)
	}
	if got, err := store.User(ctx, u.Address); err != nil || got != u {
		t.Errorf("read: %+v, %v; want %+v", got, err, u)
	}
	t.Run("of another tool's user", func(t *testing.T) { testExtraOfOtherTool(t, db, store) })
}

// testExtraOfOtherTool checks that a user's email, which only Kamailio's table has, survives a
// change by Hermes.
func testExtraOfOtherTool(t *testing.T, db *pgtest.DB, store *postgres.Store) {
	db.Exec(t, "INSERT INTO subscriber (username, domain, email_address, rpid) VALUES ('bob', 'example.com', 'bob@b.example', NULL)")
	want := hermes.User{Address: sip.MustParse("bob@example.com"), Type: hermes.Local, Email: "bob@b.example"}
	u, err := store.User(t.Context(), want.Address)
	if err != nil || u != want {
		t.Fatalf("%+v, %v; want %+v", u, err, want)
	}
	u.DisplayName = "Bob"
	if err := store.SetUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if got := db.Value(t, "SELECT email_address FROM subscriber WHERE username = 'bob'"); got != want.Email {
		t.Errorf("email_address is %q, want %q still", got, want.Email)
	}
}

func TestOptions_KamailioSchema(t *testing.T) {
	const name = `Kam "ailio`
	db := pgtest.New(t, pgtest.Options{NoFsync: true, Empty: true})
	db.Exec(t, `CREATE SCHEMA "Kam ""ailio"`)
	store := mustOpen(t, db, &postgres.Options{KamailioSchema: name})
	if err := store.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "subscriber") {
		t.Errorf("without Kamailio's tables Ready says %v", err)
	}
	if err := store.CreateKamailioTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	mustWriteAll(t, store)
	if n := db.Value(t, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); n != "0" {
		t.Errorf("%s tables in public, want none", n)
	}
}

func TestStore_SetGroups_MissingTable(t *testing.T) {
	db := pgtest.New(t, noFsync)
	db.Exec(t, "DROP TABLE grp")
	store := mustOpen(t, db, nil)
	ctx, u := t.Context(), hermes.User{Address: sip.MustParse("alice@example.com"), Type: hermes.Local}
	if err := store.AddUser(ctx, u); err != nil {
		t.Fatal(err)
	}
	if names, err := store.Groups(ctx, u.Address); err != nil || names != nil {
		t.Errorf("%q, %v; want no groups", names, err)
	}
	if err := store.SetGroups(ctx, u.Address, []string{"intl"}); err == nil || !strings.Contains(err.Error(), "grp") {
		t.Errorf("setting groups: %v; want an error that names the table", err)
	}
	if err := store.SetGroups(ctx, u.Address, nil); err != nil {
		t.Errorf("setting none: %v", err)
	}
	if err := mustOpenUnmigrated(t, db, nil).CreateKamailioTables(ctx); err != nil {
		t.Fatal(err)
	}
	if err := store.SetGroups(ctx, u.Address, []string{"intl"}); err != nil {
		t.Errorf("after another process has created the table: %v", err)
	}
	if err := removeUser(ctx, store, u.Address); err != nil {
		t.Error(err)
	}
	if n := db.Value(t, "SELECT count(*) FROM grp"); n != "0" {
		t.Errorf("%s rows of grp are left, want none", n)
	}
}

// TestStore_CreateKamailioTables_AsShipped compares the tables that Hermes creates with
// those that Kamailio ships.
func TestStore_CreateKamailioTables_AsShipped(t *testing.T) {
	shipped, db := pgtest.New(t, noFsync), pgtest.New(t, pgtest.Options{NoFsync: true, Empty: true})
	store := mustOpenUnmigrated(t, db, nil)
	if err := store.CreateKamailioTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := schemaOf(t, shipped, "public")
	tables := []string{"subscriber", "dbaliases", "domain", "domain_attrs", "grp", "version"}
	var wanted [][]string
	for _, row := range want {
		for _, table := range tables {
			if row[0] == table {
				wanted = append(wanted, row)
			}
		}
	}
	if d := cmp.Diff(wanted, schemaOf(t, db, "public")); d != "" {
		t.Errorf("the shipped schema and Hermes' (-shipped +Hermes'):\n%s", d)
	}
	const versions = "SELECT table_name, table_version FROM version WHERE table_name = ANY ('{subscriber,dbaliases,domain,domain_attrs,grp,version}') ORDER BY 1"
	if d := cmp.Diff(shipped.Query(t, versions), db.Query(t, versions)); d != "" {
		t.Errorf("the shipped versions and Hermes' (-shipped +Hermes'):\n%s", d)
	}
}

// TestStore_CreateKamailioTables_Missing starts with a site's own table and rows of
// version.
func TestStore_CreateKamailioTables_Missing(t *testing.T) {
	db := pgtest.New(t, noFsync)
	db.Exec(t, "DROP TABLE grp, dbaliases; UPDATE version SET table_version = 99 WHERE table_name = 'grp'; ALTER TABLE subscriber ADD site integer")
	store := mustOpenUnmigrated(t, db, nil)
	text, err := store.KamailioSQL(t.Context())
	if err != nil || strings.Contains(text, "subscriber") || !strings.Contains(text, "CREATE TABLE \"public\".grp") {
		t.Errorf("dry run: %v\n%s", err, text)
	}
	for range 2 {
		if err := store.CreateKamailioTables(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if v := db.Value(t, "SELECT table_version FROM version WHERE table_name = 'grp'"); v != "99" {
		t.Errorf("version of grp is %s, want the row that was there", v)
	}
	if text, err := store.KamailioSQL(t.Context()); err != nil || text != "" {
		t.Errorf("dry run when all tables exist: %v\n%s", err, text)
	}
	mustMigrate(t, store)
	mustWriteAll(t, store)
}
