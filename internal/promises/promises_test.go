package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

const root = "../.."

// testFunction matches the declaration of a test.
var testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// TestProofs checks that each proof by tests chooses a test that exists, so that none proves
// nothing after a test was renamed.
func TestProofs(t *testing.T) {
	t.Parallel()
	for _, p := range proofs() {
		if p.args[1] != "test" {
			continue
		}
		folder, pattern := "", ""
		for _, a := range p.args {
			if rest, ok := strings.CutPrefix(a, "-run="); ok {
				pattern, _, _ = strings.Cut(rest, "/")
			}
			if rest, ok := strings.CutPrefix(a, "./"); ok {
				folder = rest
			}
		}
		var names []string
		files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range testFunction.FindAllSubmatch(text, -1) {
				names = append(names, string(m[1]))
			}
		}
		for part := range strings.SplitSeq(pattern, "|") {
			chosen := regexp.MustCompile(part)
			if !slices.ContainsFunc(names, chosen.MatchString) {
				t.Errorf("%s: no test of %s matches %q", p, folder, part)
			}
		}
	}
}

func TestFuzzProofs(t *testing.T) {
	t.Parallel()
	all, err := fuzzProofs(root)
	if err != nil {
		t.Fatal(err)
	}
	want := "go test '-run=^$' '-fuzz=^FuzzParse$' -fuzztime=1000000x -timeout=6h ./sip"
	if !slices.ContainsFunc(all, func(p proof) bool { return p.String() == want }) {
		t.Errorf("got %d targets, want %s among them", len(all), want)
	}
}

func TestCounters(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		why    string
		count  counter
		output string
		want   int
	}{
		{"the test that made the fewest rounds counts", countRounds, `{"Action":"attr","Test":"TestA","Key":"rounds","Value":"30"}
			{"Action":"attr","Test":"TestB","Key":"rounds","Value":"20"}
			{"Action":"attr","Test":"TestB","Key":"other","Value":"10"}`, 20},
		{"no test said how many it made", countRounds, `{"Action":"pass","Test":"TestA"}`, 0},
		{"the test that passed least often counts, and subtests do not", countPasses, `{"Action":"pass","Test":"TestA"}
			{"Action":"pass","Test":"TestA"}
			{"Action":"pass","Test":"TestB"}
			{"Action":"pass","Test":"TestB/sub"}
			{"Action":"pass"}`, 1},
		{"no test ran", countPasses, `{"Action":"pass"}`, 0},
		{"the last line of fuzzing counts", countInputs, `fuzz: elapsed: 0s, gathering baseline coverage: 0/3 completed
fuzz: elapsed: 3s, execs: 5000 (1666/sec), new interesting: 1 (total: 4)
fuzz: elapsed: 5s, execs: 10000 (1666/sec), new interesting: 1 (total: 4)`, 10_000},
		{"nothing was fuzzed", countInputs, "no fuzz tests to fuzz", 0},
		{"rapid has tried them all", countSequences, `{"Action":"output","Test":"TestA","Output":"    a.go:1: [rapid] OK, passed 10000 tests (3s)\n"}`, 10_000},
		{"rapid has found a failure", countSequences, `{"Action":"output","Test":"TestA","Output":"    a.go:1: [rapid] failed after 3 tests\n"}`, 0},
	} {
		if got := row.count([]byte(strings.ReplaceAll(row.output, "\t", ""))); got != row.want {
			t.Errorf("%s: got %d, want %d", row.why, got, row.want)
		}
	}
}

func TestResult_kept(t *testing.T) {
	t.Parallel()
	failed := os.ErrInvalid
	for _, row := range []struct {
		why  string
		r    result
		want string
	}{
		{"as many as asked for", result{proof: proof{rounds: 10}, seen: 10}, "kept"},
		{"the tests passed, but made too few rounds", result{proof: proof{rounds: 10}, seen: 9}, "TOO FEW"},
		{"the tests failed after all rounds", result{proof: proof{rounds: 10}, seen: 10, err: failed}, "BROKEN"},
		{"no matter of repetition", result{}, "kept"},
	} {
		if got := row.r.verdict(); got != row.want || row.r.kept() != (row.want == "kept") {
			t.Errorf("%s: got %s, want %s", row.why, got, row.want)
		}
	}
}
