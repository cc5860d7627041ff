package hermes

import (
	"sync"
	"time"
)

// clock measures how much time passes, for limits and caches. It adds up the steps between readings
// of a wall clock. A step back counts as no time, so that setting the wall clock back delays
// nothing; with time.Now the steps are those of the monotonic clock, so that setting it forward
// ends no wait either. Times of records, which other processes and later runs read, are those of
// [Client.now] instead.
type clock struct {
	read func() time.Time

	mu      sync.Mutex
	last    time.Time // the reading before
	elapsed time.Time // the time that now returned last
}

func newClock(read func() time.Time) *clock {
	start := read()
	return &clock{read: read, last: start, elapsed: start.Round(0)}
}

// now returns a time that never goes back. It may be compared with others of the same clock only.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	reading := c.read()
	if step := reading.Sub(c.last); step > 0 {
		c.elapsed = c.elapsed.Add(step)
	}
	c.last = reading
	return c.elapsed
}
