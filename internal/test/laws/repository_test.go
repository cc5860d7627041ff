package laws_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// root is the repository's, from here.
var root = filepath.Join("..", "..", "..")

// module is the module's path with a slash.
const module = "github.com/hermes-voip/go-hermes/"

// source is a Go file.
type source struct {
	path string // from the root, with slashes
	fset *token.FileSet
	ast  *ast.File
}

func (s source) dir() string { return path.Dir(s.path) }

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// lines counts the lines of a node.
func (s source) lines(n ast.Node) int {
	return s.fset.Position(n.End()).Line - s.fset.Position(n.Pos()).Line + 1
}

// at is where a node is, for a message.
func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

func parse(t *testing.T, name string, text []byte) source {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return source{name, fset, f}
}

// texts are the repository's text files by path, without what is hidden.
func texts(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return skipFolder(filepath.ToSlash(name))
		}
		if !e.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(p)
		if err == nil && utf8.Valid(text) && !strings.Contains(string(text), "\x00") {
			all[filepath.ToSlash(name)] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// skipFolder leaves out Git's own folder and what hermesd makes where it runs.
func skipFolder(name string) error {
	if name == ".git" || path.Base(name) == "hermes-data" {
		return filepath.SkipDir
	}
	return nil
}

// sources are the repository's Go files.
func sources(t *testing.T) (all []source) {
	t.Helper()
	for name, text := range texts(t) {
		if strings.HasSuffix(name, ".go") && !strings.Contains(name, "testdata/") {
			all = append(all, parse(t, name, []byte(text)))
		}
	}
	if len(all) < 100 {
		t.Fatalf("%d Go files: that is not the repository", len(all))
	}
	return all
}

// obey reports what breaks a law.
func obey(t *testing.T, broken []string) {
	t.Helper()
	for _, b := range broken {
		t.Error(b)
	}
}

// sees wants a law to be broken by a text exactly that often.
func sees(t *testing.T, law func(source) []string, text string, want int) {
	t.Helper()
	if broken := law(parse(t, "p/p.go", []byte("// Package p is.\npackage p\n"+text))); len(broken) != want {
		t.Errorf("%d faults are seen, want %d, in:\n%s\nseen: %q", len(broken), want, text, broken)
	}
}
