package testserver

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
)

// Loopback returns 127.0.0.1, on which servers for tests listen.
func Loopback() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }

// FreePorts returns a loopback address whose port and the count-1 ports after it are free for UDP
// and TCP. Ports are taken from below the range that systems use for outgoing connections, so that
// no other program gets one while a server restarts.
func FreePorts(count uint16) (netip.AddrPort, error) {
	for range 100 {
		first := 12000 + uint16(rand.IntN(18000))
		free := true
		for port := first; free && port < first+count; port++ {
			free = IsFree(netip.AddrPortFrom(Loopback(), port))
		}
		if free {
			return netip.AddrPortFrom(Loopback(), first), nil
		}
	}
	return netip.AddrPort{}, fmt.Errorf("no %d free ports in a row on %s", count, Loopback())
}

// IsFree reports whether no program is bound to the address, neither for UDP nor for TCP.
func IsFree(addr netip.AddrPort) bool {
	udp, err := net.ListenPacket("udp4", addr.String())
	if err != nil {
		return false
	}
	defer udp.Close()
	tcp, err := net.Listen("tcp4", addr.String())
	if err != nil {
		return false
	}
	return tcp.Close() == nil
}
