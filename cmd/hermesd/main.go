// Command hermesd serves the Hermes API over HTTP. It reads the settings, opens the store and the
// authentication backends, and runs the server. It is the only package that knows both stores and
// HTTP.
//
// Commands are listed in the table of [commands], settings in the table of [config.table]. Each
// table is the only source: flags, environment variables, help, the output of hermesd config and
// the README's list of settings are made from it.
//
// Key pairs sign the server's origin, which auth/challenge returns. It is the setting origin or,
// without that, depends on how hermesd is reached:
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
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

func main() {
	a := &app{
		getenv: os.Getenv, environ: os.Environ, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		driverLog: &driverLog{}, maxHashing: spareProcessors(),
	}
	a.driverLog.install()
	os.Exit(a.run(context.Background(), os.Args[1:]))
}

// spareProcessors raises GOMAXPROCS by one for each password that may be hashed at once, and
// returns how many of these may be of users who are not known. Hashing takes long and does not
// yield, so that requests would wait for as long as the Go scheduler lets it run; with one more
// thread for each, the operating system gives them their share. If the environment sets GOMAXPROCS,
// it stays so.
func spareProcessors() int {
	n := runtime.GOMAXPROCS(0)
	hashing := max(1, n-1)
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(n + hashing + 1)
	}
	return hashing
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
	environ        func() []string
	stdin          io.Reader
	stdout, stderr io.Writer
	driverLog      *driverLog
	maxHashing     int // how many passwords may be hashed at once; 0 means the library's default
}

// run executes one command and returns the exit code. Cancelling ctx stops a server as SIGTERM
// does.
func (a *app) run(ctx context.Context, args []string) int {
	name := defaultCommand
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	} else if len(args) > 0 && (args[0] == "--version" || args[0] == "-version") {
		name, args = "version", args[1:]
	} else if len(args) > 0 && isHelp(args[0]) {
		name, args = "help", args[1:]
	}
	c, err := findCommand(name)
	if err != nil {
		return a.report(err)
	}
	err = c.run(a, ctx, args)
	var help helpWanted
	if errors.As(err, &help) {
		err = a.printCommandHelp(c, help.flags)
	}
	return a.report(err)
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
