package bunstore

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/uptrace/bun"
)

// stockTable is a table as Kamailio 5.6 and later have it.
type stockTable struct {
	name    string
	version int
	model   any
}

// stock are the tables that a Kamailio with auth_db, alias_db, domain and group needs to start. The
// table version comes first, because rows about the others go there.
var stock = []stockTable{
	{"version", 1, (*versionModel)(nil)},
	{"subscriber", 7, (*subscriberModel)(nil)},
	{"dbaliases", 1, (*dbaliasModel)(nil)},
	{"domain", 2, (*domainModel)(nil)},
	{"domain_attrs", 1, (*domainAttrModel)(nil)},
	{"grp", 2, (*grpModel)(nil)},
}

// create returns the SQL that creates a table. In the files the schema is a variable of psql.
func (s *Store) create(t stockTable) string {
	text := mustRead(path.Join("kamailio", s.engine.folder, t.name+".sql"))
	return strings.ReplaceAll(text, `:"schema"`, s.raw("?", bun.Name(s.engine.schema)).text)
}

// versionRow is the SQL that adds a table's row to version. A row that exists is another tool's,
// and stays.
const versionRow = `INSERT INTO ?version (table_name, table_version) SELECT ?0, ?1
	WHERE NOT EXISTS (SELECT 1 FROM ?version WHERE table_name = ?0);
`

// CreateKamailioTables creates those of Kamailio's tables that are missing, with their rows in
// version. It does not change tables that exist.
func (s *Store) CreateKamailioTables(ctx context.Context) error {
	err := s.underLock(ctx, func(in *Store) error {
		text, err := in.missingTables(ctx)
		if err != nil {
			return err
		}
		return in.command(ctx, text)
	})
	if err != nil {
		return fmt.Errorf("create Kamailio's tables: %w", err)
	}
	_, err = s.look(ctx)
	return err
}

// KamailioSQL returns the SQL that CreateKamailioTables would run. It is empty where nothing is
// missing.
func (s *Store) KamailioSQL(ctx context.Context) (string, error) {
	text, err := s.missingTables(ctx)
	return s.inTransaction(text), err
}

// missingTables returns the SQL for the tables that are missing. A new table version gets the
// rows of tables that existed before it, too: Kamailio does not start without them.
func (s *Store) missingTables(ctx context.Context) (string, error) {
	var text strings.Builder
	newVersion := false
	for i, t := range stock {
		exists := false
		if err := s.get(ctx, s.raw(s.engine.hasTable), &exists, t.name); err != nil {
			return "", err
		}
		newVersion = newVersion || i == 0 && !exists
		if !exists {
			text.WriteString(s.create(t))
		}
		if !exists || newVersion {
			text.WriteString(s.raw(versionRow, t.name, t.version).text)
		}
	}
	return text.String(), nil
}
