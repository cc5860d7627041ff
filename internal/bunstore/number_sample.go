package bunstore

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

type sampleStatements struct {
	lastNumber  statement
	nearNumbers statement // for each key of a JSON array the number before it and the one after
}

func (b *builder) sampleStatements() sampleStatements {
	// Each has one lower and one upper bound: SQLite would take the wrong one of two.
	near := func(bounds, order string) *bun.SelectQuery {
		return b.NewSelect().Model((*numberModel)(nil)).ColumnExpr("n.number").
			Where(bounds+" AND "+isLike, text(1), text(2), text(3)).OrderExpr(order).Limit(1)
	}
	return sampleStatements{
		lastNumber: b.statement(Data, b.NewSelect().Model((*numberModel)(nil)).ColumnExpr("n.number").
			Where(inRange, text(1), text(2), text(3)).OrderExpr("n.number DESC").Limit(1)),
		nearNumbers: b.statement(Data, b.NewSelect().
			ColumnExpr("k.value AS key, (?) AS before, (?) AS after",
				near("n.number >= ?0 AND n.number <= k.value", "n.number DESC"),
				near("n.number >= k.value AND n.number < ?1", "n.number")).
			TableExpr(b.engine.jsonTexts+" AS k", place(4))),
	}
}

const (
	// wholePool is the number of matches up to which all are read, at least. A probe for a pattern
	// that fewer numbers match could read most of the pool.
	wholePool = 100
	// sampleRounds is how often more probes are made.
	sampleRounds = 5
)

// SampleNumbers implements [hermes.Store]. It looks for the numbers next to random keys. A key
// that is in a gap between numbers tells where it is, and the next keys are not in it.
func (s *Store) SampleNumbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	n := q.Limit
	most := max(wholePool, 4*n)
	first := q
	first.Limit = most
	all, err := s.Numbers(ctx, first)
	if err != nil {
		return nil, err
	}
	if len(all) < most {
		return shuffledCopy(all)[:min(n, len(all))], nil
	}
	if q.State != "" && q.State != hermes.NumberFree {
		return s.shuffledSample(ctx, q)
	}
	parts := numberParts(q.Match, q.Scope)
	sample, err := s.newSample(ctx, parts, all[0], q.Now)
	if err != nil {
		return nil, err
	}
	for range sampleRounds {
		if len(sample.hit) >= n || len(sample.spans) == 0 {
			break
		}
		if err := s.probe(ctx, parts, sample, 2*(n-len(sample.hit))+4); err != nil {
			return nil, err
		}
	}
	if err := s.addOver(ctx, parts, sample, q.Now); err != nil {
		return nil, err
	}
	if picked := sample.pick(n); len(picked) == n {
		return picked, nil
	}
	return s.shuffledSample(ctx, q)
}

// shuffledSample returns a sample by sorting all numbers that match.
func (s *Store) shuffledSample(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	q.Seed = rand.Int64N(shufflePrime)
	return s.ShuffledNumbers(ctx, q)
}

// addOver adds numbers whose time has passed and that are still in the table of the reserved ones.
func (s *Store) addOver(ctx context.Context, parts []numberPart, sample *numberSample, now time.Time) error {
	if !s.mayBeOver(now) {
		return nil
	}
	for _, part := range parts {
		over, err := list(ctx, s, s.sql().overNumbers, scanNumber, append(part.args(""), moment(now))...)
		if err != nil {
			return err
		}
		sample.hit = append(sample.hit, over...)
	}
	return nil
}

// newSample returns an empty sample of the numbers of the parts, of which first is the first one.
func (s *Store) newSample(ctx context.Context, parts []numberPart, first e164.Number, now time.Time) (*numberSample, error) {
	sample := &numberSample{seen: map[e164.Number]bool{}}
	for _, part := range parts {
		ends := []e164.Number{first}
		if !strings.HasPrefix(first.String(), part.prefix) {
			var err error
			if ends, err = page(ctx, s, s.sql().numbers, 1, scanNumber, append(part.args(""), moment(now))...); err != nil {
				return nil, err
			}
		}
		var last e164.Number
		err := s.get(ctx, s.sql().lastNumber, &last, part.args("")...)
		if err != nil && err != error(hermes.NotFound) {
			return nil, err
		}
		// Others may take all numbers of a part meanwhile, or a part may have none.
		if err == nil && len(ends) > 0 {
			sample.spans = append(sample.spans, keySpan{filled(ends[0]), lastKey(last)})
		}
	}
	return sample, nil
}

