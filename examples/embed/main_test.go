package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hermes.db")
	var out strings.Builder
	for range 2 {
		if err := run(t.Context(), path, &out); err != nil {
			t.Fatal(err)
		}
	}
	want := "alice@example.test may register with a password of 20 characters\nalice is there already\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
