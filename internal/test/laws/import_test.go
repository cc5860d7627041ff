package laws_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// goPackage is a package as go list describes it. Names of this module's packages are relative to
// its root: ./hermes.
type goPackage struct {
	ImportPath string
	Imports    []string // by the package itself, without its tests
	Deps       []string // everything that is compiled into a program that imports the package
}

// listPackages returns the packages of the module and their dependencies by name.
func listPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := map[string]goPackage{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = relative(p.ImportPath)
		for _, names := range [][]string{p.Imports, p.Deps} {
			for i := range names {
				names[i] = relative(names[i])
			}
		}
		packages[p.ImportPath] = p
	}
}

func relative(name string) string {
	if rest, ok := strings.CutPrefix(name, modulePrefix); ok {
		return "./" + rest
	}
	return name
}

func inModule(name string) bool { return strings.HasPrefix(name, "./") }

// inStandardLibrary reports whether the first part of the name has no dot.
func inStandardLibrary(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".")
}

// isOrBelow reports whether the package is one of the others or below one of them.
func isOrBelow(name string, others ...string) bool {
	return slices.ContainsFunc(others, func(o string) bool { return name == o || strings.HasPrefix(name, o+"/") })
}

// anyImport in a row of the table below allows other modules and all packages that have a row, but
// for the test suites hermes/storetest and hermes/backendtest.
const anyImport = "any"

// importTable has a row for each package of the product: the packages that it may import besides
// the standard library. A package of another module stands for those below it, too.
func importTable() map[string][]string {
	values := []string{"./sip", "./e164", "./mac"}
	andValues := func(more ...string) []string { return append(more, values...) }
	const (
		bun           = "github.com/uptrace/bun"
		pgDialect     = "github.com/uptrace/bun/dialect/pgdialect"
		sqliteDialect = "github.com/uptrace/bun/dialect/sqlitedialect"
	)
	return map[string][]string{
		"./sip":                {},
		"./e164":               {},
		"./mac":                {},
		"./e164/plan":          {"./e164", "github.com/nyaruka/phonenumbers"},
		"./hermes":             andValues("golang.org/x/text/unicode/norm"),
		"./hermes/memstore":    andValues("./hermes", "github.com/tidwall/btree"),
		"./hermes/postgres":    andValues("./hermes", "./internal/bunstore", "./internal/pgconn", pgDialect),
		"./hermes/sqlite":      andValues("./hermes", "./internal/bunstore", "./internal/stmtcache", sqliteDialect, "modernc.org/sqlite"),
		"./hermes/storetest":   andValues("./hermes", "github.com/anishathalye/porcupine", "github.com/google/go-cmp", "pgregory.net/rapid"),
		"./hermes/backendtest": {"./hermes"},
		"./hermes/local":       {"./hermes", "./internal/argon2id"},
		"./hermes/htpasswd":    {"./hermes", "./internal/argon2id", "golang.org/x/crypto"},
		"./hermes/ldap":        {"./hermes", "github.com/go-ldap/ldap/v3"},
		"./hermes/api":         andValues("./hermes", "./internal/wire"),
		"./hermes/remote":      andValues("./hermes", "./internal/wire"),
		"./hermes/provision":   andValues("./hermes"),
		"./hermes/console":     {"./hermes/api"},
		"./hermes/plan":        andValues("./hermes", "go.yaml.in/yaml/v4"),
		"./internal/argon2id":  {"golang.org/x/crypto"},
		"./internal/bunstore":  andValues("./hermes", bun),
		"./internal/pgconn":    {"./internal/stmtcache", "github.com/jackc/pgpassfile", "github.com/uptrace/bun", "github.com/uptrace/bun/driver/pgdriver"},
		"./internal/stmtcache": {},
		"./internal/kamrpc":    {},
		"./internal/wire":      andValues("./hermes"),
		"./internal/doctor":    andValues("./hermes", "./internal/bunstore", "./internal/pgconn", pgDialect, sqliteDialect, "modernc.org/sqlite"),
		"./cmd/hermesd":        {anyImport},
		"./cmd/hermesctl":      {anyImport},
	}
}

