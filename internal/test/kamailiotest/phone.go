package kamailiotest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// Phone is a phone that answers every MESSAGE, OPTIONS, NOTIFY and INVITE.
type Phone struct {
	name string
	addr netip.AddrPort
	dir  string
	proc *testserver.Process
}

// Phone starts a phone and registers it for ten minutes. The phone ends with the test. If the
// registration is refused, Phone ends the test.
func (k *Kamailio) Phone(tb testing.TB, a Account) *Phone {
	tb.Helper()
	p := k.startPhone(tb, a.Addr(), func() (netip.AddrPort, error) { return testserver.FreePorts(sippPorts) })
	answers, err := k.run(registration(a, "sip:"+a.User+"@"+p.addr.String(), false))
	if err != nil {
		tb.Fatalf("kamailiotest: %v", err)
	}
	if !answers[0].OK() {
		tb.Fatalf("kamailiotest: register the phone %s: %v", a.Addr(), answers[0])
	}
	return p
}

// Gateway starts the phone that receives the calls to 9 and a number. Only one can run at a time.
func (k *Kamailio) Gateway(tb testing.TB) *Phone {
	tb.Helper()
	return k.startPhone(tb, "gateway", func() (netip.AddrPort, error) { return k.gateway, nil })
}

// Outside starts a phone that stands for another SIP server: it listens on an address of 127/8 and
// SIP's standard port, and answers for every user of the domain that is this address. Kamailio
// finds it without a registration.
func (k *Kamailio) Outside(tb testing.TB) *Phone {
	tb.Helper()
	return k.startPhone(tb, "outside", func() (netip.AddrPort, error) {
		for range 100 {
			ip := netip.AddrFrom4([4]byte{127, byte(1 + rand.IntN(250)), byte(rand.IntN(250)), byte(1 + rand.IntN(250))})
			if addr := netip.AddrPortFrom(ip, 5060); testserver.IsFree(addr) {
				return addr, nil
			}
		}
		return netip.AddrPort{}, fmt.Errorf("no address of 127/8 with a free port 5060")
	})
}

// startPhone starts a phone, and tries another address if one turns out to be in use.
func (k *Kamailio) startPhone(tb testing.TB, name string, addr func() (netip.AddrPort, error)) *Phone {
	tb.Helper()
	for try := 1; ; try++ {
		at, err := addr()
		if err != nil {
			tb.Fatalf("kamailiotest: %v", err)
		}
		p := &Phone{name: name, addr: at}
		if err = p.start(k); err == nil {
			tb.Cleanup(p.Stop)
			return p
		}
		if try == maxTries {
			tb.Fatalf("kamailiotest: start the phone %s: %v", name, err)
		}
	}
}

// start runs sipp and waits until it listens.
func (p *Phone) start(k *Kamailio) (err error) {
	if p.dir, err = os.MkdirTemp(k.folder.Path(), "phone-"); err != nil {
		return err
	}
	j := job{scenario: "phone.xml", fields: fields{Name: p.name, Contact: "sip:" + p.addr.String()}}
	if p.proc, err = k.startSipp(p.dir, p.addr, j); err != nil {
		return err
	}
	err = p.proc.WaitReady(startLimit, func(context.Context) (bool, error) {
		bound, err := isBound(p.proc.PID(), p.addr)
		return bound || err != nil, err
	})
	if err != nil {
		p.Stop()
		return fmt.Errorf("%w\n%s", err, sippLog(p.dir))
	}
	return nil
}

// Name returns the phone's name in Answer.By: user@domain, "gateway" or "outside".
func (p *Phone) Name() string { return p.name }

// Domain returns the IP address of the phone, which is its domain if it was started by
// [Kamailio.Outside].
func (p *Phone) Domain() string { return p.addr.Addr().String() }

// Contact returns host:port of the phone.
func (p *Phone) Contact() string { return p.addr.String() }

// Stop ends the phone without unregistering it.
func (p *Phone) Stop() { p.proc.Stop(syscall.SIGKILL) }

// Requests returns the method and the URI of the requests that reached the phone, such as
// "INVITE sip:alice@127.0.0.1:12345". Repetitions and requests within a call are left out. If the
// answer to a request was received, the request is included.
func (p *Phone) Requests() []string {
	var requests []string
	seen := map[string]bool{}
	for _, m := range parseTrace(testserver.ReadLog(filepath.Join(p.dir, "trace"))) {
		line, ok := strings.CutSuffix(m.firstLine(), " SIP/2.0")
		method, _, _ := strings.Cut(line, " ")
		key := m.header("Call-ID") + " " + m.header("CSeq")
		if !ok || !m.received || method == "ACK" || method == "BYE" || seen[key] {
			continue
		}
		seen[key] = true
		requests = append(requests, line)
	}
	return requests
}
