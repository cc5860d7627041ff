package kamailiotest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// errPortShared means that another process is bound to the same UDP port. Linux allows that if both
// processes ask for it, as Kamailio does: each of them receives some of the datagrams.
var errPortShared = errors.New("another process is bound to the port too")

// isBound reports whether a process is bound to a UDP address. If another process is bound to it,
// the error is errPortShared.
func isBound(pid int, addr netip.AddrPort) (bool, error) {
	inodes, err := udpSockets(addr)
	if err != nil || len(inodes) == 0 {
		return false, err
	}
	own, err := hasOpen(pid, inodes[0])
	if err == nil && (len(inodes) > 1 || !own) {
		err = fmt.Errorf("udp %s: %w", addr, errPortShared)
	}
	return own, err
}

// udpSockets returns the inodes of the sockets that are bound to an IPv4 address. It reads
// /proc/net/udp, which writes the address in the machine's byte order and the port in hexadecimal.
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

// hasOpen reports whether a process has opened the socket of an inode.
func hasOpen(pid int, inode string) (bool, error) {
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
