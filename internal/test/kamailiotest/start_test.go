package kamailiotest

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
)

// listenShared binds a UDP port as Kamailio does, so that a second one can too.
func listenShared(t *testing.T, addr string) {
	t.Helper()
	conf := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		ctl := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) })
		return errors.Join(ctl, err)
	}}
	conn, err := conf.ListenPacket(context.Background(), "udp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
}

func TestStartSeesWhoElseListens(t *testing.T) {
	for _, row := range []struct {
		name   string
		occupy func(*testing.T, string)
		want   string
		why    string
	}{
		{"udp", listenShared, errShared.Error(), "Kamailio binds it without an error, and gets some of the datagrams"},
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
			row.occupy(t, k.Addr())
			if err := k.start(); !taken(err) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("start on a taken port: %v, wanted %q: %s", err, row.want, row.why)
			}
			if k.proc != nil {
				t.Error("a Kamailio runs after the failed start")
			}
		})
	}
}

func TestStartSaysWhy(t *testing.T) {
	k := Start(t, Options{Database: NewSQLite(t).URL()})
	k.Stop()
	k.opts.Database = NewSQLite(t).URL() + "/no/such/folder"
	if err := k.start(); err == nil || !strings.Contains(err.Error(), "no/such/folder") {
		t.Errorf("start without a database: %v, wanted Kamailio's own words", err)
	}
}

func TestDatabase(t *testing.T) {
	for _, row := range []struct{ in, want, why string }{
		{"sqlite:/a/b.db", `#!define DBURL "sqlite:////a/b.db"`, "four slashes begin an absolute path"},
		{"postgres://u@127.0.0.1:5432/db?sslmode=disable", `#!define DBURL "postgres://u@127.0.0.1:5432/db"`, "Kamailio knows no parameters"},
		{"postgresql://u:p@h/db", `#!define DBURL "postgres://u:p@h/db"`, "one name of the driver"},
		{"sqlite:a.db", "", "relative to Kamailio's folder, not to the test's"},
		{"postgres:///db?host=/run", "", "Kamailio connects by TCP"},
		{"memory:", "", "not a database that Kamailio reads"},
	} {
		lines, err := database(row.in)
		if got := strings.Join(lines, "\n"); !strings.HasSuffix(got, row.want) || (err != nil) != (row.want == "") {
			t.Errorf("database(%q) = %q, %v, wanted %q: %s", row.in, got, err, row.want, row.why)
		}
	}
}
