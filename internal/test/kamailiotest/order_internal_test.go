package kamailiotest

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestScenarios_Order has the responses of Kamailio arrive in orders that UDP and Kamailio's
// several processes allow on a busy machine. None of them changes an answer.
func TestScenarios_Order(t *testing.T) {
	db := NewSQLite(t)
	alice := Account{User: "alice", Domain: "example.com", Password: "wonderland"}
	db.Exec(t, "INSERT INTO domain (domain) VALUES ('example.com')")
	db.Exec(t, fmt.Sprintf("INSERT INTO subscriber (username, domain, ha1) VALUES ('alice', 'example.com', '%x')",
		md5.Sum([]byte("alice:example.com:wonderland"))))
	k := Start(t, Options{Database: db.URL()})
	k.Phone(t, alice)
	reached := Answer{Code: 200, By: "alice@example.com"}
	for _, order := range []struct {
		name    string
		deliver func(held [][]byte, response []byte) (now, later [][]byte)
	}{
		{"provisional responses arrive after the final one", afterFinal},
		{"final responses arrive twice", twice},
	} {
		t.Run(order.name, func(t *testing.T) {
			caller := *k
			caller.addr = startRelay(t, k.addr, order.deliver)
			for _, password := range []struct {
				given string
				want  Answer
			}{{"wonderland", reached}, {"wrong", Answer{Code: 407}}} {
				from := alice
				from.Password = password.given
				for _, method := range []string{"INVITE", "OPTIONS", "MESSAGE"} {
					if got := caller.Send(t, Request{Method: method, From: from, To: alice.Addr()}); got != password.want {
						t.Errorf("%s with the password %q: %v, wanted %v", method, password.given, got, password.want)
					}
				}
			}
			if got := caller.Send(t, Request{Method: "INVITE", From: alice, To: "nobody@example.com"}); got.Code != 404 {
				t.Errorf("INVITE of an unknown user: %v, wanted 404", got)
			}
			if got := caller.Register(t, alice); !got.OK() {
				t.Errorf("REGISTER: %v, wanted 200", got)
			}
			wrong := alice
			wrong.Password = "wrong"
			if got := caller.Register(t, wrong); got.Code != 401 {
				t.Errorf("REGISTER with a wrong password: %v, wanted 401", got)
			}
		})
	}
}

// TestPhone_Order sends a phone the requests of a call, from its 200 on, in orders that Kamailio's
// several processes allow. In each of them the phone takes part until the end of the call.
func TestPhone_Order(t *testing.T) {
	k := Start(t, Options{Database: NewSQLite(t).URL()})
	phone := k.Gateway(t)
	for _, requests := range []string{"ACK BYE", "BYE ACK", "ACK ACK BYE", "INVITE ACK BYE", "ACK INVITE BYE"} {
		t.Run(requests, func(t *testing.T) {
			c := dialPhone(t, phone)
			c.send(t, "INVITE")
			c.waitFor(t, "INVITE")
			for method := range strings.FieldsSeq(requests) {
				c.send(t, method)
			}
			c.waitFor(t, "BYE")
		})
	}
}

// phoneCall is a call of a phone without Kamailio.
type phoneCall struct {
	net.Conn
	phone *Phone
}

func dialPhone(t *testing.T, phone *Phone) phoneCall {
	t.Helper()
	conn, err := net.Dial("udp4", phone.Contact())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return phoneCall{conn, phone}
}

func (c phoneCall) send(t *testing.T, method string) {
	t.Helper()
	cseq := 1
	if method == "BYE" {
		cseq = 2
	}
	_, err := fmt.Fprintf(c, strings.ReplaceAll(`%[1]s sip:gateway SIP/2.0
Via: SIP/2.0/UDP %[2]s;branch=z9hG4bK%[1]s
From: <sip:alice@example.com>;tag=1
To: <sip:gateway>
Call-ID: %[2]s
CSeq: %[3]d %[1]s
Content-Length: 0

`, "\n", "\r\n"), method, c.LocalAddr(), cseq)
	if err != nil {
		t.Fatal(err)
	}
}

// waitFor waits until the phone has accepted a request of a method.
func (c phoneCall) waitFor(t *testing.T, method string) {
	t.Helper()
	for buf := make([]byte, 65536); ; {
		n, err := c.Read(buf)
		if err != nil {
			t.Fatalf("the phone did not accept %s: %v\n%s", method, err, sippLog(c.phone.dir))
		}
		if m := (message{text: string(buf[:n])}); m.code() == 200 && strings.HasSuffix(m.header("CSeq"), " "+method) {
			return
		}
	}
}

// afterFinal holds provisional responses until the next final one.
func afterFinal(held [][]byte, response []byte) (now, later [][]byte) {
	if isProvisional(response) {
		return nil, append(held, response)
	}
	return append([][]byte{response}, held...), nil
}

// twice repeats final responses. The repetition differs, as a second challenge does.
func twice(_ [][]byte, response []byte) (now, later [][]byte) {
	if isProvisional(response) {
		return [][]byte{response}, nil
	}
	again := bytes.Replace(response, []byte("\r\nCSeq:"), []byte("\r\nX-Again: 1\r\nCSeq:"), 1)
	return [][]byte{response, again}, nil
}

func isProvisional(response []byte) bool { return bytes.HasPrefix(response, []byte("SIP/2.0 1")) }

// startRelay starts a UDP relay to a server for one client at a time, and returns its address. For
// each datagram from the server, deliver returns the datagrams that the client receives now, and
// those that are held until the next one.
func startRelay(t *testing.T, server netip.AddrPort, deliver func(held [][]byte, response []byte) (now, later [][]byte)) netip.AddrPort {
	t.Helper()
	near, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	far, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	clients := make(chan netip.AddrPort, 1)
	go func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := near.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			select {
			case <-clients:
			default:
			}
			clients <- from
			_, _ = far.Write(buf[:n])
		}
	}()
	go func() {
		var held [][]byte
		buf := make([]byte, 65536)
		for {
			n, err := far.Read(buf)
			if err != nil {
				return
			}
			var now [][]byte
			now, held = deliver(held, bytes.Clone(buf[:n]))
			client := <-clients
			clients <- client
			for _, response := range now {
				_, _ = near.WriteToUDPAddrPort(response, client)
			}
		}
	}()
	return near.LocalAddr().(*net.UDPAddr).AddrPort()
}
