package laws_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// TestDocumentation: every package has a comment, and so has every exported name of a package that
// other modules can import. .ci/run has staticcheck look at the form of the comments.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	hasComment := map[string]bool{}
	for _, f := range goFiles(t) {
		if f.isTest() {
			continue
		}
		hasComment[f.dir()] = hasComment[f.dir()] || f.ast.Doc != nil
		if f.ast.Name.Name != "main" && !strings.HasPrefix(f.path, "internal/") {
			report(t, undocumented(f))
		}
	}
	for dir, ok := range hasComment {
		if !ok {
			t.Errorf("%s: add a package comment", dir)
		}
	}
}

// undocumented returns the exported names without a comment. The comment of a group is sufficient
// for its constants and variables.
func undocumented(f goFile) (faults []string) {
	check := func(n ast.Node, name string, comments ...*ast.CommentGroup) {
		if !slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return c != nil }) {
			faults = append(faults, f.at(n)+": "+name+": add a comment that states its contract")
		}
	}
	for fn := range functions(f) {
		if r := receiver(fn); fn.Name.IsExported() && (r == "" || ast.IsExported(r)) {
			check(fn, fullName(fn), fn.Doc)
		}
	}
	for group := range declarations(f, token.TYPE) {
		for _, spec := range group.Specs {
			typ := spec.(*ast.TypeSpec)
			if !typ.Name.IsExported() {
				continue
			}
			doc := typ.Doc
			if !group.Lparen.IsValid() {
				doc = group.Doc // without parentheses the comment belongs to the declaration
			}
			check(typ, typ.Name.Name, doc)
			for _, m := range exportedMethods(typ) {
				name := m.Names[0].Name
				check(m, typ.Name.Name+"."+name, m.Doc, m.Comment)
				// staticcheck does not look at these comments.
				if m.Doc != nil && !strings.HasPrefix(m.Doc.Text(), name+" ") {
					faults = append(faults, f.at(m)+": begin the comment of "+typ.Name.Name+"."+name+" with the name of the method")
				}
			}
		}
	}
	for _, kind := range []token.Token{token.CONST, token.VAR} {
		for group := range declarations(f, kind) {
			for _, spec := range group.Specs {
				value := spec.(*ast.ValueSpec)
				if slices.ContainsFunc(value.Names, (*ast.Ident).IsExported) {
					check(value, value.Names[0].Name, value.Doc, value.Comment, group.Doc)
				}
			}
		}
	}
	return faults
}

// exportedMethods returns the methods that an interface declares itself.
func exportedMethods(typ *ast.TypeSpec) (methods []*ast.Field) {
	i, ok := typ.Type.(*ast.InterfaceType)
	if !ok {
		return nil
	}
	for _, f := range i.Methods.List {
		if len(f.Names) == 1 && f.Names[0].IsExported() {
			methods = append(methods, f)
		}
	}
	return methods
}

func TestUndocumented(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"func F() {}":                                        1,
		"// F does.\nfunc F() {}":                            0,
		"func f() {}":                                        0,
		"type t int\nfunc (t) M()":                           0,
		"// T is.\ntype T int\nfunc (T) M() {}":              1,
		"// T is.\ntype T[P any] struct{}\nfunc (*T[P]) M()": 1,
		"type T int":                                         1,
		"// A T is.\ntype T int":                             0,
		"// T and U are.\ntype (\nT int\n)":                  1, // the comment is the group's
		"type (\n// T is.\nT int\n)":                         0,
		"const C = 1":                                        1,
		"// C is.\nconst C = 1":                              0,
		"// Some.\nconst (\nC = 1\nD = 2\n)":                 0,
		"const (\nC = 1 // one\nD = 2\n)":                    1, // D
		"const c = 1":                                        0,
		"var V = 1":                                          1,
		"// V is.\nvar V = 1":                                0,
		"// I is.\ntype I interface {\nM()\n}":               1,
		"// I is.\ntype I interface {\n// M does.\nM()\nm()\nerror\n}": 0,
		"// I is.\ntype I interface {\n// Does.\nM()\n}":               1,
		"// I is.\ntype I interface { M() } // does":                   1, // that is the comment of I
	} {
		wantFaults(t, undocumented, text, want)
	}
}
