package main

import (
	"context"
	"fmt"

	"github.com/hermes-voip/go-hermes/hermes"
)

func mixedWriters() benchmark {
	const what = "mixed writes, 64 goroutines, while ranges are added"
	return benchmark{
		name:  "mixed",
		about: "user/add, number/assign and alias/add at once on PostgreSQL while ranges of numbers are added",
		rows: []row{
			{number: "17", what: what, floor: "while none is added", unit: perSecond, goal: noGoal()},
			{number: "17", what: what + ", 99th percentile", unit: inSeconds, goal: within(slowestWrite)},
			{number: "17", what: what + ", retries of a call", unit: plain, goal: atMost(mostRetries)},
		},
		open: func(ctx context.Context, b *bench) (measure, error) {
			d, err := b.filledCopy(ctx, b.rows)
			if err != nil {
				return nil, err
			}
			m := &mixedBench{bench: b, database: d, writes: (&writers{n: b.rows}).mixed()}
			return m.measure, nil
		},
	}
}

type mixedBench struct {
	*bench
	database
	writes writeKind
	ranges int // that were added
}

func (m *mixedBench) measure(ctx context.Context) ([]sample, error) {
	var l load
	var retries float64
	s, err := m.both(
		func() (sample, error) {
			alone, _, err := m.writeLoad(ctx, m.database, 64, m.writes, nil)
			return alone.sample(), err
		},
		func() (out sample, err error) {
			before := m.ranges
			l, retries, err = m.writeLoad(ctx, m.database, 64, m.writes, m.addNextRange)
			out = l.sample()
			out.note = fmt.Sprintf("%d ranges of %d numbers were added", m.ranges-before, m.rows)
			return out, err
		})
	return []sample{s, {hermes: l.times.quantile(0.99).Seconds()}, {hermes: retries}}, err
}

// mostRanges is how many ranges poolNumber has room for.
const mostRanges = 40

// addNextRange adds a range that is after all others.
func (m *mixedBench) addNextRange(ctx context.Context, c *hermes.Client) error {
	m.ranges++
	first := m.rows * (1 + m.ranges%mostRanges)
	return addRange(ctx, c, poolNumber(first), poolNumber(first+m.rows-1))
}
