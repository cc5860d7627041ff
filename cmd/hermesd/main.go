// Command hermesd serves the Hermes API: settings, wiring and life cycle. It is the only place
// that knows stores and HTTP together.
//
// app.run is main without the process: what it reads and writes is handed to it, so that a test
// runs any command as the operator does. One table (settings.go) makes flags, environment, help,
// the output of `hermesd config` and the README's reference.
//
// What key pairs sign (auth/challenge's origin) follows from how hermesd is reached. With TLS it is https:// and the
// certificate's first DNS name, with the port unless that is 443: where several hermesd share a database, want
// certificates that begin with the same name, and one port. On loopback without TLS it is the URL of the listening line. With
// behind-tls-proxy, which may have any name, it is the word hermes.
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
	a := &app{os.Getenv, os.Stdin, os.Stdout, os.Stderr, &driverLog{}}
	a.drivers.takeOver()
	os.Exit(a.run(context.Background(), os.Args[1:]))
}

// Exit codes that scripts rely on.
const (
	exitOK           = 0
	exitFailure      = 1
	exitUsage        = 2 // a wrong setting, flag or command
	exitBootstrapped = 3 // bootstrap: there is a principal already
)

// app is what a command reads and writes.
type app struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	drivers        *driverLog
}

// run executes one command and returns the exit code. The end of ctx stops a server as SIGTERM does.
func (a *app) run(ctx context.Context, args []string) int {
	name := "serve"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	for _, c := range commands() {
		if c.name == name {
			return a.report(c.run(a, ctx, args))
		}
	}
	return a.report(usageError(fmt.Sprintf("command %q: want one of those that hermesd help lists", name)))
}

// report tells the operator in one line what went wrong, and turns it into an exit code.
func (a *app) report(err error) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, flag.ErrHelp) {
		return a.report(a.help())
	}
	fmt.Fprintf(a.stderr, "hermesd: %s\n", strings.Join(strings.Fields(err.Error()), " "))
	var usage usageError
	var setting *settingError
	switch {
	case errors.As(err, &usage), errors.As(err, &setting):
		return exitUsage
	case errors.Is(err, errBootstrapped):
		return exitBootstrapped
	}
	return exitFailure
}

// usageError is a command line that cannot be understood.
type usageError string

func (e usageError) Error() string { return string(e) }
