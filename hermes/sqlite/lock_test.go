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

// TestOpen_Lock runs this test binary again, as another process that looks for the locks of those
// that have the file open. A process that finds none, such as one of Kamailio's when it ends,
// deletes the -wal file, and what this process wrote from then on would be lost.
func TestOpen_Lock(t *testing.T) {
	if path := os.Getenv("SQLITE_TEST_FILE"); path != "" {
		checkLocked(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "hermes.db")
	for _, why := range []string{"a store has it open", "so have two, of one process"} {
		mustOpen(t, path, nil)
		cmd := exec.Command(os.Args[0], "-test.run=^TestOpen_Lock$", "-test.v")
		cmd.Env = append(os.Environ(), "SQLITE_TEST_FILE="+path)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("another process does not see the lock: %s: %v\n%s", why, err, out)
		}
	}
}

// checkLocked fails where nothing holds SQLite's lock of an open file.
func checkLocked(t *testing.T, path string) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// In SQLite's file format this byte is followed by a reserved one and by the 510 of the
	// shared lock.
	const pendingByte = 0x40000000
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: pendingByte + 2, Len: 510}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil {
		t.Fatal(err)
	}
	if lock.Type == syscall.F_UNLCK {
		t.Error("the file is not locked")
	}
}
