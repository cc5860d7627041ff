package sqlite

import (
	"context"
	"database/sql"
	"math/bits"
	"net/url"
	"runtime"
	"strconv"
	"time"

	"modernc.org/sqlite"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/internal/stmtcache"
)

const (
	// busyTimeout is how long to wait, in milliseconds, for the write of another process.
	// Kamailio's are short.
	busyTimeout = "10000"
	// statementTime is how long a statement may run, except those of a range of numbers, a
	// migration or a long list.
	statementTime = 10 * time.Second
	// bulkTime is how long the statement for a page of a long list may run.
	bulkTime = time.Minute
	// mapped is how much of the file is mapped into memory for each reader of single rows. It spares
	// a system call and a copy for each page of the file that is not in the reader's cache, a third of
	// the time of a read where the file has a million users.
	mapped = 1 << 30
)

var (
	writing = url.Values{
		"_txlock": {"immediate"}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_busy_timeout": {busyTimeout},
	}
	reading = url.Values{"_query_only": {"1"}, "_busy_timeout": {busyTimeout}}
)

// readingMapped returns the parameters of readers that map the file. Those of long reads do not,
// because the whole file would count as the process's memory, and no reader does where the
// addresses would not suffice.
func readingMapped() url.Values {
	params := url.Values{"_query_only": {"1"}, "_busy_timeout": {busyTimeout}}
	if bits.UintSize == 64 {
		params.Set("_pragma", "mmap_size("+strconv.Itoa(mapped)+")")
	}
	return params
}

// open returns a pool of connections, which are opened when they are first used.
func open(path string, size int, params url.Values) (*sql.DB, error) {
	// SQLite decodes the path, so that ? and # in it do not begin parameters.
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + params.Encode() + "&_dqs=0"
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(stmtcache.New(connector, stmtcache.Options{CloseStatements: true}))
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// queue lets as many callers in at once as its capacity. The others wait in the order in which they
// came; those that wait for a [sql.DB] are served in random order.
type queue chan struct{}

// enter waits for a place. It fails where ctx ends before.
func (q queue) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case q <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave gives the place to the caller that has waited longest.
func (q queue) leave() { <-q }

// pool is connections with a queue for them.
type pool struct {
	db *sql.DB
	queue
	// time is how long a statement may run. Zero is for statements that are short in any case. They
	// do not end with the caller's context, because to watch that costs as much as half of the read.
	time time.Duration
}

// openReaders returns the pools for reads, by their purpose. number is that of Options.
func openReaders(path string, number int) (pools [4]*pool, err error) {
	procs := runtime.GOMAXPROCS(0)
	if number == 0 {
		number = max(4, 2*procs)
	}
	for purpose, p := range map[bunstore.Pool]struct {
		size   int
		params url.Values
		time   time.Duration
	}{
		bunstore.Data: {size: number, params: readingMapped()},
		bunstore.Auth: {size: max(2, procs), params: readingMapped()},
		bunstore.Bulk: {size: 2, params: reading, time: bulkTime},
		// Searches take a processor each for as long as they last.
		bunstore.Scan: {size: max(1, procs/2), params: reading, time: statementTime},
	} {
		db, err := open(path, p.size, p.params)
		if err != nil {
			return pools, err
		}
		pools[purpose] = &pool{db: db, queue: make(queue, p.size), time: p.time}
	}
	return pools, nil
}

// read implements [bunstore.Read].
func (s *Store) read(ctx context.Context, purpose bunstore.Pool, fn func(context.Context, bunstore.Conn) error) error {
	p := s.readers[purpose]
	if err := p.enter(ctx); err != nil {
		return err
	}
	defer p.leave()
	if p.time == 0 {
		return fn(context.WithoutCancel(ctx), p.db)
	}
	return bunstore.InTime(ctx, p.time, func(ctx context.Context) error { return fn(ctx, p.db) })
}
