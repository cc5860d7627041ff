// Package storetest tests implementations of [hermes.Store]. Every promise in the comments of
// hermes.Store has a test here, and a bug that is found in one store becomes a test for all.
//
// [Run] runs the suite on a store:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Fixture {
//			s := mystore.New(t.TempDir())
//			return storetest.Fixture{Store: s, Serve: …}
//		})
//	}
//
// [Compare] runs the same random operations on two stores and compares the results. [Intercept]
// wraps a store, for tests that count its calls or make them fail.
//
// The tests of concurrent calls are meant to be run with -race. The environment variable
// HERMES_TEST_ROUNDS sets how often each of them is repeated and how many histories are checked
// (see [Rounds]). It defaults to few rounds, so that the suite is quick.
package storetest

import (
	"os"
	"strconv"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Fixture is an empty store under test, with functions that write the tables that a store only
// reads.
type Fixture struct {
	// Store has no records and serves no domain.
	Store hermes.Store
	// Serve adds domains to Kamailio's domain table, spelled as given.
	Serve func(t *testing.T, domains ...string)
	// Kamailio writes rows as other tools do. It is nil for a store that shares no tables with
	// Kamailio; the tests that need it are left out then.
	Kamailio *KamailioRows
}

// KamailioRows writes rows of Kamailio's tables without any check, as kamctl and other tools do.
type KamailioRows struct {
	// AddSubscriber adds a row to the table subscriber.
	AddSubscriber func(t *testing.T, username, domain, password, ha1, ha1b string)
	// RemoveSubscriber removes a row from the table subscriber.
	RemoveSubscriber func(t *testing.T, username, domain string)
	// AddAlias adds a row to the table dbaliases, even if there is an equal row.
	AddAlias func(t *testing.T, aliasUsername, aliasDomain, username, domain string)
	// AddGroup adds a row to the table grp.
	AddGroup func(t *testing.T, username, domain, name string)
}

// openFunc returns an empty fixture that the test does not share. It cleans up with t.Cleanup.
type openFunc = func(t *testing.T) Fixture

// Run runs the suite. It calls open for each test; open must return an empty Fixture each time and
// clean up with t.Cleanup. No two tests run at the same time.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	t.Run("user", func(t *testing.T) { testUser(t, open) })
	t.Run("phone", func(t *testing.T) { testPhone(t, open) })
	t.Run("device", func(t *testing.T) { testDevice(t, open) })
	t.Run("provisioning", func(t *testing.T) { testPhoneProvisioning(t, open) })
	t.Run("number", func(t *testing.T) { testNumber(t, open) })
	t.Run("hold", func(t *testing.T) { testHold(t, open) })
	t.Run("assign", func(t *testing.T) { testAssign(t, open) })
	t.Run("alias", func(t *testing.T) { testAlias(t, open) })
	t.Run("domain", func(t *testing.T) { testDomain(t, open) })
	t.Run("auth", func(t *testing.T) { testAuth(t, open) })
	t.Run("key", func(t *testing.T) { testKey(t, open) })
	t.Run("session", func(t *testing.T) { testSession(t, open) })
	t.Run("login", func(t *testing.T) { testLogin(t, open) })
	t.Run("answer", func(t *testing.T) { testAnswer(t, open) })
	t.Run("secret", func(t *testing.T) { testSecret(t, open) })
	t.Run("counts", func(t *testing.T) { testCounts(t, open) })
	t.Run("audit", func(t *testing.T) { testAudit(t, open) })
	t.Run("scope", func(t *testing.T) { testScope(t, open) })
	t.Run("page", func(t *testing.T) { testPage(t, open) })
	t.Run("pattern", func(t *testing.T) { testPattern(t, open) })
	t.Run("tx", func(t *testing.T) { testTx(t, open) })
	t.Run("context", func(t *testing.T) { testContext(t, open) })
	t.Run("concurrency", func(t *testing.T) { testConcurrency(t, open) })
	t.Run("lock", func(t *testing.T) { testLock(t, open) })
	t.Run("isolation", func(t *testing.T) { testIsolation(t, open) })
	t.Run("history", func(t *testing.T) { testHistory(t, open) })
	if open(t).Kamailio != nil {
		t.Run("kamailio", func(t *testing.T) { testKamailio(t, open) })
	}
}

// Rounds returns how often to repeat a test whose outcome depends on chance: the number in the
// environment variable HERMES_TEST_ROUNDS, or usual if that is not set. The number becomes the
// attribute "rounds" of the test, so that a program that runs the test can tell how much it has
// proved.
func Rounds(t *testing.T, usual int) int {
	t.Helper()
	n := usual
	if s := os.Getenv("HERMES_TEST_ROUNDS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 {
			t.Fatalf("HERMES_TEST_ROUNDS=%q: want a number of at least 1", s)
		}
	}
	t.Attr("rounds", strconv.Itoa(n))
	return n
}
