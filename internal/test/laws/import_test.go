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

// listed is what go list says of a package; names in the module are without the module's path.
type listed struct {
	ImportPath string
	Imports    []string // direct, without tests
	Deps       []string // all that is compiled into it
	Standard   bool
}

func goList(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Imports,Deps,Standard", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = short(p.ImportPath)
		for _, names := range [][]string{p.Imports, p.Deps} {
			for i := range names {
				names[i] = short(names[i])
			}
		}
		all[p.ImportPath] = p
	}
}

// short writes a package of the module as ./hermes.
func short(name string) string {
	if in, ok := strings.CutPrefix(name, module); ok {
		return "./" + in
	}
	return name
}

func own(name string) bool { return strings.HasPrefix(name, "./") }

// standard packages have no dot in the first part of their name.
func standard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".")
}

// under tells whether a package is one of those or below it.
func under(name string, of ...string) bool {
	return slices.ContainsFunc(of, func(o string) bool { return name == o || strings.HasPrefix(name, o+"/") })
}

// imports is the table of DESIGN: what each package that is part of the product may import besides the
// standard library, itself or anything below.
func imports() map[string][]string {
	values := []string{"./sip", "./e164", "./mac"}
	with := func(more ...string) []string { return append(more, values...) }
	return map[string][]string{
		"./sip":                {},
		"./e164":               {},
		"./mac":                {},
		"./e164/plan":          {"./e164", "github.com/nyaruka/phonenumbers"},
		"./hermes":             values,
		"./hermes/memstore":    with("./hermes", "github.com/tidwall/btree"),
		"./hermes/postgres":    with("./hermes", "./internal/bunstore", "./internal/pgconn", "github.com/uptrace/bun/dialect/pgdialect"),
		"./hermes/sqlite":      with("./hermes", "./internal/bunstore", "./internal/stmtcache", "github.com/uptrace/bun/dialect/sqlitedialect", "modernc.org/sqlite"),
		"./hermes/storetest":   with("./hermes", "github.com/anishathalye/porcupine", "github.com/google/go-cmp", "pgregory.net/rapid"),
		"./hermes/backendtest": {"./hermes"},
		"./hermes/local":       {"./hermes", "./internal/argon2id"},
		"./hermes/htpasswd":    {"./hermes", "./internal/argon2id", "golang.org/x/crypto"},
		"./hermes/ldap":        {"./hermes", "github.com/go-ldap/ldap/v3"},
		"./hermes/api":         with("./hermes"),
		"./internal/argon2id":  {"golang.org/x/crypto"},
		"./internal/bunstore":  with("./hermes", "github.com/uptrace/bun"),
		"./internal/pgconn":    {"./internal/stmtcache", "github.com/uptrace/bun/driver/pgdriver"},
		"./internal/stmtcache": {}, // of its own because pgconn and sqlite use it, which must not compile each other's driver
		"./internal/kamrpc":    {},
		"./internal/doctor": with("./hermes", "./internal/bunstore", "./internal/pgconn", "github.com/uptrace/bun/dialect/pgdialect",
			"github.com/uptrace/bun/dialect/sqlitedialect", "modernc.org/sqlite"),
		"./cmd/hermesd": {"."}, // all but support for tests
	}
}

// The import law. What is not in the table is either an example, of public packages only, or support for tests
// below internal, which no part of the product imports.
func TestImports(t *testing.T) { obey(t, forbidden(goList(t), imports())) }

func forbidden(all map[string]listed, table map[string][]string) (broken []string) {
	for name, p := range all {
		if !own(name) {
			continue
		}
		may, product := table[name]
		for _, i := range p.Imports {
			if !standard(i) && !allowed(i, may, name, product, table) {
				broken = append(broken, name+" imports "+i)
			}
		}
		if !product && !under(name, "./examples", "./internal") {
			broken = append(broken, name+" is in no row of the table of imports")
		}
	}
	for name := range table {
		if _, ok := all[name]; !ok {
			broken = append(broken, name+" is in the table and not there")
		}
	}
	return broken
}

func allowed(i string, may []string, by string, product bool, table map[string][]string) bool {
	_, part := table[i]
	switch {
	case under(by, "./examples"):
		return !under(i, "./internal", "./cmd")
	case !product: // support for tests
		return true
	case slices.Contains(may, "."):
		return !own(i) || part && i != "./hermes/storetest" && i != "./hermes/backendtest"
	case own(i):
		return slices.Contains(may, i) && part
	}
	return under(i, may...) && (by != "./internal/bunstore" || !under(i, "github.com/uptrace/bun/driver", "github.com/uptrace/bun/dialect/pgdialect", "github.com/uptrace/bun/dialect/sqlitedialect"))
}

