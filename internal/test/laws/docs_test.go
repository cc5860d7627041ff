package laws_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// public tells whether a file is part of what others import.
func public(s source) bool {
	return !s.test() && s.ast.Name.Name != "main" && !strings.HasPrefix(s.path, "internal/")
}

// The documentation law: every exported name of a public package has a comment; a comment of a group
// counts for the constants and variables in it, and a struct's for its fields.
func TestDocumentation(t *testing.T) {
	packages := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		packages[s.dir()] = packages[s.dir()] || s.ast.Doc != nil
		if public(s) {
			obey(t, undocumented(s))
		}
	}
	for dir, documented := range packages {
		if !documented {
			t.Errorf("%s: want a package comment", dir)
		}
	}
}

func undocumented(s source) (broken []string) {
	say := func(n ast.Node, name string, doc *ast.CommentGroup, first bool) {
		if doc == nil {
			broken = append(broken, s.at(n)+": "+name+" has no comment")
		} else if first && !begins(doc.Text(), name[strings.LastIndex(name, ".")+1:]) {
			broken = append(broken, s.at(n)+": the comment of "+name+" does not begin with it")
		}
	}
	for fn := range functions(s.ast) {
		if r := receiver(fn); fn.Name.IsExported() && (r == "" || ast.IsExported(r)) {
			say(fn, title(fn), fn.Doc, true)
		}
	}
	for g := range groups(s.ast, token.TYPE) {
		for _, spec := range g.Specs {
			typ := spec.(*ast.TypeSpec)
			if typ.Name.IsExported() {
				say(typ, typ.Name.Name, either(typ.Doc, alone(g)), true)
				for _, m := range methods(typ) {
					say(m, typ.Name.Name+"."+m.Names[0].Name, either(m.Doc, m.Comment), m.Comment == nil)
				}
			}
		}
	}
	for _, kind := range []token.Token{token.CONST, token.VAR} {
		for g := range groups(s.ast, kind) {
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				if slices.ContainsFunc(v.Names, (*ast.Ident).IsExported) {
					say(v, v.Names[0].Name, either(v.Doc, v.Comment, g.Doc), false)
				}
			}
		}
	}
	return broken
}

// methods are an interface's own.
func methods(typ *ast.TypeSpec) (all []*ast.Field) {
	i, ok := typ.Type.(*ast.InterfaceType)
	if !ok {
		return nil
	}
	for _, f := range i.Methods.List {
		if len(f.Names) == 1 && f.Names[0].IsExported() {
			all = append(all, f)
		}
	}
	return all
}

// alone is the comment of a declaration of one spec.
func alone(g *ast.GenDecl) *ast.CommentGroup {
	if g.Lparen.IsValid() {
		return nil
	}
	return g.Doc
}

func either(docs ...*ast.CommentGroup) *ast.CommentGroup {
	for _, d := range docs {
		if d != nil {
			return d
		}
	}
	return nil
}

func begins(text, name string) bool {
	for _, article := range []string{"", "A ", "An ", "The "} {
		if rest, ok := strings.CutPrefix(text, article+name); ok && (rest == "" || !strings.ContainsAny(rest[:1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
			return true
		}
	}
	return false
}

func TestDocumentationIsSeen(t *testing.T) {
	for text, want := range map[string]int{
		"func F() {}": 1, "// F does.\nfunc F() {}": 0, "// Does it.\nfunc F() {}": 1, "func f() {}": 0, "// Foo is another.\nfunc F() {}": 1,
		"type t int\nfunc (t) M() {}": 0, "// T is.\ntype T int\nfunc (T) M() {}": 1, "// T is.\ntype T[P any] struct{}\nfunc (*T[P]) M() {}": 1,
		"type T int": 1, "// A T is.\ntype T int": 0, "// T and U are.\ntype (\nT int\nU int\n)": 2, "type (\n// T is.\nT int\n)": 0,
		"const C = 1": 1, "// C is.\nconst C = 1": 0, "// Some are.\nconst (\nC = 1\nD = 2\n)": 0, "const (\nC = 1 // one\nD = 2\n)": 1, "const c = 1": 0,
		"var V = 1": 1, "// It is.\nvar V = 1": 0,
		"// I is.\ntype I interface {\nM()\n}": 1, "// I is.\ntype I interface {\n// M does.\nM()\nm()\nerror\n}": 0, "// I is.\ntype I interface { M() } // does": 1,
	} {
		sees(t, undocumented, text, want)
	}
}
