package main

import "syscall"

const (
	tcpNotSentLowat = 25       // TCP_NOTSENT_LOWAT, which package syscall does not have
	maxUnsent       = 64 << 10 // bytes
)

// setSocketOptions bounds what the kernel keeps for a client that does not take it yet; connections
// inherit that from their listener. Otherwise it may be 4 MB for each list that is not read, and
// after that a write waits until a third of it has been taken, which slow readers need minutes for.
func setSocketOptions(_, _ string, conn syscall.RawConn) (err error) {
	controlErr := conn.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotSentLowat, maxUnsent)
	})
	if controlErr != nil {
		return controlErr
	}
	return err
}