// driversAndDialects are below bun, and are not for internal/bunstore, which is the same for both
// databases.
var driversAndDialects = []string{
	"github.com/uptrace/bun/driver", "github.com/uptrace/bun/dialect/pgdialect", "github.com/uptrace/bun/dialect/sqlitedialect",
}

// TestImports: packages of the product import what their row of the table allows, examples import
// public packages of the module only, and everything else is below internal and only for tests or
// benchmarks, so that no part of the product imports it.
func TestImports(t *testing.T) {
	t.Parallel()
	report(t, wrongImports(listPackages(t), importTable()))
}

func wrongImports(packages map[string]goPackage, table map[string][]string) (faults []string) {
	for name, p := range packages {
		if !inModule(name) {
			continue
		}
		for _, i := range p.Imports {
			if !inStandardLibrary(i) && !mayImport(name, i, table) {
				faults = append(faults, name+" must not import "+i+"; see importTable")
			}
		}
		if table[name] == nil && !isOrBelow(name, "./examples", "./internal") {
			faults = append(faults, name+": add a row to importTable")
		}
	}
	for name := range table {
		if _, ok := packages[name]; !ok {
			faults = append(faults, name+": remove its row from importTable, since the package does not exist")
		}
	}
	return faults
}

func mayImport(name, imported string, table map[string][]string) bool {
	allowed, inProduct := table[name]
	_, isProduct := table[imported]
	switch {
	case isOrBelow(name, "./examples"):
		return !isOrBelow(imported, "./internal", "./cmd")
	case !inProduct: // it is for tests or benchmarks
		return true
	case slices.Contains(allowed, anyImport):
		return !inModule(imported) || isProduct && imported != "./hermes/storetest" && imported != "./hermes/backendtest"
	case inModule(imported):
		return slices.Contains(allowed, imported) && isProduct
	case name == "./internal/bunstore" && isOrBelow(imported, driversAndDialects...):
		return false
	}
	return isOrBelow(imported, allowed...)
}

// notCompiledTable has the packages that must not be compiled into a program because it imports the
// package of the row.
func notCompiledTable() map[string][]string {
	sql := []string{"database/sql", "github.com/uptrace/bun"}
	postgres := []string{"github.com/uptrace/bun/driver/pgdriver", "github.com/uptrace/bun/dialect/pgdialect", "github.com/jackc/pgx"}
	sqlite := []string{"modernc.org/sqlite", "github.com/uptrace/bun/dialect/sqlitedialect"}
	databases := slices.Concat(sql, postgres, sqlite)
	stores := append([]string{"./internal"}, databases...)
	forHTTP := append([]string{"./internal/bunstore", "./internal/kamrpc", "./hermes/memstore", "./hermes/local"}, databases...)
	forValues := []string{"net/http", "crypto", "encoding/json"}
	return map[string][]string{
		"./sip":                forValues,
		"./e164":               forValues,
		"./mac":                forValues,
		"./e164/plan":          append([]string{"./hermes", "net/http"}, stores...),
		"./hermes":             append([]string{"net/http", "os/exec", "html/template"}, stores...),
		"./hermes/memstore":    append([]string{"net/http"}, stores...),
		"./hermes/storetest":   append([]string{"./hermes/memstore"}, stores...),
		"./hermes/backendtest": append([]string{"net/http"}, stores...),
		"./hermes/local":       databases,
		"./hermes/htpasswd":    databases,
		"./hermes/ldap":        databases,
		"./hermes/api":         append([]string{"./hermes/remote", "./internal/pgconn"}, forHTTP...),
		"./hermes/remote":      append([]string{"./hermes/api"}, forHTTP...),
		"./cmd/hermesctl":      append([]string{"./hermes/api"}, forHTTP...),
		"./hermes/provision":   append([]string{"./hermes/memstore", "./hermes/api"}, stores...),
		"./hermes/console":     append([]string{"./hermes/remote"}, forHTTP...),
		"./hermes/plan":        append([]string{"net/http", "./hermes/memstore", "./hermes/api"}, stores...),
		"./hermes/sqlite":      append([]string{"./hermes/memstore", "./hermes/api"}, postgres...),
		"./hermes/postgres":    append([]string{"./hermes/memstore", "./hermes/api", "github.com/jackc/pgx"}, sqlite...),
	}
}

