package security_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// hermesdPath is the hermesd that TestMain has built.
var hermesdPath string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	folder, err := os.MkdirTemp("", "security-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	hermesdPath = filepath.Join(folder, "hermesd")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", hermesdPath, "github.com/hermes-voip/go-hermes/cmd/hermesd")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return pgtest.Run(m)
}
