package readme

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestEmbed runs the lines of "Embed it" in a program that has what they take for granted.
func TestEmbed(t *testing.T) {
	const before = `package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/sip"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	ctx := context.Background()
	key, err := hermes.NewSecretKey(rand.Reader)
	check(err)
`
	const after = `
	fmt.Print(len(res.User.Password.Value.Reveal()) > 0)
}
`
	dir := t.TempDir()
	lines := mustBlocks(t, "## Embed it", 2)[0]
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(before+lines+after), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "embed")
	if out, err := exec.Command("go", "build", "-o", program, filepath.Join(dir, "main.go")).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.Command(program)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "true" {
		t.Errorf("the program: %v\n%s\nwant a user with a password", err, out)
	}
}
