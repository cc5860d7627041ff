package hermes

import (
	"testing"
	"time"
)

// numberedKey returns a key of its own for each number.
func numberedKey(i int) limitKey { return limitKey{byte(i), byte(i >> 8), byte(i >> 16)} }

// take spends a token if there is one, or returns how long it takes until there is.
func take(b *buckets, key limitKey, now time.Time) time.Duration {
	wait, _ := b.wait(key, now)
	if wait == 0 {
		b.spend(key, now)
	}
	return wait
}

func TestBuckets_spend(t *testing.T) {
	t.Parallel()
	b := newBuckets(rate{burst: 3, interval: 10 * time.Second})
	for i := range 3 {
		if wait := take(b, limitKey{}, noon); wait != 0 {
			t.Fatalf("token %d of the burst: wait %v", i+1, wait)
		}
	}
	for _, r := range []struct {
		rule        string
		after, want time.Duration
	}{
		{"the burst is used up", 0, 10 * time.Second},
		{"a refusal does not lengthen the wait", 0, 10 * time.Second},
		{"just before the next token", 10*time.Second - 1, 1},
		{"the next token", 10 * time.Second, 0},
		{"there is one token only", 10 * time.Second, 10 * time.Second},
		{"the first token of a new burst", 50 * time.Second, 0},
		{"the second token", 50 * time.Second, 0},
		{"the third token", 50 * time.Second, 0},
		{"the new burst is used up", 50 * time.Second, 10 * time.Second},
	} {
		if got := take(b, limitKey{}, noon.Add(r.after)); got != r.want {
			t.Errorf("%s, after %v: wait %v, want %v", r.rule, r.after, got, r.want)
		}
	}
	if wait := take(b, limitKey{1}, noon); wait != 0 {
		t.Errorf("another key waits %v", wait)
	}
}

func TestBuckets_settle(t *testing.T) {
	t.Parallel()
	b := newBuckets(rate{burst: 2, interval: time.Minute})
	want := func(rule string, wantWait time.Duration, wantUnderWay bool) {
		t.Helper()
		if wait, underWay := b.wait(limitKey{}, noon); wait != wantWait || underWay != wantUnderWay {
			t.Errorf("%s: wait %v, under way %v; want %v, %v", rule, wait, underWay, wantWait, wantUnderWay)
		}
	}
	b.hold(limitKey{}, noon)
	want("one of two tokens is held", 0, false)
	b.hold(limitKey{}, noon)
	want("both are held, and may be given back", time.Minute, true)
	b.settle(limitKey{}, true, noon)
	want("one was taken, the other is held", time.Minute, true)
	b.settle(limitKey{}, false, noon)
	want("one was taken, the other was given back", 0, false)
	b.spend(limitKey{}, noon)
	want("both were taken", time.Minute, false)
	b.hold(limitKey{1}, noon)
	b.settle(limitKey{1}, false, noon)
	if len(b.table) != 1 {
		t.Errorf("the table has %d buckets, want no full one", len(b.table))
	}
}

func TestBuckets_sweep(t *testing.T) {
	t.Parallel()
	b := newBuckets(rate{burst: 1, interval: 10 * time.Second})
	for i := range 1000 {
		b.spend(numberedKey(i), noon)
	}
	b.hold(numberedKey(1000), noon)
	b.spend(numberedKey(1001), noon.Add(sweepInterval))
	if len(b.table) != 2 {
		t.Errorf("the table has %d buckets after all were full again, want that of a login under way and a new one", len(b.table))
	}
}

func TestBuckets_evict(t *testing.T) {
	t.Parallel()
	b := newBuckets(rate{burst: 1, interval: time.Hour})
	b.hold(numberedKey(tableSize), noon)
	for i := range tableSize + 1000 {
		b.spend(numberedKey(i), noon.Add(time.Duration(i)))
	}
	if len(b.table) != tableSize {
		t.Errorf("the table has %d buckets, want %d", len(b.table), tableSize)
	}
	if b.table[numberedKey(tableSize)].held != 1 {
		t.Error("the bucket of a login under way was evicted")
	}
	if b.table[numberedKey(tableSize+999)] == nil {
		t.Error("the bucket that will be full last was evicted")
	}
}
