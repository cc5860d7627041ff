package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// proof is a run of a program that proves a promise.
type proof struct {
	promise string
	unit    string   // what the rounds are: histories, kills
	rounds  int      // how many are asked for; 0 if the proof is not a matter of repetition
	env     []string // further variables of the environment
	args    []string // the command and its arguments
	count   counter
}

// counter returns how many rounds the output of a proof tells of.
type counter func(output []byte) int

// goTest returns a proof by tests that take their number of rounds from HERMES_TEST_ROUNDS.
func goTest(promise string, rounds int, unit, folder, tests string) proof {
	return proof{
		promise: promise, unit: unit, rounds: rounds, count: countRounds,
		env:  []string{"HERMES_TEST_ROUNDS=" + strconv.Itoa(rounds)},
		args: []string{"go", "test", "-json", "-count=1", "-timeout=6h", "-run=" + tests, "./" + folder},
	}
}

// repeated returns a proof by tests that run the given number of times.
func repeated(promise string, times int, folder, tests string) proof {
	return proof{
		promise: promise, unit: "runs", rounds: times, count: countPasses,
		args: []string{"go", "test", "-json", "-count=" + strconv.Itoa(times), "-timeout=6h", "-run=" + tests, "./" + folder},
	}
}

// measured returns a proof by a measurement of internal/bench, which needs an idle machine.
func measured(promise, unit, benchmark string) proof {
	return proof{promise: promise, unit: unit, args: []string{"go", "run", "./internal/bench", "--only", benchmark}}
}

// fuzzInputs is how many inputs each fuzz target gets.
const fuzzInputs = 1_000_000

// fuzzed returns a proof by a fuzz target.
func fuzzed(folder, target string) proof {
	return proof{
		promise: "no input makes a panic", unit: "inputs", rounds: fuzzInputs, count: countInputs,
		args: []string{"go", "test", "-run=^$", "-fuzz=^" + target + "$", fmt.Sprintf("-fuzztime=%dx", fuzzInputs),
			"-timeout=6h", "./" + folder},
	}
}

// String returns the command as it is typed into a shell.
func (p proof) String() string {
	words := append(append([]string{}, p.env...), p.args...)
	for i, w := range words {
		if strings.ContainsAny(w, "^$|*() ") {
			words[i] = "'" + w + "'"
		}
	}
	return strings.Join(words, " ")
}

// result is what a proof has shown.
type result struct {
	proof
	err    error
	seen   int
	output []byte
	took   time.Duration
}

// prove runs the program.
func (p proof) prove(ctx context.Context) result {
	cmd := exec.CommandContext(ctx, p.args[0], p.args[1:]...)
	cmd.Env = append(append(os.Environ(), "HERMES_TEST_REQUIRE=1"), p.env...)
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	r := result{proof: p, err: err, output: readable(out), took: time.Since(begun)}
	if p.count != nil {
		r.seen = p.count(out)
	}
	return r
}

func (r result) kept() bool { return r.err == nil && r.seen >= r.rounds }

// verdict returns the result in words.
func (r result) verdict() string {
	switch {
	case r.err != nil:
		return "BROKEN"
	case r.seen < r.rounds:
		return "TOO FEW"
	}
	return "kept"
}

// event is a line of go test -json.
type event struct {
	Action, Test, Key, Value, Output string
}

// events returns the events of go test -json; other lines are left out.
func events(output []byte) []event {
	var all []event
	for s := lines(output); s.Scan(); {
		var e event
		if json.Unmarshal(s.Bytes(), &e) == nil && e.Action != "" {
			all = append(all, e)
		}
	}
	return all
}

// lines returns a scanner for lines of any length.
func lines(output []byte) *bufio.Scanner {
	s := bufio.NewScanner(bytes.NewReader(output))
	s.Buffer(nil, len(output)+1)
	return s
}

// countRounds returns the lowest number of rounds that a test made.
func countRounds(output []byte) int {
	lowest := 0
	for _, e := range events(output) {
		if e.Action != "attr" || e.Key != "rounds" {
			continue
		}
		if n, err := strconv.Atoi(e.Value); err == nil && (lowest == 0 || n < lowest) {
			lowest = n
		}
	}
	return lowest
}

// countPasses returns how often the test passed that passed least often. Subtests count with the
// test that they belong to.
func countPasses(output []byte) int {
	passes := map[string]int{}
	for _, e := range events(output) {
		if e.Action == "pass" && e.Test != "" && !strings.Contains(e.Test, "/") {
			passes[e.Test]++
		}
	}
	lowest := 0
	for _, n := range passes {
		if lowest == 0 || n < lowest {
			lowest = n
		}
	}
	return lowest
}

// fuzzLine matches the progress of go test -fuzz.
var fuzzLine = regexp.MustCompile(`(?m)^fuzz: elapsed: .*, execs: (\d+) `)

// countInputs returns how many inputs the last line of the progress tells of.
func countInputs(output []byte) int {
	all := fuzzLine.FindAllSubmatch(output, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(string(all[len(all)-1][1]))
	return n
}

// readable returns the output of the tests in the events of go test -json, or the whole output if
// there are none.
func readable(output []byte) []byte {
	all := events(output)
	if len(all) == 0 {
		return output
	}
	var text bytes.Buffer
	for _, e := range all {
		text.WriteString(e.Output)
	}
	return text.Bytes()
}
