package audit_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// trail is an audit trail in a database, which tests change by SQL.
type trail struct {
	client *hermes.Client
	store  hermes.Store
	db     *sql.DB
	tables *strings.Replacer // of the names of tables in PostgreSQL, and of {never}, the last time
	ids    *strings.Replacer // of the names of entries
	last   e164.Number       // of mustAdd
}

// auditTables are the tables of the audit trail, by their names in PostgreSQL.
var auditTables = []string{"hermes.audit_subjects", "hermes.audit_seals", "hermes.audit"}

// onEachDatabase runs a test in parallel on an empty trail in each kind of database.
func onEachDatabase(t *testing.T, test func(*testing.T, *trail)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "hermes.db")
		s := openSQLiteFile(t, path)
		test(t, newTrail(t, s, "sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=synchronous(off)", "hermes_"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t, pgtest.Options{NoFsync: true})
		test(t, newTrail(t, openPostgresDB(t, db), "pgx", db.URL(), "hermes."))
	})
}

func newTrail(t *testing.T, s hermes.Store, driver, dsn, schema string) *trail {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	never := "'infinity'"
	if driver == "sqlite" {
		never = "9223372036854775807"
	}
	return &trail{
		client: newClient(t, s), store: s, db: db,
		tables: strings.NewReplacer("kept.", "kept_", "hermes.", schema, "{never}", never), ids: strings.NewReplacer(),
		last: number("+4722000000"),
	}
}

// mustExec runs statements in one transaction.
func (a *trail) mustExec(t *testing.T, statements ...string) {
	t.Helper()
	tx, err := a.db.BeginTx(t.Context(), nil)
	must(t, err)
	defer func() { _ = tx.Rollback() }()
	for _, text := range statements {
		if _, err := tx.ExecContext(t.Context(), a.tables.Replace(a.ids.Replace(text))); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	must(t, tx.Commit())
}

// mustKeep copies the tables of the trail.
func (a *trail) mustKeep(t *testing.T) {
	t.Helper()
	for _, table := range auditTables {
		a.mustExec(t, "CREATE TABLE "+kept(table)+" AS SELECT * FROM "+table)
	}
}

// mustRestore makes the tables of the trail as they were when they were copied.
func (a *trail) mustRestore(t *testing.T) {
	t.Helper()
	var all []string
	for _, table := range auditTables {
		all = append(all, "DELETE FROM "+table, "INSERT INTO "+table+" SELECT * FROM "+kept(table))
	}
	a.mustExec(t, all...)
}

func kept(table string) string { return strings.Replace(table, "hermes.", "kept.", 1) }

// columns returns the names of the columns of a table.
func (a *trail) columns(t *testing.T, table string) []string {
	t.Helper()
	rows, err := a.db.QueryContext(t.Context(), a.tables.Replace("SELECT * FROM "+table+" LIMIT 0"))
	must(t, err)
	defer rows.Close()
	names, err := rows.Columns()
	must(t, err)
	return names
}

// mustAdd makes n changes, each with an entry.
func (a *trail) mustAdd(t *testing.T, n int) {
	t.Helper()
	for range n {
		a.last, _ = a.last.Offset(1)
		_, err := a.client.NumberAdd(t.Context(), hermes.NumberAddRequest{Number: a.last})
		must(t, err)
	}
}

func (a *trail) mustSeal(t *testing.T, want int) {
	t.Helper()
	if n, err := a.client.SealAudit(t.Context()); n != want || err != nil {
		t.Fatalf("sealed %d entries, %v; want %d", n, err, want)
	}
}

func (a *trail) mustPrune(t *testing.T, before time.Time, want int64) {
	t.Helper()
	if n, err := a.client.PruneAudit(t.Context(), before); n != want || err != nil {
		t.Fatalf("removed %d entries, %v; want %d", n, err, want)
	}
}

// wantVerified wants audit/verify to find nothing wrong.
func (a *trail) wantVerified(t *testing.T, sealed, unsealed int64) {
	t.Helper()
	res, err := a.client.AuditVerify(t.Context(), hermes.AuditVerifyRequest{})
	if err != nil || res.Sealed != sealed || res.Unsealed != unsealed {
		t.Errorf("got %+v, %v; want %d sealed and %d unsealed", res, err, sealed, unsealed)
	}
}

// wantRejected wants audit/verify to fail with a detail that begins with the text.
func (a *trail) wantRejected(t *testing.T, text string) {
	t.Helper()
	res, err := a.client.AuditVerify(t.Context(), hermes.AuditVerifyRequest{})
	var e *hermes.Error
	if text = a.ids.Replace(text); !errors.As(err, &e) || e.Cause != hermes.Rejected || !strings.HasPrefix(e.Detail, text) {
		t.Errorf("got %+v, %v; want it rejected: %s", res, err, text)
	}
}

// nameEntries gives the entries names for SQL and for details: {3.1} is the first entry of seal 3,
// {0.1} the first one without a seal.
func (a *trail) nameEntries(t *testing.T) {
	t.Helper()
	rows, err := a.db.QueryContext(t.Context(), a.tables.Replace("SELECT id, coalesce(seal, 0) FROM hermes.audit ORDER BY id"))
	must(t, err)
	defer rows.Close()
	var names []string
	for counts := map[int64]int{}; rows.Next(); {
		var id string
		var seal int64
		must(t, rows.Scan(&id, &seal))
		counts[seal]++
		names = append(names, fmt.Sprintf("{%d.%d}", seal, counts[seal]), id)
	}
	must(t, rows.Err())
	a.ids = strings.NewReplacer(names...)
}

func (a *trail) mustHead(t *testing.T) hermes.AuditSeal {
	t.Helper()
	head, err := a.client.AuditHead(t.Context())
	must(t, err)
	return head
}
