package kamailiotest_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

func TestKamailio_RPC(t *testing.T) {
	k := kamailiotest.Start(t, kamailiotest.Options{Database: kamailiotest.NewSQLite(t).URL()})
	if got, err := k.RPC("core.version"); err != nil || !strings.Contains(string(got), "kamailio") {
		t.Errorf("core.version: %s, %v, wanted the version", got, err)
	}
	var refused *kamailiotest.RPCError
	if got, err := k.RPC("no.such"); !errors.As(err, &refused) {
		t.Errorf("an unknown method: %s, %v, wanted an *RPCError", got, err)
	}
}

// A web page in the operator's browser can send requests to loopback. Browsers mark them with
// Origin.
func TestKamailio_RPC_Browser(t *testing.T) {
	k := kamailiotest.Start(t, kamailiotest.Options{Database: kamailiotest.NewSQLite(t).URL()})
	for _, row := range []struct {
		url, origin string
		want        int
		why         string
	}{
		{k.RPCURL(), "", 200, "a program"},
		{k.RPCURL(), "http://elsewhere.example", 403, "a page"},
		{k.RPCURL(), "null", 403, "a page that hides its origin"},
		{strings.TrimSuffix(k.RPCURL(), "RPC"), "", 404, "another path"},
	} {
		req, err := http.NewRequest("POST", row.url, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"core.version"}`))
		if err != nil {
			t.Fatal(err)
		}
		if row.origin != "" {
			req.Header.Set("Origin", row.origin)
		}
		req.Close = true
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != row.want {
			t.Errorf("%s from %q: %d %s, wanted %d: %s", row.url, row.origin, resp.StatusCode, body, row.want, row.why)
		}
	}
}

func TestKamailio_RPCSocket(t *testing.T) {
	k := kamailiotest.Start(t, kamailiotest.Options{Database: kamailiotest.NewSQLite(t).URL()})
	own := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "reply"), Net: "unixgram"}
	conn, err := net.DialUnix("unixgram", own, &net.UnixAddr{Name: k.RPCSocket(), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, `{"jsonrpc":"2.0","id":1,"method":"core.version"}`); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	if err != nil || !strings.Contains(string(answer[:n]), "kamailio") {
		t.Errorf("core.version: %q, %v, wanted the version", answer[:n], err)
	}
}

func TestKamailio_ReloadDomains(t *testing.T) {
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			addUser(t, db, alice)
			k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
			addDomain(t, db, "example.com")
			if got := k.Register(t, alice); got.Code != 403 {
				t.Errorf("before domain.reload: %v, wanted 403", got)
			}
			k.ReloadDomains(t)
			if got := k.Register(t, alice); !got.OK() {
				t.Errorf("after domain.reload: %v, wanted 200", got)
			}
			db.Exec(t, "DELETE FROM domain")
			k.ReloadDomains(t)
			if got := k.Register(t, alice); got.Code != 403 {
				t.Errorf("after the domain's removal: %v, wanted 403", got)
			}
		})
	}
}

// A phone whose subscriber was removed can be called until its contact is dropped.
func TestKamailio_DropContacts(t *testing.T) {
	db := kamailiotest.NewSQLite(t)
	addUsers(t, db)
	k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
	phone := k.Phone(t, bob)
	call := kamailiotest.Request{Method: "MESSAGE", From: alice, To: bob.Addr()}
	db.Exec(t, "DELETE FROM subscriber WHERE username = 'bob'")
	if got := k.Register(t, bob); got.Code != 401 {
		t.Errorf("REGISTER of the removed user: %v, wanted 401", got)
	}
	if got, want := k.Contacts(t, bob.Addr()), []string{"sip:bob@" + phone.Contact()}; !slices.Equal(got, want) {
		t.Errorf("contacts %q, wanted %q", got, want)
	}
	if got := k.Send(t, call); got.By != phone.Name() {
		t.Errorf("before ul.rm: %v, wanted 200 by %s", got, phone.Name())
	}
	k.DropContacts(t, bob.Addr())
	if got := k.Contacts(t, bob.Addr()); got != nil {
		t.Errorf("contacts %q after ul.rm, wanted none", got)
	}
	if got, want := k.Send(t, call), (kamailiotest.Answer{Code: 404}); got != want {
		t.Errorf("after ul.rm: %v, wanted %v", got, want)
	}
}
