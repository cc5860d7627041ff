// Command loginflood measures what wrong logins do to a hermesd, on this machine only.
//
//	go run ./internal/bench             1,000 a second for 10 s from one address, then from many
//	go run ./internal/bench --timing    what the time of a failed login tells of its reason
//
// It builds hermesd, starts it over an embedded database, or over --db, and is its clients: attackers, who log in
// with wrong passwords and keys; others, who call user/get; and a known user, who logs in now and then. Clients' addresses
// are X-Forwarded-For, which hermesd believes since 127.0.0.1 is a trusted proxy there.
//
// The exit code is 1 where a figure is not what SECURITY.md promises.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	good, err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "loginflood:", err)
		os.Exit(2)
	case !good:
		os.Exit(1)
	}
}

// settings are the command line.
type settings struct {
	db       string
	rate     int
	duration time.Duration
	timing   bool
	tries    int
}

func parse(args []string) (s settings, err error) {
	f := flag.NewFlagSet("loginflood", flag.ContinueOnError)
	f.StringVar(&s.db, "db", "", "a postgres:// URL of an empty database, in which tables and users are made; default: an embedded one")
	f.IntVar(&s.rate, "rate", 1000, "wrong logins a second")
	f.DurationVar(&s.duration, "duration", 10*time.Second, "how long each flood lasts")
	f.BoolVar(&s.timing, "timing", false, "compare the times of failed logins instead")
	f.IntVar(&s.tries, "tries", 500, "with --timing: logins of each kind")
	if err = f.Parse(args); err != nil {
		return s, err
	}
	if s.rate < 100 || s.rate > 10_000 || s.duration < time.Second || s.duration > time.Minute || s.tries < 1 || s.tries > 2000 {
		return s, fmt.Errorf("want a rate from 100 to 10000, a duration from 1s to 1m, and 1 to 2000 tries")
	}
	return s, nil
}

// run returns whether every figure is good.
func run(ctx context.Context, args []string, stdout io.Writer) (good bool, err error) {
	s, err := parse(args)
	if err != nil {
		return false, err
	}
	h, err := startHermesd(ctx, s.db)
	if err != nil {
		return false, err
	}
	defer h.stop()
	w, err := newWorld(ctx, h)
	if err != nil {
		return false, err
	}
	if s.timing {
		return timing(ctx, w, s.tries, stdout)
	}
	return floods(ctx, w, s, stdout)
}
