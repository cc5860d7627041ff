package laws_test

import (
	"context"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// methodName returns the name of a node's method: UserChangePw for user/change_pw.
func methodName(node string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(node, func(r rune) bool { return r == '/' || r == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// TestNames_Methods: the node user/get has the method UserGet of Client, which takes a
// UserGetRequest and returns a UserGetResponse. Client has no such method that is not a node's.
func TestNames_Methods(t *testing.T) {
	t.Parallel()
	client := reflect.TypeFor[*hermes.Client]()
	isNode := map[string]bool{}
	for _, n := range hermes.Nodes() {
		name := methodName(n.Path)
		isNode[name] = true
		m, ok := client.MethodByName(name)
		if !ok {
			t.Errorf("%s: add the method Client.%s", n.Path, name)
			continue
		}
		want := "context.Context hermes." + name + "Request hermes." + name + "Response error"
		if got := signature(m.Type); got != want {
			t.Errorf("%s: the method %s takes and returns %s, want %s", n.Path, name, got, want)
		} else if req := reflect.TypeOf(n.New()); req != reflect.PointerTo(m.Type.In(2)) {
			t.Errorf("%s: Node.New returns a %v, want a pointer to the request of its method", n.Path, req)
		}
	}
	for m := range client.Methods() {
		if takesRequest(m.Type) && !isNode[m.Name] {
			t.Errorf("the method Client.%s takes a request, but the node table has no such node", m.Name)
		}
	}
}

// signature returns the types of a method's parameters and results.
func signature(m reflect.Type) string {
	var types []string
	for i := 1; i < m.NumIn(); i++ {
		types = append(types, m.In(i).String())
	}
	for out := range m.Outs() {
		types = append(types, out.String())
	}
	return strings.Join(types, " ")
}

func takesRequest(m reflect.Type) bool {
	return m.NumIn() == 3 && m.In(1) == reflect.TypeFor[context.Context]() && strings.HasSuffix(m.In(2).Name(), "Request") &&
		m.Out(m.NumOut()-1) == reflect.TypeFor[error]()
}

// TestNames_RequestTypes: each exported type of package hermes whose name ends in Request or
// Response belongs to a node.
func TestNames_RequestTypes(t *testing.T) {
	t.Parallel()
	belongs := map[string]bool{"Request": true, "Response": true} // what all nodes have in common
	for _, n := range hermes.Nodes() {
		belongs[methodName(n.Path)+"Request"], belongs[methodName(n.Path)+"Response"] = true, true
	}
	for _, f := range goFiles(t) {
		if f.dir() != "hermes" || f.isTest() {
			continue
		}
		for group := range declarations(f, token.TYPE) {
			for _, spec := range group.Specs {
				name := spec.(*ast.TypeSpec).Name.Name
				named := strings.HasSuffix(name, "Request") || strings.HasSuffix(name, "Response")
				if ast.IsExported(name) && named && !belongs[name] {
					t.Errorf("%s: rename %s, since the node table has no node that it belongs to", f.at(spec), name)
				}
			}
		}
	}
}

// TestNames_NodeTable: each line of the node table names the method of its node. Reflection cannot
// see that, since the table has functions.
func TestNames_NodeTable(t *testing.T) {
	t.Parallel()
	const path = "hermes/node.go"
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	table := parse(t, path, string(text))
	var nodes []string
	ast.Inspect(table.ast, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || !isIdent(call.Fun, "node") {
			return true
		}
		node, err := strconv.Unquote(call.Args[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, node)
		if method := call.Args[len(call.Args)-1].(*ast.SelectorExpr).Sel.Name; method != methodName(node) {
			t.Errorf("%s: %s calls %s, want %s", table.at(call), node, method, methodName(node))
		}
		return true
	})
	for i, n := range hermes.Nodes() {
		if i >= len(nodes) || nodes[i] != n.Path {
			t.Fatalf("the lines of the table are %q: want the node %s in line %d", nodes, n.Path, i+1)
		}
		if slices.Index(nodes, n.Path) != i {
			t.Errorf("%s: remove the second line of the node", n.Path)
		}
	}
}

// nodeGroups are the first parts of the nodes' paths.
var nodeGroups = []string{"auth", "user", "phone", "number", "alias", "domain", "audit"}

// TestNames_Nodes: each node is in one of the groups, and its description is one sentence.
func TestNames_Nodes(t *testing.T) {
	t.Parallel()
	for _, n := range hermes.Nodes() {
		if group, _, ok := strings.Cut(n.Path, "/"); !ok || !slices.Contains(nodeGroups, group) {
			t.Errorf("%s: want a path that begins with one of %q", n.Path, nodeGroups)
		}
		if strings.Count(n.About, ".") != 1 || !strings.HasSuffix(n.About, ".") {
			t.Errorf("%s: the description %q is not one sentence", n.Path, n.About)
		}
	}
}

func TestMethodName(t *testing.T) {
	t.Parallel()
	if got := methodName("user/change_pw"); got != "UserChangePw" {
		t.Errorf("got %s, want UserChangePw", got)
	}
}
