package kamailiotest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// Phone is a phone that answers every MESSAGE, OPTIONS and INVITE.
type Phone struct {
	name string
	addr netip.AddrPort
	dir  string
	proc *process
}

// Phone starts a phone and registers it for ten minutes. It ends with the test, which it ends
// where the registration is refused.
func (k *Kamailio) Phone(tb testing.TB, a Account) *Phone {
	tb.Helper()
	p := k.phone(tb, a.Addr(), func() (netip.AddrPort, error) { return freeAddr(loopback, sippPorts) })
	answers, err := k.run(registration(a, "sip:"+a.User+"@"+p.addr.String(), false))
	if err != nil {
		tb.Fatalf("kamailiotest: %v", err)
	}
	if !answers[0].OK() {
		tb.Fatalf("kamailiotest: register the phone %s: %v", a.Addr(), answers[0])
	}
	return p
}

// Gateway starts the phone to which the configuration sends calls to 9 and a number. There is one
// at a time.
func (k *Kamailio) Gateway(tb testing.TB) *Phone {
	tb.Helper()
	return k.phone(tb, "gateway", func() (netip.AddrPort, error) { return k.gateway, nil })
}

// Outside starts a phone on a server of its own, an address of 127/8 with SIP's standard port: it answers
// for every user of the domain that is that address. Kamailio finds it there without a registration.
func (k *Kamailio) Outside(tb testing.TB) *Phone {
	tb.Helper()
	return k.phone(tb, "outside", func() (netip.AddrPort, error) {
		for range 100 {
			ip := netip.AddrFrom4([4]byte{127, byte(1 + rand.IntN(250)), byte(rand.IntN(250)), byte(1 + rand.IntN(250))})
			if addr := netip.AddrPortFrom(ip, 5060); isFree(addr) {
				return addr, nil
			}
		}
		return netip.AddrPort{}, fmt.Errorf("no address of 127/8 with a free port 5060")
	})
}

// phone starts sipp, on another address where the first one turns out to be taken.
func (k *Kamailio) phone(tb testing.TB, name string, addr func() (netip.AddrPort, error)) *Phone {
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
		if try == runs {
			tb.Fatalf("kamailiotest: start the phone %s: %v", name, err)
		}
	}
}

// start runs sipp and waits until it listens.
func (p *Phone) start(k *Kamailio) (err error) {
	if p.dir, err = os.MkdirTemp(k.dir, "phone-"); err != nil {
		return err
	}
	j := job{scenario: "phone.xml", script: script{Name: p.name, Contact: "sip:" + p.addr.String()}}
	if p.proc, err = k.startSipp(p.dir, p.addr, j); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	err = await(ctx, p.proc.exited, "the phone to listen", func() (bool, error) {
		return listens(p.proc.pid(), p.addr)
	})
	if err != nil {
		p.proc.kill()
		return fmt.Errorf("%w\n%s%s", err, readFile(p.dir, "log"), readFile(p.dir, "errors"))
	}
	return nil
}

// Name returns what Answer.By says of it: user@domain, "gateway" or "outside".
func (p *Phone) Name() string { return p.name }

// Domain returns the address that it listens on, the domain of a phone made by Outside.
func (p *Phone) Domain() string { return p.addr.Addr().String() }

// Contact returns host:port of the phone.
func (p *Phone) Contact() string { return p.addr.String() }

// Stop pulls the plug: its registration stays.
func (p *Phone) Stop() { p.proc.kill() }

// Requests returns the method and the URI of what reached the phone, each request once and without those
// within a call: "INVITE sip:alice@127.0.0.1:12345". Every request is in it whose answer was seen.
func (p *Phone) Requests() []string {
	var requests []string
	seen := map[string]bool{}
	for _, m := range parseTrace(readFile(p.dir, "trace")) {
		line, ok := strings.CutSuffix(m.first(), " SIP/2.0")
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
