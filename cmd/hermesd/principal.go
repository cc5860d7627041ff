package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
)

// errBootstrapped has an exit code of its own.
var errBootstrapped = errors.New("already bootstrapped; --recover makes another principal, or sets a lost password anew")

// bootstrapFlags are the command's own.
type bootstrapFlags struct {
	user          string
	passwordStdin bool
	recover       bool
}

// make returns the method that the flags ask for.
func (f bootstrapFlags) make(c *hermes.Client) func(context.Context, string, hermes.Secret) error {
	if f.recover {
		return c.Recover
	}
	return c.Bootstrap
}

// bootstrap is the command bootstrap.
func (a *app) bootstrap(ctx context.Context, args []string) error {
	var f bootstrapFlags
	flags := newFlags()
	flags.StringVar(&f.user, "user", "", "")
	flags.BoolVar(&f.passwordStdin, "password-stdin", false, "")
	flags.BoolVar(&f.recover, "recover", false, "")
	c, err := load(flags, args, a.getenv)
	if err != nil {
		return err
	}
	if f.user == "" {
		return usageError("--user: missing; want the name of the principal to be made")
	}
	if err := errors.Join(c.checkKept("bootstrap"), c.checkKeys()); err != nil {
		return err
	}
	users, err := c.openBackends()
	if err != nil {
		return err
	}
	defer users.close()
	s, err := open(ctx, c)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	log := a.logger(c)
	client, err := s.client(ctx, hermes.Options{Backends: users, Logger: log})
	if err != nil {
		return err
	}
	keeps, err := users.keeper(ctx, s, f.user)
	if err != nil {
		return err
	}
	if keeps != nil && !f.passwordStdin {
		err = a.givePrincipal(ctx, client, f, keeps)
	} else {
		err = a.makePrincipal(ctx, client, f)
	}
	if err == nil && f.recover {
		log.Warn("bootstrap --recover: the user has full_write; where there is a new password the sessions from before have ended", "user", f.user)
	}
	return err
}

// givePrincipal is makePrincipal for a user whose password is another's to keep.
func (a *app) givePrincipal(ctx context.Context, client *hermes.Client, f bootstrapFlags, keeps hermes.Backend) error {
	if err := f.make(client)(ctx, f.user, hermes.Secret{}); err != nil {
		return a.notMade(ctx, client, f, err)
	}
	fmt.Fprintf(a.stderr, "hermesd: %s has full_write now, with the password that the backend %s knows\n", f.user, keeps.Name())
	return nil
}

func (a *app) makePrincipal(ctx context.Context, client *hermes.Client, f bootstrapFlags) error {
	done, err := client.Bootstrapped(ctx)
	if err != nil {
		return err
	}
	if done && !f.recover {
		return errBootstrapped
	}
	password, err := a.password(ctx, client, f)
	if err != nil {
		return err
	}
	if err := f.make(client)(ctx, f.user, password); err != nil {
		return a.notMade(ctx, client, f, err)
	}
	if !f.passwordStdin {
		fmt.Fprintf(a.stdout, "password: %s\n", password.Reveal())
	}
	return nil
}

// password reads the password's line, or makes one up.
func (a *app) password(ctx context.Context, client *hermes.Client, f bootstrapFlags) (hermes.Secret, error) {
	if !f.passwordStdin {
		made, err := client.UserGeneratePassword(ctx, hermes.UserGeneratePasswordRequest{})
		return made.Password, err
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

// notMade says why there is no new principal, as it was asked for.
func (a *app) notMade(ctx context.Context, client *hermes.Client, f bootstrapFlags, err error) error {
	var e *hermes.Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.Response == hermes.Invalid:
		return usageError("bootstrap: " + e.Detail)
	case e.Cause == hermes.Exists && !f.recover:
		if done, err := client.Bootstrapped(ctx); err == nil && done {
			return errBootstrapped
		}
	}
	return toldError(err)
}

// toldError is a Client's error with what the store said, which is for the operator.
func toldError(err error) error {
	var e *hermes.Error
	if !errors.As(err, &e) || e.Err == nil {
		return err
	}
	return fmt.Errorf("%s: %s: %w", e.Node, e.Detail, e.Err)
}

// firstUser is the name of the principal that serve makes in a new embedded database.
const firstUser = "admin"

// firstPrincipal makes it where there is no principal; the password is zero where there is one. Of several
// hermesd that start together one makes it.
func firstPrincipal(ctx context.Context, client *hermes.Client) (hermes.Secret, error) {
	made, err := client.UserGeneratePassword(ctx, hermes.UserGeneratePasswordRequest{})
	if err != nil {
		return hermes.Secret{}, err
	}
	err = client.Bootstrap(ctx, firstUser, made.Password)
	if errors.Is(err, hermes.Exists) {
		return hermes.Secret{}, nil
	}
	return made.Password, toldError(err)
}

// announce makes the first principal of an embedded database, and tells that connections are accepted. It is one
// write, so that no log line gets in between.
func (s *server) announce(ctx context.Context, w io.Writer) error {
	var text strings.Builder
	if s.config.db.embedded() && hasLocal(s.config.backends) {
		password, err := firstPrincipal(ctx, s.client)
		if err != nil {
			return err
		}
		if !password.IsZero() {
			options, url := s.door.curl()
			fmt.Fprintf(&text, "hermesd: made the first user, %s; the password is shown this once\npassword: %s\n", firstUser, password.Reveal())
			fmt.Fprintf(&text, "curl -sS %s-c hermes.cookies -d 'username=%s&password=%s' %s/api/auth/login\n", options, firstUser, password.Reveal(), url)
		}
	}
	fmt.Fprintf(&text, "hermesd: listening on %s\n", s.door.url())
	_, err := io.WriteString(w, text.String())
	return err
}