// probe looks for the numbers next to count random keys.
func (s *Store) probe(ctx context.Context, parts []numberPart, sample *numberSample, count int) error {
	keys := make([]string, count)
	for i := range keys {
		keys[i] = sample.key()
	}
	for _, part := range parts {
		var own []string
		for _, key := range keys {
			if strings.HasPrefix(key, part.prefix) {
				own = append(own, key)
			}
		}
		if len(own) == 0 {
			continue
		}
		if err := s.probePart(ctx, part, sample, own); err != nil {
			return err
		}
	}
	return nil
}

// probePart looks for the numbers of a part next to keys that begin with its prefix.
func (s *Store) probePart(ctx context.Context, part numberPart, sample *numberSample, keys []string) error {
	args := append(part.args(""), jsonTexts(keys))
	return s.query(ctx, s.sql().nearNumbers, args, func(_ context.Context, rows *sql.Rows) error {
		var key string
		var before, after e164.Number
		err := rows.Scan(&key, &before, &after)
		sample.add(key, before, after)
		return err
	})
}

// numberSample collects random numbers. Keys are as [filled] makes them.
type numberSample struct {
	spans []keySpan            // where numbers are
	hit   []e164.Number        // those that a key was of, each once
	near  []e164.Number        // those next to a gap that a key was in, each once
	seen  map[e164.Number]bool // hit or near
}

// keySpan is the keys from low to high.
type keySpan struct{ low, high int64 }

// lastKey returns the greatest key that begins with the digits of n.
func lastKey(n e164.Number) int64 {
	v := digits(n)
	for range 15 - n.Digits() {
		v = 10*v + 9
	}
	return v
}

// key returns a random key of the spans.
func (s *numberSample) key() string {
	total := int64(0)
	for _, span := range s.spans {
		total += span.high - span.low + 1
	}
	i := rand.Int64N(total)
	for _, span := range s.spans {
		if size := span.high - span.low + 1; i >= size {
			i -= size
			continue
		}
		return fmt.Sprintf("+%015d", span.low+i)
	}
	return "" // not reached
}

// add adds the numbers before and after a key. Either may be zero, if numbers were taken meanwhile.
func (s *numberSample) add(key string, before, after e164.Number) {
	if !before.IsZero() && strings.HasPrefix(key, before.String()) {
		if !s.seen[before] {
			s.hit = append(s.hit, before)
		} else if i := slices.Index(s.near, before); i >= 0 {
			s.near = slices.Delete(s.near, i, i+1)
			s.hit = append(s.hit, before)
		}
		s.seen[before] = true
		return
	}
	for _, n := range []e164.Number{before, after} {
		if !n.IsZero() && !s.seen[n] {
			s.near, s.seen[n] = append(s.near, n), true
		}
	}
	if !before.IsZero() && !after.IsZero() {
		s.cut(lastKey(before)+1, filled(after)-1)
	}
}

// cut removes the keys from low to high from the spans.
func (s *numberSample) cut(low, high int64) {
	var left []keySpan
	for _, span := range s.spans {
		for _, part := range []keySpan{{span.low, min(span.high, low-1)}, {max(span.low, high+1), span.high}} {
			if part.low <= part.high {
				left = append(left, part)
			}
		}
	}
	if low <= high && len(left) > 0 {
		s.spans = left
	}
}

// pick returns up to n of the numbers in random order, first those that were hit.
func (s *numberSample) pick(n int) []e164.Number {
	picked := append(shuffledCopy(s.hit), shuffledCopy(s.near)...)
	picked = picked[:min(n, len(picked))]
	return shuffledCopy(picked)
}

func shuffledCopy(numbers []e164.Number) []e164.Number {
	numbers = slices.Clone(numbers)
	rand.Shuffle(len(numbers), func(i, j int) { numbers[i], numbers[j] = numbers[j], numbers[i] })
	return numbers
}
