package laws_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/readme"
)

var update = flag.Bool("update", false, "write README.md's list of nodes")

// TestREADME: the README's list of nodes is the node table.
func TestREADME(t *testing.T) {
	readme.Check(t, filepath.Join(root, "README.md"), "nodes", nodeList(hermes.Nodes()), *update)
}

// nodeList returns the nodes as a Markdown table.
func nodeList(nodes []hermes.Node) string {
	var b strings.Builder
	b.WriteString("| node | needs | what it does |\n| --- | --- | --- |\n")
	for _, n := range nodes {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", n.Path, capabilityName(n.Needs), strings.TrimSuffix(n.About, "."))
	}
	return b.String()
}

func capabilityName(c hermes.Capability) string {
	if c == hermes.NoCapability {
		return "–"
	}
	return c.String()
}

func TestNodeList(t *testing.T) {
	t.Parallel()
	got := nodeList([]hermes.Node{
		{Path: "auth/login", About: "Opens a session."},
		{Path: "user/add", Needs: hermes.CanWrite, About: "Adds a user."},
	})
	want := "| node | needs | what it does |\n| --- | --- | --- |\n| `auth/login` | – | Opens a session |\n| `user/add` | write | Adds a user |\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
