package laws_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// mayChange are the variables of packages that may change, with the reason.
var mayChange = map[string]string{
	"hermes/api responseTypes":          "a cache by type, as encoding/json has one: an entry never changes",
	"hermes/api encoders":               "a cache by type, too",
	"internal/test/pgtest shared":       "the server that all tests of a process share",
	"internal/test/hermesdtest program": "the program that is built for all tests of a process",
}

// TestState: packages have no init functions, and no variables that change or that importers could
// change. The test looks at the syntax only.
func TestState(t *testing.T) {
	t.Parallel()
	packages := map[string][]goFile{}
	for _, f := range goFiles(t) {
		if !f.isTest() {
			packages[f.dir()] = append(packages[f.dir()], f)
		}
	}
	found := map[string]bool{}
	for dir, files := range packages {
		for _, s := range packageState(files) {
			found[dir+" "+s.name] = true
			if mayChange[dir+" "+s.name] == "" {
				t.Errorf("%s: %s %s; avoid package state, or give a reason in mayChange", s.at, s.name, s.why)
			}
		}
	}
	for name := range mayChange {
		if !found[name] {
			t.Errorf("%s: remove it from mayChange, since it does not exist or does not change", name)
		}
	}
}

// state is an init function or a variable of a package that can change.
type state struct{ name, at, why string }

func packageState(files []goFile) (all []state) {
	variables := map[string]*ast.ValueSpec{}
	for _, f := range files {
		for fn := range functions(f) {
			if fn.Name.Name == "init" && fn.Recv == nil {
				all = append(all, state{"init", f.at(fn), "runs in every program that imports the package"})
			}
		}
		for group := range declarations(f, token.VAR) {
			for _, spec := range group.Specs {
				spec := spec.(*ast.ValueSpec)
				for i, name := range spec.Names {
					if name.Name == "_" {
						continue
					}
					variables[name.Name] = spec
					if why := changeable(spec, i); why != "" {
						all = append(all, state{name.Name, f.at(spec), why})
					}
				}
			}
		}
	}
	for _, f := range files {
		all = append(all, changes(f, variables)...)
	}
	return all
}

// changeable returns why the i-th variable of a declaration is made for change, or the empty
// string.
func changeable(spec *ast.ValueSpec, i int) string {
	var value ast.Expr
	if i < len(spec.Values) {
		value = spec.Values[i]
	}
	typ := spec.Type
	if lit, ok := value.(*ast.CompositeLit); ok && typ == nil {
		typ = lit.Type
	}
	call, isCall := value.(*ast.CallExpr)
	isError := isCall && calls(call, "errors.New", "fmt.Errorf")
	switch {
	case ast.IsExported(spec.Names[i].Name) && !isError:
		return "is exported, so that every importer can set it"
	case typ != nil && hasSyncType(typ):
		return "has a type of sync or sync/atomic, or a channel"
	case isCall && calls(call, "make", "new"):
		return "is made without a value"
	}
	return ""
}

// hasSyncType reports whether the type has a channel or a type of sync or sync/atomic in it.
func hasSyncType(typ ast.Expr) (found bool) {
	ast.Inspect(typ, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.ChanType:
			found = true
		case *ast.SelectorExpr:
			found = found || isIdent(x.X, "sync") || isIdent(x.X, "atomic")
		}
		return !found
	})
	return found
}

// calls reports whether a call is of one of the functions, such as make or errors.New.
func calls(call *ast.CallExpr, names ...string) bool {
	switch x := call.Fun.(type) {
	case *ast.Ident:
		return slices.Contains(names, x.Name)
	case *ast.SelectorExpr:
		id, ok := x.X.(*ast.Ident)
		return ok && slices.Contains(names, id.Name+"."+x.Sel.Name)
	}
	return false
}

// changes returns where a file assigns to the package's variables or takes their address.
func changes(f goFile, variables map[string]*ast.ValueSpec) (all []state) {
	add := func(e ast.Expr, why string) {
		name := baseVariable(e)
		if name == nil {
			return
		}
		// The parser has resolved the names that the same file declares. Others have no Obj, and may
		// be variables of the package's other files.
		spec, ok := variables[name.Name]
		if ok && (name.Obj == nil || name.Obj.Decl == spec) {
			all = append(all, state{name.Name, f.at(e), why})
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.AssignStmt:
			for _, left := range x.Lhs {
				if x.Tok != token.DEFINE {
					add(left, "is assigned to")
				}
			}
		case *ast.IncDecStmt:
			add(x.X, "is incremented or decremented")
		case *ast.RangeStmt:
			if x.Tok == token.ASSIGN {
				add(x.Key, "is assigned to")
				add(x.Value, "is assigned to")
			}
		case *ast.UnaryExpr:
			if x.Op == token.AND {
				add(x.X, "has its address taken")
			}
		case *ast.CallExpr:
			if calls(x, "clear", "delete") {
				add(x.Args[0], "has elements removed")
			}
		}
		return true
	})
	return all
}

// baseVariable returns v for v, v.f, v[i], *v and (v).
func baseVariable(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

func TestPackageState(t *testing.T) {
	t.Parallel()
	law := func(f goFile) (all []string) {
		for _, s := range packageState([]goFile{f}) {
			all = append(all, s.name+" "+s.why)
		}
		return all
	}
	for text, want := range map[string]int{
		"func init() {}":                   1,
		"type t int\nfunc (t) init() {}":   0,
		"func f() { init := 1; _ = init }": 0,
		"var ErrX = errors.New(``)":        0,
		"var X = 1":                        1,
		"var x = 1":                        0,
		"var _ I = T{}":                    0,
		"const X = 1":                      0,
		"var x sync.Mutex":                 1,
		"var x atomic.Int64":               1,
		"var x = sync.Map{}":               1,
		"var x struct{ mu sync.Mutex }":    1,
		"var x chan int":                   1,
		"var x = make(map[int]int)":        1,
		"var x = new(int)":                 1,
		"var x = regexp.MustCompile(``)":   0,
		"var x = map[int]int{1: 2}\nfunc f() int { return x[1] }":            0,
		"var x = map[int]int{}\nfunc f() { x[1] = 2 }":                       1,
		"var x = map[int]int{}\nfunc f() { clear(x) }":                       1,
		"var x = []int{1}\nfunc f() { x = append(x, 2) }":                    1,
		"var x = 1\nfunc f() { x++ }":                                        1,
		"var x = 1\nfunc f() { x += 2 }":                                     1,
		"var x = T{}\nfunc f() { x.a.b[3] = 2 }":                             1,
		"var x = 1\nfunc f() *int { return &x }":                             1,
		"var x = 1\nfunc f() { x := 2; x = 3 }":                              0,
		"var x = 1\nfunc f(x int) { x = 3 }":                                 0,
		"var x = 1\nfunc f() { for x = range 3 {} }":                         1,
		"var x *T\nfunc f() { *x = T{} }":                                    1,
		"var x = strings.NewReplacer()\nfunc f() { y := x; y = nil; _ = y }": 0,
	} {
		wantFaults(t, law, text, want)
	}
	all := packageState([]goFile{parse(t, "a.go", "var x = 1"), parse(t, "b.go", "func f() { x = 2 }")})
	if len(all) != 1 || !strings.HasPrefix(all[0].at, "b.go") {
		t.Errorf("an assignment in another file: got %v, want one in b.go", all)
	}
}
