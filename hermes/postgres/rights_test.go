package postgres_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestStore_Rights works with the rights that the package comment names and no others. Such a
// role may not create the trigram extension.
func TestStore_Rights(t *testing.T) {
	db := pgtest.New(t, noFsync)
	db.Exec(t, `DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN; CREATE SCHEMA hermes AUTHORIZATION plain;
		GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain; GRANT INSERT, UPDATE, DELETE ON subscriber, dbaliases, grp TO plain;
		GRANT USAGE ON SEQUENCE subscriber_id_seq, dbaliases_id_seq, grp_id_seq TO plain`)
	store, err := postgres.Open(t.Context(), strings.Replace(db.URL(), "postgres@", "plain@", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	mustMigrate(t, store)
	if err := store.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	mustWriteAll(t, store)
	if n, err := store.AddNumbers(t.Context(), e164.MustParse("+4773500000"), e164.MustParse("+4773519999")); n != 20000 || err != nil {
		t.Errorf("%d numbers, %v; want 20000", n, err)
	}
	if n := db.Value(t, "SELECT reltuples FROM pg_class WHERE oid = 'hermes.numbers'::regclass"); n != "20000" {
		t.Errorf("the planner knows of %s numbers, want 20000", n)
	}
	const index = "SELECT count(*) FROM pg_indexes WHERE indexname = 'users_search'"
	if n := db.Value(t, index); n != "0" {
		t.Errorf("%s trigram indexes that this role cannot make", n)
	}
	mustMigrate(t, mustOpenUnmigrated(t, db, nil))
	if n := db.Value(t, index); n != "1" {
		t.Errorf("%s trigram indexes after a role that may has migrated again, want 1", n)
	}
}
