package pgtest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

func TestNew(t *testing.T) {
	t.Run("databases are independent", func(t *testing.T) {
		a, b := pgtest.New(t, pgtest.Options{}), pgtest.New(t, pgtest.Options{})
		a.Exec(t, "INSERT INTO domain (domain) VALUES ($1)", "example.com")
		if got := a.Value(t, "SELECT count(*) FROM domain"); got != "1" {
			t.Errorf("the database written to has %s domains, wanted 1", got)
		}
		if got := b.Value(t, "SELECT count(*) FROM domain"); got != "0" {
			t.Errorf("the other database has %s domains, wanted 0", got)
		}
	})
	t.Run("Kamailio's tables", func(t *testing.T) {
		db := pgtest.New(t, pgtest.Options{})
		got := db.Query(t, `SELECT table_name, table_version FROM version
			WHERE table_name IN ('subscriber', 'dbaliases', 'domain', 'domain_attrs', 'grp') ORDER BY 1`)
		want := [][]string{{"dbaliases", "1"}, {"domain", "2"}, {"domain_attrs", "1"}, {"grp", "2"}, {"subscriber", "7"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("versions (-want +got):\n%s", diff)
		}
	})
}

func TestNew_Options(t *testing.T) {
	const (
		order  = "SELECT string_agg(v, '' ORDER BY v) FROM (VALUES ('a'), ('B'), ('c')) x(v)"
		tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
	)
	for _, row := range []struct {
		opts                 pgtest.Options
		order, fsync, tables string
		why                  string
	}{
		{pgtest.Options{}, "Bac", "on", "9", "the default compares bytes and waits for the disk"},
		{pgtest.Options{Empty: true}, "Bac", "on", "0", "without Kamailio's tables"},
		{pgtest.Options{ICULocale: "en-US"}, "aBc", "on", "9", "a dictionary's order, with Kamailio's tables"},
		{pgtest.Options{Empty: true, ICULocale: "en-US"}, "aBc", "on", "0", "a dictionary's order, without them"},
		{pgtest.Options{NoFsync: true}, "Bac", "off", "9", "on another server"},
	} {
		db := pgtest.New(t, row.opts)
		if got := db.Value(t, order); got != row.order {
			t.Errorf("%+v: order is %s, wanted %s: %s", row.opts, got, row.order, row.why)
		}
		if got := db.Value(t, "SHOW fsync"); got != row.fsync {
			t.Errorf("%+v: fsync is %s, wanted %s: %s", row.opts, got, row.fsync, row.why)
		}
		if got := db.Value(t, tables); got != row.tables {
			t.Errorf("%+v: %s tables, wanted %s: %s", row.opts, got, row.tables, row.why)
		}
	}
}
