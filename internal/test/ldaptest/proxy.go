package ldaptest

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Proxy stands before a directory and writes down what clients ask of it, until they begin TLS.
type Proxy struct {
	ln   net.Listener
	to   string
	done sync.WaitGroup

	mu    sync.Mutex
	ops   []string
	conns map[net.Conn]bool
	made  int
	mute  bool
	cut   bool // at the next request
}

// NewProxy listens on a loopback port, until the test ends.
func NewProxy(tb testing.TB, to string) *Proxy {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("ldaptest: %v", err)
	}
	p := &Proxy{ln: ln, to: to, conns: map[net.Conn]bool{}}
	p.done.Go(p.serve)
	tb.Cleanup(func() {
		_ = ln.Close()
		p.Cut()
		p.done.Wait()
	})
	return p
}

// Addr is host:port.
func (p *Proxy) Addr() string { return p.ln.Addr().String() }

// Requests returns what was asked since the last call: "bind DN", "search BASE", "extended OID" or "request TAG".
func (p *Proxy) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	ops := p.ops
	p.ops = nil
	return ops
}

// Cut breaks every connection.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

// CutAtRequest breaks the connection on which the next request comes, when it is read.
func (p *Proxy) CutAtRequest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
}

// Mute makes the directory's answers get lost from now on, or no more.
func (p *Proxy) Mute(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = yes
}

// Connections returns how many are open, and how many were ever made.
func (p *Proxy) Connections() (open, made int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns), p.made
}

func (p *Proxy) serve() {
	for {
		client, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.made++
		p.conns[client] = true
		p.mu.Unlock()
		p.done.Go(func() { p.forward(client) })
	}
}

func (p *Proxy) forward(client net.Conn) {
	defer func() {
		_ = client.Close()
		p.mu.Lock()
		delete(p.conns, client)
		p.mu.Unlock()
	}()
	server, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	p.done.Go(func() {
		p.answer(client, server)
		_ = client.Close()
	})
	defer server.Close()
	for {
		packet, err := ber.ReadPacket(client)
		if err != nil || len(packet.Children) < 2 {
			return
		}
		if p.note(packet) {
			return
		}
		if _, err := server.Write(packet.Bytes()); err != nil {
			return
		}
		if packet.Children[1].Tag == ldap.ApplicationExtendedRequest {
			_, _ = io.Copy(server, client)
			return
		}
	}
}

func (p *Proxy) answer(client io.Writer, server io.Reader) {
	buf := make([]byte, 1<<16)
	for {
		n, err := server.Read(buf)
		p.mu.Lock()
		mute := p.mute
		p.mu.Unlock()
		if !mute {
			_, _ = client.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// note writes the request down, and tells whether to break the connection.
func (p *Proxy) note(packet *ber.Packet) (cut bool) {
	op := packet.Children[1]
	text := func(i int) string {
		if i >= len(op.Children) {
			return ""
		}
		return op.Children[i].Data.String()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch op.Tag {
	case ldap.ApplicationBindRequest:
		p.ops = append(p.ops, "bind "+text(1))
	case ldap.ApplicationSearchRequest:
		p.ops = append(p.ops, "search "+text(0))
	case ldap.ApplicationExtendedRequest:
		p.ops = append(p.ops, "extended "+text(0))
	default:
		p.ops = append(p.ops, fmt.Sprintf("request %d", op.Tag))
	}
	cut, p.cut = p.cut, false
	return cut
}
