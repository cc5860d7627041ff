package locks_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
)

// TestOrder_SIP runs each call about SIP users and what belongs to them against each other one.
func TestOrder_SIP(t *testing.T) { testOrder(t, sipStates(), sipCalls()) }

// TestOrder_Auth runs each call about API users and keys against each other one.
func TestOrder_Auth(t *testing.T) { testOrder(t, authStates(), authCalls()) }

// TestOrder_Scope runs calls of two administrators with scopes against each other.
func TestOrder_Scope(t *testing.T) {
	states := slices.DeleteFunc(sipStates(), func(st state) bool {
		return st.name != "users, one number" && st.name != "a user with a phone and an alias"
	})
	testOrder(t, states, scopeCalls())
}

func testOrder(t *testing.T, states []state, calls []call) {
	for _, st := range states {
		t.Run(st.name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			st.make(t, d.second)
			d.save(t)
			for _, first := range calls {
				stops := st.stops(t, first)
				for _, second := range calls {
					pair{state: st, first: first, second: second}.test(t, d, stops)
				}
			}
		})
	}
}

// TestCalls_everyNode checks that every node is called that changes something.
func TestCalls_everyNode(t *testing.T) {
	// The others write one record by one statement, which decides by itself.
	called := map[string]bool{"auth/challenge": true, "auth/logout": true, "auth/ping": true}
	for _, c := range append(sipCalls(), authCalls()...) {
		path, _, _ := strings.Cut(c.name, " ")
		called[path] = true
	}
	for _, n := range hermes.Nodes() {
		if n.Changes && !called[n.Path] {
			t.Errorf("%s: add a call of it to sipCalls or authCalls", n.Path)
		}
	}
}

// make brings an empty store into the state.
func (st state) make(t testing.TB, s hermes.Store) {
	t.Helper()
	c := newClient(t, s, stateRandom)
	for _, call := range st.calls {
		if _, err := call.run(t.Context(), c); err != nil {
			t.Fatalf("the state %q: %v", st.name, err)
		}
	}
}

// memory returns a store in memory that is in the state.
func (st state) memory(t testing.TB) *memstore.Store {
	t.Helper()
	s := memstore.New(exampleCom, exampleNet)
	st.make(t, s)
	return s
}

// pair is two calls at the same time.
type pair struct {
	state         state
	first, second call
}

// test stops the first call at each of the stops and runs the second one meanwhile.
func (p pair) test(t *testing.T, d *database, stops []stop) {
	t.Helper()
	if len(stops) == 0 {
		return
	}
	orders := []string{p.inOrder(t, false), p.inOrder(t, true)}
	for _, s := range stops {
		d.restore(t)
		if got := p.atOnce(t, d, s); !slices.Contains(orders, got) {
			if reason := p.outOfOrder(); reason != "" {
				t.Logf("%s runs while %s is stopped before %s: %s", p.second.name, p.first.name, s.method, reason)
				continue
			}
			t.Errorf("%s runs while %s is stopped before %s; the lines that differ:\n%s",
				p.second.name, p.first.name, s.method, differences(got, orders))
		}
	}
}

// outOfOrder returns the reason why the calls of the pair may have the effect of no order, or "".
func (p pair) outOfOrder() string {
	with := func(name string, others ...string) bool {
		return p.first.name == name && slices.Contains(others, p.second.name) ||
			p.second.name == name && slices.Contains(others, p.first.name)
	}
	switch {
	case with("Recover", "Recover", "Bootstrap", "auth/add_user", "auth/remove_user"):
		return "Recover looks for the user before; if that has changed since, it fails and changes nothing"
	case p.second.name == "number/hold (any)" &&
		slices.Contains([]string{"user/add (at the number)", "number/assign", "number/assign (to another user)"}, p.first.name):
		return "a hold of any number passes over one that another call is deciding about, rather than wait for it"
	}
	return ""
}

// inOrder runs the calls one after the other on a store in memory, the second one first if reversed
// is set.
func (p pair) inOrder(t testing.TB, reversed bool) string {
	t.Helper()
	s := p.state.memory(t)
	var answers [2]string
	run := []func(){
		func() { answers[0] = p.first.answer(t.Context(), newClient(t, s, firstRandom)) },
		func() { answers[1] = p.second.answer(t.Context(), newClient(t, s, secondRandom)) },
	}
	if reversed {
		slices.Reverse(run)
	}
	for _, f := range run {
		f()
	}
	return outcome(t, answers, s)
}

