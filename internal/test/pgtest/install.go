package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// kamailioModules name the files with the tables of a registrar that uses aliases, domains and
// groups. The order matters: standard creates the version table that the others write to.
var kamailioModules = []string{"standard", "auth_db", "alias_db", "domain", "group", "usrloc"}

// kamailioFolders are the folders in which Debian's package and Kamailio's own make install put the
// files.
var kamailioFolders = []string{"/usr/share/kamailio/postgres", "/usr/local/share/kamailio/postgres"}

// FindBin returns the folder that holds both initdb and postgres: the one in PATH, or else the
// folder of the newest version in Debian's /usr/lib/postgresql/VERSION/bin.
func FindBin() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil && isFile(filepath.Join(filepath.Dir(p), "postgres")) {
			return filepath.Dir(p), nil
		}
	}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	for _, d := range dirs {
		if isFile(filepath.Join(d, "initdb")) && isFile(filepath.Join(d, "postgres")) {
			return d, nil
		}
	}
	return "", fmt.Errorf("no PostgreSQL server: initdb is neither in PATH nor in /usr/lib/postgresql/*/bin")
}

// version returns VERSION of /usr/lib/postgresql/VERSION/bin.
func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

func isFile(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode().IsRegular()
}

// kamailioDDL returns the installed package's statements that create Kamailio's tables.
func kamailioDDL() (string, error) {
	for _, dir := range kamailioFolders {
		if !isFile(filepath.Join(dir, "standard-create.sql")) {
			continue
		}
		var b strings.Builder
		for _, m := range kamailioModules {
			ddl, err := os.ReadFile(filepath.Join(dir, m+"-create.sql"))
			if err != nil {
				return "", err
			}
			b.Write(ddl)
		}
		return b.String(), nil
	}
	return "", fmt.Errorf("no Kamailio tables: standard-create.sql is not in %s (Debian: kamailio-postgres-modules)",
		strings.Join(kamailioFolders, " or "))
}
