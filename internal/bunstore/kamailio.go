package bunstore

import (
	"context"
	"fmt"
	"strings"
)

// kamailioTable is a table as Kamailio 5.6 and later have it, but for its serial id.
type kamailioTable struct {
	name    string
	version int
	columns []string
	unique  string   // constraint
	indexes []string // name (columns)
}

const lastModified = `last_modified TIMESTAMP WITHOUT TIME ZONE DEFAULT '2000-01-01 00:00:01' NOT NULL`

// stock are the tables that a Kamailio with auth_db, alias_db, domain and group needs to start. The
// table version comes first because the others' rows go there.
var stock = []kamailioTable{
	{"version", 1, []string{
		`table_name VARCHAR(32) NOT NULL`, `table_version INTEGER DEFAULT 0 NOT NULL`,
	}, `version_table_name_idx UNIQUE (table_name)`, nil},
	{"subscriber", 7, []string{
		`username VARCHAR(64) DEFAULT '' NOT NULL`, `domain VARCHAR(64) DEFAULT '' NOT NULL`,
		`password VARCHAR(64) DEFAULT '' NOT NULL`, `ha1 VARCHAR(128) DEFAULT '' NOT NULL`, `ha1b VARCHAR(128) DEFAULT '' NOT NULL`,
	}, `subscriber_account_idx UNIQUE (username, domain)`, []string{`subscriber_username_idx (username)`}},
	{"dbaliases", 1, []string{
		`alias_username VARCHAR(64) DEFAULT '' NOT NULL`, `alias_domain VARCHAR(64) DEFAULT '' NOT NULL`,
		`username VARCHAR(64) DEFAULT '' NOT NULL`, `domain VARCHAR(64) DEFAULT '' NOT NULL`,
	}, ``, []string{`dbaliases_alias_user_idx (alias_username)`, `dbaliases_alias_idx (alias_username, alias_domain)`,
		`dbaliases_target_idx (username, domain)`}},
	{"domain", 2, []string{
		`domain VARCHAR(64) NOT NULL`, `did VARCHAR(64) DEFAULT NULL`, lastModified,
	}, `domain_domain_idx UNIQUE (domain)`, nil},
	{"domain_attrs", 1, []string{
		`did VARCHAR(64) NOT NULL`, `name VARCHAR(32) NOT NULL`, `type INTEGER NOT NULL`, `value VARCHAR(255) NOT NULL`, lastModified,
	}, ``, []string{`domain_attrs_domain_attrs_idx (did, name)`}},
	{"grp", 2, []string{
		`username VARCHAR(64) DEFAULT '' NOT NULL`, `domain VARCHAR(64) DEFAULT '' NOT NULL`, `grp VARCHAR(64) DEFAULT '' NOT NULL`, lastModified,
	}, `grp_account_group_idx UNIQUE (username, domain, grp)`, nil},
}

// ddl is the table's statements. prefix is the schema with its dot, and id the column that numbers rows.
func (t kamailioTable) ddl(prefix, id string) []string {
	parts := append([]string{id}, t.columns...)
	if t.unique != "" {
		parts = append(parts, "CONSTRAINT "+t.unique)
	}
	statements := []string{"CREATE TABLE " + prefix + t.name + " (\n\t" + strings.Join(parts, ",\n\t") + "\n)"}
	for _, index := range t.indexes {
		name, columns, _ := strings.Cut(index, " ")
		statements = append(statements, "CREATE INDEX "+name+" ON "+prefix+t.name+" "+columns)
	}
	return statements
}

// versionRow adds the table's row to version; one that is there is another's, and stays.
func (t kamailioTable) versionRow(prefix string) string {
	return fmt.Sprintf(`INSERT INTO %[1]sversion (table_name, table_version) SELECT '%[2]s', %[3]d
WHERE NOT EXISTS (SELECT 1 FROM %[1]sversion WHERE table_name = '%[2]s')`, prefix, t.name, t.version)
}

// CreateKamailioTables creates those of Kamailio's tables that are missing, with their rows in version, and
// leaves alone those that are there.
func (s *Store) CreateKamailioTables(ctx context.Context) error {
	err := s.underLock(ctx, func(in *Store) error {
		statements, err := in.missingTables(ctx)
		if err != nil {
			return err
		}
		return in.commands(ctx, statements)
	})
	if err != nil {
		return fmt.Errorf("create Kamailio's tables: %w", err)
	}
	_, err = s.look(ctx)
	return err
}

// KamailioSQL returns what CreateKamailioTables would run; "" where nothing is missing.
func (s *Store) KamailioSQL(ctx context.Context) (string, error) {
	statements, err := s.missingTables(ctx)
	var text strings.Builder
	writeTransaction(&text, statements)
	return text.String(), err
}

// missingTables returns the statements for what is missing. A new table version gets the rows of tables that were
// there before it, too: without them Kamailio does not start.
func (s *Store) missingTables(ctx context.Context) (statements []string, err error) {
	newVersion := false
	for i, t := range stock {
		var there bool
		if err := s.one(ctx, s.engine.there(t.name), &there); err != nil {
			return nil, err
		}
		newVersion = newVersion || i == 0 && !there
		if !there {
			statements = append(statements, t.ddl(s.engine.kamailioWords())...)
		}
		if !there || newVersion {
			prefix, _ := s.engine.kamailioWords()
			statements = append(statements, t.versionRow(prefix))
		}
	}
	return statements, nil
}
