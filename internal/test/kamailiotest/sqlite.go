package kamailiotest

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// tables are the files of Kamailio's DDL that the configuration needs, in the order of their statements:
// standard makes the version table that the others write to.
var tables = []string{"standard", "auth_db", "alias_db", "domain", "group"}

// ddlFolders are where Debian's package and Kamailio's own make install put the files.
var ddlFolders = []string{"/usr/share/kamailio/db_sqlite", "/usr/local/share/kamailio/db_sqlite"}

// SQLite is a database file of one test.
type SQLite struct {
	path string
	db   *sql.DB
}

// NewSQLite makes a file in WAL mode with Kamailio's tables as its package ships them, without rows
// but those of version. It is removed when the test ends.
func NewSQLite(tb testing.TB) *SQLite {
	tb.Helper()
	ddl, err := readDDL()
	if err != nil {
		lacking(tb, err)
	}
	s := &SQLite{path: filepath.Join(tb.TempDir(), "kamailio.db")}
	if s.db, err = sql.Open("sqlite", "file:"+s.path+"?_pragma=journal_mode(wal)&_pragma=busy_timeout(10000)"); err != nil {
		tb.Fatalf("kamailiotest: %v", err)
	}
	tb.Cleanup(func() { _ = s.db.Close() })
	s.Exec(tb, ddl)
	return s
}

func readDDL() (string, error) {
	for _, dir := range ddlFolders {
		var b strings.Builder
		for _, name := range tables {
			text, err := os.ReadFile(filepath.Join(dir, name+"-create.sql"))
			if err != nil {
				break
			}
			b.Write(text)
		}
		if strings.Contains(b.String(), "CREATE TABLE grp") {
			return b.String(), nil
		}
	}
	return "", fmt.Errorf("no Kamailio tables for SQLite in %q (Debian: kamailio-sqlite-modules)", ddlFolders)
}

// URL returns sqlite: and the file's path, as Options.Database and hermesd's --db take it.
func (s *SQLite) URL() string { return "sqlite:" + s.path }

// Path returns the file's path.
func (s *SQLite) Path() string { return s.path }

// Exec runs statements. Without arguments they may be several.
func (s *SQLite) Exec(tb testing.TB, query string, args ...any) {
	tb.Helper()
	if _, err := s.db.Exec(query, args...); err != nil {
		tb.Fatalf("kamailiotest: %v", err)
	}
}
