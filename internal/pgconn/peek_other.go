//go:build !unix

package pgconn

import "net"

// nothingToRead cannot look without waiting here: a connection that the server closed fails one statement.
func nothingToRead(net.Conn) bool { return true }
