package hermes_test

import (
	"errors"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// open nodes are for everybody.
func open() map[string]string {
	return map[string]string{
		"auth/login":     "it is the way in",
		"auth/challenge": "it comes before auth/login",
		"auth/logout":    "it asks for the session and the cookie itself",
	}
}

// needed is what the samples need, where that is more than the node: they use all that it can do.
func needed(n hermes.Node) hermes.Capability {
	switch n.Path {
	case "auth/update_user":
		return hermes.CanAdminister // the password is another's
	case "user/permissions":
		return hermes.CanWrite // they are set
	}
	return n.Needs
}

func allows(a hermes.Access, c hermes.Capability) bool {
	table := map[hermes.Access]hermes.Capability{
		hermes.LimitedRead:  hermes.CanRead,
		hermes.FullRead:     hermes.CanRead | hermes.CanSeeSecrets,
		hermes.LimitedWrite: hermes.CanRead | hermes.CanWrite,
		hermes.FullWrite:    hermes.CanRead | hermes.CanSeeSecrets | hermes.CanWrite | hermes.CanAdminister,
	}
	return table[a]&c == c
}

// Each node is called by each level, and by what is no level: who may not is refused before the store is
// asked for anything.
func TestGuard(t *testing.T) {
	for a := hermes.NoAccess - 1; a <= hermes.FullWrite+1; a++ {
		t.Run(a.String(), func(t *testing.T) {
			eachNode(t, func(w *world, n hermes.Node, s sample) {
				watch := &storeCalls{fail: func(int) error { return nil }}
				s.actor.Access = a
				_, err := n.Call(w.Context(), w.over(watch.over(w.store)).As(s.actor), s.req)
				if open()[n.Path] != "" || allows(a, needed(n)) {
					w.noError(err)
					return
				}
				cause := hermes.Forbidden
				if a == hermes.NoAccess {
					cause = hermes.Unauthorized
				}
				if e := refused(w.T, err, cause); e.Node != n.Path || len(watch.names) != 0 {
					w.Errorf("refused as %q, after the calls %v of the store; want its own name and none", e.Node, watch.names)
				}
			})
		})
	}
}

func TestOpenNodes(t *testing.T) {
	for _, n := range hermes.Nodes() {
		if (n.Needs == hermes.NoCapability) != (open()[n.Path] != "") {
			t.Errorf("%s needs %d: want every node to need something but those that are open, each with its reason", n.Path, n.Needs)
		}
	}
}

func TestAllows(t *testing.T) {
	w := newWorld(t)
	set := hermes.Some([]string{"local"})
	for _, r := range []struct {
		why   string
		node  string
		req   any
		level hermes.Access
		want  hermes.Cause
	}{
		{"a reader reads", "user/get", nil, hermes.LimitedRead, ""},
		{"a reader does not write", "user/add", nil, hermes.LimitedRead, hermes.Forbidden},
		{"a writer does not administer", "user/remove", nil, hermes.LimitedWrite, hermes.Forbidden},
		{"nobody does nothing", "user/get", nil, hermes.NoAccess, hermes.Unauthorized},
		{"the way in is open", "auth/login", nil, hermes.NoAccess, ""},
		{"what is no node is open to nobody", "user/nothing", nil, hermes.FullWrite, hermes.NoNode},
		{"permissions are asked for by a reader", "user/permissions", hermes.UserPermissionsRequest{}, hermes.LimitedRead, ""},
		{"and set by a writer", "user/permissions", &hermes.UserPermissionsRequest{Permissions: set}, hermes.LimitedWrite, ""},
		{"but by no reader", "user/permissions", hermes.UserPermissionsRequest{Permissions: set}, hermes.FullRead, hermes.Forbidden},
		{"nor through a pointer", "user/permissions", &hermes.UserPermissionsRequest{Permissions: set}, hermes.FullRead, hermes.Forbidden},
	} {
		t.Run(r.why, func(t *testing.T) {
			err := w.level(r.level).Authorize(r.node, r.req)
			if r.want == "" {
				w.noError(err)
			} else if e := refused(t, err, r.want); e.Node != r.node {
				t.Errorf("the error names the node %q", e.Node)
			}
		})
	}
}

func TestPartialCapabilities(t *testing.T) {
	own := hermes.Actor{Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "reader"}, Access: hermes.LimitedRead, Remote: office}
	play(t, []row{
		{"permissions are read with the capability to read", func(w *world) error {
			return only(w.level(hermes.LimitedRead).UserPermissions(w.Context(), hermes.UserPermissionsRequest{User: alice}))
		}, ""},
		{"clearing them is writing too", func(w *world) error {
			return only(w.level(hermes.FullRead).UserPermissions(w.Context(),
				hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some([]string(nil))}))
		}, hermes.Forbidden},
		{"one's own password, with the old one", func(w *world) error {
			return only(w.As(own).AuthUpdateUser(w.Context(), hermes.AuthUpdateUserRequest{
				User: "reader", Password: hermes.NewSecret("battery staple"), OldPassword: hermes.NewSecret(password)}))
		}, ""},
		{"an API key of the same name is not the user", func(w *world) error {
			actor := own
			actor.Principal.Kind = hermes.KeyPrincipal
			return only(w.As(actor).AuthUpdateUser(w.Context(), hermes.AuthUpdateUserRequest{
				User: "reader", Password: hermes.NewSecret("battery staple"), OldPassword: hermes.NewSecret(password)}))
		}, hermes.Forbidden},
	})
}

func TestErrorText(t *testing.T) {
	err := newWorld(t).level(hermes.LimitedRead).Authorize("user/add", nil)
	if want := "user/add: failed/forbidden: the access level limited_read does not allow this"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if !errors.Is(err, hermes.Forbidden) || errors.Is(err, hermes.Unauthorized) {
		t.Error("errors.Is tells the wrong cause")
	}
}
