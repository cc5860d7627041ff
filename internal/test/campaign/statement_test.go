package campaign_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"modernc.org/sqlite"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/local"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	hermessqlite "github.com/hermes-voip/go-hermes/hermes/sqlite"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// fault makes one statement fail.
type fault struct {
	mu       sync.Mutex
	at, seen int
	strike   func() // called at statement number at, which is counted from 1
}

// arm lets the fault strike at a statement. A fault of statement 0 never strikes.
func (f *fault) arm(at int, strike func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at, f.seen, f.strike = at, 0, strike
}

// disarm returns how many statements there were since arm.
func (f *fault) disarm() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = 0
	return f.seen
}

// statement counts a statement, and lets the fault strike.
func (f *fault) statement() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen++; f.seen == f.at {
		f.strike()
	}
}

// runner makes the calls of a life on a store, with faults.
type runner struct {
	*database
	store   hermes.Store
	fault   fault
	session hermes.AuthLoginResponse // of the API user that a life has
	key     hermes.Secret            // the API key of the life
	calls   int                      // of the life that are over
}

// run makes a call as the program itself. What is random is the same each time.
func (r *runner) run(ctx context.Context, t *testing.T, c call) error {
	t.Helper()
	key, err := hermes.ParseSecretKey(strings.Repeat("k", 43))
	if err != nil {
		t.Fatal(err)
	}
	client, err := hermes.New(r.store, &hermes.Options{
		SecretKeys: []hermes.SecretKey{key}, FailedLoginTime: -1, NumberQuarantine: time.Hour, Domains: domains(),
		Backends: []hermes.Backend{local.New(&local.Options{MemoryKiB: 64, Passes: 1})},
		Now:      func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		Rand:     rand.NewChaCha8([32]byte{byte(r.calls)}),
	})
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case c.key:
		_, err = client.AuthRemoveKey(ctx, hermes.AuthRemoveKeyRequest{Key: r.key})
		return err
	case c.node == "auth/ping":
		actor, err := client.AuthenticatePing(ctx, hermes.Credentials{
			Session: r.session.Session, AuthKey: r.session.AuthKey, Cookie: r.session.Cookie.Value,
		})
		if err == nil {
			_, err = client.As(actor).AuthPing(ctx, hermes.AuthPingRequest{})
		}
		return err
	case c.node == "auth/logout":
		_, err = client.AuthLogout(ctx, hermes.AuthLogoutRequest{Session: r.session.Session, Cookie: r.session.Cookie.Value})
		return err
	}
	return r.runNode(ctx, t, client, c)
}

func (r *runner) runNode(ctx context.Context, t *testing.T, client *hermes.Client, c call) error {
	t.Helper()
	nodes := hermes.Nodes()
	n := nodes[slices.IndexFunc(nodes, func(n hermes.Node) bool { return n.Path == c.node })]
	values, err := url.ParseQuery(c.form)
	if err != nil {
		t.Fatal(err)
	}
	req, err := api.Decode(n, values)
	if err != nil {
		t.Fatalf("%s %s: %v", c.node, c.form, err)
	}
	res, err := n.Call(ctx, client, req)
	switch res := res.(type) {
	case hermes.AuthLoginResponse:
		r.session = res
	case hermes.AuthNewKeyResponse:
		r.key = res.Key
	}
	return err
}

// isStoreFault reports whether err says that the store failed. A login that a backend could not
// verify is refused as every other one is; the error of the store is inside.
func isStoreFault(err error) bool {
	refused := errors.Is(err, hermes.Unauthorized) && errors.Unwrap(err) != nil
	return refused || errors.Is(err, hermes.StoreFailed) || errors.Is(err, context.Canceled)
}

