package hermes

import (
	"testing"
	"time"
)

// wallClock is a clock that a test sets, for a Client or a limiter.
type wallClock struct{ t time.Time }

func (w *wallClock) now() time.Time { return w.t }

func (w *wallClock) sleep(d time.Duration) { w.t = w.t.Add(d) }

func TestClock_now(t *testing.T) {
	t.Parallel()
	wall := &wallClock{t: noon}
	c := newClock(wall.now)
	for _, r := range []struct {
		rule       string
		step, want time.Duration // want since the clock was made
	}{
		{"the clock begins", 0, 0},
		{"a second passes", time.Second, time.Second},
		{"a step back is no time", -time.Hour, time.Second},
		{"after it, time passes as before", time.Minute, time.Second + time.Minute},
		{"a step back and forth is the step forth", -time.Minute, time.Second + time.Minute},
		{"a step forth counts", time.Hour, time.Second + time.Minute + time.Hour},
	} {
		wall.sleep(r.step)
		if got := c.now().Sub(noon); got != r.want {
			t.Errorf("%s: got %v since the start, want %v", r.rule, got, r.want)
		}
	}
}
