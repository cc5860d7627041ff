package kamailiotest_test

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

// Kamailio looks up who logs in as user@domain by that domain, and auth_check compares only the user
// with the one that registers. So alice of one domain, who knows her own ha1b, can answer the
// challenge of another domain, in which there is an alice too. No honest phone does that, nor sipp:
// this one is made by hand.
func TestForeignHashIsRefused(t *testing.T) {
	db := kamailiotest.NewSQLite(t)
	seed(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	for _, row := range []struct {
		login kamailiotest.Account
		want  string
		why   string
	}{
		{alice, "SIP/2.0 200 OK", "her own: the forgery is right but for whose hash it is"},
		{other, "SIP/2.0 403 Not Your Domain", "that of the other domain's alice"},
	} {
		conn, err := net.Dial("udp4", k.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		challenge := ask(t, conn, "1", "")
		nonce := regexp.MustCompile(`nonce="([^"]+)"`).FindStringSubmatch(challenge)
		if nonce == nil {
			t.Fatalf("got %q, wanted a challenge", challenge)
		}
		ha1b := md5hex(row.login.Addr() + ":" + row.login.Domain + ":" + row.login.Password)
		got := ask(t, conn, "2", fmt.Sprintf(`Authorization: Digest username="%s", realm="example.com", uri="sip:example.com", nonce="%s", response="%s"`+"\r\n",
			row.login.Addr(), nonce[1], md5hex(ha1b+":"+nonce[1]+":"+md5hex("REGISTER:sip:example.com"))))
		if line, _, _ := strings.Cut(got, "\r\n"); line != row.want {
			t.Errorf("alice@example.com by the hash of %s: %q, wanted %q: %s", row.login.Addr(), line, row.want, row.why)
		}
	}
}

// ask registers alice@example.com and returns the response.
func ask(t *testing.T, conn net.Conn, cseq, authorization string) string {
	t.Helper()
	local := conn.LocalAddr().String()
	_, err := fmt.Fprintf(conn, strings.ReplaceAll(`REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/UDP %s;branch=z9hG4bK%s
Max-Forwards: 70
From: <sip:alice@example.com>;tag=1
To: <sip:alice@example.com>
Call-ID: %s
CSeq: %s REGISTER
Contact: <sip:alice@%s>
`, "\n", "\r\n")+"%sContent-Length: 0\r\n\r\n", local, cseq, local, cseq, local, authorization)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	response := make([]byte, 65536)
	n, err := conn.Read(response)
	if err != nil {
		t.Fatal(err)
	}
	return string(response[:n])
}
