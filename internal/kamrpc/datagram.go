package kamrpc

import (
	"context"
	"net"
	"os"
	"path/filepath"
)

// datagram answers to the sender's own socket, which therefore has a name for as long as the call takes.
func datagram(path string) func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, body []byte) ([]byte, error) {
		dir, err := os.MkdirTemp("", "hermes-rpc-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		own := filepath.Join(dir, "reply")
		conn, err := net.DialUnix("unixgram",
			&net.UnixAddr{Name: own, Net: "unixgram"}, &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		if err := letAnswer(dir, own); err != nil {
			return nil, err
		}
		if deadline, ok := ctx.Deadline(); ok {
			if err := conn.SetDeadline(deadline); err != nil {
				return nil, err
			}
		}
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		defer stop()
		if _, err := conn.Write(body); err != nil {
			return nil, err
		}
		buf := make([]byte, maxAnswer)
		n, err := conn.Read(buf)
		return buf[:n], err
	}
}

// letAnswer lets Kamailio, which runs as another user, write to the socket.
func letAnswer(dir, socket string) error {
	if err := os.Chmod(dir, 0o711); err != nil {
		return err
	}
	return os.Chmod(socket, 0o722)
}
