package hermes

import "context"

// Backend authenticates the API's users. What a user may do is an [Authorization] in the store.
// Package hermes/local is the backend that keeps its users in the store itself. Package
// hermes/backendtest tests a Backend.
//
// A user belongs to the first of Options.Backends that has the name: no other backend's password
// opens a session, also while that backend cannot answer. The backends are asked side by side, so
// that one that is slow does not delay the users of those before it. Only a WritableBackend should
// use the store, which may be for one goroutine only; the others are called in another one.
type Backend interface {
	// Name returns the name that auth/list_users shows.
	Name() string
	// Verify reports whether password is that of user. It must take as long for an unknown user as
	// for a known one. An error means that the backend could not find out; the login fails then. It
	// is also called with the name ":", which no user has, and then refuses.
	Verify(ctx context.Context, s Store, user string, password Secret) (bool, error)
	// Has reports whether the user exists.
	Has(ctx context.Context, s Store, user string) (bool, error)
}

// WritableBackend is a Backend whose users Hermes may change.
type WritableBackend interface {
	Backend
	// Add prepares the addition of a user, costly hashing included. The change returns Exists.
	Add(user string, password Secret) (Change, error)
	// Update prepares a new password. The change returns NotFound.
	Update(user string, password Secret) (Change, error)
	// Remove prepares a removal. The change returns NotFound.
	Remove(user string) Change
}

// inStore reports whether the users of a backend are in the store.
func inStore(b Backend) bool {
	_, ok := b.(WritableBackend)
	return ok
}

// A Change is applied in a transaction, once or more often.
type Change func(ctx context.Context, s Store) error

// writableBackend returns the first backend that can be written, or ReadOnly.
func (c *Client) writableBackend() (WritableBackend, error) {
	for _, b := range c.opts.Backends {
		if w, ok := b.(WritableBackend); ok {
			return w, nil
		}
	}
	return nil, failed(ReadOnly, "no authentication backend can be written")
}

// backendOf returns the first backend that has the user, or nil. It is called before a call's own
// transaction begins, because a directory may be slow and other transactions would wait.
func (c *Client) backendOf(ctx context.Context, user string) (Backend, error) {
	for _, b := range c.opts.Backends {
		has, err := b.Has(ctx, c.store, user)
		if has || err != nil {
			return b, err
		}
	}
	return nil, nil
}

// needBackend is backendOf, but returns NotFound if no backend has the user.
func (c *Client) needBackend(ctx context.Context, user string) (Backend, error) {
	b, err := c.backendOf(ctx, user)
	if err == nil && b == nil {
		err = noBackendUser(NotFound, user)
	}
	return b, err
}

// needStillUser asks a backend whose users are in the store again, in the transaction: the user may
// have been removed since backendOf.
func needStillUser(ctx context.Context, s Store, b Backend, user string) error {
	if !inStore(b) {
		return nil
	}
	has, err := b.Has(ctx, s, user)
	if err == nil && !has {
		err = noBackendUser(NotFound, user)
	}
	return err
}

func noBackendUser(err error, user string) error {
	return missing(err, "no authentication backend has the user %q", user)
}
