package pgconn

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// cut is how a proxy loses the answer to the first COMMIT that passes.
type cut int

const (
	// cutBefore ends both connections without handing COMMIT on: the server rolls back.
	cutBefore cut = iota
	// cutSilent ends the client's alone, so that the server's transaction stays open.
	cutSilent
	// cutAfter hands COMMIT on and ends both connections when the server has answered.
	cutAfter
)

// proxy stands between a client and the server.
type proxy struct {
	server string
	cut    cut
	ln     net.Listener

	mu    sync.Mutex
	fired bool
	conns []net.Conn
}

// newProxy returns a proxy and the database's URL by way of it.
func newProxy(t *testing.T, db *pgtest.DB, c cut) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(db.URL())
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{server: u.Host, cut: c, ln: listen(t)}
	go p.serve()
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, nc := range p.conns {
			nc.Close()
		}
	})
	u.Host = p.ln.Addr().String()
	return p, u.String()
}

func (p *proxy) serve() {
	for {
		client, err := p.ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		cutting := make(chan struct{})
		go p.toServer(client, server, cutting)
		go p.toClient(client, server, cutting)
	}
}

func (p *proxy) toServer(client, server net.Conn, cutting chan struct{}) {
	for b := make([]byte, 64<<10); ; {
		n, err := client.Read(b)
		if err != nil {
			server.Close()
			return
		}
		if bytes.Contains(bytes.ToUpper(b[:n]), []byte("COMMIT\x00")) && p.fire() {
			switch p.cut {
			case cutSilent:
				client.Close()
				return
			case cutBefore:
				client.Close()
				server.Close()
				return
			case cutAfter:
				close(cutting)
			}
		}
		if _, err := server.Write(b[:n]); err != nil {
			client.Close()
			return
		}
	}
}

func (p *proxy) toClient(client, server net.Conn, cutting chan struct{}) {
	defer client.Close()
	for b := make([]byte, 64<<10); ; {
		n, err := server.Read(b)
		if err != nil {
			return
		}
		select {
		case <-cutting:
			server.Close()
			return
		default:
		}
		if _, err := client.Write(b[:n]); err != nil {
			return
		}
	}
}

// fire tells whether this COMMIT is the first.
func (p *proxy) fire() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := !p.fired
	p.fired = true
	return first
}
