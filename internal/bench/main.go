// Command bench measures Hermes on this machine beside the floor of the same work: what PostgreSQL,
// the HTTP library or a map need without Hermes.
//
//	go run ./internal/bench                      all rows of the table, most of an hour
//	go run ./internal/bench --only userget,http  some of them
//	go run ./internal/bench --quick              checks that every row can be measured
//	go run ./internal/bench --out FOLDER         also writes bench.md and growth.svg
//
// It starts a throwaway PostgreSQL and fills it, and embedded databases, with a million users,
// aliases and numbers. The floor and Hermes are measured one after the other, in several rounds,
// and the medians of the rounds are shown: on a machine that does other work as well, ratios can
// still be compared, and figures cannot.
//
// The program starts itself again as the client of HTTP and as the floor of a server, so that these
// run in processes of their own; see [helpers].
//
// The exit code is 1 if a figure misses its goal, unless with --quick, and 2 if a benchmark cannot
// run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if done, err := runHelper(ctx, os.Args[1:]); done {
		exit(true, err)
	}
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	good := false
	if err == nil {
		good, err = run(ctx, o, os.Stdout)
	}
	exit(good || o.quick, err)
}

func exit(good bool, err error) {
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	case !good:
		os.Exit(1)
	}
	os.Exit(0)
}

// helpers are the arguments with which the program starts itself.
func helpers() map[string]func(ctx context.Context, args []string) error {
	return map[string]func(ctx context.Context, args []string) error{
		"load":   func(ctx context.Context, _ []string) error { return runLoad(ctx, os.Stdin, os.Stdout) },
		"floor":  func(ctx context.Context, args []string) error { return runFloor(ctx, args[0], os.Stdout) },
		"phones": func(ctx context.Context, _ []string) error { return bootPhones(ctx, os.Stdin, os.Stdout) },
		"files": func(ctx context.Context, args []string) error {
			return serveFiles(ctx, args[0], args[1], args[2], os.Stdout)
		},
	}
}

// runHelper runs a helper, if the arguments name one.
func runHelper(ctx context.Context, args []string) (done bool, err error) {
	if len(args) == 0 || helpers()[args[0]] == nil {
		return false, nil
	}
	return true, helpers()[args[0]](ctx, args[1:])
}

// benchmarks returns all benchmarks in the order of the table.
func benchmarks() []benchmark {
	return []benchmark{
		userGet(), httpUserGet(), userAdd(), numberRange(), claims(), randomNumbers(), reservedLists(), aliasList(),
		userPage(), userSearch(), endPages(),
		sessionCheck(), lookupsDuringFlood(), abusedServer(), memoryStore(), embeddedUserGet(), validation(), starts(),
		concurrentWriters(), mixedWriters(), stalls(), roundTrips(), growths(), size(),
		twoProcesses(), twoClaim(),
		millionAliases(), logins(), abuse(), timing(), tenants(), sealedWriters(), phoneFiles(),
	}
}

// options are the command line's settings.
type options struct {
	only     []benchmark
	quick    bool
	rounds   int
	rows     int
	out      string
	rate     int
	duration time.Duration
	tries    int
}

func parse(args []string) (o options, err error) {
	o.only = benchmarks()
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.BoolVar(&o.quick, "quick", false, "one short round with 20,000 rows, which checks that everything can be measured")
	f.IntVar(&o.rounds, "rounds", 3, "how often each figure is measured")
	f.IntVar(&o.rows, "rows", 1_000_000, "users, aliases and numbers in each database")
	f.StringVar(&o.out, "out", "", "`folder` for bench.md and growth.svg; if empty, they are not written")
	f.IntVar(&o.rate, "rate", 1000, "login, flood, abuse: requests of the flood per second")
	f.DurationVar(&o.duration, "duration", 10*time.Second, "login, abuse: how long each flood lasts")
	f.IntVar(&o.tries, "tries", 500, "timing: failed logins for each reason")
	f.Func("only", "comma-separated `names` of benchmarks; defaults to all", func(list string) (err error) {
		o.only, err = selectBenchmarks(strings.Split(list, ","))
		return err
	})
	f.Usage = func() { usage(f) }
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q, want flags only", f.Arg(0))
	}
	if o.quick {
		o.rounds, o.rows, o.duration, o.tries = 1, 20_000, time.Second, 5
	}
	return o, o.check()
}

func (o options) check() error {
	switch {
	case o.rounds < 1:
		return errors.New("want at least one round")
	case o.rows < 20_000 || o.rows > 5_000_000:
		return errors.New("want 20,000 to 5,000,000 rows")
	case o.rate < 100 || o.rate > 10_000 || o.duration < time.Second || o.duration > time.Minute || o.tries < 1 || o.tries > 2000:
		return errors.New("want a rate from 100 to 10000, a duration from 1s to 1m, and 1 to 2000 tries")
	}
	return nil
}

func selectBenchmarks(names []string) (selected []benchmark, err error) {
	all := benchmarks()
	for _, name := range names {
		i := slices.IndexFunc(all, func(b benchmark) bool { return b.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no benchmark %q; see --help", name)
		}
		selected = append(selected, all[i])
	}
	return selected, nil
}

func usage(f *flag.FlagSet) {
	fmt.Fprint(f.Output(), "usage: go run ./internal/bench [flags]\n\nbenchmarks:\n")
	for _, b := range benchmarks() {
		fmt.Fprintf(f.Output(), "  %-11s %s\n", b.name, b.about)
	}
	fmt.Fprint(f.Output(), "\nflags:\n")
	f.PrintDefaults()
}

// run runs the selected benchmarks, writes the table and reports whether every goal was met. After
// a failure it writes what was measured before.
func run(ctx context.Context, o options, stdout io.Writer) (good bool, err error) {
	b, err := newBench(o)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	results, failed := b.runAll(ctx)
	report, err := b.report(context.WithoutCancel(ctx), results)
	if err != nil {
		return false, errors.Join(failed, err)
	}
	if len(results) > 0 {
		fmt.Fprint(stdout, report.text())
	}
	if failed == nil && o.out != "" {
		failed = report.write(o.out)
	}
	return !slices.ContainsFunc(results, func(r result) bool { return !r.met() }), failed
}

// runAll runs the selected benchmarks. It stops at the first that fails, and then also returns the
// results of those before.
func (b *bench) runAll(ctx context.Context) (results []result, err error) {
	for _, bm := range b.only {
		start := time.Now()
		r, err := b.run(ctx, bm)
		if err != nil {
			return results, withCause(err)
		}
		results = append(results, r...)
		fmt.Fprintf(os.Stderr, "bench: %s: measured in %s\n", bm.name, time.Since(start).Round(100*time.Millisecond))
	}
	return results, nil
}

// withCause adds to the error of a call the error of the store, which an answer does not show.
func withCause(err error) error {
	if e := (*hermes.Error)(nil); errors.As(err, &e) && e.Err != nil {
		return fmt.Errorf("%w: %w", err, e.Err)
	}
	return err
}
