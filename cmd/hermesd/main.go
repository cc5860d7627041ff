// Command hermesd serves the Hermes API over HTTP. It reads the settings, opens the store and the
// authentication backends, and runs the server. It is the only package that knows both stores and
// HTTP.
//
// Commands are listed in the table of [commands], settings in the table of [config.table]. Each
// table is the only source: flags, environment variables, help, the output of hermesd config and
// the README's list of settings are made from it.
//
// Key pairs sign the server's origin, which auth/challenge returns. It depends on how hermesd is
// reached:
//
//   - With TLS it is https:// and the certificate's first DNS name, with the port unless that is
//     443. Several hermesd that share a database need certificates with the same first name, and
//     the same port.
//   - On loopback without TLS it is the URL of the "listening on" line.
//   - With behind-tls-proxy the public name is unknown, and it is the word hermes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	a := &app{getenv: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, driverLog: &driverLog{}}
	a.driverLog.install()
	os.Exit(a.run(context.Background(), os.Args[1:]))
}

// Exit codes. Scripts rely on them.
const (
	exitOK           = 0
	exitFailure      = 1
	exitUsage        = 2 // a setting, flag or command is wrong
	exitBootstrapped = 3 // bootstrap: a principal exists already
)

// app is the process as a command sees it. Tests replace its fields and run any command as an
// operator does.
type app struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	driverLog      *driverLog
}

// command is a line of the table of commands.
type command struct {
	name  string
	args  string // flags of its own, as help shows them
	about string
	run   func(*app, context.Context, []string) error
}

// commands returns the table of commands, in the order of the help.
func commands() []command {
	return []command{
		{name: "serve", run: (*app).runServe,
			about: "serves the API; the default command. Without any setting: an embedded database, on 127.0.0.1:8080"},
		{name: "migrate", args: "[--dry-run] [--kamailio-tables]", run: (*app).runMigrate,
			about: "brings Hermes' own tables to this version; --dry-run prints the SQL instead; " +
				"--kamailio-tables also creates the Kamailio tables that are missing"},
		{name: "bootstrap", args: "--user NAME [--password-stdin] [--recover]", run: (*app).runBootstrap,
			about: "creates the first principal with full_write; --recover creates another one, or replaces a lost password"},
		{name: "rekey", run: (*app).runRekey,
			about: "seals the SIP passwords again with the first secret-key; the other keys can be removed afterwards"},
		{name: "doctor", args: "[--json]", run: (*app).runDoctor,
			about: "checks settings, database and Kamailio's tables, and changes nothing; exit code 1 if a check fails"},
		{name: "config", run: (*app).runConfig,
			about: "prints every setting, its value and where the value came from"},
		{name: "version", run: (*app).runVersion,
			about: "prints version, revision and Go version"},
		{name: "help", run: (*app).runHelp,
			about: "prints this text"},
	}
}

// run executes one command and returns the exit code. Cancelling ctx stops a server as SIGTERM
// does.
func (a *app) run(ctx context.Context, args []string) int {
	name := "serve"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	for _, c := range commands() {
		if c.name != name {
			continue
		}
		err := c.run(a, ctx, args)
		if errors.Is(err, flag.ErrHelp) {
			err = a.runHelp(ctx, nil)
		}
		return a.report(err)
	}
	return a.report(usageError(fmt.Sprintf("command %q: want one of those that hermesd help lists", name)))
}

// report prints err as one line, if it is not nil, and returns the exit code for it.
func (a *app) report(err error) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(a.stderr, "hermesd: %s\n", strings.Join(strings.Fields(err.Error()), " "))
	var usageErr usageError
	var settingErr *settingError
	switch {
	case errors.As(err, &usageErr), errors.As(err, &settingErr):
		return exitUsage
	case errors.Is(err, errBootstrapped):
		return exitBootstrapped
	}
	return exitFailure
}

// usageError is the error of a command line that cannot be understood.
type usageError string

func (e usageError) Error() string { return string(e) }
