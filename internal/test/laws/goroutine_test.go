package laws_test

import (
	"go/ast"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// notChecked are the packages with goroutines whose tests do not look for those that are left, with
// the reason.
var notChecked = map[string]string{
	"examples/keypair":          "an example shows what a reader would write; it starts nothing but a client",
	"examples/mount":            "it only mounts the handler of package api",
	"examples/phones":           "it only mounts the handler of package provision",
	"internal/test/deskphone":   "its tests read files only",
	"internal/test/hermesdtest": "it has no tests, and is used by tests that look",
	"internal/test/leaktest":    "its tests are those of the check itself",
}

// TestGoroutines: the tests of a package that starts goroutines, or uses packages of the standard
// library that do, fail when goroutines are left.
func TestGoroutines(t *testing.T) {
	t.Parallel()
	report(t, uncheckedGoroutines(goFiles(t), notChecked))
}

func uncheckedGoroutines(files []goFile, exceptions map[string]string) (faults []string) {
	runners := map[string]bool{"leaktest.Run": true}
	for _, f := range files {
		for fn := range functions(f) {
			if !f.isTest() && ast.IsExported(fn.Name.Name) && callsAny(fn, runners) {
				runners[f.ast.Name.Name+"."+fn.Name.Name] = true
			}
		}
	}
	started, checked := map[string]string{}, map[string]bool{}
	for _, f := range files {
		switch at := goroutineStart(f); {
		case f.isTest():
			checked[f.dir()] = checked[f.dir()] || hasTestMain(f) && callsAny(f.ast, runners)
		case at != "":
			started[f.dir()] = at
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(started)) {
		if !checked[dir] && exceptions[dir] == "" {
			faults = append(faults, started[dir]+": starts goroutines; call leaktest.Run in TestMain, or give a reason in notChecked")
		}
	}
	for dir := range exceptions {
		if started[dir] == "" || checked[dir] {
			faults = append(faults, dir+": remove it from notChecked, since it starts no goroutines or its tests look for them")
		}
	}
	return faults
}

// goroutineStart returns where a file starts a goroutine, or imports a package that does. It
// returns the empty string if there is no such place.
func goroutineStart(f goFile) (at string) {
	for _, i := range f.ast.Imports {
		if slices.Contains([]string{`"net/http"`, `"database/sql"`, `"os/signal"`}, i.Path.Value) {
			return f.at(i)
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.GoStmt:
			at = f.at(x)
		case *ast.CallExpr:
			fun, ok := x.Fun.(*ast.SelectorExpr)
			if ok && slices.Contains([]string{"Go", "AfterFunc"}, fun.Sel.Name) {
				at = f.at(x)
			}
		}
		return at == ""
	})
	return at
}

func hasTestMain(f goFile) bool {
	for fn := range functions(f) {
		if fn.Name.Name == "TestMain" {
			return true
		}
	}
	return false
}

// callsAny reports whether one of the functions is called below a syntax node.
func callsAny(n ast.Node, names map[string]bool) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		found = found || ok && calls(call, slices.Collect(maps.Keys(names))...)
		return !found
	})
	return found
}

func TestUncheckedGoroutines(t *testing.T) {
	t.Parallel()
	const (
		run   = "func Run() int { return leaktest.Run(nil) }"
		check = "func TestMain() { leaktest.Run(nil) }"
	)
	for _, c := range []struct {
		why       string
		code      string // of package a
		tests     string // of package a
		exception string
		want      int
	}{
		{"a goroutine", "func f() { go f() }", "", "", 1},
		{"a goroutine of a WaitGroup", "func f() { w.Go(f) }", "", "", 1},
		{"a function that a timer calls", "func f() { time.AfterFunc(1, f) }", "", "", 1},
		{"a client or server of HTTP", `import "net/http"`, "", "", 1},
		{"no goroutine", "func f() { f() }", "", "", 0},
		{"tests that look", "func f() { go f() }", check, "", 0},
		{"tests that look by another package", "func f() { go f() }", "func TestMain() { b.Run() }", "", 0},
		{"another TestMain", "func f() { go f() }", "func TestMain() { b.Other() }", "", 1},
		{"no TestMain", "func f() { go f() }", "func TestRun() { leaktest.Run(nil) }", "", 1},
		{"a goroutine of a test", "", "func f() { go f() }", "", 0},
		{"a reason", "func f() { go f() }", "", "a", 0},
		{"a reason without need", "func f() { go f() }", check, "a", 1},
		{"a reason without goroutines", "", "", "a", 1},
	} {
		file := func(name, text string) goFile {
			return parse(t, name, "// Package a is for a test.\npackage "+path.Dir(name)+"\n"+text)
		}
		files := []goFile{file("a/a.go", c.code), file("a/a_test.go", c.tests), file("b/b.go", run)}
		exceptions := map[string]string{}
		if c.exception != "" {
			exceptions[c.exception] = "a reason"
		}
		if faults := uncheckedGoroutines(files, exceptions); len(faults) != c.want {
			t.Errorf("%s: %q, want %d faults", c.why, strings.Join(faults, "\n"), c.want)
		}
	}
}
