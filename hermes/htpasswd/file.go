package htpasswd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

const (
	// maxFileSize is the size in bytes of the largest file that is read. It is enough for more
	// than 100,000 users.
	maxFileSize = 16 << 20
	// settleTime is how old the last change of a file must be when it is read, so that its
	// modification time can reveal the next change. The clock of a file system may stand still
	// for as long, so a second change within that time could have the same modification time.
	settleTime = 2 * time.Second
)

// userFile is the content of a file.
type userFile struct {
	info  fs.FileInfo
	read  time.Time
	users map[string]entry
	// dummy is verified for a user that does not exist. It has the cost that most entries have,
	// and is nil if no entry can be used.
	dummy hash
}

// entry is the entry of a user.
type entry struct {
	line int // in the file, from 1
	hash hash
	// fault is the reason why the entry cannot be used, or nil.
	fault error
}

// load returns the current content of the file. It reads the file only if it has changed.
func (b *Backend) load() (*userFile, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	info, err := os.Stat(b.path)
	if err == nil && b.last != nil && b.last.unchanged(info) {
		return b.last, nil
	}
	b.last = nil
	if err == nil {
		b.last, err = readFile(b.path, info)
	}
	if err != nil {
		return nil, fmt.Errorf("htpasswd: %w", err)
	}
	return b.last, nil
}

// unchanged reports whether info describes the file that f was read from, and that file cannot have
// changed since.
func (f *userFile) unchanged(info fs.FileInfo) bool {
	return os.SameFile(f.info, info) && f.info.Size() == info.Size() &&
		f.info.ModTime().Equal(info.ModTime()) && f.read.Sub(info.ModTime()) > settleTime
}

// readFile reads the file at path, which info describes. It takes the modification time before the
// content, so that the next call of load sees a change in between.
func readFile(path string, info fs.FileInfo) (*userFile, error) {
	if !info.Mode().IsRegular() { // opening a pipe would wait for a writer
		return nil, fmt.Errorf("%s: want a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	now := time.Now()
	if info, err = file.Stat(); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFileSize {
		return nil, fmt.Errorf("%s: larger than %d MiB", path, maxFileSize>>20)
	}
	f, err := parseFile(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	f.info, f.read = info, now
	return f, nil
}

// parseFile parses the text of a file. Its errors begin with the number of the line. They do not
// quote the line, because a malformed line may contain a password.
func parseFile(text string) (*userFile, error) {
	f := &userFile{users: map[string]entry{}}
	count := map[hashCost]int{}
	most, number := 0, 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		user, e, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("%d: %w", number, err)
		}
		e.line = number
		if first, twice := f.users[user]; twice {
			e = entry{line: first.line, fault: fmt.Errorf("listed twice, again in line %d", number)}
		}
		f.users[user] = e
		if e.fault != nil {
			continue
		}
		c := e.hash.cost()
		count[c]++
		if count[c] > most {
			most, f.dummy = count[c], e.hash.dummy()
		}
	}
	return f, nil
}

// parseLine parses a line that is neither blank nor a comment. A hash that cannot be used is the
// fault of the entry and no error.
func parseLine(line string) (string, entry, error) {
	user, rest, ok := strings.Cut(line, ":")
	if !ok || user == "" || strings.Contains(line, "\x00") {
		return "", entry{}, errors.New("want NAME:HASH")
	}
	text, _, _ := strings.Cut(rest, ":")
	var e entry
	e.hash, e.fault = parseHash(strings.TrimSpace(text))
	return user, e, nil
}
