package kamailiotest_test

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

// with returns a changed copy of an account.
func with(a kamailiotest.Account, change func(*kamailiotest.Account)) kamailiotest.Account {
	change(&a)
	return a
}

func TestKamailio_Register(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			addUsers(t, db)
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
			for _, row := range []struct {
				account kamailiotest.Account
				want    int
				why     string
			}{
				{alice, 200, "the right password"},
				{with(alice, func(a *kamailiotest.Account) { a.Password = "Wonderland" }), 401, "a wrong password"},
				{with(alice, func(a *kamailiotest.Account) { a.User = "Alice" }), 401, "user names are compared exactly"},
				{with(alice, func(a *kamailiotest.Account) { a.User = "nobody" }), 401, "an unknown user"},
				{with(alice, func(a *kamailiotest.Account) { a.Domain = "example.net" }), 401,
					"the password of alice in another domain"},
				{other, 200, "alice of the other domain"},
				{with(alice, func(a *kamailiotest.Account) { a.Domain = "Example.COM" }), 200, "domains are compared in any case"},
				{with(alice, func(a *kamailiotest.Account) { a.Domain = "example.org" }), 403, "a domain that is not served"},
				{with(alice, func(a *kamailiotest.Account) { a.Login = "alice@example.com" }), 200,
					"a login with the domain is checked by ha1b"},
				{with(alice, func(a *kamailiotest.Account) { a.Login = "bob" }), 401, "another user's login"},
				{with(alice, func(a *kamailiotest.Account) { a.Login, a.Password = "bob", bob.Password }), 403,
					"another user's login and password"},
			} {
				if got := k.Register(t, row.account); got.Code != row.want {
					t.Errorf("REGISTER %+v: %v, wanted %d: %s", row.account, got, row.want, row.why)
				}
			}
		})
	}
}

// From a clear password Kamailio computes the hash for any realm. A login of another domain must
// not be accepted for the user of the same name.
func TestKamailio_Register_ClearPasswords(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			addDomain(t, db, "example.com")
			addDomain(t, db, "example.net")
			addClearUser(t, db, alice)
			addClearUser(t, db, other)
			addUser(t, db, bob)
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL(), ClearPasswords: true})
			for _, row := range []struct {
				account kamailiotest.Account
				want    int
				why     string
			}{
				{alice, 200, "the right password"},
				{with(alice, func(a *kamailiotest.Account) { a.Password = "x" }), 401, "a wrong password"},
				{with(alice, func(a *kamailiotest.Account) { a.Login = "alice@example.com" }), 200, "the domain in the login"},
				{with(alice, func(a *kamailiotest.Account) { a.Login, a.Password = other.Addr(), other.Password }), 403,
					"the login of the other domain's alice"},
				{bob, 401, "hashes are not read"},
				{with(bob, func(a *kamailiotest.Account) { a.Password = "" }), 401, "an empty column is not an empty password"},
			} {
				if got := k.Register(t, row.account); got.Code != row.want {
					t.Errorf("REGISTER %+v: %v, wanted %d: %s", row.account, got, row.want, row.why)
				}
			}
		})
	}
}

func TestKamailio_RegisterAll(t *testing.T) {
	db := kamailiotest.NewSQLite(t)
	addUsers(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	wrong := with(bob, func(a *kamailiotest.Account) { a.Password = "wrong" })
	var accounts []kamailiotest.Account
	var want []kamailiotest.Answer
	for range 50 {
		accounts = append(accounts, alice, wrong, other)
		want = append(want, kamailiotest.Answer{Code: 200}, kamailiotest.Answer{Code: 401}, kamailiotest.Answer{Code: 200})
	}
	if got := k.RegisterAll(t, accounts); !slices.Equal(got, want) {
		t.Errorf("answers %v, wanted %v: in the order of the accounts", got, want)
	}
	if left := k.Contacts(t, alice.Addr()); left != nil {
		t.Errorf("contacts %v are left, wanted none", left)
	}
}

// A new password takes effect on the next request: Kamailio does not cache subscribers.
func TestKamailio_Register_PasswordChange(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			addUsers(t, db)
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
			changed := with(alice, func(a *kamailiotest.Account) { a.Password = "rabbit-hole" })
			if got := k.Register(t, alice); !got.OK() {
				t.Fatalf("REGISTER: %v, wanted 200", got)
			}
			db.Exec(t, "DELETE FROM subscriber WHERE username = 'alice' AND domain = 'example.com'")
			addUser(t, db, changed)
			if got := k.Register(t, alice); got.Code != 401 {
				t.Errorf("with the old password: %v, wanted 401", got)
			}
			if got := k.Register(t, changed); !got.OK() {
				t.Errorf("with the new password: %v, wanted 200", got)
			}
		})
	}
}

// For a login of the form user@domain, Kamailio looks up the hash in that domain, and auth_check
// compares only the user name with that of the address that registers. An alice of one domain, who
// knows her own ha1b, could thus answer a challenge for the alice of another domain. sipp cannot
// send such a request, so the test writes it itself.
func TestKamailio_Register_HashOfOtherDomain(t *testing.T) {
	db := kamailiotest.NewSQLite(t)
	addUsers(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	for _, row := range []struct {
		login kamailiotest.Account
		want  string
		why   string
	}{
		{alice, "SIP/2.0 200 OK", "her own hash: the request is valid"},
		{other, "SIP/2.0 403 Not Your Domain", "the hash of the other domain's alice"},
	} {
		conn, err := net.Dial("udp4", k.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		challenge := sendRegister(t, conn, "1", "")
		nonce := regexp.MustCompile(`nonce="([^"]+)"`).FindStringSubmatch(challenge)
		if nonce == nil {
			t.Fatalf("got %q, wanted a challenge", challenge)
		}
		ha1b := md5hex(row.login.Addr() + ":" + row.login.Domain + ":" + row.login.Password)
		response := md5hex(ha1b + ":" + nonce[1] + ":" + md5hex("REGISTER:sip:example.com"))
		got := sendRegister(t, conn, "2", fmt.Sprintf(
			"Authorization: Digest username=%q, realm=%q, uri=%q, nonce=%q, response=%q\r\n",
			row.login.Addr(), "example.com", "sip:example.com", nonce[1], response))
		if line, _, _ := strings.Cut(got, "\r\n"); line != row.want {
			t.Errorf("alice@example.com with the hash of %s: %q, wanted %q: %s", row.login.Addr(), line, row.want, row.why)
		}
	}
}

// sendRegister sends a REGISTER of alice@example.com and returns the response.
func sendRegister(t *testing.T, conn net.Conn, cseq, authorization string) string {
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
	if err := conn.SetReadDeadline(time.Now().Add(60 * time.Second)); err != nil {
		t.Fatal(err)
	}
	response := make([]byte, 65536)
	n, err := conn.Read(response)
	if err != nil {
		t.Fatal(err)
	}
	return string(response[:n])
}
