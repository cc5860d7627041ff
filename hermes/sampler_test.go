package hermes

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestSampler_Allow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reports := make(chan int, 10)
		s := NewSampler(2, func(leftOut int) { reports <- leftOut })
		count := func() (allowed int) {
			for range 5 {
				if s.Allow() {
					allowed++
				}
			}
			return allowed
		}
		if n := count(); n != 2 {
			t.Errorf("%d of 5 events were let through, want 2", n)
		}
		time.Sleep(time.Second)
		if n := <-reports; n != 3 {
			t.Errorf("%d events were reported as left out, want 3", n)
		}
		if n := count(); n != 2 {
			t.Errorf("%d of 5 events were let through in the next second, want 2", n)
		}
		if n := <-reports; n != 3 {
			t.Errorf("%d events were reported as left out, want 3", n)
		}
	})
}
