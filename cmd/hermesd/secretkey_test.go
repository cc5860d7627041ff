package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"
)

// Everybody who makes the key at once gets the same one.
func TestMakeKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	if _, err := readKeyFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want fs.ErrNotExist", err)
	}
	keys := make([]string, 20)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			k, err := makeKeyFile(path)
			if err != nil {
				t.Error(err)
			}
			keys[i] = k.Reveal()
		})
	}
	all.Wait()
	kept, err := readKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range keys {
		if k != kept.Reveal() {
			t.Errorf("key %d is not the one that was kept", i)
		}
	}
	if left, _ := filepath.Glob(path + "?*"); len(left) != 0 {
		t.Errorf("files are left behind: %q", left)
	}
}
