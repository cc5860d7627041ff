package kamailiotest

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
)

// listenShared binds a UDP port in the way in which Kamailio does, so that Kamailio can bind it
// too.
func listenShared(t *testing.T, addr string) {
	t.Helper()
	conf := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		controlErr := c.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
		})
		return errors.Join(controlErr, err)
	}}
	conn, err := conf.ListenPacket(context.Background(), "udp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
}

func TestKamailio_Start_PortInUse(t *testing.T) {
	for _, row := range []struct {
		name   string
		listen func(t *testing.T, addr string)
		want   string
		why    string
	}{
		{"udp", listenShared, errPortShared.Error(),
			"Kamailio binds the port without an error, and receives some of the datagrams"},
		{"tcp", func(t *testing.T, addr string) {
			ln, err := net.Listen("tcp4", addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { ln.Close() })
		}, "Address already in use", "Kamailio ends"},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := Start(t, Options{Database: NewSQLite(t).URL()})
			k.Stop()
			row.listen(t, k.Addr())
			if err := k.start(); !isPortInUse(err) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("start on a port in use: %v, wanted %q: %s", err, row.want, row.why)
			}
			if k.proc != nil {
				t.Error("Kamailio runs after the failed start")
			}
		})
	}
}

func TestKamailio_Start_ErrorHasLog(t *testing.T) {
	k := Start(t, Options{Database: NewSQLite(t).URL()})
	k.Stop()
	k.opts.Database = NewSQLite(t).URL() + "/no/such/folder"
	if err := k.start(); err == nil || !strings.Contains(err.Error(), "no/such/folder") {
		t.Errorf("start without a database: %v, wanted the message of Kamailio's log", err)
	}
}
