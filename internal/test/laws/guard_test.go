package laws_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// open are the nodes that need no capability, each with the reason.
func open() map[string]string {
	return map[string]string{
		"auth/login":     "it is the way in",
		"auth/challenge": "it comes before auth/login, and tells nothing",
		"auth/logout":    "it asks for the session and its cookie itself, and must work when the auth_key has expired",
	}
}

// changedByReaders are the nodes that change something and need no more than to read, each with the reason.
func changedByReaders() map[string]string {
	return map[string]string{
		"auth/ping":        "it renews the caller's own session",
		"auth/update_user": "one's own password is everybody's to change; another's needs more, by the request",
		"user/permissions": "asking needs to read; setting needs more, by the request",
	}
}

// The guard law: every node declares the capability that it needs.
func TestGuards(t *testing.T) { obey(t, unguarded(hermes.Nodes(), open(), changedByReaders())) }

func unguarded(nodes []hermes.Node, open, readers map[string]string) (broken []string) {
	known := map[string]bool{}
	for _, n := range nodes {
		known[n.Path] = true
		switch {
		case (n.Needs == hermes.NoCapability) != (open[n.Path] != ""):
			broken = append(broken, n.Path+": want a capability, or a reason in the list of open nodes")
		case n.Changes && n.Needs == hermes.CanRead && readers[n.Path] == "":
			broken = append(broken, n.Path+": it changes something, and who may read may call it")
		case n.Needs&(n.Needs-1) != 0 || n.Needs > hermes.CanAdminister:
			broken = append(broken, n.Path+": want exactly one of the capabilities")
		}
	}
	for _, list := range []map[string]string{open, readers} {
		for node := range list {
			if !known[node] {
				broken = append(broken, node+": is in a list and is no node")
			}
		}
	}
	return broken
}

func TestGuardsAreSeen(t *testing.T) {
	for _, r := range []struct {
		why  string
		node hermes.Node
		open string
		want int
	}{
		{"guarded", hermes.Node{Path: "a/b", Needs: hermes.CanRead}, "", 0},
		{"without a guard", hermes.Node{Path: "a/b"}, "", 1},
		{"open with a reason", hermes.Node{Path: "a/b"}, "a/b", 0},
		{"guarded, and in the list", hermes.Node{Path: "a/b", Needs: hermes.CanRead}, "a/b", 1},
		{"changed by readers", hermes.Node{Path: "a/b", Needs: hermes.CanRead, Changes: true}, "", 1},
		{"changed by writers", hermes.Node{Path: "a/b", Needs: hermes.CanWrite, Changes: true}, "", 0},
		{"two capabilities", hermes.Node{Path: "a/b", Needs: hermes.CanRead | hermes.CanWrite}, "", 1},
		{"a capability that is none", hermes.Node{Path: "a/b", Needs: hermes.CanAdminister << 1}, "", 1},
		{"a list of what is no node", hermes.Node{Path: "a/b", Needs: hermes.CanRead}, "c/d", 1},
	} {
		list := map[string]string{}
		if r.open != "" {
			list[r.open] = "a reason"
		}
		if broken := unguarded([]hermes.Node{r.node}, list, nil); len(broken) != r.want {
			t.Errorf("%s: %q, want %d faults", r.why, broken, r.want)
		}
	}
}
