// Command bench measures a hermesd on this machine and compares the figures with their limits.
//
//	go run ./internal/bench                  runs every benchmark
//	go run ./internal/bench --only login     how hermesd serves its users while wrong logins arrive
//	go run ./internal/bench --only timing    whether the time of a failed login reveals its reason
//
// It builds hermesd and runs it over an embedded database, or over the database of --db. The
// clients of a benchmark have addresses of their own in X-Forwarded-For, which hermesd believes
// because 127.0.0.1 is a trusted proxy there.
//
// The exit code is 1 if a figure misses its limit, and 2 if a benchmark cannot run.
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
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	good := false
	if err == nil {
		good, err = run(ctx, s, os.Stdout)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	case !good:
		os.Exit(1)
	}
}

// benchmark is an entry of the list that --only selects from.
type benchmark struct {
	name  string
	about string // for the usage text
	// run writes the figures and reports whether all of them are within their limits.
	run func(ctx context.Context, s *server, o options, stdout io.Writer) (good bool, err error)
}

func benchmarks() []benchmark {
	return []benchmark{
		{
			name: "login",
			about: "sends wrong logins at an even rate, first from one address, then from many; measures other\n" +
				"clients' user/get, the login of a known user and the resident memory of hermesd",
			run: benchmarkLogin,
		},
		{
			name: "timing",
			about: "lets logins fail for each reason in turn, and compares the medians of the time that the\n" +
				"answers took",
			run: benchmarkTiming,
		},
	}
}

// options are the command line's settings.
type options struct {
	only     []benchmark
	db       string
	rate     int           // of wrong logins per second
	duration time.Duration // of each flood
	tries    int           // of failed logins for each reason
}

func parse(args []string) (options, error) {
	o := options{only: benchmarks()}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.db, "db", "", "a postgres:// URL of an empty database, which gets tables and users; defaults to an embedded database")
	f.IntVar(&o.rate, "rate", 1000, "login: wrong logins per second")
	f.DurationVar(&o.duration, "duration", 10*time.Second, "login: how long each flood lasts")
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
	if o.rate < 100 || o.rate > 10_000 || o.duration < time.Second || o.duration > time.Minute || o.tries < 1 || o.tries > 2000 {
		return o, errors.New("want a rate from 100 to 10000, a duration from 1s to 1m, and 1 to 2000 tries")
	}
	return o, nil
}

func selectBenchmarks(names []string) (selected []benchmark, err error) {
	for _, name := range names {
		i := slices.IndexFunc(benchmarks(), func(b benchmark) bool { return b.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no benchmark %q", name)
		}
		selected = append(selected, benchmarks()[i])
	}
	return selected, nil
}

func usage(f *flag.FlagSet) {
	fmt.Fprint(f.Output(), "usage: go run ./internal/bench [flags]\n\nbenchmarks:\n")
	for _, b := range benchmarks() {
		fmt.Fprintf(f.Output(), "  %s\n    \t%s\n", b.name, strings.ReplaceAll(b.about, "\n", "\n    \t"))
	}
	fmt.Fprint(f.Output(), "\nflags:\n")
	f.PrintDefaults()
}

// run runs the selected benchmarks, each against a newly started hermesd, so that the login limits
// which one of them has reached do not slow down the next.
func run(ctx context.Context, o options, stdout io.Writer) (good bool, err error) {
	in, err := install(ctx, o.db)
	if err != nil {
		return false, err
	}
	defer in.remove()
	good = true
	for _, b := range o.only {
		s, err := in.start()
		if err != nil {
			return false, err
		}
		within, err := b.run(ctx, s, o, stdout)
		s.stop()
		if err != nil {
			return false, fmt.Errorf("%s: %w", b.name, err)
		}
		good = good && within
	}
	return good, ctx.Err()
}
