package laws_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// openNodes are the nodes that need no capability, with the reason.
var openNodes = map[string]string{
	"auth/login":     "it opens the session that has the capabilities",
	"auth/challenge": "it comes before auth/login and reveals nothing",
	"auth/logout":    "it checks the session and its cookie itself, and must work after the auth_key has expired",
}

// readersMayChange are the nodes that change something and need only the capability to read, with
// the reason.
var readersMayChange = map[string]string{
	"auth/ping":        "it renews the caller's own session",
	"auth/update_user": "users may change their own password; the method checks more for another user's",
	"user/permissions": "reading them needs no more; the method checks more for setting them",
}

// TestGuard: every node declares the capability that it needs.
func TestGuard(t *testing.T) {
	t.Parallel()
	report(t, unguarded(hermes.Nodes(), openNodes, readersMayChange))
}

func unguarded(nodes []hermes.Node, open, readers map[string]string) (faults []string) {
	known := map[string]bool{}
	for _, n := range nodes {
		known[n.Path] = true
		switch {
		case n.Needs == hermes.NoCapability && open[n.Path] == "":
			faults = append(faults, n.Path+": set the capability that it needs in the node table, or give a reason in openNodes")
		case n.Needs != hermes.NoCapability && open[n.Path] != "":
			faults = append(faults, n.Path+": remove it from openNodes, since it needs a capability")
		case n.Changes && n.Needs == hermes.CanRead && readers[n.Path] == "":
			faults = append(faults, n.Path+": it changes something; let it need more than CanRead, or give a reason in readersMayChange")
		case n.Needs&(n.Needs-1) != 0 || n.Needs > hermes.CanAdminister:
			faults = append(faults, n.Path+": set exactly one of the capabilities in the node table")
		}
	}
	for _, list := range []map[string]string{open, readers} {
		for node := range list {
			if !known[node] {
				faults = append(faults, node+": remove it from the lists of this law, since it is not a node")
			}
		}
	}
	return faults
}

func TestUnguarded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		node hermes.Node
		open string
		want int
	}{
		{"one capability", hermes.Node{Path: "a/b", Needs: hermes.CanRead}, "", 0},
		{"no capability", hermes.Node{Path: "a/b"}, "", 1},
		{"no capability, with a reason", hermes.Node{Path: "a/b"}, "a/b", 0},
		{"one capability, but in openNodes", hermes.Node{Path: "a/b", Needs: hermes.CanRead}, "a/b", 1},
		{"readers change something", hermes.Node{Path: "a/b", Needs: hermes.CanRead, Changes: true}, "", 1},
		{"writers change something", hermes.Node{Path: "a/b", Needs: hermes.CanWrite, Changes: true}, "", 0},
		{"two capabilities", hermes.Node{Path: "a/b", Needs: hermes.CanRead | hermes.CanWrite}, "", 1},
		{"unknown capability", hermes.Node{Path: "a/b", Needs: hermes.CanAdminister << 1}, "", 1},
		{"openNodes has an unknown node", hermes.Node{Path: "a/b", Needs: hermes.CanRead}, "c/d", 1},
	} {
		open := map[string]string{}
		if c.open != "" {
			open[c.open] = "a reason"
		}
		if faults := unguarded([]hermes.Node{c.node}, open, nil); len(faults) != c.want {
			t.Errorf("%s: %q, want %d faults", c.name, faults, c.want)
		}
	}
}
