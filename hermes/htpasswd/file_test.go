package htpasswd_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// age makes the file at path look as if it was written long ago.
func age(t *testing.T, path string) {
	t.Helper()
	then := time.Date(2020, 1, 2, 3, 4, 5, 6000, time.UTC)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

// TestChanges wants every kind of change seen at the very next use. Both files have one size.
func TestChanges(t *testing.T) {
	before := "alice:" + hashBcrypt(t, "password", bcrypt.MinCost)
	after := "alice:" + hashBcrypt(t, "changed!", bcrypt.MinCost)
	for _, row := range []struct {
		why    string
		change func(u users)
	}{
		{"written in place", func(u users) { write(t, u.path, after) }},
		{"written in place, another size", func(u users) {
			write(t, u.path, after, "# more")
			age(t, u.path)
		}},
		{"written in place, the same size, long ago too", func(u users) {
			write(t, u.path, after)
			then := time.Date(2021, 1, 2, 3, 4, 5, 6000, time.UTC)
			if err := os.Chtimes(u.path, then, then); err != nil {
				t.Fatal(err)
			}
		}},
		{"renamed over, the same size and time", func(u users) {
			write(t, u.path+".new", after)
			age(t, u.path+".new")
			rename(t, u.path+".new", u.path)
		}},
		{"removed and made anew", func(u users) {
			remove(t, u.path)
			u.fails("removed", "alice", false)
			write(t, u.path, after)
			age(t, u.path)
		}},
		{"a link to another file", func(u users) {
			write(t, u.path+".new", after)
			age(t, u.path+".new")
			remove(t, u.path)
			if err := os.Symlink(u.path+".new", u.path); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		for _, settled := range []bool{true, false} {
			u := file(t, before)
			if settled {
				age(t, u.path)
			}
			u.wants(row.why, "alice", "password", true)
			row.change(u)
			u.wants(row.why, "alice", "password", false)
			u.wants(row.why, "alice", "changed!", true)
		}
	}
}

func TestWriteWithinOneTickOfTheClock(t *testing.T) {
	u := file(t, "alice:"+hashBcrypt(t, "password", bcrypt.MinCost))
	u.wants("before", "alice", "password", true)
	info, err := os.Stat(u.path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, u.path, "alice:"+hashBcrypt(t, "changed!", bcrypt.MinCost))
	if err := os.Chtimes(u.path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	u.wants("the time of a file just written tells nothing", "alice", "password", false)
}

func TestUnchangedFileIsNotReadAgain(t *testing.T) {
	u := file(t, "alice:"+hashBcrypt(t, "password", bcrypt.MinCost))
	age(t, u.path)
	u.wants("read", "alice", "password", true)
	write(t, u.path, "alice:"+hashBcrypt(t, "changed!", bcrypt.MinCost))
	age(t, u.path)
	u.wants("nothing to see by", "alice", "password", true)
}

func TestFileThatCannotBeRead(t *testing.T) {
	line := "alice:" + hashBcrypt(t, "password", bcrypt.MinCost)
	for _, row := range []struct {
		why   string
		place func(path string) error
	}{
		{"missing", func(string) error { return nil }},
		{"a folder", func(path string) error { return os.Mkdir(path, 0o700) }},
		{"a pipe, which waits for a writer", func(path string) error { return syscall.Mkfifo(path, 0o600) }},
		{"a link to nothing", func(path string) error { return os.Symlink(path+".missing", path) }},
		{"too large", func(path string) error { return os.WriteFile(path, make([]byte, 16<<20+1), 0o600) }},
	} {
		u := file(t, line)
		age(t, u.path)
		u.wants(row.why, "alice", "password", true)
		remove(t, u.path)
		if err := row.place(u.path); err != nil {
			t.Fatal(err)
		}
		u.fails(row.why, "alice", false, u.path)
		u.fails(row.why, "nobody", false, u.path)
		remove(t, u.path)
		write(t, u.path, line)
		u.wants(row.why+": mended", "alice", "password", true)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}
