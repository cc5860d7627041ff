package kamailiotest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// errShared says that somebody else is bound to a port too, which Linux allows where both ask for it, as
// Kamailio does: each would get some of the datagrams.
var errShared = errors.New("another process listens there too")

// freeAddr returns an address whose port and the count-1 ports after it are free for UDP and TCP. Ports are
// taken from below the range that systems hand to outgoing connections.
func freeAddr(ip netip.Addr, count uint16) (netip.AddrPort, error) {
	for range 100 {
		first := 12000 + uint16(rand.IntN(18000))
		free := true
		for port := first; free && port < first+count; port++ {
			free = isFree(netip.AddrPortFrom(ip, port))
		}
		if free {
			return netip.AddrPortFrom(ip, first), nil
		}
	}
	return netip.AddrPort{}, fmt.Errorf("no %d free ports in a row on %s", count, ip)
}

func isFree(addr netip.AddrPort) bool {
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

// listens reports whether a process is bound to a UDP address; errShared if it is not the only one.
func listens(pid int, addr netip.AddrPort) (bool, error) {
	inodes, err := udpSockets(addr)
	if err != nil || len(inodes) == 0 {
		return false, err
	}
	own, err := holds(pid, inodes[0])
	if err == nil && (len(inodes) > 1 || !own) {
		err = fmt.Errorf("udp %s: %w", addr, errShared)
	}
	return own, err
}

// udpSockets returns the inodes of the sockets bound to an IPv4 address, as /proc/net/udp lists them: the address
// in the machine's byte order, the port in hexadecimal.
func udpSockets(addr netip.AddrPort) ([]string, error) {
	f, err := os.Open("/proc/net/udp")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ip := addr.Addr().As4()
	local := fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), addr.Port())
	var inodes []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 9 && fields[1] == local {
			inodes = append(inodes, fields[9])
		}
	}
	return inodes, nil
}

func holds(pid int, inode string) (bool, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		return false, err
	}
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil && target == "socket:["+inode+"]" {
			return true, nil
		}
	}
	return false, nil
}
