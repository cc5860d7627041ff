package bunstore

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

// testHeads are heads with a clock that stands still until the test sets it.
type testHeads struct {
	heads
	time time.Time
}

func newTestHeads() *testHeads {
	h := &testHeads{time: time.Unix(1000, 0)}
	h.now = func() time.Time { return h.time }
	return h
}

// take makes a search in order that begins and finds the number.
func (h *testHeads) take(t *testing.T, wantFrom, finds string) {
	t.Helper()
	s := h.mustBegin(t, hermes.Pattern{}, false)
	defer s.end()
	wantFirst(t, s, wantFrom)
	s.found(numberEnds{First: e164.MustParse(finds)})
}

func (h *testHeads) mustBegin(t *testing.T, match hermes.Pattern, random bool) *search {
	t.Helper()
	s, err := h.begin(t.Context(), headKey{glob: match.String(), random: random})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantFirst(t *testing.T, s *search, want string) {
	t.Helper()
	if got := s.ends.First.String(); got != want {
		t.Fatalf("a search begins at %q, want %q", got, want)
	}
}

func TestHeads(t *testing.T) {
	t.Parallel()
	t.Run("a search begins where the one before found a number", func(t *testing.T) {
		t.Parallel()
		h := newTestHeads()
		h.take(t, "", "+4711")
		h.take(t, "+4711", "+4712")
		h.take(t, "+4712", "+4713")
	})
	t.Run("after a change one search looks from the beginning, and only what it finds is trusted", func(t *testing.T) {
		t.Parallel()
		h := newTestHeads()
		h.take(t, "", "+4750")
		before := h.mustBegin(t, hermes.Pattern{}, false)
		h.changed()
		looks := h.mustBegin(t, hermes.Pattern{}, false)
		wantFirst(t, looks, "")
		h.take(t, "+4750", "+4751")
		looks.found(numberEnds{First: e164.MustParse("+4711")})
		looks.end()
		before.found(numberEnds{First: e164.MustParse("+4752")})
		h.take(t, "+4711", "+4712")
	})
	t.Run("a look that began before a change is not trusted after it", func(t *testing.T) {
		t.Parallel()
		h := newTestHeads()
		looks := h.mustBegin(t, hermes.Pattern{}, false)
		h.changed()
		looks.found(numberEnds{First: e164.MustParse("+4750")})
		looks.end()
		h.take(t, "", "+4711")
	})
	t.Run("a search that found nothing leaves the look to the next one", func(t *testing.T) {
		t.Parallel()
		h := newTestHeads()
		h.mustBegin(t, hermes.Pattern{}, false).end()
		h.take(t, "", "+4711")
	})
	t.Run("one search looks again after a second, or after ten times as long as the look took", func(t *testing.T) {
		t.Parallel()
		h := newTestHeads()
		h.take(t, "", "+4711")
		h.time = h.time.Add(lookInterval - 1)
		h.take(t, "+4711", "+4712")
		h.time = h.time.Add(1)
		looks := h.mustBegin(t, hermes.Pattern{}, false)
		wantFirst(t, looks, "")
		h.time = h.time.Add(time.Second)
		looks.found(numberEnds{First: e164.MustParse("+4711")})
		h.time = h.time.Add(10*time.Second - 1)
		h.take(t, "+4711", "+4712")
		h.time = h.time.Add(1)
		h.take(t, "", "+4713")
	})
	t.Run("a search waits for a look while nothing is known", func(t *testing.T) {
		t.Parallel()
		h := newTestHeads()
		looks := h.mustBegin(t, hermes.Pattern{}, false)
		_, wait := h.try(headKey{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := h.begin(ctx, headKey{}); err != context.Canceled {
			t.Errorf("a search whose context has ended: %v, want %v", err, context.Canceled)
		}
		looks.found(numberEnds{First: e164.MustParse("+4711")})
		<-wait
		h.take(t, "+4711", "+4712")
	})
	t.Run("patterns are apart, and forgotten when there are too many", func(t *testing.T) {
		t.Parallel()
		h := newTestHeads()
		h.take(t, "", "+4711")
		for i := range 3 * maxHeads {
			match, err := hermes.ParsePattern("+47*" + strconv.Itoa(i))
			if err != nil {
				t.Fatal(err)
			}
			s := h.mustBegin(t, match, i%2 == 0)
			wantFirst(t, s, "")
			s.end()
			if i < maxHeads-1 {
				h.take(t, "+4711", "+4711")
			}
		}
		h.take(t, "", "+4711")
		scoped, err := h.begin(t.Context(), headKey{prefix: "+4712"})
		if err != nil {
			t.Fatal(err)
		}
		wantFirst(t, scoped, "")
		scoped.end()
		if len(h.all) > maxHeads {
			t.Errorf("%d patterns are remembered, want at most %d", len(h.all), maxHeads)
		}
	})
}
