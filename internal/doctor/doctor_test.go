package doctor

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestExamine examines a database without faults.
func TestExamine(t *testing.T) {
	eachEngine(t, func(t *testing.T, newDB func(*testing.T) *testDB) {
		db := newDB(t)
		populate(t, db)
		findings := db.examine(t, nil)
		checkProblems(t, findings, map[string]string{})
		var names []string
		for _, f := range findings {
			names = append(names, f.Check)
		}
		if diff := cmp.Diff(checkNames(db.postgres != nil), names); diff != "" {
			t.Errorf("checks (-want +got):\n%s", diff)
		}
	})
}

// TestExamine_RowFaults brings about all faults in rows at once, so that it notices if one of them
// causes more than one finding or hides another.
func TestExamine_RowFaults(t *testing.T) {
	eachEngine(t, testRowFaults)
	t.Run("icu", func(t *testing.T) { testRowFaults(t, newPostgresICU) })
}

func testRowFaults(t *testing.T, newDB func(*testing.T) *testDB) {
	db := newDB(t)
	populate(t, db)
	mustAddDomains(t, db, "third.test")
	for _, name := range []string{"hashed", "hashed2", "hashed3", "clear", "dsip", "half", "sealed", "gone", "remote"} {
		mustAddUsers(t, db, name+"@example.test")
	}
	mustAddUsers(t, db, "locked@example.test", "locked2@example.test")
	mustSuspend(t, db, "locked@example.test", "locked2@example.test")
	want := map[string]string{}
	for _, f := range slices.Concat(schemaFaults, domainFaults, userFaults, aliasFaults) {
		db.exec(t, f.sql...)
		want[f.check] = f.want
	}
	before := db.dump(t)
	findings := db.examine(t, func(o *Options) {
		o.Domains = []sip.Domain{sip.MustParseDomain("setting.test"), sip.MustParseDomain("example.test")}
	})
	checkProblems(t, findings, want)
	if diff := cmp.Diff(before, db.dump(t)); diff != "" {
		t.Errorf("Examine changed the database: %s", diff)
	}
}

// TestExamine_Pages uses more rows than a page has. All of them must be counted, and only a few may
// be named.
func TestExamine_Pages(t *testing.T) {
	eachEngine(t, func(t *testing.T, newDB func(*testing.T) *testDB) {
		db := newDB(t)
		populate(t, db)
		db.exec(t,
			`WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 2500)
				INSERT INTO subscriber (username, domain, ha1, ha1b) SELECT 'u' || n, 'example.test', '1', '2' FROM r`,
			`INSERT INTO HERMES.phones (mac, username, domain, line)
				SELECT substr('00000000000' || id, length('00000000000' || id) - 11), 'gone', username, 1
				FROM subscriber WHERE username LIKE 'u%'`,
			`INSERT INTO grp (username, domain, grp)
				SELECT username, 'gone.test', 'a' FROM subscriber WHERE username LIKE 'u%'`,
			`INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
				SELECT 'a' || username, 'example.test', 'gone', 'other.test' FROM subscriber WHERE username LIKE 'u%'`,
			`INSERT INTO HERMES.users SELECT s.username, 'gone.test', u.type, '', authid, registrar, r_port, proxy,
					p_port, dialplan, displayname, folded, linetext, email, u.rpid, permittedcalls,
					suspended, suspended_reason
				FROM HERMES.users AS u, (SELECT username FROM subscriber WHERE username LIKE 'u%') AS s
				WHERE u.username = 'alice'`,
		)
		got := problems(t, db.examine(t, nil))
		for check, count := range map[string]string{
			"kamailio-only-users": "2500 (u1@example.test, u2@",
			"phones":              "2500 (",
			"hermes-only-users":   "2500 (u1@gone.test, u10@",
			"alias-destinations":  "2500 (au1@example.test to gone@other.test, ",
		} {
			if !strings.Contains(got[check], ": "+count) || !strings.HasSuffix(got[check], ", ...)") ||
				strings.Count(got[check], "@") > 10 {
				t.Errorf("%s: got %q, want %s and a few names", check, got[check], count)
			}
		}
		if len(got) != 4 {
			t.Errorf("got %d problems, want 4: %v", len(got), got)
		}
	})
}

