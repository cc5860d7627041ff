package doctor

import (
	"context"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestExaminer_triggers grants what kamdbctl grants to Kamailio's role, and makes what that role
// can make then.
func TestExaminer_triggers(t *testing.T) {
	db := newPostgres(t)
	populate(t, db)
	role := "kamailio_" + db.postgres.Name()
	db.exec(t, "CREATE ROLE "+role)
	t.Cleanup(func() { db.exec(t, "DROP OWNED BY "+role+" CASCADE", "DROP ROLE "+role) })
	db.exec(t, "GRANT ALL ON subscriber, grp TO "+role, "GRANT TRIGGER ON dbaliases TO PUBLIC",
		"GRANT CREATE ON SCHEMA public TO PUBLIC", "ALTER TABLE domain OWNER TO "+role,
		// The triggers of a foreign key are PostgreSQL's own.
		"ALTER TABLE grp ADD FOREIGN KEY (username, domain) REFERENCES subscriber (username, domain)",
		"CREATE POLICY hide ON dbaliases USING (true)", "CREATE TABLE other (id integer)", "GRANT TRIGGER ON other TO PUBLIC",
		`SET ROLE `+role+`; CREATE FUNCTION public.escalate() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
			CREATE TRIGGER escalate BEFORE INSERT ON subscriber FOR EACH ROW EXECUTE FUNCTION public.escalate();
			CREATE RULE divert AS ON DELETE TO domain DO ALSO SELECT 1`)
	want := map[string]string{
		"table-rights": "fail rights of roles by which these can make triggers on Kamailio's tables, " +
			"whose functions then run with the rights of Hermes' role: 4 (PUBLIC has TRIGGER on public.dbaliases, " +
			role + " has TRIGGER on public.grp, " + role + " has TRIGGER on public.subscriber, " + role + " owns public.domain)",
		"triggers": "fail triggers, rules and policies on Kamailio's tables, whose functions run with the rights of Hermes' role: " +
			"3 (policy hide on public.dbaliases, rule divert on public.domain, trigger escalate on public.subscriber)",
	}
	checkProblems(t, db.examine(t, nil), want)
	db.exec(t, "REVOKE TRIGGER, REFERENCES ON subscriber, grp FROM "+role, "REVOKE TRIGGER ON dbaliases FROM PUBLIC",
		"ALTER TABLE domain OWNER TO postgres")
	delete(want, "table-rights")
	checkProblems(t, db.examine(t, nil), want)
}

func TestExaminer_columns(t *testing.T) {
	testDatabaseFaults(t, []databaseFault{
		{
			why: "columns of upgraded sites", engine: "postgres",
			sql: []string{"ALTER TABLE subscriber ADD email_address varchar(64), ADD rpid varchar(128)", "ALTER TABLE grp ALTER grp TYPE varchar(50)"},
			want: map[string]string{
				"column-widths": "warn columns that are narrower than texts that Hermes takes, so that longer ones are refused: " +
					"2 (grp.grp has 50, want 64, subscriber.email_address has 64, want 128)",
			},
		},
		{
			why: "a column that ignores case", engine: "postgres",
			sql: []string{"CREATE EXTENSION citext", "ALTER TABLE subscriber ALTER username TYPE citext"},
			want: map[string]string{
				"column-types": "fail columns that take different texts for equal, so that a change of one user could be one of another: " +
					"hermesd does not use the tables: 1 (subscriber.username is of the type citext)",
			},
		},
		{
			why: "a trigger of another tool", engine: "sqlite",
			sql: []string{"CREATE TRIGGER escalate AFTER INSERT ON subscriber BEGIN SELECT 1; END"},
			want: map[string]string{
				"triggers": "fail triggers, rules and policies on Kamailio's tables, whose functions run with the rights of Hermes' role: " +
					"1 (trigger escalate on subscriber)",
			},
		},
		{
			why: "domains that Kamailio has not loaded, and one that it should no longer have",
			sql: []string{`INSERT INTO HERMES.api_keys (id, hash, public_key, host, comment) VALUES ('k1', '', '', '10.0.0.0/8,::/0', ''), ('k2', '', '', '10.0.0.0/8', '')`},
			change: func(o *Options) {
				o.LoadedDomains = func(context.Context) ([]string, error) { return []string{"Example.test", "old.test"}, nil }
				o.Domains = []sip.Domain{sip.MustParseDomain("setting.test")} // which Kamailio need not have
			},
			want: map[string]string{
				"loaded-domains": "warn domains that the running Kamailio and its table do not both have: " +
					"2 (other.test is not loaded: Kamailio refuses its users, old.test is loaded, but no longer in the table)",
				"default-servers": "warn domains without default servers, to which no user can be added: 1 (setting.test)",
				"key-hosts":       "warn API keys that are bound to every address, and so to none: 1 (k1 bound to 10.0.0.0/8,::/0)",
			},
		},
	})
}

// TestExamine_OneFinding wants a row with several faults to be in one finding.
func TestExamine_OneFinding(t *testing.T) {
	eachEngine(t, func(t *testing.T, newDB func(*testing.T) *testDB) {
		db := newDB(t)
		populate(t, db)
		db.exec(t,
			`INSERT INTO subscriber (username, domain, password, ha1, ha1b) VALUES ('kamctl', 'Example.test', 'clear', '', '')`,
			`INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ('kamctl', 'Example.test', 'gone', 'example.test')`,
			`UPDATE subscriber SET password = 'x', ha1 = 'x' WHERE username = 'alice'`,
		)
		checkProblems(t, db.examine(t, nil), map[string]string{
			"domain-case": "warn rows whose domain is not in lower case, though users and aliases are looked up in lower case: " +
				"2 (subscriber kamctl@Example.test, dbaliases kamctl@Example.test to gone@example.test)",
			"password-hashes": "fail users whose ha1 or ha1b does not fit the password that Hermes has: another tool changed it: 1 (alice@example.test)",
		})
	})
}

func TestIsEverywhere(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{"": false, "0.0.0.0/0": true, "10.0.0.0/8,::/0": true, "10.0.0.0/8": false, "a.example.com": false} {
		if got := isEverywhere(hermes.Key{Host: host}); got != want {
			t.Errorf("%q: %t, want %t", host, got, want)
		}
	}
}
