// Package sqlite is the hermes.Store for SQLite: an embedded database in one file, which
// Kamailio's db_sqlite can read beside Hermes.
//
//	store, err := sqlite.Open(ctx, "hermes.db", nil)
//	…
//	defer store.Close()
//
// The file is in WAL mode: beside it there are -wal and -shm files, and a Kamailio that uses it needs
// to write all three and their folder. The file must never be replaced by renaming another. What was answered without an
// error is on the disk (synchronous=FULL). Writers wait for each other, readers for nobody.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"runtime"
	"time"

	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/internal/stmtcache"
	"github.com/hermes-voip/go-hermes/sip"
)

// Options configure a Store. A nil *Options gives the defaults.
type Options struct {
	// Domains are written into Kamailio's table of domains, where they are missing; see ServeDomains.
	Domains []sip.Domain
	// Manual leaves the schema as it is: Migrate, CreateKamailioTables and ServeDomains are the
	// caller's to call. Without it Open calls all three.
	Manual bool
	// Readers is how many reads run at once; 0: twice the number of processors, 4 at least.
	Readers int
}

// Store is a hermes.Store in a file. It is safe for concurrent use.
type Store struct {
	*bunstore.Store
	readers, writer *sql.DB
}

// Open opens the file at path, and creates it where it does not exist; its folder must exist. Several stores, also in
// several processes, may have it open.
func Open(ctx context.Context, path string, opts *Options) (*Store, error) {
	if opts == nil {
		opts = &Options{}
	}
	s, err := open(ctx, path, *opts)
	if err != nil {
		return nil, fmt.Errorf("sqlite %q: %w", path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string, opts Options) (_ *Store, err error) {
	s := &Store{}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	if err = s.connect(ctx, path, opts.Readers); err != nil {
		return nil, err
	}
	s.Store, err = bunstore.New(ctx, bunstore.Options{Dialect: sqlitedialect.New(), Reads: s.readers, RunTx: s.runTx})
	if err == nil && !opts.Manual {
		err = s.setUp(ctx, opts.Domains)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Store) setUp(ctx context.Context, domains []sip.Domain) error {
	if err := s.CreateKamailioTables(ctx); err != nil {
		return err
	}
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	return s.ServeDomains(ctx, domains)
}

// Close closes the file.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.readers, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// connect opens the writer first: it makes the file, and puts it into WAL mode.
func (s *Store) connect(ctx context.Context, path string, readers int) (err error) {
	if path == "" {
		return errors.New("want the path of a file")
	}
	if err := create(path); err != nil {
		return err
	}
	if s.writer, err = pool(path, 1, writing); err != nil {
		return err
	}
	if err := patiently(ctx, s.writer.PingContext); err != nil {
		return err
	}
	if readers == 0 {
		readers = max(4, 2*runtime.GOMAXPROCS(0))
	}
	s.readers, err = pool(path, readers, reading)
	return err
}

// patiently calls open until it is not told that another process has the file: SQLite does not wait by itself where a
// file is put into WAL mode, or leaves it because it is closed.
func patiently(ctx context.Context, open func(context.Context) error) error {
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

const (
	openTime  = 10 * time.Second
	openPause = 5 * time.Millisecond
)

// create makes a new file that is nobody's business but the user's and, as far as the umask lets, the group's:
// Kamailio's user may be in that. A file that is there is not opened: closing it would take away the locks of every store
// in this process that has it open, and then Kamailio, as it ends, would delete the -wal file that they go on writing to.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o660)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// busyTimeout is how long to wait, in milliseconds, for another process' write: Kamailio's are short.
const busyTimeout = "10000"

var (
	writing = url.Values{"_txlock": {"immediate"}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_busy_timeout": {busyTimeout}}
	reading = url.Values{"_query_only": {"1"}, "_busy_timeout": {busyTimeout}}
)

func pool(path string, size int, params url.Values) (*sql.DB, error) {
	// SQLite decodes the path, so that ? and # in it are no parameters.
	connector, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + params.Encode() + "&_dqs=0")
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(stmtcache.New(connector, stmtcache.Options{CloseStatements: true}))
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// runTx implements bunstore.RunTx: there is one writer, so that no order is ever in doubt. Where ctx ends the
// transaction is rolled back.
func (s *Store) runTx(ctx context.Context, _ bunstore.TxOptions, fn func(context.Context, bunstore.Conn) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a panic, too; after Commit it does nothing
	if err := fn(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}