// TestCompiled: a program that imports a package of the module does not compile what it does not
// use, such as the driver of another database.
func TestCompiled(t *testing.T) {
	t.Parallel()
	report(t, wronglyCompiled(listPackages(t), notCompiledTable()))
}

// wronglyCompiled allows database/sql/driver everywhere, which types need for their Value methods.
func wronglyCompiled(packages map[string]goPackage, table map[string][]string) (faults []string) {
	for name, forbidden := range table {
		for _, d := range packages[name].Deps {
			if d != "database/sql/driver" && isOrBelow(d, forbidden...) {
				faults = append(faults, name+" must not compile "+d+"; see notCompiledTable")
			}
		}
	}
	// The standard library has no normalization of Unicode.
	unicode := []string{"golang.org/x/text/unicode/norm", "golang.org/x/text/transform"}
	for name, others := range map[string][]string{"./sip": nil, "./e164": nil, "./mac": nil, "./hermes": unicode} {
		for _, d := range packages[name].Deps {
			if !inModule(d) && !inStandardLibrary(d) && !slices.Contains(others, d) {
				faults = append(faults, name+" must not compile "+d+", which is not in the standard library")
			}
		}
	}
	return faults
}

func TestWrongImports(t *testing.T) {
	t.Parallel()
	table := map[string][]string{
		"./a": {"./b", "x.org/y"}, "./b": {}, "./cmd/hermesd": {anyImport}, "./internal/bunstore": {"github.com/uptrace/bun"},
	}
	exist := func() map[string]goPackage {
		return map[string]goPackage{"./a": {}, "./b": {}, "./cmd/hermesd": {}, "./internal/bunstore": {}}
	}
	for _, c := range []struct {
		name, imports string
		want          bool
	}{
		{"./a", "./b", true},
		{"./a", "./b/c", false},
		{"./a", "x.org/y", true},
		{"./a", "x.org/y/z", true},
		{"./a", "x.org/yy", false},
		{"./b", "./a", false},
		{"./b", "x.org/y", false},
		{"./a", "./internal/test/help", false},
		{"./internal/bunstore", "github.com/uptrace/bun/schema", true},
		{"./internal/bunstore", "github.com/uptrace/bun/dialect/pgdialect", false},
		{"./cmd/hermesd", "./a", true},
		{"./cmd/hermesd", "./internal/test/help", false},
		{"./cmd/hermesd", "x.org/y", true},
		{"./cmd/hermesd", "./hermes/storetest", false},
		{"./examples/e", "./a", true},
		{"./examples/e", "./internal/test/help", false},
		{"./examples/e", "x.org/y", true},
		{"./internal/test/help", "./a", true},
		{"./internal/test/help", "x.org/other", true},
	} {
		packages := exist()
		packages[c.name] = goPackage{Imports: []string{"fmt", c.imports}}
		if faults := wrongImports(packages, table); (len(faults) == 0) != c.want {
			t.Errorf("%s imports %s: %q, want it to be allowed: %v", c.name, c.imports, faults, c.want)
		}
	}
	packages := exist()
	packages["./new"] = goPackage{}
	if faults := wrongImports(packages, table); len(faults) != 1 {
		t.Errorf("a package without a row: %q, want one fault", faults)
	}
	packages = exist()
	delete(packages, "./b")
	if faults := wrongImports(packages, table); len(faults) != 1 {
		t.Errorf("a row without a package: %q, want one fault", faults)
	}
}

func TestWronglyCompiled(t *testing.T) {
	t.Parallel()
	packages := map[string]goPackage{
		"./a":   {Deps: []string{"database/sql/driver", "database/sql", "fmt"}},
		"./sip": {Deps: []string{"fmt", "x.org/y"}},
	}
	faults := wronglyCompiled(packages, map[string][]string{"./a": {"database/sql"}})
	if len(faults) != 2 {
		t.Errorf("got %q, want one fault of ./a and one of ./sip", faults)
	}
}
