package laws_test

import (
	"context"
	"go/ast"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

var (
	clientType  = reflect.TypeFor[*hermes.Client]()
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// goName is user/change_pw as UserChangePw.
func goName(node string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(node, func(r rune) bool { return r == '/' || r == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// The name law: node user/get ⇔ method UserGet ⇔ UserGetRequest and UserGetResponse, without exceptions.
func TestNames(t *testing.T) {
	named := map[string]bool{}
	for _, n := range hermes.Nodes() {
		name := goName(n.Path)
		named[name] = true
		m, ok := clientType.MethodByName(name)
		if !ok {
			t.Errorf("%s: want the method %s", n.Path, name)
			continue
		}
		if got := signature(m.Type); got != "context.Context hermes."+name+"Request hermes."+name+"Response error" {
			t.Errorf("%s: the method %s is %s", n.Path, name, got)
		}
		if req := reflect.TypeOf(n.New()); m.Type.NumIn() == 3 && req != reflect.PointerTo(m.Type.In(2)) {
			t.Errorf("%s: New returns a %v, want a pointer to its method's request", n.Path, req)
		}
	}
	for m := range clientType.Methods() {
		if isNodeMethod(m.Type) && !named[m.Name] {
			t.Errorf("%s takes a request and is no node", m.Name)
		}
	}
}

func signature(m reflect.Type) string {
	var all []string
	for i := 1; i < m.NumIn(); i++ {
		all = append(all, m.In(i).String())
	}
	for out := range m.Outs() {
		all = append(all, out.String())
	}
	return strings.Join(all, " ")
}

func isNodeMethod(m reflect.Type) bool {
	return m.NumIn() == 3 && m.In(1) == contextType && strings.HasSuffix(m.In(2).Name(), "Request") && m.Out(m.NumOut()-1) == errorType
}

// Every Request and Response type is a node's.
func TestRequestTypes(t *testing.T) {
	want := map[string]bool{}
	for _, n := range hermes.Nodes() {
		want[goName(n.Path)+"Request"], want[goName(n.Path)+"Response"] = true, true
	}
	for _, s := range sources(t) {
		if s.dir() != "hermes" || s.test() {
			continue
		}
		for spec := range specs[*ast.TypeSpec](s.ast, token.TYPE) {
			name := spec.Name.Name
			if ast.IsExported(name) && name != "Request" && name != "Response" && (strings.HasSuffix(name, "Request") || strings.HasSuffix(name, "Response")) && !want[name] {
				t.Errorf("%s: %s belongs to no node", s.at(spec), name)
			}
		}
	}
}

// The table's line names the method that the node's name asks for; that cannot be seen by reflection.
func TestNodeTable(t *testing.T) {
	table := parseFile(t, "hermes/node.go")
	var paths []string
	ast.Inspect(table.ast, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || !isIdent(call.Fun, "node") {
			return true
		}
		node, err := strconv.Unquote(call.Args[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, node)
		if method := call.Args[len(call.Args)-1].(*ast.SelectorExpr).Sel.Name; method != goName(node) {
			t.Errorf("%s: %s calls %s", table.at(call), node, method)
		}
		return true
	})
	for i, n := range hermes.Nodes() {
		if i >= len(paths) || paths[i] != n.Path {
			t.Fatalf("the table's lines are %q: want the node %s in line %d", paths, n.Path, i+1)
		}
		if slices.Index(paths, n.Path) != i {
			t.Errorf("%s is there twice", n.Path)
		}
	}
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// The group names are the same in every layer, and each line says in one sentence what its node does.
func TestNodeLines(t *testing.T) {
	groups := []string{"auth", "user", "phone", "number", "alias", "domain"}
	for _, n := range hermes.Nodes() {
		group, _, ok := strings.Cut(n.Path, "/")
		if !ok || !slices.Contains(groups, group) {
			t.Errorf("%s: want a group of %v", n.Path, groups)
		}
		if strings.Count(n.About, ".") != 1 || !strings.HasSuffix(n.About, ".") {
			t.Errorf("%s: %q is not one sentence", n.Path, n.About)
		}
	}
	for _, folder := range []string{"hermes", "hermes/memstore", "internal/bunstore", "hermes/storetest"} {
		for _, group := range groups {
			if files, _ := filepath.Glob(filepath.Join(root, folder, group+"*.go")); len(files) == 0 {
				t.Errorf("%s: want files that are named for the group %s", folder, group)
			}
		}
	}
}
