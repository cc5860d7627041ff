package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// medianLimit is what the medians of failed logins may differ by.
const medianLimit = time.Millisecond

// failure is a reason for which logins fail, and how long they took.
type failure struct {
	name  string
	make  func(ctx context.Context, i int) (login []string, err error) // the parameters of the i-th
	times durations
}

// timing tries each kind of failed login in turn, and compares the medians.
func timing(ctx context.Context, w *world, tries int, stdout io.Writer) (good bool, err error) {
	s := &strangers{world: w}
	if err := s.prepare(ctx, 1+tries/triesEach); err != nil {
		return false, err
	}
	kinds := s.failures()
	for i := range tries {
		for k := range kinds {
			// Nobody is always the one after the same other.
			if err := s.try(ctx, &kinds[(k+i)%len(kinds)], i); err != nil {
				return false, err
			}
		}
	}
	return compare(stdout, kinds), nil
}

// try measures one login, from an address that no other comes from.
func (s *strangers) try(ctx context.Context, f *failure, i int) error {
	login, err := f.make(ctx, i)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	a, err := s.from(i).call(ctx, "auth/login", login...)
	if err == nil && a.class() != "failed/unauthorized" {
		err = fmt.Errorf("answered %s: %s", a.class(), a.text("detail"))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	f.times = append(f.times, a.took)
	return nil
}

func compare(w io.Writer, kinds []failure) bool {
	least, most := kinds[0].times.at(0.5), kinds[0].times.at(0.5)
	fmt.Fprintf(w, "failed logins, %d of each kind, in turn\n", len(kinds[0].times))
	for _, k := range kinds {
		median := k.times.at(0.5)
		least, most = min(least, median), max(most, median)
		fmt.Fprintf(w, "  %-18s median %9.3f ms   p10 %9.3f ms   p90 %9.3f ms\n", k.name,
			float64(median)/1e6, float64(k.times.at(0.1))/1e6, float64(k.times.at(0.9))/1e6)
	}
	good := verdict(most-least <= medianLimit)
	fmt.Fprintf(w, "  medians differ by at most %.3f ms   want ≤ %s: %s\n", float64(most-least)/1e6, ms(medianLimit), good)
	return bool(good)
}
