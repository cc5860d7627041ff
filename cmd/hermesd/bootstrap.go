package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

// errBootstrapped makes hermesd exit with exitBootstrapped.
var errBootstrapped = errors.New("already bootstrapped; " +
	"--recover makes another principal, or sets a lost password anew")

// bootstrapOptions holds the flags of the command bootstrap.
type bootstrapOptions struct {
	user          string
	passwordStdin bool // read the password from standard input instead of generating one
	recovery      bool // allow another principal, or a new password for an existing one
}

// run creates the principal or, for a recovery, restores its access.
func (o bootstrapOptions) run(ctx context.Context, client *hermes.Client, password hermes.Secret) error {
	if o.recovery {
		return client.Recover(ctx, o.user, password)
	}
	return client.Bootstrap(ctx, o.user, password)
}

// runBootstrap is the command bootstrap.
func (a *app) runBootstrap(ctx context.Context, args []string) error {
	var opts bootstrapOptions
	flags := newFlagSet()
	flags.StringVar(&opts.user, "user", "", "`NAME` of the principal; required")
	flags.BoolVar(&opts.passwordStdin, "password-stdin", false, "read the password from standard input, instead of generating and printing one")
	flags.BoolVar(&opts.recovery, "recover", false, "also if there is a principal: make another one, or set a lost password anew")
	c, err := a.load(flags, args)
	if err != nil {
		return err
	}
	if opts.user == "" {
		return usageError("--user: missing; want the name of the principal to be made")
	}
	if err := errors.Join(c.checkPersistent("bootstrap"), c.checkSecretKeys()); err != nil {
		return err
	}
	backends, err := c.openBackends()
	if err != nil {
		return err
	}
	defer backends.Close()
	log := a.newLogger(c)
	s, client, err := openClient(ctx, c, hermes.Options{Backends: backends, Logger: log})
	if err != nil {
		return err
	}
	defer s.Close()
	readOnly, err := backends.readOnlyBackend(ctx, s, opts.user)
	if err != nil {
		return err
	}
	if readOnly != nil && !opts.passwordStdin {
		err = a.bootstrapBackendUser(ctx, client, opts, readOnly)
	} else {
		err = a.bootstrapNewUser(ctx, client, opts)
	}
	if err == nil && opts.recovery {
		log.Warn("bootstrap --recover: the user has full_write; if the password is new, earlier sessions have ended",
			"user", opts.user)
	}
	return err
}

// bootstrapBackendUser gives full_write to a user of a read-only backend, which keeps the user's
// password.
func (a *app) bootstrapBackendUser(
	ctx context.Context, client *hermes.Client, opts bootstrapOptions, b hermes.Backend,
) error {
	if err := opts.run(ctx, client, hermes.Secret{}); err != nil {
		return bootstrapError(ctx, client, opts, err)
	}
	fmt.Fprintf(a.stderr, "hermesd: %s has full_write now, with the password that the backend %s knows\n",
		opts.user, b.Name())
	return nil
}

// bootstrapNewUser creates a user with a password, which is printed if it is generated.
func (a *app) bootstrapNewUser(ctx context.Context, client *hermes.Client, opts bootstrapOptions) error {
	bootstrapped, err := client.Bootstrapped(ctx)
	if err != nil {
		return err
	}
	if bootstrapped && !opts.recovery {
		return errBootstrapped
	}
	password, err := a.readOrGeneratePassword(ctx, client, opts)
	if err != nil {
		return err
	}
	if err := opts.run(ctx, client, password); err != nil {
		return bootstrapError(ctx, client, opts, err)
	}
	if !opts.passwordStdin {
		fmt.Fprintf(a.stdout, "password: %s\n", password.Reveal())
	}
	return nil
}

