package kamailiotest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// startLimit is how long Kamailio may take to start on a busy machine. It needs a tenth of a second
// otherwise.
const startLimit = 60 * time.Second

// Options configures Kamailio.
type Options struct {
	// Database is the value of hermesd's --db: postgres://USER@HOST:PORT/NAME, whose parameters are
	// dropped, or sqlite: and an absolute path. Kamailio reads its domain table at the start.
	Database string
	// ClearPasswords makes Kamailio read the column subscriber.password (calculate_ha1=1,
	// password_column=password) instead of the hashes.
	ClearPasswords bool
	// ReplyTimeout is how long a phone waits for each reply before the request is a Fault. Defaults to
	// 15 seconds.
	ReplyTimeout time.Duration
}

// Kamailio is a server and the phones that use it. It is safe for concurrent use, except for Stop,
// Start, Suspend and Resume.
type Kamailio struct {
	opts    Options
	program string
	sipp    string
	folder  *testserver.Folder
	addr    netip.AddrPort // SIP over UDP and RPC over TCP
	gateway netip.AddrPort
	proc    *testserver.Process // nil when stopped
}

// Require returns the paths of Kamailio and SIPp. It ends the test as [testserver.SkipOrFail] does
// if one of them is not installed.
func Require(tb testing.TB) (kamailio, sipp string) {
	tb.Helper()
	return testserver.RequireProgram(tb, "kamailio", "kamailio, kamailio-postgres-modules, kamailio-sqlite-modules"),
		testserver.RequireProgram(tb, "sipp", "sip-tester")
}

// Start starts a Kamailio for this test and waits until it answers. It ends with the test. If the
// test fails, Kamailio's log becomes part of its output.
func Start(tb testing.TB, opts Options) *Kamailio {
	tb.Helper()
	if opts.ReplyTimeout == 0 {
		opts.ReplyTimeout = 15 * time.Second
	}
	k := &Kamailio{opts: opts}
	k.program, k.sipp = Require(tb)
	var err error
	if k.folder, err = testserver.NewFolder("kamailiotest-", syscall.SIGKILL); err != nil {
		tb.Fatalf("kamailiotest: %v", err)
	}
	tb.Cleanup(func() { k.remove(tb) })
	if err := k.startOnFreePorts(); err != nil {
		if strings.Contains(err.Error(), "could not find module") {
			testserver.SkipOrFail(tb, err)
		}
		tb.Fatalf("kamailiotest: start Kamailio: %v", err)
	}
	return k
}

// startOnFreePorts picks ports until Kamailio starts on one.
func (k *Kamailio) startOnFreePorts() (err error) {
	for range 20 {
		if k.addr, err = testserver.FreePorts(1); err != nil {
			return err
		}
		if k.gateway, err = testserver.FreePorts(sippPorts); err != nil {
			return err
		}
		if err = k.start(); !isPortInUse(err) {
			return err
		}
	}
	return fmt.Errorf("no free port: %w", err)
}

// isPortInUse reports whether a start failed because another process had bound the port meanwhile.
func isPortInUse(err error) bool {
	return errors.Is(err, errPortShared) || err != nil && strings.Contains(err.Error(), "Address already in use")
}

// start runs Kamailio and waits until RPC answers and Kamailio alone receives the datagrams to its
// port.
func (k *Kamailio) start() error {
	if err := k.writeConfig(); err != nil {
		return err
	}
	before := len(k.Log())
	cmd := k.folder.Command(k.program, "-DD", "-E", "-f", "kamailio.cfg",
		"-w", k.folder.Path(), "-Y", k.folder.Path(), "-m", "32", "-M", "4")
	proc, err := k.folder.Start(cmd, k.logPath())
	if err != nil {
		return err
	}
	err = proc.WaitReady(startLimit, func(ctx context.Context) (bool, error) {
		if _, err := k.call(ctx, "core.version"); err != nil {
			return false, err
		}
		bound, err := isBound(proc.PID(), k.addr)
		if err == nil && !bound {
			err = fmt.Errorf("Kamailio does not listen on udp %s", k.addr)
		}
		return true, err
	})
	if err != nil {
		proc.Stop(syscall.SIGKILL)
		return fmt.Errorf("%w\n%s", err, k.Log()[before:])
	}
	k.proc = proc
	return nil
}

// Start starts a stopped server on the same ports. It has no registrations any more.
func (k *Kamailio) Start(tb testing.TB) {
	tb.Helper()
	if err := k.start(); err != nil {
		tb.Fatalf("kamailiotest: start Kamailio: %v", err)
	}
}

// Stop ends the server at once, as a crash does. A stopped server stays stopped.
func (k *Kamailio) Stop() {
	if k.proc != nil {
		k.proc.Stop(syscall.SIGKILL)
		k.proc = nil
	}
}

// Suspend suspends the server: its process exists but does not answer.
func (k *Kamailio) Suspend() { _ = k.proc.Signal(syscall.SIGSTOP) }

// Resume ends [Kamailio.Suspend]. The server answers what it received meanwhile.
func (k *Kamailio) Resume() { _ = k.proc.Signal(syscall.SIGCONT) }

// remove ends the server and removes its folder.
func (k *Kamailio) remove(tb testing.TB) {
	if tb.Failed() {
		tb.Logf("kamailiotest: Kamailio's log:\n%s", k.Log())
	}
	k.Stop()
	_ = k.folder.Remove()
}

// Addr returns host:port of SIP over UDP.
func (k *Kamailio) Addr() string { return k.addr.String() }

// Log returns Kamailio's log since the first start. A line about a request begins with its method,
// CSeq and Call-ID in braces.
func (k *Kamailio) Log() string { return testserver.ReadLog(k.logPath()) }

func (k *Kamailio) logPath() string { return k.folder.Join("kamailio.log") }
