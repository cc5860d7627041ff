package laws_test

import (
	"go/ast"
	"go/token"
	"iter"
	"os"
	"path/filepath"
	"testing"
)

func parseFile(t *testing.T, name string) source {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, name, text)
}

// specs are the specs of one kind that a file declares outside of functions.
func specs[S ast.Spec](f *ast.File, kind token.Token) iter.Seq[S] {
	return func(yield func(S) bool) {
		for d := range groups(f, kind) {
			for _, s := range d.Specs {
				if !yield(s.(S)) {
					return
				}
			}
		}
	}
}

// groups are the declarations of one kind: a group, or one spec by itself.
func groups(f *ast.File, kind token.Token) iter.Seq[*ast.GenDecl] {
	return func(yield func(*ast.GenDecl) bool) {
		for _, d := range f.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == kind && !yield(g) {
				return
			}
		}
	}
}

func functions(f *ast.File) iter.Seq[*ast.FuncDecl] {
	return func(yield func(*ast.FuncDecl) bool) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && !yield(fn) {
				return
			}
		}
	}
}

// receiver is the name of a method's type, "" for a function.
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

// title is a function's name with its type.
func title(fn *ast.FuncDecl) string {
	if r := receiver(fn); r != "" {
		return r + "." + fn.Name.Name
	}
	return fn.Name.Name
}
