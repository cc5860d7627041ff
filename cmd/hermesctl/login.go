package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/remote"
)

// login are the flags of the command login.
type login struct {
	user          string
	passwordStdin bool
	keyID, key    string
	origin        string
}

func (a *app) loginCommand() *cobra.Command {
	l := &login{}
	cmd := &cobra.Command{
		Use: "login URL", GroupID: sessionCommands,
		Short: "Logs in at a server, by password or by key pair, for the commands that follow.",
		Long: "login logs in at a server, such as https://hermes.example.com, for the commands that follow. With --user it asks for the\n" +
			"password and keeps the session; with --key-id and --key it keeps where the private key is, and each command logs in\n" +
			"with that. The key is of Ed25519, in PEM (PKCS#8) or in OpenSSH's format, and has no passphrase.\n\n" +
			"Scripts can do without a login: with " + urlVariable + ", " + keyIDVariable + " and " + keyFileVariable +
			" in the environment a command uses that\nserver and key pair, unless it has --profile.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error { return a.logIn(cmd.Context(), args[0], l) },
	}
	flags := cmd.Flags()
	flags.StringVar(&l.user, "user", "", "logs in as the user `NAME`, by password")
	flags.BoolVar(&l.passwordStdin, "password-stdin", false, "reads the password from standard input")
	flags.StringVar(&l.keyID, "key-id", "", "logs in by the key pair with this public `ID`")
	flags.StringVar(&l.key, "key", "", "`FILE` of the private key")
	flags.StringVar(&l.origin, "origin", "", "the `URL` that the server signs as, if it is not that of the login")
	return cmd
}

// check returns the first fault of the flags.
func (l *login) check() error {
	switch {
	case (l.keyID == "") != (l.key == ""):
		return usageError("login: want both --key-id and --key")
	case l.keyID != "" && (l.user != "" || l.passwordStdin):
		return usageError("login: want --user or --key-id, not both")
	}
	return nil
}

func (a *app) logIn(ctx context.Context, url string, l *login) error {
	if err := l.check(); err != nil {
		return err
	}
	file, err := a.profileFile()
	if err != nil {
		return err
	}
	p := profile{URL: url, User: l.user, KeyID: l.keyID, Origin: l.origin}
	opts := &remote.Options{}
	if l.keyID != "" {
		if p.KeyFile, err = filepath.Abs(l.key); err == nil {
			opts.KeyPair, err = p.keyPair()
		}
	} else {
		err = a.askLogin(ctx, &p, opts, l)
		opts.Sessions = newSessions{file: file, next: p}
	}
	if err != nil {
		return err
	}
	c, err := a.connect(ctx, url, opts)
	if err != nil {
		return err
	}
	defer c.Close()
	if l.keyID != "" {
		if err := file.change(func(profile) (profile, error) { return p, nil }); err != nil {
			return err
		}
	}
	who, err := c.AuthWhoami(ctx, hermes.AuthWhoamiRequest{})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stderr, "logged in at %s as %s (%s)\n", url, printable(who.User+who.Key), who.Access)
	return err
}

// askLogin asks for the name and the password of a user where they are not given.
func (a *app) askLogin(ctx context.Context, p *profile, opts *remote.Options, l *login) (err error) {
	onTerminal := term.IsTerminal(int(a.stdin.Fd()))
	switch {
	case p.User == "" && (l.passwordStdin || !onTerminal):
		return usageError("login: want --user, or --key-id and --key")
	case !l.passwordStdin && !onTerminal:
		return usageError("login: standard input is no terminal: want --password-stdin to read the password from it")
	case p.User == "":
		fmt.Fprint(a.stderr, "user: ")
		if p.User, err = a.readLine(); err != nil {
			return err
		}
	}
	opts.User = p.User
	opts.Password, err = a.readSecret(ctx, "password")
	return err
}

func (a *app) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use: "logout", GroupID: sessionCommands, Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		Short: "Ends the session, and forgets the login.",
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.logOut(cmd.Context()) },
	}
}

// logOut forgets the login also if the server cannot be told of it.
func (a *app) logOut(ctx context.Context) error {
	file, err := a.profileFile()
	if err != nil {
		return err
	}
	p, err := file.read()
	if err == nil && p.Session != nil {
		err = a.endSession(ctx, file, p)
	}
	return errors.Join(err, file.change(func(profile) (profile, error) { return profile{}, nil }))
}

func (a *app) endSession(ctx context.Context, file profileFile, p profile) error {
	c, err := a.connect(ctx, p.URL, &remote.Options{Sessions: keptSessions{file: file, url: p.URL}})
	if err == nil {
		err = withoutAnswer(c.Logout(ctx))
	}
	if errors.Is(err, remote.ErrNoSession) || errors.Is(err, hermes.Unauthorized) {
		return nil // it has ended before
	}
	return err
}
