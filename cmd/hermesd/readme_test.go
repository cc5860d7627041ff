package main

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/readme"
)

var update = flag.Bool("update", false, "write README.md's table of settings")

// TestReadmeSettings holds the README's table of settings to the table itself.
func TestReadmeSettings(t *testing.T) {
	readme.Check(t, filepath.Join("..", "..", "README.md"), "settings", reference(), *update)
}
