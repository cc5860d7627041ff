package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// durations can be asked for the time that a part of them did not exceed.
type durations []time.Duration

// at returns the value at a part from 0 to 1: 0.5 is the median, 1 the longest.
func (d durations) at(part float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(d))
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}

// print writes the figures and tells whether they are good.
func (m *measured) print(w io.Writer, name string) bool {
	fmt.Fprintf(w, "%s\n", name)
	m.attack.print(w)
	grown := m.most - m.before
	good := verdict(m.calls.at(0.99) <= othersLimit)
	fmt.Fprintf(w, "  others' user/get   %6d calls   p50 %s   p99 %s   max %s   want p99 ≤ %s: %s\n",
		len(m.calls), ms(m.calls.at(0.5)), ms(m.calls.at(0.99)), ms(m.calls.at(1)), ms(othersLimit), good)
	in := verdict(m.logins.at(1) <= knownLimit)
	fmt.Fprintf(w, "  a known user's login %4d logins  p50 %s   p99 %s   max %s   want max ≤ %s: %s\n",
		len(m.logins), ms(m.logins.at(0.5)), ms(m.logins.at(0.99)), ms(m.logins.at(1)), ms(knownLimit), in)
	small := verdict(grown <= memoryLimit)
	fmt.Fprintf(w, "  resident memory    %.1f MiB before, %.1f MiB at most: up by %.1f MiB   want ≤ %d MiB: %s\n\n",
		mib(m.before), mib(m.most), mib(grown), memoryLimit>>20, small)
	return bool(good && in && small)
}

func (a *attack) print(w io.Writer) {
	if a.from == nil {
		return
	}
	answered := 0
	for _, n := range a.classes {
		answered += n
	}
	fmt.Fprintf(w, "  wrong logins       %6d sent, %d not sent for want of answers, slowest answer %s\n", answered, a.skipped, ms(a.slowest))
	for _, class := range slices.Sorted(maps.Keys(a.classes)) {
		fmt.Fprintf(w, "    %-20s %6d\n", class, a.classes[class])
	}
}

type verdict bool

// String is what a reader of figures looks for.
func (v verdict) String() string {
	if v {
		return "good"
	}
	return "MISSED"
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

func mib(n int64) float64 { return float64(n) / (1 << 20) }
