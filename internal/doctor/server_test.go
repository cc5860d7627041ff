package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

// TestExaminer_database checks that there is only one finding if the database cannot be read.
func TestExaminer_database(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	must(t, os.WriteFile(path, []byte(strings.Repeat("this is no database ", 100)), 0o600))
	file, err := SQLite(path)
	must(t, err)
	server, err := PostgreSQL("postgres://hermes:tiger@127.0.0.1:1/x", "public")
	must(t, err)
	for why, d := range map[string]*Database{"a text file": file, "no server": server} {
		defer d.Close()
		got := examine(t, Options{Database: d})
		if len(got) != 1 || got[0].Level != Fail || got[0].Check != "database" {
			t.Errorf("%s: got %v, want one finding of the check database", why, got)
			continue
		}
		if strings.Contains(got[0].Detail, "tiger") {
			t.Errorf("%s: the finding contains the password: %v", why, got)
		}
	}
}

func TestExaminer_server(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		number int
		level  Level
	}{
		{120022, Fail}, {130000, OK}, {180001, OK},
	} {
		var all []Finding
		unreachable := func(context.Context, func(context.Context, bunstore.Conn) error) error {
			return errors.New("gone")
		}
		e := &examiner{
			Options: Options{Database: &Database{run: unreachable}},
			report:  func(f Finding) { all = append(all, f) },
		}
		e.server(t.Context(), bunstore.Server{Version: "x", Number: row.number})
		skippedClock := []skipped{{reason: "gone", checks: []string{"clock"}}}
		if len(all) != 1 || all[0].Check != "server-version" || all[0].Level != row.level || !reflect.DeepEqual(e.skipped, skippedClock) {
			t.Errorf("version %d: got %v and skipped %v, want %s server-version and skipped clock", row.number, all, e.skipped, row.level)
		}
	}
}

func TestExaminer_clock(t *testing.T) {
	hourLater := func(o *Options) { o.Now = func() time.Time { return time.Now().Add(time.Hour) } }
	hourEarlier := func(o *Options) { o.Now = func() time.Time { return time.Now().Add(-time.Hour) } }
	testDatabaseFaults(t, []databaseFault{
		{
			why: "behind", engine: "postgres", change: hourLater,
			want: map[string]string{"clock": "warn the database's clock is 1h0m0s behind this machine's"},
		},
		{
			why: "ahead", engine: "postgres", change: hourEarlier,
			want: map[string]string{"clock": "warn the database's clock is 1h0m0s ahead of this machine's"},
		},
	})
}

func TestExaminer_journalMode(t *testing.T) {
	t.Parallel()
	db := newSQLite(t)
	populate(t, db)
	must(t, db.store.Close())
	db.exec(t, `PRAGMA journal_mode = DELETE`)
	checkProblems(t, db.examine(t, nil), map[string]string{
		"journal-mode": `fail the journal mode is "delete": Kamailio's queries fail while hermesd writes`,
	})
}

// sufficientGrants are the privileges that hermesd needs. ROLE stands for the role.
const sufficientGrants = `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ROLE;
	GRANT INSERT, UPDATE, DELETE ON subscriber, dbaliases, grp TO ROLE;
	GRANT USAGE ON SEQUENCE subscriber_id_seq, dbaliases_id_seq, grp_id_seq TO ROLE;
	GRANT USAGE ON SCHEMA hermes TO ROLE;
	GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA hermes TO ROLE;`

