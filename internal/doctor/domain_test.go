package doctor

import (
	"strings"
	"testing"
)

func TestExaminer_anyDomain(t *testing.T) {
	eachEngine(t, func(t *testing.T, newDB func(*testing.T) *testDB) {
		db := newDB(t)
		mustBootstrap(t, db)
		checkProblems(t, db.examine(t, nil), map[string]string{
			"domains": "warn no domain is served: no user can be added",
		})
	})
}

// domainFaults are faults in the domains of Kamailio's tables.
var domainFaults = []rowFault{
	{
		why: "domains without servers",
		sql: []string{
			`INSERT INTO domain (domain, did) VALUES ('bare.test', 'bare.test')`,
			`INSERT INTO domain (domain, did) VALUES ('BARE.test', 'BARE.test')`,
		},
		check: "default-servers",
		want:  "warn domains without default servers, to which no user can be added: 2 (bare.test, setting.test)",
	},
	{
		why: "domains in upper case",
		sql: []string{
			insertAccount("upper", "UPPER.test"),
			insertUser("upper", "UPPER.test"),
			`INSERT INTO domain (domain, did) VALUES ('UPPER.test', 'UPPER.test')`,
			`INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
				VALUES ('desk', 'example.test', 'upper', 'UPPER.test')`,
			`INSERT INTO HERMES.servers SELECT 'upper.test', registrar, r_port, proxy, p_port, prov_url
				FROM HERMES.servers WHERE domain = 'example.test'`,
		},
		check: "domain-case",
		want: "warn rows whose domain is not in lower case, though users and aliases are looked up in lower case: " +
			"4 (domain BARE.test, domain UPPER.test, subscriber upper@UPPER.test, " +
			"dbaliases desk@example.test to upper@UPPER.test)",
	},
	{
		why: "domains that no host can have",
		sql: []string{
			`INSERT INTO domain (domain, did) VALUES ('bad_host.test', 'bad_host.test')`,
			`INSERT INTO domain (domain, did) VALUES ('-x.test', '-x.test')`,
		},
		check: "malformed-domains",
		want: "warn domains that are malformed: Hermes adds no users to them and sets no default servers for them: " +
			"2 (bad_host.test, -x.test)",
	},
	{
		why:   "a domain was removed",
		sql:   []string{insertAccount("stray", "nowhere.test"), insertUser("stray", "nowhere.test")},
		check: "user-domains",
		want:  "warn users in domains that are not served: 1 (stray@nowhere.test)",
	},
}

// TestExamine_SQL wants the remedy of rows that no call of the API can name, or repair, to be a
// statement that does.
func TestExamine_SQL(t *testing.T) {
	eachEngine(t, func(t *testing.T, newDB func(*testing.T) *testDB) {
		db := newDB(t)
		mustBootstrap(t, db)
		mustAddDomains(t, db, "example.test")
		db.exec(t,
			`INSERT INTO domain (domain, did) VALUES ('bad_host.test', 'bad_host.test')`,
			`INSERT INTO subscriber (username, domain, ha1, ha1b) VALUES ('', '', '1', '2')`,
			"INSERT INTO subscriber (username, domain, ha1, ha1b) VALUES ('a\nb', 'example.test', '1', '2')",
			`INSERT INTO subscriber (username, domain, ha1, ha1b) VALUES ('101', '', '1', '2')`,
			`INSERT INTO subscriber (username, domain, ha1, ha1b) VALUES ('upper', 'EXAMPLE.test', '1', '2')`,
			"INSERT INTO dbaliases (alias_username, alias_domain, username, domain) VALUES ('c\td', 'example.test', 'nobody', 'example.test')",
			`INSERT INTO grp (username, domain, grp) VALUES ('gh''ost', 'example.test', 'intl')`,
		)
		for _, f := range db.examine(t, nil) {
			_, statements, ok := strings.Cut(f.Remedy, "; in SQL: ")
			if !ok {
				continue
			}
			for statement := range strings.SplitSeq(statements, "; ") {
				db.exec(t, statement)
			}
		}
		// 101 and upper are for calls of the API.
		want := map[string]bool{"kamailio-only-users": true, "user-domains": true}
		for _, f := range db.examine(t, nil) {
			if f.Level != OK && !want[f.Check] && strings.ContainsAny(f.Detail, "_'\\") {
				t.Errorf("%s is still %s: %s", f.Check, f.Level, f.Detail)
			}
			if want[f.Check] && strings.Contains(f.Remedy, "SQL") {
				t.Errorf("%s: got the remedy %q, want calls of the API alone", f.Check, f.Remedy)
			}
		}
	})
}
