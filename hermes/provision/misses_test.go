package provision

import (
	"net/netip"
	"testing"
	"time"
)

// wall is a clock that only the test moves.
type wall struct{ t time.Time }

func (w *wall) now() time.Time { return w.t }

func (w *wall) sleep(d time.Duration) { w.t = w.t.Add(d) }

func newWall() *wall { return &wall{t: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

var office = netip.MustParseAddr("192.0.2.10")

func addMisses(m *misses, a netip.Addr, n int) {
	for range n {
		m.add(a)
	}
}

func TestMisses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why  string
		do   func(m *misses, w *wall)
		want bool
	}{
		{"as many as are allowed", func(m *misses, _ *wall) { addMisses(m, office, maxMisses) }, false},
		{"one too many", func(m *misses, _ *wall) { addMisses(m, office, maxMisses+1) }, true},
		{"spread over more than an hour", func(m *misses, w *wall) {
			for range 100 {
				m.add(office)
				w.sleep(missTime/maxMisses + time.Second)
			}
		}, false},
		{"many before and many after the hour is full", func(m *misses, w *wall) {
			m.add(office)
			w.sleep(missTime - time.Minute)
			addMisses(m, office, maxMisses-1)
			w.sleep(2 * time.Minute) // the first does not count any more
			addMisses(m, office, 2)
		}, true},
		{"an hour later", func(m *misses, w *wall) {
			addMisses(m, office, maxMisses+1)
			w.sleep(missTime)
		}, false},
		{"not quite an hour later", func(m *misses, w *wall) {
			addMisses(m, office, maxMisses+1)
			w.sleep(missTime - time.Second)
		}, true},
		{"after a block the count begins anew", func(m *misses, w *wall) {
			addMisses(m, office, maxMisses+1)
			w.sleep(missTime)
			addMisses(m, office, maxMisses)
		}, false},
		{"the clock is set back", func(m *misses, w *wall) {
			addMisses(m, office, maxMisses+1)
			w.sleep(-24 * time.Hour)
			m.blocked(office)
			w.sleep(missTime)
		}, false},
		{"another address", func(m *misses, _ *wall) {
			addMisses(m, netip.MustParseAddr("192.0.2.11"), maxMisses+1)
		}, false},
		{"the address mapped into IPv6", func(m *misses, _ *wall) {
			addMisses(m, netip.MustParseAddr("::ffff:192.0.2.10"), maxMisses+1)
		}, true},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			w := newWall()
			m := newMisses(w.now)
			tt.do(m, w)
			if got := m.blocked(office); got != tt.want {
				t.Errorf("blocked: %t, want %t", got, tt.want)
			}
		})
	}
}

func TestMisses_networks(t *testing.T) {
	t.Parallel()
	m := newMisses(newWall().now)
	addMisses(m, netip.MustParseAddr("2001:db8:1:2::1"), maxMisses+1)
	for a, want := range map[string]bool{"2001:db8:1:2:ffff::9": true, "2001:db8:1:3::1": false} {
		if got := m.blocked(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s: blocked %t, want %t", a, got, want)
		}
	}
	addMisses(m, netip.Addr{}, maxMisses+1)
	if !m.blocked(netip.Addr{}) {
		t.Error("clients whose address is not known are not blocked")
	}
}

// The table is of a fixed size. The network goes whose last miss is the longest ago.
func TestMisses_tableSize(t *testing.T) {
	t.Parallel()
	m := newMisses(newWall().now)
	address := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	addMisses(m, office, maxMisses)
	for i := range missTableSize - 1 {
		m.add(address(i))
	}
	m.add(office)
	for i := range missTableSize / 2 {
		m.add(address(missTableSize + i))
	}
	if len(m.table) != missTableSize || m.order.Len() != missTableSize {
		t.Errorf("%d networks, %d in order; want %d", len(m.table), m.order.Len(), missTableSize)
	}
	if !m.blocked(office) {
		t.Error("a network with a late miss is gone")
	}
}
