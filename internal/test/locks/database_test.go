package locks_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

var tables = []string{
	"subscriber", "dbaliases", "grp", "hermes.users", "hermes.phones", "hermes.devices", "hermes.domain_keys", "hermes.numbers", "hermes.reserved_numbers", "hermes.servers",
	"hermes.credentials", "hermes.authorizations", "hermes.api_keys", "hermes.nonces", "hermes.sessions", "hermes.logins", "hermes.answers", "hermes.marks",
	"hermes.audit", "hermes.audit_subjects",
}

// secondName is the application_name of the connections of the second call.
const secondName = "second"

// database is a database whose records can be saved and brought back.
type database struct {
	first, second *postgres.Store // of the two calls
	conn          *pgx.Conn
}

// newDatabase returns a database without records, in which Kamailio serves two domains. Its server
// does not look for calls that stop each other, so that their statements fail after some seconds.
func newDatabase(t *testing.T) *database {
	t.Helper()
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	db.Exec(t, "INSERT INTO domain (domain) VALUES ('example.com'), ('example.net')")
	db.Exec(t, "ALTER DATABASE "+db.Name()+" SET deadlock_timeout = '1min'")
	d := &database{first: mustOpen(t, db.URL(), "first"), second: mustOpen(t, db.URL(), secondName)}
	if err := d.first.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	conf, err := pgx.ParseConfig(db.URL())
	if err != nil {
		t.Fatal(err)
	}
	conf.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // accepts several statements
	if d.conn, err = pgx.ConnectConfig(t.Context(), conf); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.conn.Close(context.Background()) })
	return d
}

func mustOpen(t *testing.T, address, name string) *postgres.Store {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("application_name", name)
	u.RawQuery = q.Encode()
	s, err := postgres.Open(t.Context(), u.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (d *database) exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := d.conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// save keeps the present records for restore.
func (d *database) save(t *testing.T) {
	t.Helper()
	var sql strings.Builder
	sql.WriteString("CREATE SCHEMA saved;")
	for _, table := range tables {
		sql.WriteString("CREATE TABLE " + saved(table) + " AS TABLE " + table + ";")
	}
	d.exec(t, sql.String())
}

// restore brings back the records that save has kept.
func (d *database) restore(t *testing.T) {
	t.Helper()
	var sql strings.Builder
	for _, table := range tables {
		sql.WriteString("DELETE FROM " + table + "; INSERT INTO " + table + " SELECT * FROM " + saved(table) + ";")
	}
	d.exec(t, sql.String())
}

func saved(table string) string { return "saved." + strings.ReplaceAll(table, ".", "_") }

// secondWaits reports whether the second call waits for a lock.
func (d *database) secondWaits(t *testing.T) (waits bool) {
	t.Helper()
	const query = `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
		AND application_name = '` + secondName + `' AND wait_event_type = 'Lock')`
	if err := d.conn.QueryRow(t.Context(), query).Scan(&waits); err != nil {
		t.Fatal(err)
	}
	return waits
}