// TestExamine_Concurrent examines a database while a client changes it. There must be no findings
// of rows between two of the client's calls.
func TestExamine_Concurrent(t *testing.T) {
	eachEngine(t, func(t *testing.T, newDB func(*testing.T) *testDB) {
		db := newDB(t)
		populate(t, db)
		stop, done := make(chan struct{}), make(chan error)
		go func() {
			var err error
			for err == nil {
				select {
				case <-stop:
					done <- nil
					return
				default:
					err = db.addAndRemoveUser(t)
				}
			}
			<-stop
			done <- err
		}()
		for range 10 {
			checkProblems(t, db.examine(t, nil), map[string]string{})
		}
		close(stop)
		must(t, <-done)
	})
}

// addAndRemoveUser adds a user with a phone, a number, an alias and a group, changes the password,
// and removes everything.
func (db *testDB) addAndRemoveUser(t *testing.T) error {
	ctx, c := t.Context(), db.client
	user, phone := sip.MustParse("dave@example.test"), mac.MustParse("00aabbccddee")
	alias := sip.MustParse("desk@example.test")
	if _, err := c.UserAdd(ctx, hermes.UserAddRequest{User: user}); err != nil {
		return err
	}
	if _, err := c.PhoneAdd(ctx, hermes.PhoneAddRequest{MAC: phone, User: user}); err != nil {
		return err
	}
	number, err := c.NumberAssign(ctx, hermes.NumberAssignRequest{User: user})
	if err != nil {
		return err
	}
	if _, err := c.AliasAdd(ctx, hermes.AliasAddRequest{Alias: alias, Destination: user}); err != nil {
		return err
	}
	if err := db.store.SetGroups(ctx, user, []string{"intl"}); err != nil {
		return err
	}
	if _, err := c.UserChangePw(ctx, hermes.UserChangePwRequest{User: user}); err != nil {
		return err
	}
	if _, err := c.AliasRemove(ctx, hermes.AliasRemoveRequest{Alias: alias}); err != nil {
		return err
	}
	if _, err := c.NumberRelease(ctx, hermes.NumberReleaseRequest{Alias: number.Alias}); err != nil {
		return err
	}
	if _, err := c.PhoneRemove(ctx, hermes.PhoneRemoveRequest{MAC: phone, User: user}); err != nil {
		return err
	}
	_, err = c.UserRemove(ctx, hermes.UserRemoveRequest{User: user})
	return err
}

// dump returns the rows of all tables and the state of all sequences, by name, and for SQLite the
// schema.
func (db *testDB) dump(t *testing.T) map[string][]string {
	t.Helper()
	if db.postgres == nil {
		return dumpSQLite(t, db.path)
	}
	all := map[string][]string{}
	for _, r := range db.postgres.Query(t, `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'hermes')`) {
		name, kind := r[0], r[1]
		all[name] = nil
		query := ""
		switch kind {
		case "r":
			query = `SELECT CAST(r AS text) FROM ` + name + ` AS r ORDER BY 1`
		case "S":
			query = `SELECT last_value || ',' || is_called FROM ` + name
		default:
			continue
		}
		for _, row := range db.postgres.Query(t, query) {
			all[name] = append(all[name], row[0])
		}
	}
	return all
}

func dumpSQLite(t *testing.T, path string) map[string][]string {
	t.Helper()
	pool, err := sql.Open("sqlite", path+"?_busy_timeout=10000")
	must(t, err)
	defer pool.Close()
	all := map[string][]string{"schema": queryColumn(t, pool, `SELECT coalesce(sql, name) FROM sqlite_master`)}
	for _, name := range queryColumn(t, pool, `SELECT name FROM sqlite_master WHERE type = 'table'`) {
		columns := queryColumn(t, pool, `SELECT 'quote("' || name || '")' FROM pragma_table_info('`+name+`')`)
		row := strings.Join(columns, ` || ',' || `)
		all[name] = queryColumn(t, pool, `SELECT `+row+` AS r FROM "`+name+`" ORDER BY r`)
	}
	return all
}

// queryColumn returns the rows of a query with one column.
func queryColumn(t *testing.T, pool *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := pool.Query(query)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var v string
		must(t, rows.Scan(&v))
		all = append(all, v)
	}
	must(t, rows.Err())
	return all
}
