package kamrpc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

// serveHTTP starts an HTTP server that answers each request with response, and returns its URL. It
// sends the body of each request to requests.
func serveHTTP(t *testing.T, response string, requests chan<- []byte) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- body
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, response)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/RPC"
}

// serveUnix starts a server on a datagram socket that answers one request with response, and
// returns the path of the socket. It sends the request to requests.
func serveUnix(t *testing.T, response string, requests chan<- []byte) string {
	t.Helper()
	conn, path := listenUnix(t)
	go func() {
		buf := make([]byte, 4096)
		n, from, err := conn.ReadFromUnix(buf)
		if err != nil {
			return
		}
		requests <- buf[:n]
		_, _ = conn.WriteToUnix([]byte(response), from)
	}()
	return path
}

// listenUnix returns a datagram socket and its path, which is short, because the path of a socket
// has at most about 100 bytes.
func listenUnix(t *testing.T) (*net.UnixConn, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "kamrpc-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "sock")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, path
}

func TestClient_DropContacts(t *testing.T) {
	t.Parallel()
	const notJSONRPC = -1 // an error that is not a Fault
	for _, tt := range []struct {
		response string // as Kamailio 5.6 gives it
		code     int    // of the Fault; 0 for no error
		why      string
	}{
		{`{"jsonrpc":"2.0","result":{},"id":1}`, 0, "there were contacts"},
		{`{"jsonrpc":"2.0","error":{"code":404,"message":"AOR not found"},"id":1}`, 0, "there are no contacts to drop"},
		{`{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method Not Found"},"id":1}`, -32601, "usrloc is not loaded"},
		{`<html>`, notJSONRPC, "not a JSON-RPC server"},
	} {
		for transport, serve := range map[string]func(*testing.T, string, chan<- []byte) string{
			"http": serveHTTP, "unix": serveUnix,
		} {
			t.Run(tt.why+"/"+transport, func(t *testing.T) {
				t.Parallel()
				requests := make(chan []byte, 1)
				c, err := New(serve(t, tt.response, requests))
				if err != nil {
					t.Fatal(err)
				}
				err = c.DropContacts(t.Context(), "alice@example.test")
				fault, isFault := errors.AsType[*Fault](err)
				switch tt.code {
				case 0:
					if err != nil {
						t.Errorf("got error %v, want none", err)
					}
				case notJSONRPC:
					if err == nil || isFault {
						t.Errorf("got error %v, want one that is not a Fault", err)
					}
				default:
					if !isFault || fault.Code != tt.code {
						t.Errorf("got error %v, want a Fault with code %d", err, tt.code)
					}
				}
				var got map[string]any
				if err := json.Unmarshal(<-requests, &got); err != nil {
					t.Fatal(err)
				}
				want := map[string]any{
					"jsonrpc": "2.0", "method": "ul.rm", "params": []any{"location", "alice@example.test"}, "id": 1.0,
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("request (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestClient_Call_ServerCloses has a server that closes each connection after one response without
// announcing it, as Kamailio does after set_reply_close.
func TestClient_Call_ServerCloses(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go answerOnce(conn)
		}
	}()
	c, err := New("http://" + ln.Addr().String() + "/RPC")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := c.Call(t.Context(), "core.version"); err != nil {
			t.Fatalf("got error %v, want none: each call has a connection of its own", err)
		}
	}
}

// answerOnce answers the first request of a connection, and closes the connection at the second.
func answerOnce(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for n := range 2 {
		req, err := http.ReadRequest(r)
		if err != nil || n > 0 {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		const body = `{"jsonrpc":"2.0","result":"kamailio","id":1}`
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
}

func TestClient_Call_ContextCancelled(t *testing.T) {
	t.Parallel()
	conn, path := listenUnix(t) // never answers
	c, err := New("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _, _ = conn.ReadFromUnix(make([]byte, 4096))
		cancel()
	}()
	if _, err := c.Call(ctx, "core.version"); err == nil {
		t.Error("got no error, want one after the context was cancelled")
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		target string
		ok     bool
		why    string
	}{
		{"http://127.0.0.1:8000/RPC", true, "HTTP"},
		{"unix:/run/kamailio/rpc.sock", true, "a socket with the prefix"},
		{"/run/kamailio/rpc.sock", true, "a socket without the prefix"},
		{"", false, "empty"},
		{"rpc.sock", false, "a path that depends on the working directory"},
		{"ftp://host/", false, "another scheme"},
		{"http:///RPC", false, "no host"},
	} {
		if _, err := New(tt.target); (err == nil) != tt.ok {
			t.Errorf("New(%q): got error %v, want ok %v: %s", tt.target, err, tt.ok, tt.why)
		}
	}
}

func TestClient_Domains(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		result string
		want   []string
		fails  bool
		why    string
	}{
		{`{"domains":[{"domain":"a.test","did":"a.test"},{"domain":"b.test","did":"a.test"}],"attributes":[{"did":"a.test","attrs":["x"]}]}`,
			[]string{"a.test", "b.test"}, false, "as Kamailio 5.6 gives it"},
		{`{"domains":[],"attributes":[]}`, nil, false, "no domains"},
		{`{}`, nil, true, "no list: not taken for no domains"},
		{`[{"domain":"a.test"}]`, nil, true, "another form"},
	} {
		c := &Client{roundTrip: func(context.Context, []byte) ([]byte, error) {
			return []byte(`{"jsonrpc":"2.0","id":1,"result":` + tt.result + `}`), nil
		}}
		got, err := c.Domains(t.Context())
		if (err != nil) != tt.fails || !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, error %v, want %q: %s", tt.result, got, err, tt.want, tt.why)
		}
	}
}
