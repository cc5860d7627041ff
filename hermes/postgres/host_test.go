package postgres_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/sip"
)

// drivers open the pool that a host's transaction runs on.
var drivers = map[string]func(t *testing.T, db *pgtest.DB) *sql.DB{
	"pgx": mustOpenPgx,
	"pgdriver": func(t *testing.T, db *pgtest.DB) *sql.DB {
		pool, err := pgconn.Open(pgconn.Options{URL: db.URL()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { pool.Close() })
		return pool
	},
}

// hostStore is a store in a host's transaction, which has also written a row of its own.
type hostStore struct {
	*postgres.Store
	db *pgtest.DB
	tx *sql.Tx
}

func newHostStore(t *testing.T, driver string) hostStore {
	t.Helper()
	db := pgtest.New(t, noFsync)
	mustOpen(t, db, nil)
	db.Exec(t, "CREATE TABLE host (note text)")
	tx, err := drivers[driver](t, db).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	if _, err := tx.Exec("INSERT INTO public.host VALUES ('mine')"); err != nil {
		t.Fatal(err)
	}
	return hostStore{mustInTx(t, tx), db, tx}
}

// wantRows checks how many rows of the host's and users of Hermes' are committed.
func (g hostStore) wantRows(t *testing.T, notes, users string) {
	t.Helper()
	for query, want := range map[string]string{
		"SELECT count(*) FROM host": notes, "SELECT count(*) FROM subscriber": users, "SELECT count(*) FROM hermes.users": users,
	} {
		if n := g.db.Value(t, query); n != want {
			t.Errorf("%s: %s, want %s", query, n, want)
		}
	}
}

func (g hostStore) commit(t *testing.T) {
	t.Helper()
	if err := g.tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func local(address string) hermes.User {
	return hermes.User{Address: sip.MustParse(address), Type: hermes.Local, HA1: "1", HA1B: "2"}
}

func TestInTx(t *testing.T) {
	for driver := range drivers {
		t.Run(driver, func(t *testing.T) {
			t.Run("rollback", func(t *testing.T) { testHostRollback(t, newHostStore(t, driver)) })
			t.Run("commit", func(t *testing.T) { testHostCommit(t, newHostStore(t, driver)) })
			t.Run("failures", func(t *testing.T) { testFailures(t, newHostStore(t, driver)) })
			t.Run("panic", func(t *testing.T) { testPanic(t, newHostStore(t, driver)) })
			t.Run("cancelled", func(t *testing.T) { testCancelled(t, newHostStore(t, driver)) })
		})
	}
}

func testHostRollback(t *testing.T, g hostStore) {
	if err := g.AddUser(t.Context(), local("alice@example.com")); err != nil {
		t.Fatal(err)
	}
	if err := g.tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	g.wantRows(t, "0", "0")
}

func testHostCommit(t *testing.T, g hostStore) {
	err := g.Tx(t.Context(), nil, func(s hermes.Store) error { return s.AddUser(t.Context(), local("alice@example.com")) })
	if err != nil {
		t.Fatal(err)
	}
	g.wantRows(t, "0", "0")
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	g.commit(t)
	g.wantRows(t, "1", "1")
}

// testFailures makes changes that the store, the database and the function refuse.
func testFailures(t *testing.T, g hostStore) {
	ctx, own := t.Context(), errors.New("fn's own")
	long := local("carol@example.com")
	long.HA1 = strings.Repeat("x", 200)
	if err := g.AddUser(ctx, local("alice@example.com")); err != nil {
		t.Fatal(err)
	}
	if err := g.AddUser(ctx, local("alice@example.com")); err != error(hermes.Exists) {
		t.Errorf("the same again: %v, want the bare cause", err)
	}
	want := hermes.WidthError{Column: "subscriber.ha1", Width: 128, Length: 200}
	if width, ok := errors.AsType[*hermes.WidthError](g.AddUser(ctx, long)); !ok || *width != want {
		t.Errorf("a value that does not fit: %v, want %v", width, &want)
	}
	err := g.Tx(ctx, nil, func(s hermes.Store) error {
		if err := s.AddUser(ctx, local("bob@example.com")); err != nil {
			t.Error(err)
		}
		return own
	})
	if err != own {
		t.Errorf("Tx returned %v, want fn's own error", err)
	}
	g.commit(t)
	g.wantRows(t, "1", "1")
}

func testPanic(t *testing.T, g hostStore) {
	func() {
		defer func() { _ = recover() }()
		_ = g.Tx(t.Context(), nil, func(s hermes.Store) error {
			if err := s.AddUser(t.Context(), local("alice@example.com")); err != nil {
				t.Error(err)
			}
			panic("fn's own")
		})
	}()
	g.commit(t)
	g.wantRows(t, "1", "0")
}

func testCancelled(t *testing.T, g hostStore) {
	ctx, cancel := context.WithCancel(t.Context())
	err := g.Tx(ctx, nil, func(s hermes.Store) error {
		err := s.AddUser(ctx, local("alice@example.com"))
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Tx returned %v, want the context's error", err)
	}
	if err := g.AddUser(ctx, local("alice@example.com")); !errors.Is(err, context.Canceled) {
		t.Errorf("AddUser returned %v, want the context's error", err)
	}
	g.commit(t)
	g.wantRows(t, "1", "0")
}

// TestInTx_SameAsSQLite compares the stores where everything happens in one transaction of the
// host.
func TestInTx_SameAsSQLite(t *testing.T) {
	storetest.Compare(t, func(t *testing.T) storetest.Fixture {
		g := newHostStore(t, "pgx")
		return storetest.Fixture{Store: g.Store, Serve: func(t *testing.T, domains ...string) {
			for _, d := range domains {
				if _, err := g.tx.Exec("INSERT INTO public.domain (domain) VALUES ($1)", d); err != nil {
					t.Fatal(err)
				}
			}
		}}
	}, sqliteFixture)
}

// What has to follow a commit is called once the host has told of it, and never otherwise.
func TestStore_Committed(t *testing.T) {
	for _, row := range []struct {
		name string
		run  func(t *testing.T, g hostStore, called *int)
		want int
	}{
		{"committed", func(t *testing.T, g hostStore, called *int) {
			g.commit(t)
			if *called != 0 {
				t.Error("called before Committed")
			}
			if err := errors.Join(g.Committed(), g.Committed()); err != nil {
				t.Error(err)
			}
		}, 2},
		{"rolled back", func(t *testing.T, g hostStore, called *int) {
			if err := g.tx.Rollback(); err != nil {
				t.Fatal(err)
			}
		}, 0},
		{"told too early", func(t *testing.T, g hostStore, called *int) {
			if err := g.Committed(); err == nil {
				t.Error("Committed before the commit: no error")
			}
		}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			g, called := newHostStore(t, "pgx"), 0
			count := func() { called++ }
			err := g.Tx(t.Context(), nil, func(s hermes.Store) error {
				s.AfterCommit(count)
				return nil
			})
			undone := errors.New("undone")
			undoneErr := g.Tx(t.Context(), nil, func(s hermes.Store) error {
				s.AfterCommit(count)
				return undone
			})
			g.AfterCommit(count)
			if err != nil || undoneErr != undone || called != 0 {
				t.Fatalf("got %v, %v, called %d times in the transaction", err, undoneErr, called)
			}
			row.run(t, g, &called)
			if called != row.want {
				t.Errorf("called %d times, want %d", called, row.want)
			}
		})
	}
}

// RunInTx commits what fn did and then tells of the removed user, or does neither.
func TestRunInTx(t *testing.T) {
	own := errors.New("fn's own")
	alice := local("alice@example.com")
	for _, row := range []struct {
		name   string
		driver string
		end    func(tx *sql.Tx) error // of fn
		want   error                  // of RunInTx; nil with failed
		failed bool
	}{
		{"committed", "pgx", func(*sql.Tx) error { return nil }, nil, false},
		{"fn fails", "pgx", func(*sql.Tx) error { return own }, own, true},
		{"a statement of the host has failed, and its driver commits that without an error", "pgdriver", func(tx *sql.Tx) error {
			_, _ = tx.Exec("SELECT 1/0")
			return nil
		}, nil, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			db := pgtest.New(t, noFsync)
			store := mustOpen(t, db, nil)
			if err := store.AddUser(t.Context(), alice); err != nil {
				t.Fatal(err)
			}
			var removed []sip.Addr
			opts := &hermes.Options{
				SecretKeys:  []hermes.SecretKey{mustSecretKey(t)},
				UserRemoved: func(a sip.Addr) { removed = append(removed, a) },
			}
			err := postgres.RunInTx(t.Context(), drivers[row.driver](t, db), nil, func(tx *sql.Tx, s *postgres.Store) error {
				c, err := hermes.New(s, opts)
				if err != nil {
					return err
				}
				if _, err := c.UserRemove(t.Context(), hermes.UserRemoveRequest{User: alice.Address}); err != nil {
					return err
				}
				if removed != nil {
					t.Error("UserRemoved was called before the commit")
				}
				return row.end(tx)
			})
			if (err != nil) != row.failed || row.want != nil && err != row.want {
				t.Errorf("got the error %v, want %v, failed: %t", err, row.want, row.failed)
			}
			_, getErr := store.User(t.Context(), alice.Address)
			if kept := getErr == nil; kept != row.failed || len(removed) == 0 != row.failed {
				t.Errorf("the user is there: %t, UserRemoved was called for %v; want %t", kept, removed, row.failed)
			}
		})
	}
}

func mustSecretKey(t *testing.T) hermes.SecretKey {
	t.Helper()
	key, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
