package storetest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/sip"
)

// seeded is a store with a bug, of a kind that stores have.
type seeded struct {
	hermes.Store
	bug    string
	levels *sync.Map
}

const bugEnv = "HERMES_TEST_SEEDED_BUG"

// bugs and what must see each; there may be more that does.
var bugs = map[string][]string{
	"transaction without a lock":   {"suite/race/counters"},
	"select, then delete":          {"suite/history/pool"},
	"partial writes kept":          {"suite/tx/error", "compare"},
	"commit error ignored":         {"suite/context/during_tx"},
	"LIKE without escapes":         {"suite/pattern/names", "compare"},
	"rotation without compare":     {"suite/race/rotate", "compare"},
	"access level cached":          {"suite/session/state", "compare"},
	"cause wrapped":                {"suite/number/exists", "compare"},
	"context ignored":              {"suite/context/methods"},
	"times cut to seconds":         {"suite/key/round_trip", "compare"},
	"binary cut at NUL":            {"suite/user/round_trip", "compare"},
	"address compared in any case": {"suite/user/exact", "compare"},
	"page from After on":           {"suite/page/numbers", "compare"},
}

// TestSeededBugs runs the suite on stores with a bug, in processes of their own, and wants red.
func TestSeededBugs(t *testing.T) {
	if bug := os.Getenv(bugEnv); bug != "" {
		open := func(*testing.T) storetest.Fixture { return fixture(bug) }
		t.Run("suite", func(t *testing.T) { storetest.Run(t, open) })
		t.Run("compare", func(t *testing.T) {
			storetest.Compare(t, open, func(*testing.T) storetest.Fixture { return fixture("none") })
		})
		return
	}
	if out, err := suite(t, "none"); err != nil {
		t.Fatalf("without a bug: %v\n%s", err, out)
	}
	for bug, want := range bugs {
		t.Run(bug, func(t *testing.T) {
			out, err := suite(t, bug)
			for _, name := range want {
				if !strings.Contains(out, "--- FAIL: TestSeededBugs/"+name) {
					t.Errorf("got %v, want %s to fail:\n%.4000s", err, name, out)
				}
			}
		})
	}
}

func suite(t *testing.T, bug string) (string, error) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestSeededBugs$", "-rapid.nofailfile", "-rapid.shrinktime=50ms")
	cmd.Env = append(os.Environ(), bugEnv+"="+bug)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func fixture(bug string) storetest.Fixture {
	s := memstore.New()
	return storetest.Fixture{
		Store: &seeded{s, bug, &sync.Map{}},
		Serve: func(_ *testing.T, domains ...string) {
			for _, d := range domains {
				s.Serve(sip.UncheckedDomain(d))
			}
		},
	}
}

func (s *seeded) Tx(ctx context.Context, fn func(hermes.Store) error) error {
	within := func(in hermes.Store) error { return fn(&seeded{in, s.bug, s.levels}) }
	switch s.bug {
	case "transaction without a lock":
		return fn(s)
	case "partial writes kept":
		var err error
		if txErr := s.Store.Tx(ctx, func(in hermes.Store) error { err = within(in); return nil }); txErr != nil {
			return txErr
		}
		return err
	case "commit error ignored":
		var err error
		s.Store.Tx(ctx, func(in hermes.Store) error { err = within(in); return err })
		return err
	}
	return s.Store.Tx(ctx, within)
}

func (s *seeded) RemoveNumber(ctx context.Context, n e164.Number) error {
	if s.bug != "select, then delete" {
		return s.Store.RemoveNumber(ctx, n)
	}
	if has, err := s.Store.HasNumber(ctx, n); err != nil || !has {
		return firstOf(err, hermes.NotFound)
	}
	runtime.Gosched()
	s.Store.RemoveNumber(ctx, n)
	return nil
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (s *seeded) Users(ctx context.Context, q hermes.UserQuery) ([]hermes.UserEntry, error) {
	if s.bug == "LIKE without escapes" {
		q.Match, _ = hermes.ParsePattern(strings.NewReplacer("%", "*", "_", "?").Replace(q.Match.String()))
	}
	return s.Store.Users(ctx, q)
}

func (s *seeded) RotateSession(ctx context.Context, id hermes.Hash, gen int64, rotated, keyExpires time.Time) error {
	if now, err := s.Store.Session(ctx, id); s.bug == "rotation without compare" && err == nil {
		gen = now.Session.Gen
	}
	return s.Store.RotateSession(ctx, id, gen, rotated, keyExpires)
}

func (s *seeded) Session(ctx context.Context, id hermes.Hash) (hermes.SessionState, error) {
	state, err := s.Store.Session(ctx, id)
	if s.bug == "access level cached" && err == nil {
		level, _ := s.levels.LoadOrStore(id, state.Access)
		state.Access = level.(hermes.Access)
	}
	return state, err
}

func (s *seeded) AddNumber(ctx context.Context, n e164.Number) error {
	if s.bug == "context ignored" {
		ctx = context.WithoutCancel(ctx)
	}
	err := s.Store.AddNumber(ctx, n)
	if s.bug == "cause wrapped" && err != nil {
		return fmt.Errorf("adding: %w", err)
	}
	return err
}

func (s *seeded) AddKey(ctx context.Context, k hermes.Key) error {
	if s.bug == "times cut to seconds" {
		k.Created = k.Created.Truncate(time.Second)
	}
	return s.Store.AddKey(ctx, k)
}

func (s *seeded) AddUser(ctx context.Context, u hermes.User) error {
	if s.bug == "binary cut at NUL" {
		u.Sealed, _, _ = strings.Cut(u.Sealed, "\x00")
	}
	return s.Store.AddUser(ctx, u)
}

func (s *seeded) User(ctx context.Context, a sip.Addr) (hermes.User, error) {
	u, err := s.Store.User(ctx, a)
	if s.bug == "address compared in any case" && err == hermes.NotFound {
		return s.Store.User(ctx, sip.Unchecked(strings.ToLower(a.User()), a.Domain().String()))
	}
	return u, err
}

func (s *seeded) Numbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	if before, ok := q.After.Offset(-1); s.bug == "page from After on" && ok {
		q.After = before
	}
	return s.Store.Numbers(ctx, q)
}
