package model_test

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
)

// step is something that happens to a server.
type step struct {
	text string
	node string // that is called, if any
	// run returns all that is to be the same on every server.
	run func(*side) string
}

// GoString returns the text of the step, which rapid shows.
func (s step) GoString() string { return s.text }

// String returns the text of the step.
func (s step) String() string { return s.text }

// noStep is the simplest step: rapid puts it in the place of those that a failure does not need.
func noStep(*rapid.T) step { return step{text: "nothing", run: func(*side) string { return "" }} }

// drawStep draws a request, or something that happens beside requests.
func drawStep(t *rapid.T) step {
	return pick(t, []func(*rapid.T) step{
		noStep, drawRequest, drawRequest, drawRequest, drawRequest, drawRequest, drawRequest, drawRequest, drawRequest, drawRequest,
		drawRequest, drawRequest, drawRequest, drawRequest, drawRequest, drawPause, drawTask,
	})(t)
}

// drawPause draws a time that passes: up to the next minute, beyond the grace of an auth_key, its
// end, the end of a hold, of a session, and of a kept answer.
func drawPause(t *rapid.T) step {
	d := pick(t, []time.Duration{
		time.Second, 31 * time.Second, 6 * time.Minute, 16 * time.Minute, 2 * time.Hour, 13 * time.Hour, 25 * time.Hour,
	})
	return step{text: "pause " + d.String(), run: func(s *side) string { s.pause(d); return "" }}
}

// drawTask draws one of the tasks that hermesd does from time to time, or an account that another
// tool adds.
func drawTask(t *rapid.T) step {
	return pick(t, []step{
		{text: "seal the audit trail", run: func(s *side) string {
			n, err := s.server.Client.SealAudit(s.t.Context())
			return fmt.Sprint(n, err)
		}},
		{text: "prune the audit trail", run: func(s *side) string {
			n, err := s.server.Client.PruneAudit(s.t.Context(), s.now.Add(-time.Hour))
			return fmt.Sprint(n, err)
		}},
		{text: "sweep sessions", run: func(s *side) string {
			n, err := s.server.Client.SweepSessions(s.t.Context())
			return fmt.Sprint(n, err)
		}},
		{text: "another tool adds an account", run: func(s *side) string { return fmt.Sprint(s.addToolUser()) }},
	})
}

// principals are the API users of a server, and what is no user of it: the API key that was made
// last, and a caller without a session.
var principals = []string{
	"admin", "admin", "admin", "admin", "admin", "admin", "writer", "writer", "tenant", "tenant", "manager", "auditor", "reader", "fresh",
	"key", "none",
}

// drawRequest draws a request to any node.
func drawRequest(t *rapid.T) step {
	n := pick(t, hermes.Nodes())
	r := request{node: n, post: oneIn(t, 2), login: !oneIn(t, 20)}
	if all := suitable[n.Path]; all != nil && !oneIn(t, 2) {
		r.as, r.values = "admin", mustParse(pick(t, all))
	} else {
		r.as, r.values = pick(t, principals), drawParameters(t, n)
	}
	drawOptions(t, n, r.values)
	return step{text: r.String(), node: n.Path, run: r.run}
}

// pick draws one of the values, each with the same chance, which rapid.SampledFrom does not.
func pick[T any](t *rapid.T, values []T) T {
	const bits = 10
	n := 0
	for range bits {
		if n *= 2; rapid.Bool().Draw(t, "") {
			n++
		}
	}
	return values[n*len(values)>>bits]
}

// pickValue draws one of the values of a parameter, mostly of the first half.
func pickValue(t *rapid.T, values []string) string {
	if !oneIn(t, 5) {
		values = values[:(len(values)+1)/2]
	}
	return pick(t, values)
}

// oneIn draws true once in n times. It is false if a failure does not need it.
func oneIn(t *rapid.T, n int) bool {
	chances := make([]bool, n)
	chances[n-1] = true
	return pick(t, chances)
}

// mustParse returns the parameters that an encoded query has.
func mustParse(query string) url.Values {
	values, err := url.ParseQuery(query)
	if err != nil {
		panic(err)
	}
	return values
}

// drawParameters draws the parameters of a request that are of the node itself.
func drawParameters(t *rapid.T, n hermes.Node) url.Values {
	values, together := url.Values{}, []string(nil)
	sets := apart[n.Path]
	if sets != nil {
		together = pick(t, sets)
	}
	for _, p := range wire.Params(reflect.TypeOf(n.New()).Elem()) {
		chance := 4 // one in so many requests has an optional parameter
		if sets != nil {
			chance = 12
		}
		if slices.Contains(together, p.Name) || p.Required {
			if !oneIn(t, 40) {
				chance = 1
			}
		}
		if oneIn(t, chance) {
			setParameter(values, p, pickValue(t, valuesOf(p)), p.User != "" && oneIn(t, 8))
		}
	}
	// A number that is picked at random may be another one on each server, unless only one matches.
	if n.Changes && values.Has("random") {
		values.Set("search", "+4773500003")
	}
	return values
}

// drawOptions adds parameters that many nodes take, and now and then one that none does.
func drawOptions(t *rapid.T, n hermes.Node, values url.Values) {
	if n.TakesOptions() && oneIn(t, 10) {
		values.Set("dry_run", pick(t, []string{"true", "no", "x"}))
	}
	if n.TakesOptions() && oneIn(t, 6) {
		values.Set("idempotency_key", pick(t, []string{"k1", "k1", "k2", "k 3"}))
	}
	if oneIn(t, 60) {
		values.Set("unknown", "x")
	}
}

// setParameter sets a parameter, or with halves the two that stand for it.
func setParameter(values url.Values, p wire.Param, value string, halves bool) {
	user, domain, _ := strings.Cut(value, "@")
	if !halves {
		values.Set(p.Name, value)
		return
	}
	values.Set(p.User, user)
	values.Set(p.Domain, domain)
}
