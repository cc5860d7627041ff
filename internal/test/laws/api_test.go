package laws_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/remote"
)

// outsideAPI are the nodes that are not in the interface hermes.API, with the reason.
var outsideAPI = map[string]string{
	"auth/login":     "an embedded Client has no session, and a remote one opens its own",
	"auth/challenge": "it is a part of that login",
	"auth/ping":      "a remote Client renews its own session",
	"auth/logout":    "a remote Client ends its own session when it is closed",
}

// TestAPI: hermes.API has the method of every node but those of outsideAPI, as Client has it, and
// of no other.
func TestAPI(t *testing.T) {
	t.Parallel()
	report(t, apiFaults(hermes.Nodes(), outsideAPI, reflect.TypeFor[hermes.API](), reflect.TypeFor[*hermes.Client]()))
}

func apiFaults(nodes []hermes.Node, outside map[string]string, api, client reflect.Type) (faults []string) {
	isNode, known := map[string]bool{}, map[string]bool{}
	for _, n := range nodes {
		name := methodName(n.Path)
		known[n.Path] = true
		if outside[n.Path] != "" {
			continue
		}
		isNode[name] = true
		method, ok := api.MethodByName(name)
		if !ok {
			faults = append(faults, n.Path+": add its method to hermes.API, in hermes/api.go:\n\t"+apiMethod(name)+
				"\nand to hermes/remote/nodes.go:\n"+remoteMethod(name, n.Path))
			continue
		}
		// The type of a method of an interface has no receiver, unlike that of a method of *Client.
		if own, ok := client.MethodByName(name); ok && " "+signature(own.Type) != inAndOut(method.Type) {
			faults = append(faults, fmt.Sprintf("%s: hermes.API has %s%s, and Client has %s", n.Path, name, method.Type, own.Type))
		}
	}
	for method := range api.Methods() {
		if !isNode[method.Name] && method.Name != "WithOptions" {
			faults = append(faults, "hermes.API."+method.Name+": remove it, since no node outside of outsideAPI has it")
		}
	}
	for path := range outside {
		if !known[path] {
			faults = append(faults, path+": remove it from outsideAPI, since it is not a node")
		}
	}
	return faults
}

// apiMethod returns the lines of a method of hermes.API.
func apiMethod(name string) string {
	return fmt.Sprintf("// %[1]s is [Client.%[1]s].\n\t%[1]s(context.Context, %[1]sRequest) (%[1]sResponse, error)", name)
}

// remoteMethod returns the method of remote.Client for a node without a streamed list.
func remoteMethod(name, path string) string {
	return fmt.Sprintf("// %[1]s calls %[2]s, as [hermes.Client.%[1]s] does.\n"+
		"func (c *Client) %[1]s(ctx context.Context, req hermes.%[1]sRequest) (hermes.%[1]sResponse, error) {\n"+
		"\treturn call[hermes.%[1]sResponse](ctx, c, %[2]q, req)\n}", name, path)
}

// inAndOut returns the types of the parameters and results of a method without receiver, each after
// a blank.
func inAndOut(m reflect.Type) string {
	var b strings.Builder
	for in := range m.Ins() {
		b.WriteString(" " + in.String())
	}
	for out := range m.Outs() {
		b.WriteString(" " + out.String())
	}
	return b.String()
}

func TestAPIFaults(t *testing.T) {
	t.Parallel()
	type same interface {
		DomainList(int) error
		WithOptions(int)
	}
	type none interface{ WithOptions(int) }
	type more interface {
		DomainList(int) error
		DomainPing(int) error
	}
	nodes := []hermes.Node{{Path: "domain/list"}, {Path: "auth/login"}}
	for _, c := range []struct {
		name string
		api  reflect.Type
		out  map[string]string
		want int
	}{
		{"every node", reflect.TypeFor[same](), map[string]string{"auth/login": "a reason"}, 0},
		{"a node is missing", reflect.TypeFor[none](), map[string]string{"auth/login": "a reason"}, 1},
		{"a method without a node", reflect.TypeFor[more](), map[string]string{"auth/login": "a reason"}, 1},
		{"a node without a reason", reflect.TypeFor[same](), nil, 1},
		{"a reason without a node", reflect.TypeFor[same](), map[string]string{"auth/login": "a reason", "auth/x": "another"}, 1},
		{"a node of the list in the interface", reflect.TypeFor[same](), map[string]string{"auth/login": "a", "domain/list": "b"}, 1},
	} {
		if faults := apiFaults(nodes, c.out, c.api, reflect.TypeFor[fakeClient]()); len(faults) != c.want {
			t.Errorf("%s: %q, want %d faults", c.name, faults, c.want)
		}
	}
	type other interface{ DomainList(string) error }
	if faults := apiFaults(nodes[:1], nil, reflect.TypeFor[other](), reflect.TypeFor[fakeClient]()); len(faults) != 1 {
		t.Errorf("another signature: %q, want one fault", faults)
	}
}

// fakeClient has one method of a node.
type fakeClient struct{}

// DomainList stands for the method of a node.
func (fakeClient) DomainList(int) error { return nil }

// TestAPI_Remote: the Client of package remote has the methods of hermes.API, and no other that
// takes a request.
func TestAPI_Remote(t *testing.T) {
	t.Parallel()
	api, client := reflect.TypeFor[hermes.API](), reflect.TypeFor[*remote.Client]()
	if !client.Implements(api) {
		t.Error("the Client of package remote does not implement hermes.API")
	}
	for method := range client.Methods() {
		if _, ok := api.MethodByName(method.Name); takesRequest(method.Type) && !ok {
			t.Errorf("remote.Client.%s: remove it, since hermes.API has no such method", method.Name)
		}
	}
}
