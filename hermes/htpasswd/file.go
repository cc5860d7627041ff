package htpasswd

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

const (
	// maxFile is the largest file that is read: 100,000 users with room to spare.
	maxFile = 16 << 20
	// settled is how long ago a file must have been written when it is read to be known by its modification time:
	// the clock of a file system may stand still for as long, and another write not show.
	settled = 2 * time.Second
)

// table returns what the file says now.
func (b *Backend) table() (*table, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	info, err := os.Stat(b.path)
	if err == nil && b.last != nil && b.last.still(info) {
		return b.last, nil
	}
	b.last = nil
	if err == nil {
		b.last, err = read(b.path, info)
	}
	if err != nil {
		return nil, fmt.Errorf("htpasswd: %w", err)
	}
	return b.last, nil
}

// still tells whether the file that info describes is the one that was read.
func (t *table) still(info fs.FileInfo) bool {
	return os.SameFile(t.info, info) && t.info.Size() == info.Size() && t.info.ModTime().Equal(info.ModTime()) &&
		t.read.Sub(info.ModTime()) > settled
}

// read reads the file at path. What describes it is taken before its content: a write in between is seen the next time.
func read(path string, info fs.FileInfo) (*table, error) {
	if !info.Mode().IsRegular() { // opening a pipe would wait for a writer
		return nil, fmt.Errorf("%s: want a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	now := time.Now()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d MiB", path, maxFile>>20)
	}
	t, err := parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	t.info, t.read = info, now
	return t, nil
}
