package hermes

import "context"

// Backend knows the API's users and their passwords. What a user may do is Hermes' own
// authorization, in the store. Package hermes/local is the backend that keeps its users in the store.
type Backend interface {
	// Name is what auth/list_users shows.
	Name() string
	// Verify tells whether password is user's. An unknown user costs the time that a known one does. An error means that
	// the backend could not tell, which lets nobody in.
	Verify(ctx context.Context, s Store, user string, password Secret) (bool, error)
	// Has tells whether there is such a user.
	Has(ctx context.Context, s Store, user string) (bool, error)
}

// WritableBackend is a Backend whose users Hermes may change.
type WritableBackend interface {
	Backend
	// Add prepares a new user, costly hashing included; the change returns Exists.
	Add(user string, password Secret) (Change, error)
	// Update prepares a new password; the change returns NotFound.
	Update(user string, password Secret) (Change, error)
	// Remove prepares a removal; the change returns NotFound.
	Remove(user string) Change
}

// A Change is applied in a transaction, once or more.
type Change func(ctx context.Context, s Store) error

// writable returns the first backend that can be written, ReadOnly where there is none.
func (c *core) writable() (WritableBackend, error) {
	for _, b := range c.opts.Backends {
		if w, ok := b.(WritableBackend); ok {
			return w, nil
		}
	}
	return nil, failed(ReadOnly, "no authentication backend can be written")
}

// backendOf returns the first backend that has the user, nil where none does. It is asked outside of any transaction: a
// directory may be slow, and others would wait.
func (c *core) backendOf(ctx context.Context, user string) (Backend, error) {
	for _, b := range c.opts.Backends {
		has, err := b.Has(ctx, c.store, user)
		if has || err != nil {
			return b, err
		}
	}
	return nil, nil
}

// needBackend is backendOf for who needs one.
func (c *core) needBackend(ctx context.Context, user string) (Backend, error) {
	b, err := c.backendOf(ctx, user)
	if err == nil && b == nil {
		err = noBackendUser(NotFound, user)
	}
	return b, err
}

// stillHas asks b again in a transaction where its users are the store's, and may have been removed meanwhile.
func stillHas(ctx context.Context, s Store, b Backend, user string) error {
	w, ok := b.(WritableBackend)
	if !ok {
		return nil
	}
	has, err := w.Has(ctx, s, user)
	if err == nil && !has {
		err = noBackendUser(NotFound, user)
	}
	return err
}

func noBackendUser(err error, user string) error {
	return missing(err, "no authentication backend has the user %q", user)
}
