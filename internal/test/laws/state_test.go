package laws_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// stateful are the variables of packages that may change, each with the reason.
func stateful() map[string]string {
	return map[string]string{
		"hermes/api responseTypes":    "a cache by type, as encoding/json has one: it only ever gains what would be computed again",
		"hermes/api encoders":         "a cache by type too",
		"internal/test/pgtest shared": "one throwaway server for all the tests of a process",
	}
}

// No state in packages and no init, as far as syntax tells it.
func TestNoState(t *testing.T) {
	files := map[string][]source{}
	for _, s := range sources(t) {
		if !s.test() {
			files[s.dir()] = append(files[s.dir()], s)
		}
	}
	used := map[string]bool{}
	for dir, all := range files {
		for _, v := range mutable(all) {
			name := dir + " " + v.name
			used[name] = true
			if stateful()[name] == "" {
				t.Errorf("%s: %s %s", v.at, v.name, v.why)
			}
		}
	}
	for name := range stateful() {
		if !used[name] {
			t.Errorf("%s is in the list of what may change, and does not", name)
		}
	}
}

// fault is a variable of a package that may change.
type fault struct{ name, at, why string }

func mutable(files []source) (all []fault) {
	variables := map[string]*ast.ValueSpec{}
	for _, s := range files {
		for fn := range functions(s.ast) {
			if fn.Name.Name == "init" && fn.Recv == nil {
				all = append(all, fault{"init", s.at(fn), "runs before anybody asked"})
			}
		}
		for spec := range specs[*ast.ValueSpec](s.ast, token.VAR) {
			for i, name := range spec.Names {
				if name.Name == "_" {
					continue
				}
				variables[name.Name] = spec
				if why := declared(spec, i); why != "" {
					all = append(all, fault{name.Name, s.at(spec), why})
				}
			}
		}
	}
	for _, s := range files {
		all = append(all, written(s, variables)...)
	}
	return all
}

// declared tells why a variable is made to be changed.
func declared(spec *ast.ValueSpec, i int) string {
	name := spec.Names[i].Name
	var value ast.Expr
	if i < len(spec.Values) {
		value = spec.Values[i]
	}
	call, _ := value.(*ast.CallExpr)
	isError := call != nil && isCall(call, "errors.New", "fmt.Errorf")
	switch {
	case ast.IsExported(name) && !isError:
		return "is exported, and whoever imports it can set it"
	case holdsState(spec.Type):
		return "is of a type that is made to be changed"
	case call != nil && isCall(call, "make", "new"):
		return "is made empty, to be filled"
	}
	if lit, ok := value.(*ast.CompositeLit); ok && holdsState(lit.Type) {
		return "is of a type that is made to be changed"
	}
	return ""
}

// holdsState tells whether a type's only use is to be changed.
func holdsState(typ ast.Expr) (found bool) {
	if typ == nil {
		return false
	}
	ast.Inspect(typ, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.ChanType:
			found = true
		case *ast.SelectorExpr:
			if isIdent(x.X, "sync") || isIdent(x.X, "atomic") {
				found = true
			}
		}
		return !found
	})
	return found
}

func isCall(call *ast.CallExpr, names ...string) bool {
	return slices.Contains(names, dotted(call.Fun))
}

func dotted(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return dotted(x.X) + "." + x.Sel.Name
	}
	return ""
}

// written finds assignments to a package's variables, and pointers to them.
func written(s source, variables map[string]*ast.ValueSpec) (all []fault) {
	say := func(e ast.Expr, why string) {
		if name := base(e); name != nil && isPackages(name, variables) {
			all = append(all, fault{name.Name, s.at(e), why})
		}
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.AssignStmt:
			for _, to := range x.Lhs {
				if x.Tok != token.DEFINE {
					say(to, "is assigned to")
				}
			}
		case *ast.IncDecStmt:
			say(x.X, "is counted up or down")
		case *ast.RangeStmt:
			if x.Tok == token.ASSIGN {
				say(x.Key, "is assigned to")
				say(x.Value, "is assigned to")
			}
		case *ast.UnaryExpr:
			if x.Op == token.AND {
				say(x.X, "is given away by a pointer")
			}
		case *ast.CallExpr:
			if isCall(x, "clear", "delete") {
				say(x.Args[0], "is emptied")
			}
		}
		return true
	})
	return all
}

// base is the variable in v, v.f, v[i], *v.
func base(e ast.Expr) *ast.Ident {
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

// isPackages tells a package's variable from what has the same name in a function: the parser has
// resolved the names of a file, and leaves open those of the package's other files.
func isPackages(name *ast.Ident, variables map[string]*ast.ValueSpec) bool {
	spec, ok := variables[name.Name]
	return ok && (name.Obj == nil || name.Obj.Decl == spec)
}

func TestStateIsSeen(t *testing.T) {
	seen := func(s source) (all []string) {
		for _, f := range mutable([]source{s}) {
			all = append(all, f.name+" "+f.why)
		}
		return all
	}
	for text, want := range map[string]int{
		"func init() {}": 1, "type t int\nfunc (t) init() {}": 0, "func f() { init := 1; _ = init }": 0,
		"var ErrX = errors.New(``)": 0, "var X = 1": 1, "var x = 1": 0, "var _ I = T{}": 0, "const X = 1": 0,
		"var x sync.Mutex": 1, "var x atomic.Int64": 1, "var x = sync.Map{}": 1, "var x struct{ mu sync.Mutex }": 1, "var x = make(map[int]int)": 1, "var x = new(int)": 1,
		"var x = map[int]int{1: 2}\nfunc f() int { return x[1] }": 0, "var x = map[int]int{}\nfunc f() { x[1] = 2 }": 1, "var x chan int": 1,
		"var x = []int{1}\nfunc f() { x = append(x, 2) }": 1, "var x = 1\nfunc f() { x++ }": 1, "var x = 1\nfunc f() { x += 2 }": 1,
		"var x = T{}\nfunc f() { x.a.b[3] = 2 }": 1, "var x = 1\nfunc f() *int { return &x }": 1, "var x = map[int]int{}\nfunc f() { clear(x) }": 1,
		"var x = 1\nfunc f() { x := 2; x = 3 }": 0, "var x = 1\nfunc f(x int) { x = 3 }": 0, "var x = 1\nfunc f() { for x = range 3 {} }": 1,
		"var x *T\nfunc f() { *x = T{} }": 1, "var x = regexp.MustCompile(``)": 0, "var x = strings.NewReplacer()\nfunc f() { y := x; y = nil; _ = y }": 0,
	} {
		sees(t, seen, text, want)
	}
	two := []source{parse(t, "a.go", []byte("package p\nvar x = 1")), parse(t, "b.go", []byte("package p\nfunc f() { x = 2 }"))}
	if broken := mutable(two); len(broken) != 1 || !strings.HasPrefix(broken[0].at, "b.go") {
		t.Errorf("an assignment in another file: %v", broken)
	}
}
