package kamrpc

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answers are Kamailio's own, as 5.6 gives them.
var answers = map[string]string{
	"ul.rm":   `{"jsonrpc":"2.0","result":{},"id":1}`,
	"missing": `{"jsonrpc":"2.0","error":{"code":404,"message":"AOR not found"},"id":1}`,
	"unknown": `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method Not Found"},"id":1}`,
	"odd":     `<html>`,
}

// serve starts a server on each transport that gives one answer, and returns what it was asked.
func serve(t *testing.T, transport, answer string) (target string, asked func() map[string]any) {
	t.Helper()
	got := make(chan []byte, 1)
	switch transport {
	case "http":
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got <- body
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, answer)
		}))
		t.Cleanup(s.Close)
		target = s.URL + "/RPC"
	case "unix":
		target = filepath.Join(t.TempDir(), "sock")
		conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: target, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		go func() {
			buf := make([]byte, 4096)
			n, from, err := conn.ReadFromUnix(buf)
			if err != nil {
				return
			}
			got <- buf[:n]
			_, _ = conn.WriteToUnix([]byte(answer), from)
		}()
	}
	return target, func() (m map[string]any) {
		if err := json.Unmarshal(<-got, &m); err != nil {
			t.Error(err)
		}
		return m
	}
}

func TestDropContacts(t *testing.T) {
	for _, tt := range []struct {
		answer, why string
		fault       int // -1: an error that is no Fault
	}{
		{"ul.rm", "contacts were there", 0},
		{"missing", "nobody is registered: nothing is left to drop", 0},
		{"unknown", "usrloc is not loaded", -32601},
		{"odd", "not a JSON-RPC server", -1},
	} {
		for _, transport := range []string{"http", "unix"} {
			target, asked := serve(t, transport, answers[tt.answer])
			c, err := New(target)
			if err != nil {
				t.Fatal(err)
			}
			err = c.DropContacts(t.Context(), "alice@example.test")
			want := map[string]any{"jsonrpc": "2.0", "method": "ul.rm", "params": []any{"location", "alice@example.test"}, "id": 1.0}
			if diff := cmp.Diff(want, asked()); diff != "" {
				t.Errorf("%s: asked: %s", transport, diff)
			}
			f := new(Fault)
			switch is := errors.As(err, &f); {
			case tt.fault == 0 && err != nil, tt.fault == -1 && (err == nil || is), tt.fault < -1 && f.Code != tt.fault:
				t.Errorf("%s (%s): %v", transport, tt.why, err)
			}
		}
	}
}

func TestCallEndsWithContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "silent")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c, err := New("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _, _ = conn.ReadFromUnix(make([]byte, 4096))
		cancel()
	}()
	if err := c.DropContacts(ctx, "alice@example.test"); err == nil {
		t.Error("a Kamailio that never answers: want an error once the context ends")
	}
}

func TestNew(t *testing.T) {
	for _, tt := range []struct {
		target, why string
		ok          bool
	}{
		{"http://127.0.0.1:8000/RPC", "HTTP", true},
		{"unix:/run/kamailio/rpc.sock", "a socket by name", true},
		{"/run/kamailio/rpc.sock", "a socket by path", true},
		{"", "nothing", false},
		{"rpc.sock", "a path that depends on the folder", false},
		{"ftp://host/", "another scheme", false},
		{"http:///RPC", "no host", false},
	} {
		if _, err := New(tt.target); (err == nil) != tt.ok {
			t.Errorf("New(%q) (%s): %v", tt.target, tt.why, err)
		}
	}
}
