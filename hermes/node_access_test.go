package hermes_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// openNodes returns the nodes that need no capability, each with the reason.
func openNodes() map[string]string {
	return map[string]string{
		"auth/login":     "it gives access",
		"auth/challenge": "it comes before auth/login",
		"auth/logout":    "it checks the session and the cookie in the request",
	}
}

// neededBySample returns the capability that a sample needs. Some need more than their node.
func neededBySample(n hermes.Node) hermes.Capability {
	switch n.Path {
	case "auth/update_user":
		return hermes.CanAdminister // it changes the password of another user
	case "user/permissions":
		return hermes.CanWrite // it sets the permissions
	}
	return n.Needs
}

// allows is API.md's table of the capabilities of each access level.
func allows(a hermes.Access, c hermes.Capability) bool {
	table := map[hermes.Access]hermes.Capability{
		hermes.LimitedRead:  hermes.CanRead,
		hermes.FullRead:     hermes.CanRead | hermes.CanSeeSecrets,
		hermes.LimitedWrite: hermes.CanRead | hermes.CanWrite,
		hermes.FullWrite:    hermes.CanRead | hermes.CanSeeSecrets | hermes.CanWrite | hermes.CanAdminister,
	}
	return table[a]&c == c
}

// Each node is called with each access level and with values that are none. A caller who lacks the
// capability is refused before any call to the store.
func TestNode_Needs(t *testing.T) {
	t.Parallel()
	for access := hermes.NoAccess - 1; access <= hermes.FullWrite+1; access++ {
		t.Run(access.String(), func(t *testing.T) {
			t.Parallel()
			forEachNode(t, func(t *testing.T, e *env, n hermes.Node, s nodeSample) {
				calls := &storeCalls{}
				s.actor.Access = access
				_, err := n.Call(t.Context(), e.newClient(t, calls.over(e.store)).As(s.actor), s.req)
				if openNodes()[n.Path] != "" || allows(access, neededBySample(n)) {
					wantCause(t, err, "")
					return
				}
				cause := hermes.Forbidden
				if access == hermes.NoAccess {
					cause = hermes.Unauthorized
				}
				if he := wantCause(t, err, cause); he.Node != n.Path || len(calls.names) != 0 {
					t.Errorf("refused as %q after the store calls %v; want the node's path and no calls",
						he.Node, calls.names)
				}
			})
		})
	}
}

func TestNode_Needs_openNodes(t *testing.T) {
	t.Parallel()
	for _, n := range hermes.Nodes() {
		if open := openNodes()[n.Path] != ""; (n.Needs == hermes.NoCapability) != open {
			t.Errorf("%s needs the capability %04b; want none for the nodes in openNodes, and one for all others",
				n.Path, n.Needs)
		}
	}
}