// compiled is what must not be compiled into a package, so that who uses it does not pay for it.
func compiled() map[string][]string {
	sql := []string{"database/sql", "github.com/uptrace/bun"}
	postgres := []string{"github.com/uptrace/bun/driver/pgdriver", "github.com/uptrace/bun/dialect/pgdialect", "github.com/jackc/pgx"}
	sqlite := []string{"modernc.org/sqlite", "github.com/uptrace/bun/dialect/sqlitedialect"}
	databases := append(sql, append(postgres, sqlite...)...)
	stores := append([]string{"./internal"}, databases...)
	return map[string][]string{
		"./sip": {"net/http", "crypto", "encoding/json"}, "./e164": {"net/http", "crypto", "encoding/json"}, "./mac": {"net/http", "crypto", "encoding/json"},
		"./e164/plan":          append([]string{"./hermes", "net/http"}, stores...),
		"./hermes":             append([]string{"net/http", "os/exec", "html/template"}, stores...),
		"./hermes/memstore":    append([]string{"net/http"}, stores...),
		"./hermes/storetest":   append([]string{"./hermes/memstore"}, stores...),
		"./hermes/backendtest": append([]string{"net/http"}, stores...),
		"./hermes/local":       databases,
		"./hermes/htpasswd":    databases,
		"./hermes/ldap":        databases,
		"./hermes/api":         append([]string{"./hermes/memstore", "./hermes/sqlite", "./hermes/postgres", "./hermes/local"}, stores...),
		"./hermes/sqlite":      append([]string{"./hermes/memstore", "./hermes/api"}, postgres...),
		"./hermes/postgres":    append([]string{"./hermes/memstore", "./hermes/api", "github.com/jackc/pgx"}, sqlite...),
	}
}

func TestCompiled(t *testing.T) { obey(t, bloated(goList(t), compiled())) }

// driverOnly is the one package of database/sql that a value may know, for its Value method.
const driverOnly = "database/sql/driver"

func bloated(all map[string]listed, table map[string][]string) (broken []string) {
	for name, never := range table {
		for _, d := range all[name].Deps {
			if d != driverOnly && under(d, never...) {
				broken = append(broken, name+" compiles "+d)
			}
		}
	}
	for _, name := range []string{"./sip", "./e164", "./mac", "./hermes"} {
		for _, d := range all[name].Deps {
			if !own(d) && !standard(d) {
				broken = append(broken, name+" compiles "+d+", which is not in the standard library")
			}
		}
	}
	return broken
}

func TestImportsAreSeen(t *testing.T) {
	table := map[string][]string{"./a": {"./b", "x.org/y"}, "./b": {}, "./cmd/hermesd": {"."}}
	for _, r := range []struct {
		by, i string
		want  bool
	}{
		{"./a", "./b", true}, {"./a", "./b/c", false}, {"./a", "x.org/y", true}, {"./a", "x.org/y/z", true}, {"./a", "x.org/yy", false},
		{"./b", "./a", false}, {"./b", "x.org/y", false}, {"./a", "./internal/help", false},
		{"./cmd/hermesd", "./a", true}, {"./cmd/hermesd", "./internal/help", false}, {"./cmd/hermesd", "x.org/y", true}, {"./cmd/hermesd", "./hermes/storetest", false},
		{"./examples/e", "./a", true}, {"./examples/e", "./internal/help", false}, {"./examples/e", "x.org/y", true},
		{"./internal/help", "./a", true}, {"./internal/help", "x.org/other", true},
	} {
		p := map[string]listed{"./a": {}, "./b": {}, "./cmd/hermesd": {}}
		p[r.by] = listed{Imports: []string{"fmt", r.i}}
		if broken := forbidden(p, table); (len(broken) == 0) != r.want {
			t.Errorf("%s imports %s: %q, want it allowed: %v", r.by, r.i, broken, r.want)
		}
	}
	if broken := forbidden(map[string]listed{"./a": {}, "./b": {}, "./cmd/hermesd": {}, "./new": {}}, table); len(broken) != 1 {
		t.Errorf("a package without a row: %q", broken)
	}
	heavy := map[string]listed{"./a": {Deps: []string{driverOnly, "database/sql", "fmt"}}, "./sip": {Deps: []string{"fmt", "x.org/y"}}}
	if broken := bloated(heavy, map[string][]string{"./a": {"database/sql"}}); len(broken) != 2 {
		t.Errorf("database/sql and what is not standard: %q", broken)
	}
}
