// Package kamrpc calls a running Kamailio by JSON-RPC 2.0, as its jsonrpcs module serves it over HTTP
// (with xhttp) and on a Unix datagram socket.
package kamrpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client calls one Kamailio. It is safe for concurrent use.
type Client struct {
	exchange func(ctx context.Context, request []byte) ([]byte, error)
}

// Timeout bounds a call.
const Timeout = 5 * time.Second

// maxAnswer is more than any answer that is asked for here.
const maxAnswer = 1 << 20

// New reads where Kamailio is: an http or https URL, or unix:PATH or a path, of a datagram socket.
func New(target string) (*Client, error) {
	if path, ok := strings.CutPrefix(target, "unix:"); ok {
		target = path
	}
	if strings.HasPrefix(target, "/") {
		return &Client{datagram(target)}, nil
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("want an http or https URL, or the path of a Unix datagram socket")
	}
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Client{overHTTP(client, target)}, nil
}

// Fault is Kamailio's own refusal of a call.
type Fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error returns code and message.
func (f *Fault) Error() string { return fmt.Sprintf("kamailio answers %d %s", f.Code, f.Message) }

type request struct {
	Version string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  []any  `json:"params,omitempty"`
	ID      int    `json:"id"`
}

type answer struct {
	Version string          `json:"jsonrpc"`
	Result  json.RawMessage `json:"result"`
	Error   *Fault          `json:"error"`
}

// Call runs a method and returns its result. Where Kamailio refuses the error is a *Fault.
func (c *Client) Call(ctx context.Context, method string, params ...any) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	body, err := json.Marshal(request{"2.0", method, params, 1})
	if err != nil {
		return nil, err
	}
	text, err := c.exchange(ctx, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil || a.Version == "" {
		return nil, fmt.Errorf("%s: the answer is not JSON-RPC: %.80q", method, text)
	}
	if a.Error != nil {
		return nil, fmt.Errorf("%s: %w", method, a.Error)
	}
	return a.Result, nil
}

// notFound is the code with which usrloc says that nobody is registered under an address.
const notFound = 404

// DropContacts removes the contacts registered under an address of record, user@domain, after which its calls
// do not reach them any more. Nobody being registered is no error.
func (c *Client) DropContacts(ctx context.Context, address string) error {
	_, err := c.Call(ctx, "ul.rm", "location", address)
	if f := new(Fault); errors.As(err, &f) && f.Code == notFound {
		return nil
	}
	return err
}

// overHTTP does not look at the status: Kamailio answers an unknown method with 500 and a JSON-RPC error.
func overHTTP(client *http.Client, target string) func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, body []byte) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		return io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	}
}
