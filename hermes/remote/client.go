package remote

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

var (
	// ErrUnreachable is wrapped by the error of a call that got no answer, and changed nothing.
	ErrUnreachable = errors.New("the server cannot be reached")
	// ErrClosed is wrapped by the error of a call of a Client that has been closed.
	ErrClosed = errors.New("the client has been closed")
	// ErrNoSession is wrapped by the error of a call for which there is no session, of a Client that
	// has no way to log in.
	ErrNoSession = errors.New("the session has ended")
)

// Client is the API of a server. It has a method for every node, as [hermes.Client] has it, but for
// those of the session, which it opens and keeps itself. Every such method returns nil or a
// [*hermes.Error]. A Client is safe for concurrent use. [Dial] makes one.
type Client struct {
	// All Clients of one Dial share what this points to.
	conn *conn
	call hermes.CallOptions
}

// conn is the session with a server.
type conn struct {
	opts  Options
	base  string // the URL of the server
	http  *http.Client
	nodes map[string]hermes.Node // by path
	keeper
}

// Dial returns a Client of the server at a URL such as https://hermes.example.com, and logs in. The
// API is below /api of the URL. opts must have a way to log in. The context is for the login only.
// Call [Client.Close] when the Client is not used any more.
//
// The error is a [*hermes.Error] if the server refused the login or did not answer, with the cause
// [hermes.Unauthorized], [hermes.Throttled] or [hermes.Busy].
func Dial(ctx context.Context, url string, opts *Options) (*Client, error) {
	c := &conn{nodes: map[string]hermes.Node{}, keeper: newKeeper()}
	if opts != nil {
		c.opts = *opts
	}
	c.opts.setDefaults()
	if err := c.opts.check(); err != nil {
		return nil, err
	}
	base, origin, err := parseBase(url, c.opts.AllowHTTP)
	if err != nil {
		return nil, err
	}
	c.base = base
	if c.opts.KeyPair != nil {
		pair := *c.opts.KeyPair
		if pair.Origin == "" {
			pair.Origin = origin
		}
		c.opts.KeyPair = &pair
	}
	if c.opts.Transport == nil {
		c.opts.Transport = newTransport(c.opts.TLS)
	}
	c.http = &http.Client{
		Transport: c.opts.Transport,
		// A redirect would send the parameters to another server.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, n := range hermes.Nodes() {
		c.nodes[n.Path] = n
	}
	if _, err := c.session(ctx, nil); err != nil {
		return nil, withNode(err, "auth/login")
	}
	return &Client{conn: c}, nil
}

// With returns a Client whose calls are made with o, in the place of the options that c has.
func (c *Client) With(o hermes.CallOptions) *Client { return &Client{conn: c.conn, call: o} }

// WithOptions is [Client.With] as [hermes.API] has it.
func (c *Client) WithOptions(o hermes.CallOptions) hermes.API { return c.With(o) }

// DryRun returns a Client like c whose calls change nothing; see [hermes.CallOptions].
func (c *Client) DryRun() *Client {
	o := c.call
	o.DryRun = true
	return c.With(o)
}

// closeTimeout is how long Close waits for the server.
const closeTimeout = 5 * time.Second

// Close makes later calls of this Client, and of those that With made of it, fail with [ErrClosed].
// It ends the session, unless that is one of Options.Sessions, which stays for others. Close waits
// for the server for 5 seconds at most; the session ends by itself when its auth_key does. It may
// be called more than once.
func (c *Client) Close() error {
	if c.conn.opts.Sessions != nil {
		c.conn.closed.Store(true)
		c.conn.http.CloseIdleConnections()
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return c.Logout(ctx)
}

// Logout is [Client.Close], but ends the session in any case, and waits for the server as long as
// the context allows.
func (c *Client) Logout(ctx context.Context) error {
	_, err := c.conn.logout(ctx)
	c.conn.http.CloseIdleConnections()
	return err
}
