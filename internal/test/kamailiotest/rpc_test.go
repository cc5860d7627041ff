package kamailiotest_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/kamailiotest"
)

func TestRPC(t *testing.T) {
	k := kamailiotest.Start(t, kamailiotest.Options{Database: kamailiotest.NewSQLite(t).URL()})
	if got, err := k.RPC("core.version"); err != nil || !strings.Contains(string(got), "kamailio") {
		t.Errorf("core.version: %s, %v, wanted the version", got, err)
	}
	var refused *kamailiotest.RPCError
	if got, err := k.RPC("no.such"); !errors.As(err, &refused) {
		t.Errorf("an unknown method: %s, %v, wanted an *RPCError", got, err)
	}
}

// A page in the operator's browser can reach loopback too.
func TestRPCRefusesBrowsers(t *testing.T) {
	k := kamailiotest.Start(t, kamailiotest.Options{Database: kamailiotest.NewSQLite(t).URL()})
	for _, row := range []struct {
		url, origin string
		want        int
		why         string
	}{
		{k.RPCURL(), "", 200, "a program"},
		{k.RPCURL(), "http://elsewhere.example", 403, "a page"},
		{k.RPCURL(), "null", 403, "a page that hides where it is from"},
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

func TestRPCSocket(t *testing.T) {
	k := kamailiotest.Start(t, kamailiotest.Options{Database: kamailiotest.NewSQLite(t).URL()})
	own := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "reply"), Net: "unixgram"}
	conn, err := net.DialUnix("unixgram", own, &net.UnixAddr{Name: k.RPCSocket(), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
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
