package postgres_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// TestStore_AddNumbers_AliasMeanwhile has another tool make aliases of numbers of a range while
// AddNumbers waits for the lock of the pool. It must not add the one that was not in the pool, and
// must not remove the one that was.
func TestStore_AddNumbers_AliasMeanwhile(t *testing.T) {
	for _, row := range []struct {
		size int64
		how  string
	}{{100, "INSERT"}, {2000, "COPY"}} {
		t.Run(row.how, func(t *testing.T) {
			db := pgtest.New(t, noFsync)
			store := mustOpen(t, db, nil)
			first, pooled, fresh := e164.MustParse("+4773500000"), e164.MustParse("+4773500050"), e164.MustParse("+4773500060")
			last, _ := first.Offset(row.size - 1)
			if err := addNumber(t.Context(), store, pooled); err != nil {
				t.Fatal(err)
			}
			release := holdPool(t, store)
			type result struct {
				Added int64
				Err   error
			}
			done := make(chan result, 1)
			go func() {
				added, err := store.AddNumbers(t.Context(), first, last)
				done <- result{added, err}
			}()
			testserver.WaitFor(t, "AddNumbers to wait for the lock of the pool", func() bool {
				return len(done) > 0 || isMigratorWaiting(t, db)
			})
			for _, n := range []e164.Number{pooled, fresh} {
				db.Exec(t, `INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
					VALUES ($1, 'example.com', 'x', 'example.com')`, n.String())
			}
			release()
			got := <-done
			if got.Err != nil {
				t.Fatal(got.Err)
			}
			if want := row.size - 2; got.Added != want {
				t.Errorf("added %d, want %d: all but the number of the pool and that of the alias", got.Added, want)
			}
			if n := db.Value(t, "SELECT count(*) FROM hermes.numbers"); n != strconv.FormatInt(row.size-1, 10) {
				t.Errorf("the pool has %s numbers, want %d", n, row.size-1)
			}
			want := map[e164.Number]bool{pooled: true, fresh: false}
			has := map[e164.Number]bool{}
			for n := range want {
				_, err := store.PooledNumber(t.Context(), n, time.Time{})
				if has[n] = err == nil; !has[n] && err != error(hermes.NotFound) {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(want, has, cmp.Comparer(func(a, b e164.Number) bool { return a == b })); d != "" {
				t.Errorf("numbers in the pool (-want +got):\n%s", d)
			}
		})
	}
}

// holdPool has a transaction hold the lock of the pool, shared as makers of aliases have it, until
// release is called. The test ends after that.
func holdPool(t *testing.T, store hermes.Store) (release func()) {
	t.Helper()
	held, end, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		opts := &hermes.TxOptions{Locks: []hermes.Lock{hermes.LockPool().AsShared()}}
		ended <- store.Tx(t.Context(), opts, func(hermes.Store) error {
			close(held)
			<-end
			return nil
		})
	}()
	select {
	case <-held:
	case err := <-ended:
		t.Fatalf("no lock of the pool: %v", err)
	}
	return func() {
		close(end)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
