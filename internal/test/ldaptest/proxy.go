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

// Proxy forwards connections to a directory and records the requests of clients, until they begin
// TLS. It is safe for concurrent use.
type Proxy struct {
	listener   net.Listener
	serverAddr string
	running    sync.WaitGroup

	mu           sync.Mutex
	requests     []string
	conns        map[net.Conn]bool
	accepted     int
	mute         bool
	cutAtRequest bool
}

// NewProxy starts a proxy of the server at host:port on a loopback port. It ends with the test.
func NewProxy(tb testing.TB, serverAddr string) *Proxy {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("ldaptest: %v", err)
	}
	p := &Proxy{listener: listener, serverAddr: serverAddr, conns: map[net.Conn]bool{}}
	p.running.Go(p.serve)
	tb.Cleanup(func() {
		_ = listener.Close()
		p.Cut()
		p.running.Wait()
	})
	return p
}

// Addr returns host:port of the proxy.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Requests returns the requests since the last call, each as "bind DN", "search BASE",
// "extended OID" or "request TAG".
func (p *Proxy) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	requests := p.requests
	p.requests = nil
	return requests
}

// Cut closes every connection.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

// CutAtRequest makes the proxy close the connection of the next request, which it does not forward.
func (p *Proxy) CutAtRequest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutAtRequest = true
}

// Mute makes the proxy drop the directory's answers if drop is true, and forward them again if not.
func (p *Proxy) Mute(drop bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = drop
}

// Connections returns the number of open connections, and of all that were ever accepted.
func (p *Proxy) Connections() (open, accepted int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns), p.accepted
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.accepted++
		p.conns[client] = true
		p.mu.Unlock()
		p.running.Go(func() { p.forward(client) })
	}
}

// forward connects to the server and forwards the client's requests one by one, but after the
// request that begins TLS byte by byte.
func (p *Proxy) forward(client net.Conn) {
	defer func() {
		_ = client.Close()
		p.mu.Lock()
		delete(p.conns, client)
		p.mu.Unlock()
	}()
	server, err := net.Dial("tcp", p.serverAddr)
	if err != nil {
		return
	}
	p.running.Go(func() {
		p.forwardAnswers(client, server)
		_ = client.Close()
	})
	defer server.Close()
	for {
		packet, err := ber.ReadPacket(client)
		if err != nil || len(packet.Children) < 2 {
			return
		}
		if cut := p.record(packet.Children[1]); cut {
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

func (p *Proxy) forwardAnswers(client io.Writer, server io.Reader) {
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

// record records a request and reports whether to close its connection.
func (p *Proxy) record(request *ber.Packet) (cut bool) {
	text := func(i int) string {
		if i >= len(request.Children) {
			return ""
		}
		return request.Children[i].Data.String()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch request.Tag {
	case ldap.ApplicationBindRequest:
		p.requests = append(p.requests, "bind "+text(1))
	case ldap.ApplicationSearchRequest:
		p.requests = append(p.requests, "search "+text(0))
	case ldap.ApplicationExtendedRequest:
		p.requests = append(p.requests, "extended "+text(0))
	default:
		p.requests = append(p.requests, fmt.Sprintf("request %d", request.Tag))
	}
	cut, p.cutAtRequest = p.cutAtRequest, false
	return cut
}
