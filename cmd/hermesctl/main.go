package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/remote"
)

func main() { os.Exit(run()) }

// run runs the command line of the process and returns the exit status.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{
		getenv: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		onTerminal: term.IsTerminal(int(os.Stdout.Fd())),
	}
	status := a.run(ctx, os.Args[1:])
	if ctx.Err() != nil && status != exitOK && status != exitUnknown {
		return exitInterrupted
	}
	return status
}

// Exit statuses. Scripts rely on them.
const (
	exitOK          = 0
	exitRefused     = 1 // the server refused the call, or the command failed in another way
	exitUsage       = 2 // the command line is wrong
	exitNoSession   = 3 // the server is not reached, there is no session, or the login is refused
	exitUnknown     = 4 // there was no answer to a change, which may have been made
	exitInterrupted = 130
)

// exitStatuses is the help about the exit statuses.
const exitStatuses = "0: done; 1: refused; 2: the command line is wrong; 3: the server is not reached, not logged in, or the " +
	"login is refused; 4: outcome unknown, the change may have been made; 5: plan has something to do"

// app is the process as a command sees it.
type app struct {
	getenv         func(string) string
	stdin          *os.File
	stdout, stderr *os.File
	onTerminal     bool          // whether stdout is a terminal
	lines          *bufio.Reader // of stdin; nil until a line is read

	// The flags of all commands.
	profile string
	json    bool
	wait    time.Duration

	understood bool // the command line was, so that later errors are not about it
}

// run executes one command and returns the exit status.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.rootCommand()
	root.SetArgs(joinYesNo(args))
	err := root.ExecuteContext(ctx)
	if err != nil && !a.understood {
		err = usageError(err.Error())
	}
	return a.report(err)
}

// report prints err as one line, if it is not nil, and returns the exit status for it.
func (a *app) report(err error) int {
	if err == nil {
		return exitOK
	}
	if text := messageOf(err); text != "" {
		fmt.Fprintf(a.stderr, "hermesctl: %s\n", text)
	}
	return statusOf(err)
}

// messageOf returns the text of err in one line.
func messageOf(err error) string {
	text := err.Error()
	if errors.Is(err, remote.ErrUnreachable) { // why it is not reached is in the inner error
		if e, ok := errors.AsType[*hermes.Error](err); ok && e.Err != nil {
			text = e.Err.Error()
		}
	}
	return printable(strings.Join(strings.Fields(text), " "))
}

// usageError is the error of a command line that cannot be understood.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// statusError is an error with an exit status of its own. If err is nil, nothing is printed.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

// statusOf returns the exit status for an error of a command, which may be one of a method of
// [hermes.API].
func statusOf(err error) int {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.status
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	switch {
	case errors.Is(err, hermes.ErrOutcomeUnknown):
		return exitUnknown
	case errors.Is(err, remote.ErrUnreachable), errors.Is(err, hermes.Unauthorized), errors.Is(err, hermes.Throttled):
		return exitNoSession
	}
	return exitRefused
}

// withoutAnswer is the error of a call that got no answer, or for which there was no session.
func withoutAnswer(err error) error {
	if err == nil || errors.Is(err, hermes.ErrOutcomeUnknown) {
		return err
	}
	return &statusError{status: exitNoSession, err: err}
}
