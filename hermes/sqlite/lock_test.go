//go:build unix

package sqlite_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// TestLock runs this binary again, as a process that asks who else has the file open. Whoever
// hears of nobody, as Kamailio does when one of its processes ends, deletes the -wal file, and
// what this process wrote from then on would be nobody's to see.
func TestLock(t *testing.T) {
	if path := os.Getenv("SQLITE_TEST_FILE"); path != "" {
		askLock(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "hermes.db")
	for _, why := range []string{"a store has it open", "so have two, of one process"} {
		open(t, path, nil)
		cmd := exec.Command(os.Args[0], "-test.run=^TestLock$", "-test.v")
		cmd.Env = append(os.Environ(), "SQLITE_TEST_FILE="+path)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("another process does not see it: %s: %v\n%s", why, err, out)
		}
	}
}

// askLock fails where the range is free on which SQLite's locks of an open file are.
func askLock(t *testing.T, path string) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const pendingByte = 0x40000000 // of SQLite's file format; after it come one reserved byte and the 510 shared ones
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: pendingByte + 2, Len: 510}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil {
		t.Fatal(err)
	}
	if lock.Type == syscall.F_UNLCK {
		t.Error("nobody has locked the file")
	}
}
