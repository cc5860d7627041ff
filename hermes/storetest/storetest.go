// Package storetest is the suite that every hermes.Store passes: each promise in the comments
// of hermes.Store is a case here. An embedder runs it on a store of their own:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Fixture {
//			s := mystore.New(t.TempDir())
//			return storetest.Fixture{Store: s, Serve: …}
//		})
//	}
//
// Compare runs the same random operations on two stores and wants the same answers.
//
// The cases about concurrency are made for -race. HERMES_TEST_ROUNDS in the environment sets how often each
// of them is repeated, and how many histories are checked; without it the suite is a quick one.
package storetest

import (
	"os"
	"strconv"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Fixture is an empty store under test, and hands on what is not the Store's to write.
type Fixture struct {
	// Store has no records and serves no domain.
	Store hermes.Store
	// Serve puts domains into Kamailio's table, in the case given.
	Serve func(t *testing.T, domains ...string)
	// Foreign writes as other tools do; nil for a store that shares no tables: the cases about that are not
	// part of its run then.
	Foreign *Foreign
}

// Foreign puts rows straight into Kamailio's tables, unchecked.
type Foreign struct {
	// Subscriber adds a row of subscriber.
	Subscriber func(t *testing.T, username, domain, password, ha1, ha1b string)
	// Alias adds a row of dbaliases, also one that is there already.
	Alias func(t *testing.T, aliasUsername, aliasDomain, username, domain string)
	// Group adds a row of grp.
	Group func(t *testing.T, username, domain, name string)
}

// Run runs the suite. open gives a fresh Fixture at each call and cleans up with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	groups := []group{
		{"user", userCases()},
		{"phone", phoneCases()},
		{"number", numberCases()},
		{"alias", aliasCases()},
		{"domain", domainCases()},
		{"auth", authCases()},
		{"key", keyCases()},
		{"session", sessionCases()},
		{"page", pageCases()},
		{"pattern", patternCases()},
		{"tx", txCases()},
		{"context", contextCases()},
		{"race", raceCases()},
		{"skew", skewCases()},
		{"history", historyCases()},
	}
	if open(t).Foreign != nil {
		groups = append(groups, group{"foreign", foreignCases()}, group{"foreign_alias", foreignAliasCases()})
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) { g.run(t, open) })
	}
}

type group struct {
	name  string
	cases []testCase
}

// testCase is one promise, with a store of its own.
type testCase struct {
	name string
	why  string
	run  func(k *kit)
}

func (g group) run(t *testing.T, open func(t *testing.T) Fixture) {
	for _, c := range g.cases {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the promise: %s", c.why)
				}
			})
			f := open(t)
			c.run(&kit{T: t, Store: f.Store, fix: f, ctx: t.Context()})
		})
	}
}

// rounds is how often to repeat something that chance decides.
func rounds(t *testing.T, quick int) int {
	s := os.Getenv("HERMES_TEST_ROUNDS")
	if s == "" {
		return quick
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("HERMES_TEST_ROUNDS=%q: want a number from 1", s)
	}
	return n
}
