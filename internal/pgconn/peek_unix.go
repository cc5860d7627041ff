//go:build unix

package pgconn

import (
	"net"
	"syscall"
)

// nothingToRead asks the kernel, which knows of bytes and of the other side's end. Go's sockets do not
// block, and Control, unlike Read, does not mind a deadline that passed while the connection was idle.
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
