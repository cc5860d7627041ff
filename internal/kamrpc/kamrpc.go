// Package kamrpc calls a running Kamailio by JSON-RPC 2.0, which Kamailio's jsonrpcs module serves
// over HTTP (together with the xhttp module) and on a Unix datagram socket.
//
// [New] returns a [Client] for one Kamailio. [Client.DropContacts] removes a user's registered
// contacts, [Client.Contacts] returns them, [Client.Resync] makes a phone fetch its configuration
// again, [Client.Domains] and [Client.ReloadDomains] are about
// the domains that it has loaded, and [Client.Call] calls any other method.
package kamrpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Timeout bounds each call, including the wait for the response.
const Timeout = 5 * time.Second

// maxResponse is the size in bytes after which a response is cut off. It is far above the size of
// any response to the methods that Hermes calls.
const maxResponse = 1 << 20

// Client calls one Kamailio. Use [New] to make one. It needs no closing and is safe for concurrent
// use.
type Client struct {
	roundTrip transport
}

// transport sends the body of a request and returns the body of its response.
type transport func(ctx context.Context, request []byte) (response []byte, err error)

// New returns a client for the Kamailio at target: an http or https URL, or the path of a Unix
// datagram socket, with or without the prefix "unix:". It does not connect.
func New(target string) (*Client, error) {
	target = strings.TrimPrefix(target, "unix:")
	if strings.HasPrefix(target, "/") {
		return &Client{roundTrip: unixTransport(target)}, nil
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("want an http or https URL, or the path of a Unix datagram socket")
	}
	return &Client{roundTrip: httpTransport(target)}, nil
}

// Fault is the error object of a JSON-RPC response: Kamailio received the call and refused it.
type Fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error returns the code and the message.
func (f *Fault) Error() string { return fmt.Sprintf("kamailio answers %d %s", f.Code, f.Message) }

type request struct {
	Version string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  []any  `json:"params,omitempty"`
	ID      int    `json:"id"`
}

type response struct {
	Version string          `json:"jsonrpc"`
	Result  json.RawMessage `json:"result"`
	Error   *Fault          `json:"error"`
}

// Call calls a method and returns its result as JSON. If Kamailio refuses the call, the error wraps
// a *[Fault]; any other error means that Kamailio did not answer, or not in JSON-RPC.
func (c *Client) Call(ctx context.Context, method string, params ...any) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	body, err := json.Marshal(request{Version: "2.0", Method: method, Params: params, ID: 1})
	if err != nil {
		return nil, err
	}
	text, err := c.roundTrip(ctx, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	var r response
	if err := json.Unmarshal(text, &r); err != nil || r.Version == "" {
		return nil, fmt.Errorf("%s: the answer is not JSON-RPC: %.80q", method, text)
	}
	if r.Error != nil {
		return nil, fmt.Errorf("%s: %w", method, r.Error)
	}
	return r.Result, nil
}

// codeNotFound is the code of usrloc's Fault for an address without registered contacts.
const codeNotFound = 404

// DropContacts removes all contacts registered under an address of record (user@domain), so that
// calls to it no longer reach them. It returns nil if there are none, and may be called again.
func (c *Client) DropContacts(ctx context.Context, address string) error {
	_, err := c.Call(ctx, "ul.rm", "location", address)
	if f, ok := errors.AsType[*Fault](err); ok && f.isNotFound() {
		return nil
	}
	return err
}

// isNotFound reports whether usrloc refused a call because there are no registered contacts.
// Versions of Kamailio differ in the code.
func (f *Fault) isNotFound() bool {
	return f.Code == codeNotFound || strings.HasPrefix(f.Message, "AOR not found")
}

// Domains returns the names of the domains that Kamailio's domain module has loaded from its table,
// in no order. If Kamailio does not have the module, the error wraps a *[Fault].
func (c *Client) Domains(ctx context.Context) ([]string, error) {
	result, err := c.Call(ctx, "domain.dump")
	if err != nil {
		return nil, err
	}
	var dump struct {
		Domains []struct {
			Domain string `json:"domain"`
		} `json:"domains"`
	}
	if err := json.Unmarshal(result, &dump); err != nil || dump.Domains == nil {
		return nil, fmt.Errorf("domain.dump: the result has no list of domains: %.80q", result)
	}
	var names []string
	for _, d := range dump.Domains {
		names = append(names, d.Domain)
	}
	return names, nil
}

// ReloadDomains makes Kamailio's domain module load its table again.
func (c *Client) ReloadDomains(ctx context.Context) error {
	_, err := c.Call(ctx, "domain.reload")
	return err
}

// httpTransport posts requests to a URL. It ignores the status of the response, because Kamailio
// answers an unknown method with status 500 and a JSON-RPC error.
func httpTransport(target string) transport {
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context, body []byte) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		// Kamailio may close a connection after its response, and a POST is not sent again.
		req.Close = true
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		return io.ReadAll(io.LimitReader(res.Body, maxResponse))
	}
}

// unixTransport sends requests to the Unix datagram socket at path. Kamailio sends the response to
// the address of the sender's socket, so each call binds a socket in a temporary folder of its own.
func unixTransport(path string) transport {
	return func(ctx context.Context, body []byte) ([]byte, error) {
		dir, err := os.MkdirTemp("", "hermes-rpc-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		reply := filepath.Join(dir, "reply")
		conn, err := net.DialUnix("unixgram",
			&net.UnixAddr{Name: reply, Net: "unixgram"}, &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		if err := allowReplies(dir, reply); err != nil {
			return nil, err
		}
		if deadline, ok := ctx.Deadline(); ok {
			if err := conn.SetDeadline(deadline); err != nil {
				return nil, err
			}
		}
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		defer stop()
		if _, err := conn.Write(body); err != nil {
			return nil, err
		}
		buf := make([]byte, maxResponse)
		n, err := conn.Read(buf)
		return buf[:n], err
	}
}

// allowReplies sets the modes of a folder and of the socket in it so that Kamailio, which runs as
// another user, can write to the socket.
func allowReplies(dir, socket string) error {
	if err := os.Chmod(dir, 0o711); err != nil {
		return err
	}
	return os.Chmod(socket, 0o722)
}
