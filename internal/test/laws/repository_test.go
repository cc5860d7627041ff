package laws_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// root is the root of the repository.
var root = filepath.Join("..", "..", "..")

// modulePrefix is the path of the module with a slash.
const modulePrefix = "github.com/hermes-voip/go-hermes/"

// goFile is a parsed Go file.
type goFile struct {
	path string // from the root, with slashes
	text string
	fset *token.FileSet
	ast  *ast.File
}

func (f goFile) dir() string { return path.Dir(f.path) }

func (f goFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// at returns the position of a syntax node for a message.
func (f goFile) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", f.path, f.fset.Position(n.Pos()).Line)
}

// parse parses a Go file. The text may be without its package clause.
func parse(t *testing.T, path, text string) goFile {
	t.Helper()
	if !strings.Contains("\n"+text, "\npackage ") {
		text = "// Package p is for a test.\npackage p\n" + text
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return goFile{path: path, text: text, fset: fset, ast: file}
}

// textFiles returns the text files of the repository by path. It leaves out Git's own folder and
// the folders in which a hermesd was run.
func textFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.Name() == ".git" || e.Name() == "hermes-data" {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil // .git is a file in a worktree
		}
		if !e.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err == nil && utf8.Valid(text) && !strings.Contains(string(text), "\x00") {
			files[name] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// goFiles returns the Go files of the repository.
func goFiles(t *testing.T) (files []goFile) {
	t.Helper()
	for name, text := range textFiles(t) {
		if strings.HasSuffix(name, ".go") && !strings.Contains(name, "testdata/") {
			files = append(files, parse(t, name, text))
		}
	}
	if len(files) < 100 {
		t.Fatalf("found %d Go files; %s is not the root of the repository", len(files), root)
	}
	return files
}

// report makes each fault an error of the test.
func report(t *testing.T, faults []string) {
	t.Helper()
	for _, f := range faults {
		t.Error(f)
	}
}

// wantFaults calls a law with a file of that text, and wants it to find that number of faults.
func wantFaults(t *testing.T, law func(goFile) []string, text string, want int) {
	t.Helper()
	if faults := law(parse(t, "p/p.go", text)); len(faults) != want {
		t.Errorf("found %d faults, want %d, in:\n%s\nfound: %q", len(faults), want, text, faults)
	}
}

// declarations returns the top-level declarations of one kind. Each is a group or has one spec.
func declarations(f goFile, kind token.Token) iter.Seq[*ast.GenDecl] {
	return func(yield func(*ast.GenDecl) bool) {
		for _, d := range f.ast.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == kind && !yield(g) {
				return
			}
		}
	}
}

func functions(f goFile) iter.Seq[*ast.FuncDecl] {
	return func(yield func(*ast.FuncDecl) bool) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && !yield(fn) {
				return
			}
		}
	}
}

// receiver returns the name of a method's type, and the empty string for a function.
func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	typ := fn.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// fullName returns the name of a function, with the type if it is a method.
func fullName(fn *ast.FuncDecl) string {
	if r := receiver(fn); r != "" {
		return r + "." + fn.Name.Name
	}
	return fn.Name.Name
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}