// testFaults makes each call of a life again and again, each time with one of the faults at another
// statement, and then without a fault. A call that fails must have changed nothing; one that is
// answered in spite of the fault must have changed what it changes without. strikes are what a
// fault does. Without HERMES_TEST_ROUNDS some statements have one of them: every third one, and the
// last one, which shows whatever was written outside of the transaction.
func (r *runner) testFaults(t *testing.T, strikes int, strike func(kind int, cancel func()) func()) {
	t.Helper()
	faults, kinds, step := 0, min(storetest.Rounds(t, 1), strikes), 1
	if kinds < strikes {
		step = strikes
	}
	for _, c := range life(0, 0) {
		r.calls++
		r.save(t)
		before := r.dump(t)
		changed := map[string]string{} // what answered calls left, by what the fault was
		try := func(at, kind int) (fired bool) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r.fault.arm(at, strike(kind, cancel))
			err := r.run(ctx, t, c)
			fired = r.fault.disarm() >= at
			after := r.dump(t)
			where := fmt.Sprintf("%s %s with fault %d at statement %d: answered %v, %v", c.node, c.form, kind, at, err, errors.Unwrap(err))
			if !fired {
				where = ""
			} else {
				faults++
			}
			if !isStoreFault(err) {
				changed[where] = after
			} else if after != before {
				t.Fatalf("%s: %v, and it changed (-before +after):\n%s", where, err, cmp.Diff(before, after))
			}
			if after != before {
				r.restore(t)
			}
			return fired
		}
		for at, fired := 1+r.calls%step, true; fired; at += step {
			for k := 0; k < kinds && fired; k++ {
				fired = try(at, (at+k+faults)%strikes)
			}
		}
		statements := r.mustRun(t, c)
		want := r.dump(t)
		if step > 1 && statements > 0 {
			r.restore(t)
			// There are fewer where a connection has prepared some since.
			for at := statements; !try(at, faults%strikes); at-- {
			}
			r.mustRun(t, c)
		}
		for where, got := range changed {
			if got != want {
				t.Fatalf("%s (-without the fault +with it):\n%s", where, cmp.Diff(want, got))
			}
		}
	}
	t.Logf("%d faults", faults)
}

// mustRun makes a call without a fault, and returns how many statements there were.
func (r *runner) mustRun(t *testing.T, c call) (statements int) {
	t.Helper()
	r.fault.arm(0, nil)
	if err := r.run(t.Context(), t, c); isStoreFault(err) {
		t.Fatalf("%s %s without a fault: %v: %v", c.node, c.form, err, errors.Unwrap(err))
	}
	return r.fault.disarm()
}

// TestStatements_PostgreSQL lets each statement of each node that changes anything fail: by an
// error, by a cut connection, and by the end of the server's session.
func TestStatements_PostgreSQL(t *testing.T) {
	t.Parallel()
	pg := pgtest.New(t, pgtest.Options{NoFsync: true})
	r := &runner{database: newPostgreSQL(t, pg)}
	action := pgtest.Forward
	proxy := pgtest.NewProxy(t, pg, func([]byte) pgtest.Action {
		action = pgtest.Forward
		r.fault.statement()
		return action
	})
	store, err := postgres.Open(t.Context(), proxy.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.store = store
	r.addDomains(t)
	r.testFaults(t, 3, func(kind int, _ func()) func() {
		return func() { action = []pgtest.Action{pgtest.Fail, pgtest.CutBefore, pgtest.Terminate}[kind] }
	})
}

// TestStatements_SQLite lets each change of a row fail, of each node that changes anything: by an
// error, by the end of the caller's context, and by the end of the process, after which the files
// are as they were at that moment.
func TestStatements_SQLite(t *testing.T) {
	r := &runner{database: newSQLite(t)}
	var failure error
	if err := sqlite.RegisterScalarFunction("campaign_fault", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		failure = nil
		r.fault.statement()
		return int64(0), failure
	}); err != nil {
		t.Fatal(err)
	}
	store, err := hermessqlite.Open(t.Context(), r.path, &hermessqlite.Options{Domains: domains()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	r.store = store
	r.addDomains(t)
	for i, table := range r.tables(t) {
		for _, operation := range []string{"INSERT", "UPDATE", "DELETE"} {
			r.exec(t, fmt.Sprintf("CREATE TRIGGER fault_%d_%s BEFORE %s ON %s BEGIN SELECT campaign_fault(); END", i, operation, operation, table))
		}
	}
	r.testFaults(t, 3, func(kind int, cancel func()) func() {
		before := r.dump(t)
		return func() {
			switch kind {
			case 0:
				failure = errors.New("a fault")
			case 1:
				cancel()
			case 2:
				if image := r.image(t).dump(t); image != before {
					t.Errorf("the files in the middle of a transaction have another state (-before +then):\n%s", cmp.Diff(before, image))
				}
			}
		}
	})
}

// addDomains adds the domains that are served and the user that another tool has made.
func (d *database) addDomains(t *testing.T) {
	t.Helper()
	d.exec(t, "INSERT INTO subscriber (username, domain, password, ha1, ha1b) VALUES ('tool', '"+writerDomain(0)+"', '', 'x', 'x')")
}

// image returns a copy of the files, as a process finds them that begins after the end of this one.
func (d *database) image(t *testing.T) *database {
	t.Helper()
	image := newSQLite(t)
	image.dumpQuery = d.dumpQuery
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(d.path + suffix)
		if err == nil {
			err = os.WriteFile(filepath.Clean(image.path+suffix), content, 0o600)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
	return image
}
