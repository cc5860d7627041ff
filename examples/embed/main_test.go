package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRun(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hermes.db")
	var out strings.Builder
	for range 2 {
		if err := run(t.Context(), path, &out); err != nil {
			t.Fatal(err)
		}
	}
	want := "alice@example.test can register with a password of 20 characters\nalice exists already\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
