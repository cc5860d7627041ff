package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/sip"
)

var alice = hermes.User{Address: sip.MustParse("alice@example.com"), Type: hermes.Local}

func mustOpenFile(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "hermes.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// endless counts up to a number that takes minutes. It calls hermes_running for the first row.
const endless = `WITH RECURSIVE r(v) AS (SELECT hermes_running() UNION ALL SELECT v + 1 FROM r WHERE v < 10000000000)
	SELECT count(*) FROM r`

// registerRunning makes the SQL function hermes_running, which closes the channel that it returns.
// Functions are there for all connections that are opened from then on.
var registerRunning = sync.OnceValues(func() (func() <-chan struct{}, error) {
	var mu sync.Mutex
	running := make(chan struct{})
	err := sqlite.RegisterScalarFunction("hermes_running", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		mu.Lock()
		defer mu.Unlock()
		close(running)
		running = make(chan struct{})
		return int64(0), nil
	})
	return func() <-chan struct{} {
		mu.Lock()
		defer mu.Unlock()
		return running
	}, err
})

// count runs a query on the readers of one purpose, and returns its value.
func count(ctx context.Context, s *Store, purpose bunstore.Pool, query string) (n int64, err error) {
	err = s.read(ctx, purpose, func(ctx context.Context, c bunstore.Conn) error {
		rows, err := c.QueryContext(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&n); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	return n, err
}

// TestStore_read_Cancelled cancels a query that is running, on each kind of readers that may have
// long ones.
func TestStore_read_Cancelled(t *testing.T) {
	running, err := registerRunning()
	if err != nil {
		t.Fatal(err)
	}
	s := mustOpenFile(t)
	for _, purpose := range []bunstore.Pool{bunstore.Bulk, bunstore.Scan} {
		ctx, cancel := context.WithCancel(t.Context())
		started, result := running(), make(chan error)
		go func() {
			_, err := count(ctx, s, purpose, endless)
			result <- err
		}()
		<-started
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("readers %d: %v, want that the context was cancelled", purpose, err)
		}
		for range 2 * cap(s.readers[purpose].queue) {
			if n, err := count(t.Context(), s, purpose, "SELECT 1"); err != nil || n != 1 {
				t.Errorf("readers %d, afterwards: %d, %v", purpose, n, err)
			}
		}
	}
}

// TestStore_runTx_Cancelled cancels a statement of the writer. The transaction is rolled back, and
// the writer is free for the next one.
func TestStore_runTx_Cancelled(t *testing.T) {
	running, err := registerRunning()
	if err != nil {
		t.Fatal(err)
	}
	s := mustOpenFile(t)
	ctx, cancel := context.WithCancel(t.Context())
	started, result := running(), make(chan error)
	go func() {
		result <- s.runTx(ctx, bunstore.TxOptions{}, func(ctx context.Context, c bunstore.Conn) error {
			if _, err := c.ExecContext(ctx, "INSERT INTO hermes_numbers VALUES ('+4711')"); err != nil {
				return err
			}
			_, err := c.ExecContext(ctx, endless)
			return err
		})
	}()
	<-started
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that the context was cancelled", err)
	}
	if n, err := count(t.Context(), s, bunstore.Data, "SELECT count(*) FROM hermes_numbers"); err != nil || n != 0 {
		t.Errorf("%d numbers, %v: want none", n, err)
	}
	if err := s.AddUser(t.Context(), alice); err != nil {
		t.Error(err)
	}
}

func TestStore_read_TimeLimit(t *testing.T) {
	if _, err := registerRunning(); err != nil {
		t.Fatal(err)
	}
	s := mustOpenFile(t)
	s.readers[bunstore.Scan].time = time.Millisecond
	_, err := count(t.Context(), s, bunstore.Scan, endless)
	if err == nil || !strings.Contains(err.Error(), "longer than 1ms") {
		t.Errorf("%v, want an error that says how long it took", err)
	}
}

// TestOptions_StatementTime gives the statements of a writer no time at all. Those of a range have
// no limit.
func TestOptions_StatementTime(t *testing.T) {
	s := mustOpenFile(t)
	hasty, err := bunstore.New(t.Context(), bunstore.Options{
		Dialect: sqlitedialect.New(), Read: s.read, RunTx: s.runTx, StatementTime: time.Nanosecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := hasty.AddUser(t.Context(), alice); err == nil || !strings.Contains(err.Error(), "longer than 1ns") {
		t.Errorf("%v, want an error that says how long it took", err)
	}
	if n, err := hasty.AddNumbers(t.Context(), e164.MustParse("+4711"), e164.MustParse("+4719")); err != nil || n != 9 {
		t.Errorf("%d numbers, %v; want 9", n, err)
	}
	if err := s.AddUser(t.Context(), alice); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestStore_read_Separate occupies all connections of the other purposes.
func TestStore_read_Separate(t *testing.T) {
	s := mustOpenFile(t)
	ctx := t.Context()
	all := []bunstore.Pool{bunstore.Data, bunstore.Auth, bunstore.Bulk, bunstore.Scan}
	for _, purpose := range all {
		var others []queue
		for _, o := range all {
			if o != purpose {
				others = append(others, s.readers[o].queue)
			}
		}
		others = append(others, s.writer.queue)
		for _, q := range others {
			for range cap(q) {
				if err := q.enter(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n, err := count(ctx, s, purpose, "SELECT 1"); err != nil || n != 1 {
			t.Errorf("readers %d: %d, %v", purpose, n, err)
		}
		for _, q := range others {
			for range cap(q) {
				q.leave()
			}
		}
	}
}

// TestOpen_MappedFile checks that only the readers of single rows map the file.
func TestOpen_MappedFile(t *testing.T) {
	s := mustOpenFile(t)
	for purpose, want := range map[bunstore.Pool]int64{bunstore.Data: mapped, bunstore.Auth: mapped, bunstore.Bulk: 0, bunstore.Scan: 0} {
		if n, err := count(t.Context(), s, purpose, "PRAGMA mmap_size"); err != nil || n != want {
			t.Errorf("readers %d map %d bytes, %v; want %d", purpose, n, err, want)
		}
	}
}

func TestQueue_InOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := make(queue, 1)
		if err := q.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		var order []int
		for i := range 20 {
			go func() {
				if err := q.enter(t.Context()); err != nil {
					t.Error(err)
					return
				}
				order = append(order, i)
				q.leave()
			}()
			synctest.Wait()
		}
		q.leave()
		synctest.Wait()
		if len(order) != 20 || !slices.IsSorted(order) {
			t.Errorf("served in the order %d, want that in which they came", order)
		}
	})
}

func TestQueue_Cancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := make(queue, 1)
		if err := q.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- q.enter(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-result; err != context.Canceled {
			t.Errorf("%v, want that the context was cancelled", err)
		}
		q.leave()
		if err := q.enter(ctx); err != context.Canceled {
			t.Errorf("a place is free, but the context is over: %v", err)
		}
		if err := q.enter(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
