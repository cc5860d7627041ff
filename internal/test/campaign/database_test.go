package campaign_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// database is the database of a hermesd, as another program sees it.
type database struct {
	env    []string // the settings by which hermesd finds it
	prefix string   // of the names of Hermes' own tables
	pg     *pgtest.DB
	file   *sql.DB // if pg is nil
	path   string  // of the file

	tableNames []string // what tables returns; nil before its first call
	dumpQuery  string   // what dump asks; empty before its first call
}

// newSQLite returns a file that hermesd makes at its start.
func newSQLite(t *testing.T) *database { return newSQLiteIn(t, t.TempDir()) }

// newSQLiteIn returns a file in a folder.
func newSQLiteIn(t *testing.T, data string) *database {
	t.Helper()
	d := &database{env: []string{"HERMES_DATA=" + data}, prefix: "hermes_", path: filepath.Join(data, "hermes.db")}
	var err error
	if d.file, err = sql.Open("sqlite", "file:"+d.path+"?_pragma=busy_timeout(10000)"); err != nil {
		t.Fatal(err)
	}
	d.file.SetMaxIdleConns(0) // so that it does not keep hermesd's files open while hermesd is killed
	t.Cleanup(func() { _ = d.file.Close() })
	return d
}

func newPostgreSQL(t *testing.T, pg *pgtest.DB) *database {
	t.Helper()
	return &database{env: []string{"HERMES_DATA=" + t.TempDir(), "HERMES_DB=" + pg.URL()}, prefix: "hermes.", pg: pg}
}

// onEachDatabase runs a test in parallel on each kind of database.
func onEachDatabase(t *testing.T, test func(t *testing.T, d *database)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newSQLite(t))
	})
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		test(t, newPostgreSQL(t, pgtest.New(t, pgtest.Options{NoFsync: true})))
	})
}

// exec runs a statement, in which the names of Hermes' tables begin with "hermes.".
func (d *database) exec(t *testing.T, query string) {
	t.Helper()
	if d.pg != nil {
		d.pg.Exec(t, query)
		return
	}
	if _, err := d.file.Exec(strings.ReplaceAll(query, "hermes.", d.prefix)); err != nil {
		t.Fatal(err)
	}
}

// query returns the rows of a statement, in which the names of Hermes' tables begin with "hermes.".
// Each value is a text, and NULL is "NULL".
func (d *database) query(t *testing.T, query string) [][]string {
	t.Helper()
	if d.pg != nil {
		return d.pg.Query(t, query)
	}
	rows, err := d.file.Query(strings.ReplaceAll(query, "hermes.", d.prefix))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all, err := texts(rows)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// texts reads all rows. Each value is a text, and NULL is "NULL".
func texts(rows *sql.Rows) (all [][]string, err error) {
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values, row := make([]any, len(columns)), make([]string, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			return nil, err
		}
		for i := range values {
			switch v := (*values[i].(*any)).(type) {
			case nil:
				row[i] = "NULL"
			case []byte:
				row[i] = string(v)
			default:
				row[i] = fmt.Sprint(v)
			}
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// waitForKilled waits until what a killed process has sent is done, or not: until its connections
// have ended.
func (d *database) waitForKilled(t *testing.T) {
	t.Helper()
	if d.pg != nil {
		testserver.WaitFor(t, "the end of the connections", func() bool { return d.pg.Value(t, connectionCount) == "0" })
	}
}

const connectionCount = `SELECT count(*) FROM pg_stat_activity
	WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`

// mustBeConsistent checks the promises that do not depend on what was answered, by statements.
func (d *database) mustBeConsistent(t *testing.T) {
	t.Helper()
	for _, promise := range []struct{ name, violations string }{
		{"each local user is in both tables", `SELECT u.username, u.domain FROM hermes.users AS u WHERE u.type = 'local' AND NOT EXISTS
			(SELECT 1 FROM subscriber AS s WHERE s.username = u.username AND s.domain = u.domain)`},
		{"each account but those that other tools made is in both tables", `SELECT s.username, s.domain FROM subscriber AS s
			WHERE s.username NOT LIKE 'tool%' AND NOT EXISTS
			(SELECT 1 FROM hermes.users AS u WHERE s.username = u.username AND s.domain = u.domain)`},
		{"no alias leads to a user that is not there", `SELECT a.alias_username, a.username, a.domain FROM dbaliases AS a
			WHERE NOT EXISTS (SELECT 1 FROM subscriber AS s WHERE s.username = a.username AND s.domain = a.domain)`},
		{"no phone has a user that is not there", `SELECT p.mac, p.username, p.domain FROM hermes.phones AS p
			WHERE NOT EXISTS (SELECT 1 FROM hermes.users AS u WHERE u.username = p.username AND u.domain = p.domain)`},
		{"no permission is left of a user that is not there", `SELECT g.username, g.domain, g.grp FROM grp AS g
			WHERE NOT EXISTS (SELECT 1 FROM subscriber AS s WHERE s.username = g.username AND s.domain = g.domain)`},
		{"an address is a user or an alias", `SELECT s.username, s.domain FROM subscriber AS s
			JOIN dbaliases AS a ON a.alias_username = s.username AND a.alias_domain = s.domain`},
		{"an alias leads to one user", `SELECT alias_username, alias_domain FROM dbaliases
			GROUP BY alias_username, alias_domain HAVING count(*) > 1`},
		{"a user has one number", `SELECT username, domain FROM dbaliases WHERE alias_username LIKE '+%'
			GROUP BY username, domain HAVING count(*) > 1`},
		{"no number is in two places", `SELECT number, count(*) FROM (SELECT number FROM hermes.numbers
			UNION ALL SELECT number FROM hermes.reserved_numbers
			UNION ALL SELECT alias_username FROM dbaliases WHERE alias_username LIKE '+%') AS n
			GROUP BY number HAVING count(*) > 1`},
	} {
		if rows := d.query(t, promise.violations); len(rows) != 0 {
			t.Errorf("%s, but for %q", promise.name, rows)
		}
	}
}
