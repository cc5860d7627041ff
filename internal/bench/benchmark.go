package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// benchmark measures one or more rows of the table.
type benchmark struct {
	name  string // for --only
	about string // for the usage text
	rows  []row
	// once is set where another round would take minutes and tell little.
	once bool
	// open prepares the benchmark. What it starts is stopped after the last round; see
	// [bench.onClose].
	open func(ctx context.Context, b *bench) (measure, error)
}

// measure measures every row of a benchmark once, in the order of its rows.
type measure func(ctx context.Context) ([]sample, error)

// row is a line of the table.
type row struct {
	number string // in the list of goals; empty for a row that has none there
	what   string // the work
	floor  string // what it is compared with; empty where the goal is a figure and not a ratio
	unit   unit
	goal   goal
}

// sample is what one round measured of a row.
type sample struct {
	floor, hermes float64 // in the unit of the row; floor is ignored if the row has none
	memory        memory
	note          string // figures behind it, printed below the table
}

// unit is that of the figures of a row.
type unit int

const (
	perSecond unit = iota // calls in a second
	inSeconds
	inBytes
	plain
)

// goal is what the ratio of Hermes' figure to the floor's, or Hermes' figure itself, should be.
type goal struct {
	value   float64
	atLeast bool // else at most
	none    bool // the row is shown for comparison
}

func atLeast(value float64) goal { return goal{value: value, atLeast: true} }

func atMost(value float64) goal { return goal{value: value} }

func within(limit time.Duration) goal { return atMost(limit.Seconds()) }

func noGoal() goal { return goal{none: true} }

func (g goal) met(value float64) bool {
	if g.atLeast {
		return value >= g.value
	}
	return g.none || value <= g.value
}

// memory is what Hermes needed: the growth of the resident memory of hermesd at its peak, or what a
// call of a Go method allocated on average. The zero value means that it was not measured.
type memory struct {
	bytes    float64
	perCall  bool
	measured bool
}

// result is a row after all rounds.
type result struct {
	row
	benchmark     string
	floor, hermes float64 // medians
	ratio         float64 // the median of the ratios of the rounds
	memory        memory  // the most of all rounds
	note          string  // of the last round
}

// judged is the figure that the goal is about.
func (r result) judged() float64 {
	if r.row.floor == "" {
		return r.hermes
	}
	return r.ratio
}

func (r result) met() bool { return r.goal.met(r.judged()) }

// summarize returns the results of a benchmark's rounds. Each round has a sample for each row.
func summarize(bm benchmark, rounds [][]sample) (results []result, err error) {
	for i, row := range bm.rows {
		r := result{row: row, benchmark: bm.name}
		var floors, figures, ratios []float64
		for _, samples := range rounds {
			s := samples[i]
			if err := s.check(row); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", bm.name, row.what, err)
			}
			floors, figures = append(floors, s.floor), append(figures, s.hermes)
			if row.floor != "" {
				ratios = append(ratios, s.hermes/s.floor)
			}
			if s.memory.measured && s.memory.bytes >= r.memory.bytes {
				r.memory = s.memory
			}
			r.note = s.note
		}
		r.floor, r.hermes, r.ratio = median(floors), median(figures), median(ratios)
		results = append(results, r)
	}
	return results, nil
}

// check returns an error for a sample that has no figure.
func (s sample) check(r row) error {
	figure := func(name string, v float64, zeroAllowed bool) error {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 || v == 0 && !zeroAllowed {
			return fmt.Errorf("%s is %v, want a figure", name, v)
		}
		return nil
	}
	if r.floor != "" {
		if err := figure("the floor", s.floor, false); err != nil {
			return err
		}
	}
	return figure("Hermes' figure", s.hermes, r.unit == inBytes || r.unit == plain)
}

// median returns the middle one of the values, the upper of two in the middle. It is 0 for
// none.
func median[T cmp.Ordered](values []T) T {
	var zero T
	if len(values) == 0 {
		return zero
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
