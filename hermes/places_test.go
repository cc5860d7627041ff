package hermes

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// mustTake takes a place. The test fails if there is none.
func mustTake(t *testing.T, p *Places[string], key string) (give func()) {
	t.Helper()
	give, ok := p.Take(t.Context(), key)
	if !ok {
		t.Fatalf("no place for %q", key)
	}
	return give
}

func TestPlaces_Take(t *testing.T) {
	t.Parallel()
	t.Run("neither the total nor the share is exceeded", func(t *testing.T) {
		t.Parallel()
		p := NewPlaces[string](PlaceLimits{Total: 3, Share: 2})
		mustTake(t, p, "a")
		give := mustTake(t, p, "a")
		if _, ok := p.Take(t.Context(), "a"); ok {
			t.Error("a third place for one key, of which the share is 2")
		}
		mustTake(t, p, "b")
		if _, ok := p.Take(t.Context(), "c"); ok {
			t.Error("a fourth place of 3")
		}
		give()
		mustTake(t, p, "c")
		if want := map[string]int{"a": 1, "b": 1, "c": 1}; len(p.byKey) != len(want) {
			t.Errorf("places by key %v, want %v", p.byKey, want)
		}
	})
	t.Run("the zero key has no share", func(t *testing.T) {
		t.Parallel()
		p := NewPlaces[string](PlaceLimits{Total: 3, Share: 1})
		for range 3 {
			mustTake(t, p, "")
		}
		if _, ok := p.Take(t.Context(), ""); ok {
			t.Error("a fourth place of 3")
		}
	})
	t.Run("a key that has no place takes no memory", func(t *testing.T) {
		t.Parallel()
		p := NewPlaces[string](PlaceLimits{Total: 1, Share: 1})
		for _, key := range []string{"a", "b", ""} {
			mustTake(t, p, key)()
		}
		if len(p.byKey) != 0 || p.taken != 0 {
			t.Errorf("%d places taken, by key %v", p.taken, p.byKey)
		}
	})
}

func TestPlaces_Take_Waiting(t *testing.T) {
	t.Parallel()
	limits := PlaceLimits{Total: 2, Share: 1, Queue: 2, Wait: time.Second}
	t.Run("the first that may have a place gets it", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := NewPlaces[string](limits)
			giveA, giveB := mustTake(t, p, "a"), mustTake(t, p, "b")
			got := make(chan string, 2)
			for _, key := range []string{"a", "c"} {
				go func() {
					mustTake(t, p, key)
					got <- key
				}()
				synctest.Wait()
			}
			giveB()
			if key := <-got; key != "c" {
				t.Errorf("%q got the place of b, want c: the share of a is used up", key)
			}
			giveA()
			if key := <-got; key != "a" {
				t.Errorf("%q got the place of a, want a", key)
			}
		})
	})
	t.Run("waiting ends", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := NewPlaces[string](limits)
			give := mustTake(t, p, "a")
			begun := time.Now()
			if _, ok := p.Take(t.Context(), "a"); ok || time.Since(begun) != limits.Wait {
				t.Errorf("got a place: %v after %v, want none after %v", ok, time.Since(begun), limits.Wait)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			begun = time.Now()
			if _, ok := p.Take(ctx, "a"); ok || time.Since(begun) != 0 {
				t.Errorf("got a place: %v after %v, want none at once when the context ends", ok, time.Since(begun))
			}
			give()
			if len(p.waiting) != 0 || p.taken != 0 {
				t.Errorf("%d wait and %d places are taken, want none", len(p.waiting), p.taken)
			}
		})
	})
	t.Run("a full queue refuses at once", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := NewPlaces[string](limits)
			mustTake(t, p, "a")
			for range limits.Queue {
				go p.Take(t.Context(), "a")
			}
			synctest.Wait()
			begun := time.Now()
			if _, ok := p.Take(t.Context(), "a"); ok || time.Since(begun) != 0 {
				t.Errorf("got a place: %v after %v, want none at once", ok, time.Since(begun))
			}
		})
	})
}

func TestNetworkOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ why, addr, want string }{
		{"an IPv4 address", "192.0.2.7", "192.0.2.7/32"},
		{"the same in IPv6", "::ffff:192.0.2.7", "192.0.2.7/32"},
		{"a host has a /64", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"the zone is the server's", "fe80::1%eth0", "fe80::/64"},
	} {
		if got := NetworkOf(netip.MustParseAddr(tt.addr)); got.String() != tt.want {
			t.Errorf("%s: %v, want %s", tt.why, got, tt.want)
		}
	}
	if got := NetworkOf(netip.Addr{}); got != (netip.Prefix{}) {
		t.Errorf("of no address: %v, want the zero Prefix", got)
	}
}
