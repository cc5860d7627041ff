// Command promises runs the tests behind the promises of Hermes with the full figures, and prints a
// table: each promise, the figure that proves it, and what was seen.
//
//	go run ./internal/promises                   all promises, some hours
//	go run ./internal/promises --only 'number'   those whose promise or test the expression matches
//	go run ./internal/promises --list            what would be run
//	go run ./internal/promises --out FILE        also writes the table to a file, after each proof
//
// The tests are those of go test ./..., which has a few rounds of each. Here a test gets its number
// of rounds by HERMES_TEST_ROUNDS, and says how many it made by the attribute "rounds" (see
// hermes/storetest.Rounds): that number is in the table, so a test that ignores the variable does
// not seem to prove more than it does. Fuzz targets get a number of inputs, and measurements are
// those of internal/bench. Servers that tests need must be installed, as .ci/run does.
//
// The exit code is 1 if a promise was broken or less was seen than asked for, and 2 if the command
// line is wrong or the programs cannot be run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	kept, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "promises:", err)
		os.Exit(2)
	case !kept:
		os.Exit(1)
	}
}

// run runs the proofs that the arguments choose, and writes the table to stdout and the progress to
// stderr. It reports whether all promises were kept.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (kept bool, err error) {
	only := regexp.MustCompile("")
	f := flag.NewFlagSet("promises", flag.ContinueOnError)
	f.SetOutput(stderr)
	list := f.Bool("list", false, "print the commands instead of running them")
	out := f.String("out", "", "`file` to which the table is written, too, after each proof")
	f.Func("only", "run what matches the regular `expression`; defaults to everything", func(s string) (err error) {
		only, err = regexp.Compile(s)
		return err
	})
	if err := f.Parse(args); err != nil {
		return false, err
	}
	if f.NArg() > 0 {
		return false, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	fuzz, err := fuzzProofs(".")
	if err != nil {
		return false, err
	}
	var results []result
	for _, p := range append(proofs(), fuzz...) {
		if !only.MatchString(p.promise) && !only.MatchString(p.String()) {
			continue
		}
		if *list {
			fmt.Fprintln(stdout, p)
			continue
		}
		fmt.Fprintf(stderr, "%s\n", p)
		r := p.prove(ctx)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if !r.kept() {
			fmt.Fprintf(stderr, "%s\n", r.output)
		}
		fmt.Fprintf(stderr, "%s: %s, %s\n", r.promise, r.verdict(), r.took.Round(time.Second))
		results = append(results, r)
		if *out == "" {
			continue
		}
		if err := os.WriteFile(*out, []byte(markdown(results)), 0o644); err != nil {
			return false, err
		}
	}
	if !*list {
		fmt.Fprint(stdout, markdown(results))
	}
	return allKept(results), nil
}
