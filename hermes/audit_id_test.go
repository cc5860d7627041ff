package hermes

import (
	"bytes"
	"crypto/rand"
	"slices"
	"testing"
	"time"
)

func TestAuditIDs_next(t *testing.T) {
	t.Parallel()
	t.Run("ids are in the order of time, and those of one millisecond in the order of the calls", func(t *testing.T) {
		t.Parallel()
		var g auditIDs
		var ids []string
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		for i := range 300 {
			ids = append(ids, mustNextID(t, &g, at.Add(time.Duration(i/100)*time.Millisecond)))
		}
		if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
			t.Errorf("want different ids in order, got %q", ids)
		}
		for _, id := range ids {
			if len(id) != auditIDSize {
				t.Fatalf("%q has %d characters, want %d", id, len(id), auditIDSize)
			}
		}
	})
	t.Run("an id is of its time even if the clock was set back", func(t *testing.T) {
		t.Parallel()
		var g auditIDs
		late := time.UnixMilli(1_800_000_000_000)
		first := mustNextID(t, &g, late)
		if second := mustNextID(t, &g, late.Add(-time.Hour)); second >= first || second[:auditIDTimeSize] != auditIDTime(late.Add(-time.Hour)) {
			t.Errorf("got %q after %q", second, first)
		}
	})
	t.Run("the greatest random part is followed by a new one", func(t *testing.T) {
		t.Parallel()
		var g auditIDs
		at := time.UnixMilli(1)
		greatest := bytes.Repeat([]byte{0xff}, auditIDRandom)
		if _, err := g.next(at, bytes.NewReader(greatest)); err != nil {
			t.Fatal(err)
		}
		id, err := g.next(at, bytes.NewReader(bytes.Repeat([]byte{1}, auditIDRandom)))
		if want := auditIDTime(at) + "040G2081040G2081"; err != nil || id != want {
			t.Errorf("got %q, %v, want %q", id, err, want)
		}
	})
	t.Run("the time is the 48 bits of a ULID", func(t *testing.T) {
		t.Parallel()
		// The example of the ULID specification.
		if got, want := auditIDTime(time.UnixMilli(1469918176385)), "01ARYZ6S41"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("an error of the source of random bytes is returned", func(t *testing.T) {
		t.Parallel()
		var g auditIDs
		if id, err := g.next(time.UnixMilli(1), bytes.NewReader(nil)); err == nil {
			t.Errorf("got %q, want an error", id)
		}
	})
}

func mustNextID(t *testing.T, g *auditIDs, at time.Time) string {
	t.Helper()
	id, err := g.next(at, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
