package main

import (
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// proofs returns the proofs by tests and by measurements, in the order of the table.
func proofs() []proof {
	const (
		twice, everywhere = "no number is handed out twice", "TestStore$/"
		atOnce            = "logout, key removal, password and level changes work at once"
		same              = "the three stores are one"
		kamailios         = "Kamailio's role stays Kamailio's"
	)
	perStore := func(promise string, rounds int, unit, test string) []proof {
		var all []proof
		for _, folder := range []string{"hermes/memstore", "hermes/sqlite", "hermes/postgres"} {
			all = append(all, goTest(promise, rounds, unit, folder, everywhere+test))
		}
		return all
	}
	all := []proof{
		goTest(twice, 10_000, "histories", "hermes/memstore", everywhere+"history"),
		goTest(twice, 1000, "histories", "hermes/sqlite", everywhere+"history"),
		goTest(twice, 1000, "histories", "hermes/postgres", everywhere+"history"),
	}
	all = append(all, perStore(twice, 1000, "races of 32", "concurrency/one_of_32_that_remove_a_number")...)
	all = append(all, perStore("no alias or phone leads to a removed user; an address is a user or an alias, once; one E.164 alias a user",
		1000, "races", "isolation/(no_alias|no_phone|no_user_gets|no_address|no_aliased)")...)
	const campaigns = "internal/test/campaign"
	return append(all,
		goTest("a user is in both tables or in none, and what was answered ok is there", 100, "kills of hermesd", campaigns, "TestKill"),
		goTest("a restart of PostgreSQL loses nothing, and costs no request 1 s after it is back", 30, "restarts", campaigns, "TestRestart"),
		goTest("add_range is all or nothing", 100, "kills of hermesd", campaigns, "TestAddRange_Kill"),
		// One in seven delays COMMIT, which loses nothing.
		goTest("dbfail means not done, or detail says that it is not known", 240, "disturbed COMMITs", campaigns, "TestLostCommit"),
		goTest("a failed change changes nothing", 3, "kinds of faults at each statement", campaigns, "TestStatements"),
		goTest("nothing is left open", 1000, "rounds of 10 requests and a cut list", campaigns, "TestLeaks"),
		goTest("a reader that stops keeps nothing", 20, "rounds of 8 lists", campaigns, "TestSlowReaders"),
		goTest("a clock that jumps gives no number out twice, and no session a longer life", 200, "rounds of 6 jumps", campaigns, "TestClock_jumps"),
		repeated("SIGTERM drains: 200 requests in flight are answered", 20, campaigns, "TestDrain"),
		repeated("another secret key is refused, and loses nothing", 3, campaigns, "TestSecretKey_exchanged"),
		repeated("a full disk and an exhausted pool lose nothing", 3, campaigns, "TestFullDisk|TestPoolExhausted"),
		goTest("a failover loses no acknowledged change", 20, "failovers", "internal/test/cluster", "TestFailover"),
		repeated("what is done at the same time has the effect of some order", 1, "internal/test/locks", "."),
		repeated("a call whose answer was lost is repeated without being done twice", 1, "internal/test/security", "TestIdempotency_lostAnswers"),
		goTest("ping is idempotent within the grace", 200, "rounds of 25 pings", "internal/test/security", "TestAuthPing_Concurrent"),
		goTest(atOnce, 1000, "revocations under load", "internal/test/security", "TestRevocation"),
		repeated(atOnce, 1, "internal/test/security", "TestAccess$"),
		repeated("each customer sees their own part", 1, "internal/test/security", "TestTenants|TestScope"),
		repeated("no secret in any log", 1, "internal/test/security", "TestCanaries"),
		repeated("the audit trail shows what was changed in it", 1, "internal/test/audit", "."),
		repeated(kamailios, 3, "hermes/postgres", "_SearchPath$"),
		repeated(kamailios, 3, "internal/doctor", "TestExaminer_triggers"),
		sequences(same, 10_000, "hermes/sqlite", "TestStore_SameAsMemory"),
		goTest(same, 10_000, "sequences of requests", "internal/test/model", "TestModel_SQLite"),
		// The promise is about 10,000 sequences on two of the stores, which are memory and SQLite above.
		// PostgreSQL, for which each call is several round trips to a server, gets a tenth of them.
		sequences(same, 1000, "hermes/postgres", "TestStore_SameAsSQLite$"),
		goTest(same, 1000, "sequences of requests", "internal/test/model", "TestModel_PostgreSQL"),
		repeated("the tests can fail: seeded bugs are found", 3, "hermes/storetest", "TestSeededBugs"),
		goTest("the tests can fail: seeded bugs are found", 3, "runs with each bug", "internal/test/seeded", "TestBugs_found"),
		repeated("the tests can fail: seeded bugs are found", 3, "hermes/backendtest", "."),
		measured("1,000 wrong logins a second hurt no other caller", "measurement", "login,flood,abuse"),
		measured("one client with level 1 hurts no other caller", "measurement", "lists"),
	)
}

// sequences returns a proof by a test that gives random sequences of calls to two stores.
func sequences(promise string, rounds int, folder, test string) proof {
	return proof{
		promise: promise, unit: "sequences", rounds: rounds, count: countSequences,
		args: []string{"go", "test", "-json", "-count=1", "-timeout=6h", "-run=" + test, "./" + folder,
			fmt.Sprintf("-rapid.checks=%d", rounds)},
	}
}

// sequencesLine matches what rapid says at the end of a check.
var sequencesLine = regexp.MustCompile(`\[rapid\] OK, passed (\d+) tests`)

// countSequences returns how many sequences rapid has tried.
func countSequences(output []byte) int {
	n := 0
	if m := sequencesLine.FindSubmatch(output); m != nil {
		fmt.Sscan(string(m[1]), &n)
	}
	return n
}

// fuzzTarget matches a line of git grep that declares a fuzz target.
var fuzzTarget = regexp.MustCompile(`^(.*)/[^/]+:func (Fuzz\w+)\(`)

// fuzzProofs returns a proof for each fuzz target that is below the folder and known to git.
func fuzzProofs(folder string) ([]proof, error) {
	cmd := exec.Command("git", "grep", "-E", `^func Fuzz[A-Za-z0-9_]+\(`, "--", "*_test.go")
	cmd.Dir = folder
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git grep for fuzz targets: %w", err)
	}
	var all []proof
	for line := range strings.Lines(string(out)) {
		m := fuzzTarget.FindStringSubmatch(line)
		if m == nil {
			return nil, errors.New("unexpected line of git grep: " + line)
		}
		all = append(all, fuzzed(m[1], m[2]))
	}
	return all, nil
}

// markdown returns the table of the results.
func markdown(results []result) string {
	var b strings.Builder
	b.WriteString("| promise | proof | asked | seen | violations | time |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, r := range results {
		asked, seen := "all of it", "all of it"
		if r.rounds > 0 {
			asked, seen = fmt.Sprintf("%d %s", r.rounds, r.unit), fmt.Sprint(r.seen)
		}
		violations := "0"
		if !r.kept() {
			violations = r.verdict()
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s |\n", r.promise, strings.ReplaceAll(r.String(), "|", `\|`), asked, seen,
			violations, r.took.Round(time.Second))
	}
	return b.String()
}

// allKept reports whether all promises were kept.
func allKept(results []result) bool {
	for _, r := range results {
		if !r.kept() {
			return false
		}
	}
	return true
}
