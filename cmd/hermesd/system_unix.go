//go:build unix

package main

import (
	"io/fs"
	"runtime"
	"syscall"
)

// owner returns the id of the user that a file belongs to, if that is known.
func owner(info fs.FileInfo) (uid int, known bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(st.Uid), true
}

const (
	tcpNotSentLowat = 25       // Linux's TCP_NOTSENT_LOWAT, which package syscall does not have
	maxUnsent       = 64 << 10 // bytes
)

// setSocketOptions bounds what the kernel keeps for a client that does not take it yet; connections
// inherit that from their listener. Otherwise it may be 4 MB for each list that is not read, and
// after that a write waits until a third of it has been taken, which slow readers need minutes for.
// It does nothing on systems other than Linux.
func setSocketOptions(_, _ string, conn syscall.RawConn) (err error) {
	if runtime.GOOS != "linux" {
		return nil
	}
	controlErr := conn.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotSentLowat, maxUnsent)
	})
	if controlErr != nil {
		return controlErr
	}
	return err
}