func TestExaminer_privileges(t *testing.T) {
	const lacking = "fail rights that the role ROLE lacks: "
	denied := func(what string, checks ...string) string {
		return couldNotCheck("ERROR: permission denied for "+what+" (SQLSTATE=42501)", checks...)
	}
	names := checkNames(true)
	afterMigrations := names[slices.Index(names, "migrations"):]
	publicGrants, _, _ := strings.Cut(sufficientGrants, "GRANT USAGE ON SCHEMA hermes")
	for i, row := range []struct {
		why  string
		sql  string
		want map[string]string
	}{
		{
			why:  "all that are needed",
			sql:  sufficientGrants,
			want: map[string]string{},
		},
		{
			why:  "more than are needed: the role is the owner, or can make triggers",
			sql:  sufficientGrants + `ALTER TABLE subscriber OWNER TO ROLE; GRANT ALL ON dbaliases, grp TO ROLE`,
			want: map[string]string{},
		},
		{
			why: "Kamailio's tables are read-only",
			sql: sufficientGrants + `
				REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, hermes FROM ROLE;
				GRANT INSERT, DELETE, UPDATE ON ALL TABLES IN SCHEMA hermes TO ROLE`,
			want: map[string]string{
				"privileges": lacking + "9 (INSERT on public.subscriber, UPDATE on public.subscriber, " +
					"DELETE on public.subscriber, INSERT on public.dbaliases, UPDATE on public.dbaliases, ...)",
			},
		},
		{
			why: "single privileges are missing",
			sql: sufficientGrants + `
				REVOKE DELETE ON grp FROM ROLE;
				REVOKE USAGE ON SEQUENCE dbaliases_id_seq FROM ROLE;
				REVOKE UPDATE ON hermes.sessions FROM ROLE`,
			want: map[string]string{
				"privileges": lacking + "3 (DELETE on public.grp, USAGE on sequence public.dbaliases_id_seq, " +
					"UPDATE on hermes.sessions)",
			},
		},
		{
			why: "grp cannot be read",
			sql: sufficientGrants + `REVOKE SELECT ON grp FROM ROLE`,
			want: map[string]string{
				"privileges":  lacking + "1 (SELECT on public.grp)",
				"not-checked": denied("table grp", "groups"),
			},
		},
		{
			why: "version cannot be read",
			sql: sufficientGrants + `REVOKE SELECT ON version FROM ROLE`,
			want: map[string]string{
				"privileges":  lacking + "1 (SELECT on public.version)",
				"not-checked": denied("table version", "table-versions"),
			},
		},
		{
			why: "migrations are pending",
			sql: sufficientGrants + `DELETE FROM hermes.migrations WHERE name = '0002_access'`,
			want: map[string]string{
				"privileges": lacking + "1 (CREATE on schema hermes)",
				"migrations": "fail the schema is older than this hermesd: 0002_access",
			},
		},
		{
			why: "the schema cannot be used",
			sql: strings.ReplaceAll(sufficientGrants, "GRANT USAGE ON SCHEMA hermes TO ROLE;", ""),
			want: map[string]string{
				"privileges":  lacking + "1 (USAGE on schema hermes)",
				"not-checked": denied("schema hermes", afterMigrations...),
			},
		},
		{
			why: "the schema does not exist",
			sql: `DROP SCHEMA hermes CASCADE;` + publicGrants,
			want: map[string]string{
				"privileges": lacking + "1 (CREATE on database DATABASE)",
				"migrations": "fail the schema is older than this hermesd: " + allSteps,
			},
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			db := newPostgres(t)
			populate(t, db)
			role := fmt.Sprintf("doctor_%d", i)
			names := strings.NewReplacer("ROLE", role, "DATABASE", db.postgres.Name())
			db.exec(t, "CREATE ROLE "+role+" LOGIN")
			t.Cleanup(func() { db.exec(t, "DROP OWNED BY "+role, "DROP ROLE "+role) })
			db.exec(t, names.Replace(row.sql))
			d := db.open(t, role)
			defer d.Close()
			got := problems(t, examine(t, Options{
				Database:   d,
				SecretKeys: []hermes.SecretKey{mustSecretKey(testKey)},
				Backends:   []hermes.Backend{local.New(nil)},
			}))
			if row.want["migrations"] != "" {
				delete(got, "not-checked") // TestExaminer_schema checks that
			}
			for check, problem := range row.want {
				row.want[check] = names.Replace(problem)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
