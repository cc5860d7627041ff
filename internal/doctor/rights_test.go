package doctor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// granted are the rights that suffice.
const granted = `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ROLE; GRANT INSERT, UPDATE, DELETE ON subscriber, dbaliases, grp TO ROLE;
	GRANT USAGE ON SEQUENCE subscriber_id_seq, dbaliases_id_seq, grp_id_seq TO ROLE;
	GRANT USAGE ON SCHEMA hermes TO ROLE; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA hermes TO ROLE;`

func TestRights(t *testing.T) {
	const lacking = "fail rights that the role ROLE lacks: "
	rows := []struct {
		why  string
		sql  string
		want map[string]string
	}{
		{"what suffices", granted, map[string]string{}},
		{"reading only", granted + `REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, hermes FROM ROLE; GRANT INSERT, DELETE, UPDATE ON ALL TABLES IN SCHEMA hermes TO ROLE`,
			map[string]string{"privileges": lacking + "9 (INSERT on public.subscriber, UPDATE on public.subscriber, DELETE on public.subscriber, INSERT on public.dbaliases, UPDATE on public.dbaliases, ...)"}},
		{"one here and there", granted + `REVOKE DELETE ON grp FROM ROLE; REVOKE USAGE ON SEQUENCE dbaliases_id_seq FROM ROLE; REVOKE UPDATE ON hermes.sessions FROM ROLE`,
			map[string]string{"privileges": lacking + "3 (DELETE on public.grp, USAGE on sequence public.dbaliases_id_seq, UPDATE on hermes.sessions)"}},
		{"not even reading", granted + `REVOKE SELECT ON grp FROM ROLE`, map[string]string{"privileges": lacking + "1 (SELECT on public.grp)",
			"groups": unseenText + "ERROR: permission denied for table grp (SQLSTATE=42501)"}},
		{"no version", granted + `REVOKE SELECT ON version FROM ROLE`, map[string]string{"table-versions": unseenText + "ERROR: permission denied for table version (SQLSTATE=42501)"}},
		{"migrations to come", granted + `DELETE FROM hermes.migrations WHERE name = '0002_access'`,
			map[string]string{"privileges": lacking + "1 (CREATE on schema hermes)", "migrations": "fail the schema is older than this hermesd: 0002_access"}},
		{"another's schema", strings.ReplaceAll(granted, "GRANT USAGE ON SCHEMA hermes TO ROLE;", ""),
			map[string]string{"privileges": lacking + "1 (USAGE on schema hermes)", "migrations": unseenText + "ERROR: permission denied for schema hermes (SQLSTATE=42501)"}},
		{"no schema yet", `DROP SCHEMA hermes CASCADE;` + granted[:strings.Index(granted, "GRANT USAGE ON SCHEMA hermes")],
			map[string]string{"privileges": lacking + "1 (CREATE on database DATABASE)", "migrations": "fail the schema is older than this hermesd: 0001_provisioning, 0002_access"}},
	}
	for i, r := range rows {
		t.Run(r.why, func(t *testing.T) {
			b := healthy(emptyPostgres(t))
			role := fmt.Sprintf("doctor_%d", i)
			words := strings.NewReplacer("ROLE", role, "DATABASE", b.postgres.Name())
			b.exec("CREATE ROLE " + role + " LOGIN")
			t.Cleanup(func() { b.exec("DROP OWNED BY "+role, "DROP ROLE "+role) })
			b.exec(words.Replace(r.sql))
			got := faults(t, b.examinedAs(role))
			if migrations := r.want["migrations"]; migrations != "" {
				for check, why := range got {
					if check != "privileges" && check != "migrations" && strings.HasPrefix(why, unseenText) {
						delete(got, check) // TestStructureFaults has these
					}
				}
			}
			for check, finding := range r.want {
				r.want[check] = words.Replace(finding)
			}
			if d := cmp.Diff(r.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
