package doctor

import "testing"

// allSteps are the migration steps, as a finding lists them.
const allSteps = "0001_provisioning, 0002_access, 0003_search, 0004_numbers, 0005_logins, 0006_secret_check, 0007_epoch, " +
	"0008_scopes, 0009_audit, 0010_answers, 0011_scope_indexes, 0012_reserved_numbers, 0013_suspended, 0014_lines, 0015_devices"

func TestExaminer_schema(t *testing.T) {
	badGroups := couldNotCheck("the table grp is not as Kamailio has it", "groups")
	testDatabaseFaults(t, []databaseFault{
		{
			why: "no table grp",
			sql: []string{`DROP TABLE grp`},
			want: map[string]string{
				"kamailio-tables": "warn missing of Kamailio's tables and columns: 1 (grp)",
				"not-checked":     badGroups,
			},
		},
		{
			why: "an old table grp",
			sql: []string{`ALTER TABLE grp DROP COLUMN last_modified`},
			want: map[string]string{
				"kamailio-tables": "warn missing of Kamailio's tables and columns: 1 (grp.last_modified)",
				"not-checked":     badGroups,
			},
		},
		{
			why: "an old table dbaliases",
			sql: []string{`ALTER TABLE dbaliases RENAME COLUMN alias_domain TO old`},
			want: map[string]string{
				"kamailio-tables": "fail missing of Kamailio's tables and columns: 1 (dbaliases.alias_domain)",
				"not-checked": couldNotCheck("the table dbaliases is not as Kamailio has it", "alias-destinations", "users-and-aliases",
					"duplicate-aliases", "e164-aliases", "pool-numbers", "same-alias-names", "domain-case"),
			},
		},
		{
			why: "an added column that requires a value",
			sql: []string{
				`DROP TABLE grp`,
				`CREATE TABLE grp (id integer PRIMARY KEY, username text, domain text, grp text, last_modified text,
					good integer NOT NULL DEFAULT 1, site integer NOT NULL)`,
			},
			want: map[string]string{
				"foreign-columns": "fail columns that Hermes does not know, and that have neither a default nor NULL: " +
					"nothing can be added to their tables: 1 (grp.site)",
			},
		},
		{
			why: "other versions than Kamailio requires",
			sql: []string{
				`UPDATE version SET table_version = 6 WHERE table_name = 'subscriber'`,
				`DELETE FROM version WHERE table_name = 'domain_attrs'`,
			},
			want: map[string]string{
				"table-versions": "fail rows in Kamailio's table version that keep it from starting: " +
					"2 (subscriber is 6, want 7, domain_attrs has no row, want 1)",
			},
		},
		{
			why: "an old table version without ids",
			sql: []string{
				`ALTER TABLE version RENAME TO old`,
				`CREATE TABLE version AS SELECT table_name, table_version FROM old`,
			},
			want: map[string]string{},
		},
		{
			why:        "a migration is pending",
			sql:        []string{`DELETE FROM HERMES.migrations WHERE name = '0002_access'`},
			want:       map[string]string{"migrations": "fail the schema is older than this hermesd: 0002_access"},
			stopsAfter: "migrations", stopReason: errSchema.Error(),
		},
		{
			why:    "migrations are pending and hermesd migrates at its start",
			sql:    []string{`DELETE FROM HERMES.migrations`},
			change: func(o *Options) { o.AutoMigrate = true },
			want: map[string]string{
				"migrations": "warn the schema is older than this hermesd: " + allSteps,
			},
			stopsAfter: "migrations", stopReason: errSchema.Error(),
		},
		{
			why:  "a newer schema",
			sql:  []string{`INSERT INTO HERMES.migrations (name) VALUES ('9999_future')`},
			want: map[string]string{"migrations": "fail the schema is newer than this hermesd: 9999_future"},
		},
		{
			why:    "no principal with full_write",
			engine: "postgres",
			sql:    []string{`UPDATE HERMES.authorizations SET access = 3`},
			want: map[string]string{
				"bootstrapped": "fail there is no principal with full_write and without a scope that can log in and does not expire: " +
					"Hermes cannot be administered",
			},
		},
		{
			why:    "the principal is a user that no backend has",
			engine: "postgres",
			sql:    []string{`DELETE FROM HERMES.credentials`},
			want: map[string]string{
				"bootstrapped": "fail there is no principal with full_write and without a scope that can log in and does not expire: " +
					"Hermes cannot be administered",
			},
		},
		{
			why:    "no principal any more, so that hermesd adds none at its start",
			engine: "sqlite",
			sql:    []string{`DELETE FROM HERMES.authorizations`},
			want: map[string]string{
				"bootstrapped": "fail there is no principal with full_write and without a scope that can log in and does not expire: " +
					"Hermes cannot be administered",
			},
		},
		{
			why:    "no principal yet, but hermesd adds one at its start",
			engine: "sqlite",
			sql:    []string{`DELETE FROM HERMES.authorizations`, `DELETE FROM HERMES.marks`},
			want:   map[string]string{"bootstrapped": "warn there is no principal with full_write"},
		},
		{
			why:    "no extension pg_trgm",
			engine: "postgres",
			sql:    []string{`DROP EXTENSION pg_trgm CASCADE`},
			want: map[string]string{
				"search-index": "warn there is no index for searches in the users: each reads the whole table",
			},
		},
	})
}

// schemaFaults are faults in the rows of Kamailio's table domain_attrs.
var schemaFaults = []rowFault{
	{
		why: "attributes that Kamailio cannot read",
		sql: []string{
			`INSERT INTO domain_attrs (did, name, type, value) VALUES ('example.test', 'odd', 1, '1')`,
			`INSERT INTO domain_attrs (did, name, type, value) VALUES ('example.test', 'text', 0, '1x')`,
			`INSERT INTO domain_attrs (did, name, type, value) VALUES ('example.test', 'good', 0, '-12')`,
			`INSERT INTO domain_attrs (did, name, type, value) VALUES ('example.test', 'good', 2, 'x')`,
		},
		check: "domain-attributes",
		want: "fail rows of domain_attrs that stop Kamailio's domain.reload, " +
			"their type being neither 0 nor 2, or 0 without an integer: 2 (odd of example.test, text of example.test)",
	},
}
