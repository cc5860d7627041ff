package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/hermes-voip/go-hermes/hermes"
)

// readSecret asks for a secret on the terminal, without showing it. If standard input is no
// terminal, it reads the next line of that.
func (a *app) readSecret(ctx context.Context, name string) (hermes.Secret, error) {
	read := a.readLine
	if fd := int(a.stdin.Fd()); term.IsTerminal(fd) {
		read = func() (string, error) { return a.readHidden(ctx, fd, name) }
	}
	text, err := read()
	if err == nil && text == "" {
		err = usagef("%s: standard input has no line for it", name)
	}
	return hermes.NewSecret(text), err
}

// readHidden asks for a line on the terminal. An interrupt ends it and shows what is typed again.
func (a *app) readHidden(ctx context.Context, fd int, name string) (string, error) {
	state, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(a.stderr, "%s: ", name)
	defer fmt.Fprintln(a.stderr)
	type line struct {
		text []byte
		err  error
	}
	typed := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		typed <- line{text, err}
	}()
	select {
	case l := <-typed:
		return string(l.text), l.err
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(fd, state))
	}
}

// readLine returns the next line of standard input without its end, or "" after the last.
func (a *app) readLine() (string, error) {
	if a.lines == nil {
		a.lines = bufio.NewReader(a.stdin)
	}
	text, err := a.lines.ReadString('\n')
	if err != nil && err != io.EOF {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"), nil
}

// readFile returns the text of a file without the end of its last line.
func readFile(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", usageError(err.Error())
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}
