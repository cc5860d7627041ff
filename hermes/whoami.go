package hermes

import (
	"context"
	"time"
)

// AuthWhoamiRequest has no parameters: it is about the actor.
type AuthWhoamiRequest struct{}

// Check implements [Request].
func (AuthWhoamiRequest) Check(...string) error { return nil }

// AuthWhoamiResponse has the actor's name and rights.
type AuthWhoamiResponse struct {
	User   string `json:"user,omitzero"` // of a backend
	Key    string `json:"key,omitzero"`  // the public id of an API key
	Access Access `json:"access"`
	ScopeObject
	// ExpiresIn is what is left of the session's lifetime, in seconds; 0 if there is no session.
	ExpiresIn int64 `json:"expires_in,omitzero"`
}

// AuthWhoami shows what the actor may do, and how long its session lasts.
func (c *Client) AuthWhoami(ctx context.Context, req AuthWhoamiRequest) (res AuthWhoamiResponse, err error) {
	defer wrap(&err, "auth/whoami")
	if err = c.precheck(ctx, "auth/whoami", req); err != nil {
		return res, err
	}
	res = AuthWhoamiResponse{Access: c.actor.Access, ScopeObject: scopeObject(c.actor.Scope)}
	switch p := c.actor.Principal; p.Kind {
	case UserPrincipal:
		res.User = p.Name
	case KeyPrincipal:
		res.Key = p.Name
	}
	if ends := c.actor.session.ends; !ends.IsZero() {
		res.ExpiresIn = int64(ends.Sub(c.now()) / time.Second)
	}
	return res, nil
}
