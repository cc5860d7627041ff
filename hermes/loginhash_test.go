package hermes

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestHashSlots_acquire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testAcquireSlots)
}

func testAcquireSlots(t *testing.T) {
	h := newHashSlots(2)
	var held []func()
	for range cap(h.all) {
		release, err := h.acquire(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, release)
	}
	releaseReserve, err := h.acquire(t.Context(), true)
	if err != nil {
		t.Fatalf("a known user gets no reserve slot while the other slots are taken: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, known := range []bool{false, true} {
		if _, err := h.acquire(ended, known); !errors.Is(err, context.Canceled) {
			t.Errorf("waiting with a context that has ended: got %v, want %v", err, context.Canceled)
		}
	}
	releaseReserve()
	for _, release := range held {
		release()
	}
	time.Sleep(maxSlotPause)
	if len(h.all)+len(h.reserve) != 0 {
		t.Errorf("not released: %d slots, %d reserve slots", len(h.all), len(h.reserve))
	}
}

// A slot that an unknown user had pauses for as long as it was used, up to maxSlotPause. A known
// user does not wait for that.
func TestHashSlots_releaseAfterPause(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule       string
		used, want time.Duration
	}{
		{"the pause is as long as the use", 30 * time.Millisecond, 30 * time.Millisecond},
		{"the pause is at most maxSlotPause", time.Second, maxSlotPause},
	} {
		t.Run(r.rule, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { testSlotPause(t, r.used, r.want) })
		})
	}
}

func testSlotPause(t *testing.T, used, want time.Duration) {
	h := newHashSlots(1)
	acquire := func(known bool) (release func(), waited time.Duration) {
		t.Helper()
		start := time.Now()
		release, err := h.acquire(t.Context(), known)
		if err != nil {
			t.Fatal(err)
		}
		return release, time.Since(start)
	}
	release, _ := acquire(false)
	time.Sleep(used)
	release()
	release, waited := acquire(true)
	if release(); waited != 0 {
		t.Errorf("a known user waited %v", waited)
	}
	release, waited = acquire(false)
	if release(); waited != want {
		t.Errorf("an unknown user waited %v after a use of %v, want %v", waited, used, want)
	}
}
