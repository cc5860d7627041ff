package seeded_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/storetest"
)

const root = "../../.."

// bugEnv names the bug in the environment of a test.
const bugEnv = "HERMES_TEST_SEEDED_BUG"

// conditionFile is what each package with bugs gets. Its functions have the name of the condition
// BUG, and remember the first value of a key.
const conditionFile = `package %s

import (
	"os"
	"sync"
)

func seeded(bug string) bool { return os.Getenv("` + bugEnv + `") == bug }

var seededValues sync.Map

func seededFirst[K comparable, V any](key K, value V) V {
	first, _ := seededValues.LoadOrStore([2]any{key, *new(V)}, value)
	return first.(V)
}
`

// changed returns the texts of all files that bugs change, with all bugs, by file. A bug that
// cannot be put in is an error.
func changed(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, b := range bugs() {
		original, err := os.ReadFile(filepath.Join(root, b.file))
		if err != nil {
			t.Fatal(err)
		}
		s, ok := texts[b.file]
		if !ok {
			s = string(original)
		}
		for _, e := range b.edits {
			if before, now := strings.Count(string(original), e.old), strings.Count(s, e.old); before != 1 || now != 1 {
				t.Errorf("%s: %s has this text %d times, and with other bugs %d times; want once:\n%s", b.name, b.file, before, now, e.old)
				continue
			}
			s = strings.Replace(s, e.old, strings.ReplaceAll(e.new, "BUG", fmt.Sprintf("seeded(%q)", b.name)), 1)
		}
		texts[b.file] = s
		folder := path.Dir(b.file)
		texts[folder+"/seeded_bug.go"] = fmt.Sprintf(conditionFile, path.Base(folder))
	}
	return texts
}

// TestBugs_apply checks that all bugs can be put in, and that there are the tests that are to find
// them.
func TestBugs_apply(t *testing.T) {
	t.Parallel()
	for _, err := range typeErrors(t, changed(t)) {
		t.Error(err)
	}
	names := map[string]bool{}
	for _, b := range bugs() {
		if folder, test, _ := strings.Cut(b.test, " "); !hasTest(t, folder, test) {
			t.Errorf("%s: there is no test %s in %s", b.name, test, folder)
		}
		if names[b.name] {
			t.Errorf("two bugs are called %q", b.name)
		}
		names[b.name] = true
	}
}

// hasTest reports whether a test file of a folder has that function.
func hasTest(t *testing.T, folder, test string) bool {
	t.Helper()
	test, _, _ = strings.Cut(test, "/")
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(text, []byte("\nfunc "+test+"("))
	})
}

// TestBugs_found runs the test of each bug as often as HERMES_TEST_ROUNDS says. All runs must fail,
// and without the bug pass.
func TestBugs_found(t *testing.T) {
	rounds := storetest.Rounds(t, 0)
	if rounds == 0 {
		return
	}
	overlay := writeOverlay(t)
	programs := map[string]string{}
	for _, b := range bugs() {
		folder, test, _ := strings.Cut(b.test, " ")
		if programs[folder] == "" {
			programs[folder] = compile(t, overlay, folder)
		}
		t.Run(b.name, func(t *testing.T) {
			if failed, out := run(t, programs[folder], folder, test, "none", 1); failed != 0 || !bytes.Contains(out, []byte("--- PASS: "+test+" ")) {
				t.Errorf("%s fails without the bug:\n%.8000s", test, out)
			}
			failed, out := run(t, programs[folder], folder, test, b.name, rounds)
			t.Logf("%s: %s failed %d of %d times", b.name, b.test, failed, rounds)
			if failed != rounds {
				t.Errorf("%.8000s", out)
			}
		})
	}
}

// writeOverlay writes the files with the bugs, and returns the name of the list of them that the
// flag -overlay takes.
func writeOverlay(t *testing.T) string {
	t.Helper()
	folder, replace := t.TempDir(), map[string]string{}
	for file, text := range changed(t) {
		original, err := filepath.Abs(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		replace[original] = filepath.Join(folder, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(replace[original], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(name, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// compile compiles the tests of a folder with all bugs, and returns the name of the program.
func compile(t *testing.T, overlay, folder string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "package.test")
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay="+overlay, "-o", name, "./"+folder)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", folder, err, out)
	}
	return name
}

// run runs a test some times with a bug, and returns how often it failed, and what it wrote.
func run(t *testing.T, program, folder, test, bug string, times int) (failed int, out []byte) {
	t.Helper()
	pattern := "^" + strings.ReplaceAll(test, "/", "$/^") + "$"
	cmd := exec.Command(program, "-test.v", "-test.timeout=10m", fmt.Sprintf("-test.count=%d", times), "-test.run="+pattern)
	cmd.Dir = filepath.Join(root, folder)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "HERMES_TEST_ROUNDS=") })
	cmd.Env = append(cmd.Env, bugEnv+"="+bug)
	out, _ = cmd.CombinedOutput() // with a bug it fails
	return bytes.Count(out, []byte("--- FAIL: "+test+" ")), out
}

// typeErrors returns the errors of types in files that have other texts than those of this
// repository.
func typeErrors(t *testing.T, texts map[string]string) (errs []error) {
	t.Helper()
	fset, folders := token.NewFileSet(), map[string][]*ast.File{}
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		f, err := parser.ParseFile(fset, file, texts[file], parser.SkipObjectResolution)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		folders[path.Dir(file)] = append(folders[path.Dir(file)], f)
	}
	imports := newImporter(t, fset, slices.Sorted(maps.Keys(folders)))
	for folder, files := range folders {
		conf := types.Config{Importer: imports, Error: func(err error) {
			// The other files have no bodies, and so import what they do not use.
			if e, ok := err.(types.Error); !ok || texts[fset.Position(e.Pos).Filename] != "" {
				errs = append(errs, err)
			}
		}}
		_, _ = conf.Check(folder, fset, append(files, parseOthers(t, fset, folder, texts)...), nil)
	}
	return errs
}

// newImporter returns an importer for what the packages in folders import, by what the compiler has
// exported.
func newImporter(t *testing.T, fset *token.FileSet, folders []string) types.Importer {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}
	for _, folder := range folders {
		args = append(args, "./"+folder)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[name] = file
	}
	return importer.ForCompiler(fset, "gc", func(name string) (io.ReadCloser, error) { return os.Open(exports[name]) })
}

// parseOthers returns the files of a folder that are no tests and have no other text, without the
// bodies of their functions.
func parseOthers(t *testing.T, fset *token.FileSet, folder string, texts map[string]string) (files []*ast.File) {
	t.Helper()
	pkg, err := build.ImportDir(filepath.Join(root, folder), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pkg.GoFiles {
		if texts[folder+"/"+name] != "" {
			continue
		}
		f, err := parser.ParseFile(fset, filepath.Join(root, folder, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				fn.Body = nil
			}
		}
		files = append(files, f)
	}
	return files
}
