package kamailiotest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/watchdog"
)

// startLimit is how long Kamailio may take to come up on a busy machine; it needs a tenth of a second.
const startLimit = 30 * time.Second

// Options says what Kamailio reads, and how.
type Options struct {
	// Database is what hermesd's --db takes: postgres://USER@HOST:PORT/NAME, whose parameters
	// are dropped, or sqlite: and an absolute path. Its domain table is read at the start.
	Database string
	// ClearPasswords reads subscriber.password (calculate_ha1=1, password_column=password) instead of
	// the hashes.
	ClearPasswords bool
	// Patience is how long a caller waits for each reply before it is a Fault. 0 is 15 seconds.
	Patience time.Duration
}

// Kamailio is a server and the phones around it. It is safe for concurrent use, except for
// Stop, Start, Freeze and Thaw.
type Kamailio struct {
	opts    Options
	bin     string
	sipp    string
	dir     string
	addr    netip.AddrPort // SIP over UDP and RPC over TCP
	gateway netip.AddrPort
	dog     *watchdog.Watchdog
	proc    *process // nil when stopped
}

// Start starts a Kamailio for this test and waits until it answers. It ends with the test; the
// log of a failed test is part of its output.
func Start(tb testing.TB, opts Options) *Kamailio {
	tb.Helper()
	k := &Kamailio{opts: opts}
	if k.opts.Patience == 0 {
		k.opts.Patience = 15 * time.Second
	}
	var err error
	if k.bin, err = find("kamailio", "kamailio, kamailio-postgres-modules, kamailio-sqlite-modules"); err != nil {
		lacking(tb, err)
	}
	if k.sipp, err = find("sipp", "sip-tester"); err != nil {
		lacking(tb, err)
	}
	if err := k.open(); err != nil {
		k.destroy()
		if strings.Contains(err.Error(), "could not find module") {
			lacking(tb, err)
		}
		tb.Fatalf("kamailiotest: start Kamailio: %v", err)
	}
	tb.Cleanup(func() { k.close(tb) })
	return k
}

// open makes the folder and starts on ports that nobody else has.
func (k *Kamailio) open() (err error) {
	if k.dir, err = os.MkdirTemp("", "kamailiotest-"); err != nil {
		return err
	}
	if k.dog, err = watchdog.Start(cleanup, k.dir, nil); err != nil {
		return err
	}
	for range 20 {
		if k.addr, err = freeAddr(loopback, 1); err != nil {
			return err
		}
		if k.gateway, err = freeAddr(loopback, sippPorts); err != nil {
			return err
		}
		if err = k.start(); !taken(err) {
			return err
		}
	}
	return fmt.Errorf("no free port: %w", err)
}

// taken reports whether a start failed because another process had the port after all.
func taken(err error) bool {
	return errors.Is(err, errShared) || err != nil && strings.Contains(err.Error(), "Address already in use")
}

// start runs Kamailio and waits until RPC answers and nobody else gets its datagrams.
func (k *Kamailio) start() (err error) {
	if err := k.configure(); err != nil {
		return err
	}
	before := len(k.Log())
	k.proc, err = launch(k.dog, k.dir, k.logPath(), k.bin, "-DD", "-E", "-f", "kamailio.cfg", "-w", k.dir, "-Y", k.dir, "-m", "32", "-M", "4")
	if err != nil {
		return err
	}
	if err = k.awaitReady(); err != nil {
		k.Stop()
		return fmt.Errorf("%w\n%s", err, k.Log()[before:])
	}
	return nil
}

func (k *Kamailio) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	p := k.proc
	go func() { // a question to somebody else on that port ends with Kamailio
		select {
		case <-p.exited:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := await(ctx, p.exited, "Kamailio's answer", func() (bool, error) {
		_, err := k.call(ctx, "core.version")
		return err == nil, nil
	})
	if err != nil {
		return err
	}
	own, err := listens(p.pid(), k.addr)
	if err == nil && !own {
		err = fmt.Errorf("Kamailio does not listen on udp %s", k.addr)
	}
	return err
}

// Start starts a stopped server on the same ports. It has forgotten all registrations.
func (k *Kamailio) Start(tb testing.TB) {
	tb.Helper()
	if err := k.start(); err != nil {
		tb.Fatalf("kamailiotest: start Kamailio: %v", err)
	}
}

// Stop ends the server at once, as a crash does.
func (k *Kamailio) Stop() {
	if k.proc != nil {
		k.proc.kill()
		k.proc = nil
	}
}

// Freeze suspends the server: it is there, and answers nothing.
func (k *Kamailio) Freeze() { _ = k.proc.signal(syscall.SIGSTOP) }

// Thaw ends Freeze. What was sent meanwhile is answered now.
func (k *Kamailio) Thaw() { _ = k.proc.signal(syscall.SIGCONT) }

func (k *Kamailio) close(tb testing.TB) {
	if tb.Failed() {
		tb.Logf("kamailiotest: Kamailio's log:\n%s", k.Log())
	}
	k.destroy()
}

func (k *Kamailio) destroy() {
	k.Stop()
	if k.dir != "" {
		_ = os.RemoveAll(k.dir)
	}
	if k.dog != nil {
		k.dog.Release()
	}
}

// Addr returns host:port of SIP over UDP.
func (k *Kamailio) Addr() string { return k.addr.String() }

// Log returns Kamailio's log since Start. Lines about a request begin with its method, CSeq
// and Call-ID in braces.
func (k *Kamailio) Log() string {
	text, err := os.ReadFile(k.logPath())
	if err != nil && !os.IsNotExist(err) {
		return err.Error()
	}
	return string(text)
}

func (k *Kamailio) logPath() string { return filepath.Join(k.dir, "kamailio.log") }