// readOrGeneratePassword reads a line from standard input or, without --password-stdin, generates a
// password.
func (a *app) readOrGeneratePassword(
	ctx context.Context, client *hermes.Client, opts bootstrapOptions,
) (hermes.Secret, error) {
	if !opts.passwordStdin {
		res, err := client.UserGeneratePassword(ctx, hermes.UserGeneratePasswordRequest{})
		return res.Password, err
	}
	line, err := bufio.NewReader(io.LimitReader(a.stdin, 4096)).ReadString('\n')
	if err != nil && err != io.EOF {
		return hermes.Secret{}, fmt.Errorf("password on standard input: %w", err)
	}
	password := hermes.NewSecret(strings.TrimRight(line, "\r\n"))
	if password.IsZero() {
		return password, usageError("password on standard input: is empty; want 8 to 128 characters")
	}
	return password, nil
}

// bootstrapError translates the error of [bootstrapOptions.run] for the operator: a malformed name
// or password is a usage error, and errBootstrapped has an exit code of its own.
func bootstrapError(ctx context.Context, client *hermes.Client, opts bootstrapOptions, err error) error {
	var e *hermes.Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.Response == hermes.Invalid:
		return usageError("bootstrap: " + e.Detail)
	case e.Cause == hermes.Exists && !opts.recovery:
		if bootstrapped, err := client.Bootstrapped(ctx); err == nil && bootstrapped {
			return errBootstrapped
		}
	}
	return withStoreError(err)
}

// firstUser is the name of the principal that serve creates in a new embedded database.
const firstUser = "admin"

// firstLogin is the generated password of firstUser. Its hash is computed while a new database is
// made, because each takes a good part of the time that the first start needs.
type firstLogin struct {
	hermes.WritableBackend // gets the user
	password               hermes.Secret
	hash                   func() (hermes.Change, error) // waits until it is computed
}

// newFirstLogin generates the password and begins to compute the hash.
func newFirstLogin(ctx context.Context, b hermes.WritableBackend) (*firstLogin, error) {
	generator, err := hermes.New(memstore.New(), nil)
	if err != nil {
		return nil, err
	}
	res, err := generator.UserGeneratePassword(ctx, hermes.UserGeneratePasswordRequest{})
	if err != nil {
		return nil, err
	}
	f := &firstLogin{WritableBackend: b, password: res.Password}
	f.hash = sync.OnceValues(func() (hermes.Change, error) { return b.Add(firstUser, f.password) })
	go f.hash()
	return f, nil
}

// Add implements [hermes.WritableBackend]. For the first user it returns the hash that was begun.
func (f *firstLogin) Add(user string, password hermes.Secret) (hermes.Change, error) {
	if user == firstUser && password == f.password {
		return f.hash()
	}
	return f.WritableBackend.Add(user, password)
}

// beginFirstLogin returns a firstLogin for a database that has not been made yet, and otherwise
// nil.
func (s *server) beginFirstLogin(ctx context.Context) (*firstLogin, error) {
	b := s.backends.writable()
	if b == nil || !s.config.db.embedded() {
		return nil, nil
	}
	if info, err := os.Stat(s.config.db.path); s.config.db.kind == dbSQLite && err == nil && info.Size() > 0 {
		return nil, nil
	}
	return newFirstLogin(ctx, b)
}

// createFirstUser creates firstUser in an embedded database that has never had a principal, and
// returns the password. In any other case it does nothing and returns the zero Secret. first may be
// nil. Several hermesd may call it at the same time: one of them creates the user.
func (s *server) createFirstUser(ctx context.Context, first *firstLogin) (hermes.Secret, error) {
	b := s.backends.writable()
	if b == nil || !s.config.db.embedded() {
		return hermes.Secret{}, nil
	}
	authorized, err := s.client.EverAuthorized(ctx)
	if err != nil || authorized {
		return hermes.Secret{}, withStoreError(err)
	}
	if first == nil {
		if first, err = newFirstLogin(ctx, b); err != nil {
			return hermes.Secret{}, err
		}
	}
	backends := slices.Clone(s.backends)
	backends[slices.Index(backends, hermes.Backend(b))] = first
	client, err := s.store.newClient(ctx, hermes.Options{Backends: backends, Logger: s.log})
	if err != nil {
		return hermes.Secret{}, err
	}
	err = client.Bootstrap(ctx, firstUser, first.password)
	if errors.Is(err, hermes.Exists) {
		return hermes.Secret{}, nil
	}
	return first.password, withStoreError(err)
}
