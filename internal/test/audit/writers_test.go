package audit_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

const (
	writers = 16
	rounds  = 6 // of each writer
	pool    = writers * rounds / 2
)

// TestWriters has writers change the same user, claim numbers of a pool that is too small for all,
// and add one alias, at which one of them succeeds in a round. There is one entry for each call
// that succeeded. The old value of each entry is the new value of another one, although several
// writers changed the user at once.
func TestWriters(t *testing.T) {
	onEachStore(t, func(t *testing.T, s hermes.Store) {
		c := newClient(t, s)
		prepareWriters(t, c)
		before := len(entries(t, s))
		done := writeAtOnce(t, c)
		counts, names, claimed := map[string]int{}, map[string]string{}, map[string]int{}
		for _, e := range entries(t, s)[before:] {
			counts[e.Node]++
			changes, err := e.FieldChanges()
			must(t, err)
			switch e.Node {
			case "user/update":
				if _, twice := names[changes[0].From]; twice {
					t.Errorf("two entries say that %q was replaced", changes[0].From)
				}
				names[changes[0].From] = changes[0].To
			case "number/claim":
				claimed[changes[0].From]++
			}
		}
		if d := cmp.Diff(done.counts, counts); d != "" {
			t.Errorf("entries by node (-calls that succeeded +entries):\n%s", d)
		}
		want := map[string]int{"user/update": writers * rounds, "number/claim": pool, "alias/add": rounds}
		if d := cmp.Diff(want, counts); d != "" {
			t.Errorf("entries by node (-want +got):\n%s", d)
		}
		if d := cmp.Diff(done.claimed, claimed); d != "" {
			t.Errorf("numbers (-returned +in entries):\n%s", d)
		}
		testChain(t, s, names)
	})
}

// writeAtOnce has the writers make their calls, and returns those that succeeded.
func writeAtOnce(t *testing.T, c *hermes.Client) *ledger {
	done := &ledger{counts: map[string]int{}, claimed: map[string]int{}}
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for round := range rounds {
				done.add(t, "user/update", updateName(t, c, fmt.Sprintf("writer %d, round %d", w, round)))
				done.add(t, "number/claim", claim(t, c, done))
				done.add(t, "alias/add", addAlias(t, c, fmt.Sprintf("round%d@example.com", round)))
			}
		})
	}
	all.Wait()
	return done
}

// testChain follows the names that a user had, from the first one, and wants to end with the one
// that the user has after all changes.
func testChain(t *testing.T, s hermes.Store, next map[string]string) {
	t.Helper()
	u, err := s.User(t.Context(), alice)
	must(t, err)
	name, steps := "alice", 0
	for ; next[name] != "" && steps <= len(next); steps++ {
		name = next[name]
	}
	if steps != len(next) || name != u.DisplayName {
		t.Errorf("%d of %d changes of the name lead to %q, and the user has %q", steps, len(next), name, u.DisplayName)
	}
}

// ledger has the calls that succeeded.
type ledger struct {
	mu      sync.Mutex
	counts  map[string]int // by node
	claimed map[string]int // by number
}

// add counts a call that succeeded. A refusal that the other writers cause is none.
func (l *ledger) add(t *testing.T, node string, err error) {
	if err != nil {
		if !errors.Is(err, hermes.Exists) && !errors.Is(err, hermes.Empty) {
			t.Errorf("%s: %v: %v", node, err, errors.Unwrap(err))
		}
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[node]++
}

func prepareWriters(t *testing.T, c *hermes.Client) {
	t.Helper()
	must(t, domainSteps()[0].call(t.Context(), c))
	_, err := c.UserAdd(t.Context(), hermes.UserAddRequest{User: alice})
	must(t, err)
	first := number("+4722000000")
	last, _ := first.Offset(pool - 1)
	_, err = c.NumberAddRange(t.Context(), hermes.NumberAddRangeRequest{Start: first, End: last})
	must(t, err)
}

func updateName(t *testing.T, c *hermes.Client, name string) error {
	_, err := c.UserUpdate(t.Context(), hermes.UserUpdateRequest{User: alice, DisplayName: some(name)})
	return err
}

func claim(t *testing.T, c *hermes.Client, l *ledger) error {
	res, err := c.NumberClaim(t.Context(), hermes.NumberClaimRequest{})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.claimed[res.Number.String()]++
	return nil
}

func addAlias(t *testing.T, c *hermes.Client, alias string) error {
	_, err := c.AliasAdd(t.Context(), hermes.AliasAddRequest{Alias: sip.MustParse(alias), Destination: alice})
	return err
}