// outcome is what two calls have led to.
func outcome(t testing.TB, answers [2]string, s hermes.Store) string {
	t.Helper()
	return fmt.Sprintf("first: %s\nsecond: %s\n%s", answers[0], answers[1], recordsOf(t, s))
}

// stop is a call of a Client's store.
type stop struct {
	number int // from 1
	method string
	wrap   bool // the call is not a transaction by itself, and is made in one
}

// commit is the method of a stop before a commit.
const commit = "Commit"

// stops returns where a call is stopped: after what it has read before its transaction, after what
// it has read in it before the first write, and before the commit if the call changes something.
func (st state) stops(t testing.TB, c call) (stops []stop) {
	t.Helper()
	s := st.memory(t)
	before := recordsOf(t, s)
	var methods []string
	record := func(method string) error {
		methods = append(methods, method)
		return nil
	}
	c.answer(t.Context(), newClient(t, storetest.Intercept(s, record), firstRandom))
	changes, hasRead, hasWritten := recordsOf(t, s) != before, false, false
	for i, method := range methods {
		at := stop{number: i + 1, method: method}
		switch {
		case method == "Tx" && hasRead, isWrite(method) && hasRead && !hasWritten, method == commit && changes:
			stops = append(stops, at)
		}
		hasWritten = hasWritten || isWrite(method)
		hasRead = method != "Tx" && (hasRead || !isWrite(method))
	}
	if changes && !slices.Contains(methods, commit) {
		return []stop{{number: len(methods) + 2, method: commit, wrap: true}}
	}
	return stops
}

// isWrite reports whether a method of a store changes records.
func isWrite(method string) bool {
	for _, verb := range []string{"Add", "Assign", "Hold", "Release", "Remove", "Rotate", "Set", "Sweep", "Take", "Touch", "Trim", "Unhold"} {
		if strings.HasPrefix(method, verb) {
			return true
		}
	}
	return false
}

// atOnce runs the first call up to the stop, then the second one until it has ended or waits for a
// lock, and then the rest of both.
func (p pair) atOnce(t *testing.T, d *database, at stop) string {
	t.Helper()
	stopped, goOn, firstEnded, secondEnded := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
	var answers [2]string
	n := 0
	before := func(string) error {
		if n++; n == at.number {
			close(stopped)
			<-goOn
		}
		return nil
	}
	first := newClient(t, storetest.Intercept(d.first, before), firstRandom)
	second := newClient(t, d.second, secondRandom)
	go func() {
		defer close(firstEnded)
		answers[0] = p.first.answerTx(t.Context(), first, at)
	}()
	select {
	case <-stopped:
	case <-firstEnded:
		t.Errorf("%s ended with %q before its store call %d, %s", p.first.name, answers[0], at.number, at.method)
	}
	go func() {
		defer close(secondEnded)
		answers[1] = p.second.answer(t.Context(), second)
	}()
	for waiting := true; waiting; {
		select {
		case <-secondEnded:
			waiting = false
		default:
			waiting = !d.secondWaits(t)
		}
	}
	close(goOn)
	<-firstEnded
	<-secondEnded
	return outcome(t, answers, d.second)
}

// answerTx runs the call, in a transaction if the stop asks for one.
func (c call) answerTx(ctx context.Context, client *hermes.Client, at stop) (answer string) {
	if !at.wrap {
		return c.answer(ctx, client)
	}
	err := client.Tx(ctx, func(in *hermes.Client) error {
		answer = c.answer(ctx, in)
		return nil
	})
	if err != nil {
		return err.Error()
	}
	return answer
}

// differences returns the lines of got that one of the orders does not have, and those that the
// orders have in their place.
func differences(got string, orders []string) string {
	var text strings.Builder
	all := strings.Split(got, "\n")
	for i, line := range all {
		first, second := strings.Split(orders[0], "\n"), strings.Split(orders[1], "\n")
		if !slices.Contains(first, line) || !slices.Contains(second, line) {
			fmt.Fprintf(&text, "  at once:    %s\n  one order:  %s\n  the other:  %s\n", all[i], at(first, i), at(second, i))
		}
	}
	return text.String()
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}
