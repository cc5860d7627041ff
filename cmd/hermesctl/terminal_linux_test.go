package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// terminal is a terminal with a program on it.
type terminal struct {
	keyboard *os.File // also the screen
	program  *os.File // as a program sees it
}

func mustOpenTerminal(t *testing.T) terminal {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return terminal{keyboard, program}
}

// echoes reports whether the terminal shows what is typed.
func (term terminal) echoes(t *testing.T) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(term.keyboard.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// TestTerminal: a password that is typed does not show, and answers are tables in which no text of
// the server can do harm.
func TestTerminal(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	state := t.TempDir()
	term := mustOpenTerminal(t)
	screen := &bytes.Buffer{}
	seen := make(chan struct{})
	go func() {
		defer close(seen)
		io.Copy(screen, term.keyboard) // fails when no program is left
	}()

	login := command(state, "login", s.url, "--user", "admin")
	login.Stdin, login.Stdout, login.Stderr = term.program, term.program, term.program
	if err := login.Start(); err != nil {
		t.Fatal(err)
	}
	testserver.WaitFor(t, "a terminal that does not show what is typed", func() bool { return !term.echoes(t) })
	fmt.Fprintln(term.keyboard, password)
	if err := login.Wait(); err != nil {
		t.Error(err)
	}
	if !term.echoes(t) {
		t.Error("the terminal does not show what is typed after the login")
	}
	for _, args := range [][]string{
		{"user", "onboard", "alice@example.test", "--displayname", "A"},
		{"user", "onboard", "bo@example.test"},
		{"user", "list"},
		{"user", "list", "--json"},
	} {
		cmd := command(state, args...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = term.program, term.program, term.program
		if err := cmd.Run(); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	term.program.Close()
	<-seen
	text := strings.ReplaceAll(screen.String(), "\r\n", "\n")
	if strings.Contains(text, password) {
		t.Errorf("the password shows:\n%s", text)
	}
	for _, want := range []string{
		"password: \nlogged in at ",
		"USER                DISPLAYNAME\nalice@example.test  A\nbo@example.test     bo\n",
		"registrar       example.test\n",
		`"displayname":"bo"}]`, "}\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the screen lacks %q:\n%s", want, text)
		}
	}
}
