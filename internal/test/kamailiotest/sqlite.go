package kamailiotest

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// modules name the files with the tables that the configuration needs. The order matters: standard
// creates the version table that the others write to.
var modules = []string{"standard", "auth_db", "alias_db", "domain", "group"}

// ddlFolders are the folders in which Debian's package and Kamailio's own make install put the
// files.
var ddlFolders = []string{"/usr/share/kamailio/db_sqlite", "/usr/local/share/kamailio/db_sqlite"}

// SQLite is the database file of one test.
type SQLite struct {
	path string
	db   *sql.DB
}

// NewSQLite creates a file in WAL mode with the tables of Kamailio's package, in which only the
// table version has rows. The file is removed when the test ends.
func NewSQLite(tb testing.TB) *SQLite {
	tb.Helper()
	ddl, err := readDDL()
	if err != nil {
		testserver.SkipOrFail(tb, err)
	}
	s := &SQLite{path: filepath.Join(tb.TempDir(), "kamailio.db")}
	s.db, err = sql.Open("sqlite", "file:"+s.path+"?_pragma=journal_mode(wal)&_pragma=busy_timeout(10000)")
	if err != nil {
		tb.Fatalf("kamailiotest: %v", err)
	}
	tb.Cleanup(func() { _ = s.db.Close() })
	s.Exec(tb, ddl)
	return s
}

// readDDL returns the installed package's statements that create Kamailio's tables.
func readDDL() (string, error) {
	for _, dir := range ddlFolders {
		var b strings.Builder
		for _, name := range modules {
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

// URL returns sqlite: and the file's path, the form of Options.Database and hermesd's --db.
func (s *SQLite) URL() string { return "sqlite:" + s.path }

// Exec runs a statement. Without arguments it may be several statements.
func (s *SQLite) Exec(tb testing.TB, query string, args ...any) {
	tb.Helper()
	if _, err := s.db.Exec(query, args...); err != nil {
		tb.Fatalf("kamailiotest: %v", err)
	}
}
