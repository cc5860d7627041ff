package doctor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestDatabase_ReadOnly checks that the connections and the store of a Database refuse to write.
func TestDatabase_ReadOnly(t *testing.T) {
	eachEngine(t, func(t *testing.T, newDB func(*testing.T) *testDB) {
		db := newDB(t)
		populate(t, db)
		d := db.open(t, "")
		schema := ""
		if db.postgres != nil {
			schema = "public."
		}
		for _, statement := range []string{
			`DELETE FROM ` + schema + `subscriber`,
			`UPDATE ` + schema + `version SET table_version = 1`,
			`CREATE TABLE ` + schema + `t (x integer)`,
			`INSERT INTO ` + schema + `grp (username) VALUES ('x')`,
		} {
			err := d.run(t.Context(), func(ctx context.Context, c bunstore.Conn) error {
				_, err := c.ExecContext(ctx, statement)
				return err
			})
			if err == nil ||
				!strings.Contains(err.Error(), "read-only transaction") && !strings.Contains(err.Error(), "readonly database") {
				t.Errorf("%s: got error %v, want that the database is read-only", statement, err)
			}
		}
		err := d.read(t.Context(), func(ctx context.Context, s *bunstore.Store) error {
			_, err := s.RemoveUser(ctx, sip.MustParse("alice@example.test"))
			return err
		})
		if err != errReadOnly {
			t.Errorf("RemoveUser: got error %v, want %v", err, errReadOnly)
		}
	})
}

func TestSQLite_NoFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	if _, err := SQLite(path); err == nil {
		t.Error("got no error for a file that does not exist")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file was created")
	}
}

// TestSQLite_FileUnchanged examines a file that no other process has open. It must not change, and
// no other file may be left beside it.
func TestSQLite_FileUnchanged(t *testing.T) {
	t.Parallel()
	db := newSQLite(t)
	populate(t, db)
	must(t, db.store.Close())
	before, err := os.ReadFile(db.path)
	must(t, err)
	checkProblems(t, db.examine(t, nil), map[string]string{})
	after, err := os.ReadFile(db.path)
	must(t, err)
	if string(before) != string(after) {
		t.Error("the file has changed")
	}
	if names, _ := filepath.Glob(filepath.Dir(db.path) + "/*"); len(names) != 1 {
		t.Errorf("the folder has the files %q, want only the database", names)
	}
}
