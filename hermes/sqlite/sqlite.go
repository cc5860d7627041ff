// Package sqlite implements [hermes.Store] for SQLite: an embedded database in one file, which
// Kamailio's db_sqlite can read beside Hermes.
//
//	store, err := sqlite.Open(ctx, "hermes.db", nil)
//	…
//	defer store.Close()
//
// The file is in WAL mode: there are files with the suffixes -wal and -shm beside it, and a
// Kamailio that uses it must be able to write all three and their folder. The file must never be
// replaced by renaming another one, nor be written to by anything but SQLite: it is mapped into
// memory, and a process that reads a mapped part of a file that was cut off is killed. Mapped parts
// of the file count as the process's shared memory.
//
// A change that returned without an error is on the disk (synchronous=FULL). Writers wait for each
// other, in order, readers for nothing. A search that looks at every user ends with an error after
// ten seconds, and so does a statement of a writer; few searches run at once.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/sip"
)

// Options configure a [Store]. A nil *Options gives the defaults.
type Options struct {
	// Domains are added to Kamailio's table of domains; see [Store.ServeDomains].
	Domains []sip.Domain
	// Manual leaves the schema as it is. Otherwise Open calls [Store.CreateKamailioTables],
	// [Store.Migrate] and [Store.ServeDomains].
	Manual bool
	// Readers is the number of short reads that run at once. Defaults to twice the number of
	// processors, at least 4. Beside them there are a few for sessions, for long lists and for
	// searches.
	Readers int
}

// Open opens the file at path, and creates it where it does not exist. Its folder must exist.
// Several stores, also in several processes, may have it open. The caller closes the store.
func Open(ctx context.Context, path string, opts *Options) (*Store, error) {
	if opts == nil {
		opts = &Options{}
	}
	s, err := newStore(ctx, path, *opts)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite %q: %w", path, err), s.Close())
	}
	return s, nil
}

// CheckPath returns an error if path cannot name a file: it is empty, or it is what other programs
// write for a database in memory (:memory:) or for a URI (file:…), of which [Open] would make a
// file with that name. Package memstore has a store in memory.
func CheckPath(path string) error {
	switch {
	case strings.TrimSpace(path) == "":
		return errors.New("is empty, and has to name a file")
	case strings.HasPrefix(path, ":memory:"):
		return errors.New("is SQLite's name of a database in memory, and has to name a file")
	case strings.HasPrefix(path, "file:"):
		return errors.New("is a URI, and has to name a file")
	}
	return nil
}

// newStore returns what the caller has to close, after an error too.
func newStore(ctx context.Context, path string, opts Options) (s *Store, err error) {
	s = &Store{}
	if err := s.connect(ctx, path, opts.Readers); err != nil {
		return s, err
	}
	s.db, err = bunstore.New(ctx, bunstore.Options{
		Dialect: sqlitedialect.New(), Read: s.read, RunTx: s.runTx, StatementTime: statementTime, Failed: s.failed,
	})
	if err != nil {
		return s, err
	}
	s.Store = s.db
	if opts.Manual {
		return s, nil
	}
	if err := s.CreateKamailioTables(ctx); err != nil {
		return s, err
	}
	if err := s.Migrate(ctx); err != nil {
		return s, err
	}
	return s, s.ServeDomains(ctx, opts.Domains)
}

// connect opens the writer first, because it creates the file and puts it into WAL mode.
func (s *Store) connect(ctx context.Context, path string, readers int) (err error) {
	if err := CheckPath(path); err != nil {
		return err
	}
	if err := create(path); err != nil {
		return err
	}
	writer, err := open(path, 1, writing)
	if err != nil {
		return err
	}
	s.writer = &pool{db: writer, queue: make(queue, 1)}
	if err := retryBusy(ctx, writer.PingContext); err != nil {
		return err
	}
	s.readers, err = openReaders(path, readers)
	return err
}

const (
	openTime  = 10 * time.Second
	openPause = 5 * time.Millisecond
)

// retryBusy calls open again, for up to openTime, while another process has the file. SQLite does
// not wait by itself where a file is put into WAL mode, or leaves it because it is closed.
func retryBusy(ctx context.Context, open func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	for {
		err := open(ctx)
		if busy := (*sqlite.Error)(nil); !errors.As(err, &busy) || busy.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-time.After(openPause):
		case <-ctx.Done():
			return err
		}
	}
}

// create makes a new file that only the user and, as far as the umask allows, the group can read:
// Kamailio's user may be in the group. It refuses a symbolic link to nothing, because SQLite would
// make the file that the link names. It does not open a file that exists: closing that would
// drop the locks of every store in this process that has it open, and then Kamailio, when it
// ends, would delete the -wal file to which these stores go on writing.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o660)
	if errors.Is(err, fs.ErrExist) {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return errors.New("is a symbolic link to a file that does not exist: want the file, or no link")
		}
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// runTx implements [bunstore.RunTx]. There is one writer, so that the order of transactions is
// never in doubt. Where ctx ends the transaction is rolled back.
func (s *Store) runTx(ctx context.Context, _ bunstore.TxOptions, fn func(context.Context, bunstore.Conn) error) error {
	if err := s.writer.enter(ctx); err != nil {
		return err
	}
	defer s.writer.leave()
	tx, err := s.writer.db.BeginTx(ctx, nil)
	if err != nil {
		s.failed(err)
		return err
	}
	defer tx.Rollback() // after a panic, too; after Commit it does nothing
	if err := fn(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		s.failed(err)
		return err
	}
	return nil
}
