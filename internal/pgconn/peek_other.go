//go:build !unix

package pgconn

import "net"

// nothingToRead returns true: on this system there is no way to look without waiting. A connection
// that the server closed makes one statement fail.
func nothingToRead(net.Conn) bool { return true }
