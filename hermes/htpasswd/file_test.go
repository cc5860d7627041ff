package htpasswd

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/argon2id"
)

// age sets the modification time of the file at path to one long ago, always the same.
func age(t *testing.T, path string) {
	t.Helper()
	then := time.Date(2020, 1, 2, 3, 4, 5, 6000, time.UTC)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
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

func TestBackend_load(t *testing.T) {
	t.Parallel()
	t.Run("changed file", func(t *testing.T) {
		t.Parallel()
		// Both contents have the same size.
		before := "alice:" + hashBcrypt(t, "password", bcrypt.MinCost)
		after := "alice:" + hashBcrypt(t, "changed!", bcrypt.MinCost)
		for _, row := range []struct {
			why    string
			change func(b *Backend)
		}{
			{"written in place", func(b *Backend) { writeLines(t, b.path, after) }},
			{"written in place, another size", func(b *Backend) {
				writeLines(t, b.path, after, "# more")
				age(t, b.path)
			}},
			{"written in place, the same size, another old time", func(b *Backend) {
				writeLines(t, b.path, after)
				then := time.Date(2021, 1, 2, 3, 4, 5, 6000, time.UTC)
				if err := os.Chtimes(b.path, then, then); err != nil {
					t.Fatal(err)
				}
			}},
			{"replaced by a rename, the same size and time", func(b *Backend) {
				writeLines(t, b.path+".new", after)
				age(t, b.path+".new")
				rename(t, b.path+".new", b.path)
			}},
			{"removed and created again", func(b *Backend) {
				remove(t, b.path)
				wantError(t, b, "removed", "alice", false)
				writeLines(t, b.path, after)
				age(t, b.path)
			}},
			{"replaced by a link to another file", func(b *Backend) {
				writeLines(t, b.path+".new", after)
				age(t, b.path+".new")
				remove(t, b.path)
				if err := os.Symlink(b.path+".new", b.path); err != nil {
					t.Fatal(err)
				}
			}},
		} {
			for _, settled := range []bool{true, false} {
				b := mustOpen(t, before)
				if settled {
					age(t, b.path)
				}
				wantVerify(t, b, row.why, "alice", "password", true)
				row.change(b)
				wantVerify(t, b, row.why, "alice", "password", false)
				wantVerify(t, b, row.why, "alice", "changed!", true)
			}
		}
	})
	t.Run("change within a tick of the clock", func(t *testing.T) {
		t.Parallel()
		b := mustOpen(t, "alice:"+hashBcrypt(t, "password", bcrypt.MinCost))
		wantVerify(t, b, "before", "alice", "password", true)
		info, err := os.Stat(b.path)
		if err != nil {
			t.Fatal(err)
		}
		writeLines(t, b.path, "alice:"+hashBcrypt(t, "changed!", bcrypt.MinCost))
		if err := os.Chtimes(b.path, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
		wantVerify(t, b, "a recent modification time does not prove that the file is unchanged", "alice", "password", false)
	})
	t.Run("unchanged file", func(t *testing.T) {
		t.Parallel()
		b := mustOpen(t, "alice:"+hashBcrypt(t, "password", bcrypt.MinCost))
		age(t, b.path)
		wantVerify(t, b, "first read", "alice", "password", true)
		writeLines(t, b.path, "alice:"+hashBcrypt(t, "changed!", bcrypt.MinCost))
		age(t, b.path)
		wantVerify(t, b, "the change has the same size, time and inode", "alice", "password", true)
	})
	t.Run("unreadable file", func(t *testing.T) {
		t.Parallel()
		line := "alice:" + hashBcrypt(t, "password", bcrypt.MinCost)
		for _, row := range []struct {
			why     string
			replace func(path string) error // puts something in the place of the file
		}{
			{"missing", func(string) error { return nil }},
			{"a folder", func(path string) error { return os.Mkdir(path, 0o700) }},
			{"a pipe, whose opening waits for a writer", func(path string) error { return syscall.Mkfifo(path, 0o600) }},
			{"a link to nothing", func(path string) error { return os.Symlink(path+".missing", path) }},
			{"too large", func(path string) error { return os.WriteFile(path, make([]byte, 16<<20+1), 0o600) }},
		} {
			b := mustOpen(t, line)
			age(t, b.path)
			wantVerify(t, b, row.why, "alice", "password", true)
			remove(t, b.path)
			if err := row.replace(b.path); err != nil {
				t.Fatal(err)
			}
			wantError(t, b, row.why, "alice", false, b.path)
			wantError(t, b, row.why, "unknown", false, b.path)
			remove(t, b.path)
			writeLines(t, b.path, line)
			wantVerify(t, b, row.why+": repaired", "alice", "password", true)
		}
	})
}

func TestParseFile(t *testing.T) {
	t.Parallel()
	t.Run("lines", func(t *testing.T) {
		t.Parallel()
		hash := hashBcrypt(t, "password", bcrypt.MinCost)
		b := mustOpen(t, "# comment", "", "#dave:"+hash, "   ", "\t", "alice:"+hash, "\r", " bob:"+hash, "a b:"+hash, "#")
		wantVerify(t, b, "between comments", "alice", "password", true)
		wantVerify(t, b, "a leading space belongs to the name", "bob", "password", false)
		wantVerify(t, b, "a leading space belongs to the name", " bob", "password", true)
		wantVerify(t, b, "a space in a name", "a b", "password", true)
		wantVerify(t, b, "commented out", "dave", "password", false)
		wantVerify(t, b, "commented out", "#dave", "password", false)
	})
	t.Run("malformed lines", func(t *testing.T) {
		t.Parallel()
		hash := hashBcrypt(t, "password", bcrypt.MinCost)
		for _, row := range []struct{ line, why string }{
			{"password", "no colon"},
			{":" + hash, "no name"},
			{"bob" + hash, "no colon before the hash"},
			{"bob\x00:" + hash, "a NUL"},
			{" # comment", "a comment that does not begin the line"},
		} {
			b := mustOpen(t, "alice:"+hash)
			wantVerify(t, b, row.why, "alice", "password", true)
			writeLines(t, b.path, "alice:"+hash, row.line)
			wantError(t, b, row.why, "alice", false, ":2:", b.path)
			wantError(t, b, row.why, "unknown", false)
			_, err := b.Verify(t.Context(), nil, "alice", hermes.NewSecret("x"))
			if strings.Contains(err.Error(), row.line) {
				t.Errorf("%s: the error quotes the line: %v", row.why, err)
			}
			writeLines(t, b.path, "alice:"+hash)
			wantVerify(t, b, row.why+": repaired", "alice", "password", true)
		}
	})
	t.Run("user listed twice", func(t *testing.T) {
		t.Parallel()
		hash, other := hashBcrypt(t, "password", bcrypt.MinCost), hashBcrypt(t, "other", bcrypt.MinCost)
		b := mustOpen(t, "alice:"+hash, "carol:"+hash, "alice:"+other, "# comment", "bob:"+hash, "bob:"+hash,
			"dave:x", "dave:"+hash)
		wantError(t, b, "with two hashes", "alice", true, "twice", ":1:", "line 3")
		wantError(t, b, "with the same hash", "bob", true, "twice", ":5:", "line 6")
		wantError(t, b, "the first hash is not supported", "dave", true, "twice")
		wantVerify(t, b, "listed once", "carol", "password", true)
	})
	t.Run("dummy hash", func(t *testing.T) {
		t.Parallel()
		argon2idCost := argon2id.Cost{Memory: 256, Passes: 2, Lanes: 1}
		argon2iCost := argon2id.Cost{Memory: 256, Passes: 3, Lanes: 1}
		for _, row := range []struct {
			file string
			want hashCost
			why  string
		}{
			{"a:" + bcryptCost5, hashCost{algorithm: "bcrypt", bcrypt: 5}, "the only cost"},
			{"a:" + bcryptCost5 + "\nb:" + bcryptCost6 + "\nc:" + bcryptCost6,
				hashCost{algorithm: "bcrypt", bcrypt: 6}, "the cost of most entries"},
			{"a:" + bcryptCost5 + "\nb:" + bcryptCost6, hashCost{algorithm: "bcrypt", bcrypt: 5}, "the first one of equally many"},
			{"a:" + bcryptCost5 + "\nb:" + argon2idHash + "\nc:" + argon2idHash,
				hashCost{algorithm: "argon2id", argon2: argon2idCost}, "argon2id"},
			{"a:" + argon2iHash, hashCost{algorithm: "argon2i", argon2: argon2iCost}, "argon2i"},
			{"x:crypt\ny:crypt\na:" + bcryptCost6, hashCost{algorithm: "bcrypt", bcrypt: 6}, "entries that cannot be used do not count"},
		} {
			f, err := parseFile(row.file)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.dummy.cost(); got != row.want {
				t.Errorf("%s: got %+v, want %+v", row.why, got, row.want)
			}
			if h, err := parseHash(hashText(f.dummy)); err != nil || h.cost() != row.want {
				t.Errorf("%s: the dummy hash is not well-formed: %v", row.why, err)
			}
			for _, password := range []string{"", "password", "correct horse battery"} {
				if f.dummy.matches(password) {
					t.Errorf("%s: %q matches the dummy hash", row.why, password)
				}
			}
		}
	})
	t.Run("no dummy hash without users", func(t *testing.T) {
		t.Parallel()
		f, err := parseFile("# no entry that can be used\nx:crypt\n")
		if err != nil || f.dummy != nil {
			t.Errorf("got %v, %v, want none", f.dummy, err)
		}
	})
}

// hashText returns the text of a hash.
func hashText(h hash) string {
	if a, ok := h.(argon2Hash); ok {
		return a.String()
	}
	return string(h.(bcryptHash))
}
