package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/sip"
)

// ScopeList is a list of a [Scope] as a request gives it; see [Scope.With]. If empty, the list
// stays as it is: that of the principal, or of the actor if the principal is new. "*" lifts it, if
// the actor's own is not narrowed.
type ScopeList string

// ScopeObject is a [Scope] as the API shows it. A list that does not narrow is absent.
type ScopeObject struct {
	Domains []sip.Domain `json:"domains,omitempty"`
	Numbers []string     `json:"numbers,omitempty"` // prefixes
	Nodes   []string     `json:"nodes,omitempty"`   // patterns
}

func scopeObject(s Scope) ScopeObject {
	return ScopeObject{Domains: s.DomainList(), Numbers: s.NumberPrefixes(), Nodes: s.NodePatterns()}
}

// scopeLists are the lists of a scope in a request.
type scopeLists struct{ domains, numbers, nodes ScopeList }

// over returns the scope that the lists make of s.
func (l scopeLists) over(s Scope) (Scope, error) {
	next, err := s.With(string(l.domains), string(l.numbers), string(l.nodes))
	if err != nil {
		return s, badParameter("%s", err)
	}
	return next, nil
}

// check refuses malformed lists.
func (l scopeLists) check() error {
	_, err := l.over(Scope{})
	return err
}

// grantable returns the scope that the lists make of the actor's own. It refuses patterns that
// match no node, and a grant that is wider than what the actor has.
func (c *Client) grantable(access Access, l scopeLists) (Scope, error) {
	s, err := l.over(c.actor.Scope)
	if err != nil {
		return s, err
	}
	for _, pattern := range listOf(string(l.nodes)) {
		if !c.anyNode(pattern) {
			return s, badParameter("nodes: %q matches no node", pattern)
		}
	}
	return s, c.needWithinOwn(access, s)
}

// anyNode reports whether a pattern matches a node.
func (c *Client) anyNode(pattern string) bool {
	for path := range c.nodes {
		if matchNode(pattern, path) {
			return true
		}
	}
	return false
}

// needWithinOwn refuses rights that are wider than those of the actor.
func (c *Client) needWithinOwn(access Access, s Scope) error {
	if !access.valid() || !c.actor.Access.Allows(accessAllows[access]) {
		return failed(Forbidden, "the access level %s cannot grant %s", c.actor.Access, access)
	}
	if !c.actor.Scope.Covers(s) {
		return failed(Forbidden, "that is wider than the scope of this principal")
	}
	return nil
}

// needManageable refuses a principal whose rights are wider than those of the actor. An actor with
// a scope does not know of principals without rights: it gets NotFound, as the store returns it.
// Other transactions must be kept from changing the rights.
func (c *Client) needManageable(ctx context.Context, s Store, p Principal) error {
	if c.actor.Access == FullWrite && c.actor.Scope.IsZero() {
		return nil
	}
	a, err := s.Authorization(ctx, p)
	if err != nil {
		return err
	}
	return c.needWithinOwn(a.Access, a.Scope)
}

// showable returns the authorizations that are not wider than that of the actor.
func (c *Client) showable(all []Authorization) []Authorization {
	var shown []Authorization
	for _, a := range all {
		if c.needWithinOwn(a.Access, a.Scope) == nil {
			shown = append(shown, a)
		}
	}
	return shown
}
