//go:build unix

package pgconn

import (
	"net"
	"syscall"
)

// nothingToRead reports whether the connection is open and the kernel holds no bytes of it. It does
// not wait, because Go's sockets are non-blocking. Unlike Read, Control also works when a deadline
// has passed while the connection was idle.
func nothingToRead(nc net.Conn) bool {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	var peekErr error
	var b [1]byte
	err = raw.Control(func(fd uintptr) {
		_, _, peekErr = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
	})
	return err == nil && (peekErr == syscall.EAGAIN || peekErr == syscall.EWOULDBLOCK || peekErr == syscall.EINTR)
}
