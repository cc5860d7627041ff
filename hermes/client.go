package hermes

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/sip"
)

// NumberPlan decides which numbers of the E.164 shape exist: package e164/plan has some.
type NumberPlan interface {
	// Check returns nil where n is acceptable.
	Check(n e164.Number) error
}

// Options configure a Client. The zero value serves a memory store.
type Options struct {
	// SecretKeys seal SIP passwords and sign auth keys: the first does, the others still open
	// and verify. None: one is made up for a store that keeps nothing (memstore), and New fails for any other.
	SecretKeys []SecretKey
	// Domains are served besides those in Kamailio's domain table.
	Domains []sip.Domain
	// Backends know the API's users, asked in this order. None: nobody can log in by name.
	Backends []Backend
	// Plan is asked which numbers are acceptable; nil: every number of the E.164 shape.
	Plan NumberPlan
	// MaxRange is how many numbers one number/add_range may add; 0: 1,000,000.
	MaxRange int64
	// KamailioPlaintext also keeps the clear password in Kamailio's subscriber.password, for a
	// Kamailio with calculate_ha1=yes.
	KamailioPlaintext bool
	// AuthKeyTTL is the life of an auth_key; 0: 5 minutes.
	AuthKeyTTL time.Duration
	// AuthKeyGrace is how long the key before the current one still serves; 0: 30 seconds.
	AuthKeyGrace time.Duration
	// SessionTTL is the life of a session; 0: 12 hours.
	SessionTTL time.Duration
	// NoCookie makes sessions do without the cookie.
	NoCookie bool
	// Origin names this server in what a key pair signs, so that a signature serves nowhere else; empty: "hermes".
	Origin string
	// Resolver looks up the host names that API keys are bound to; nil: net.DefaultResolver.
	Resolver Resolver
	// FailedLoginTime is what every failed login takes, or the next multiple of it, so that its time tells nothing; 0: 100
	// milliseconds, below zero: no waiting.
	FailedLoginTime time.Duration
	// Logger gets the audit lines: logins, refusals, and changes of who may do what; nil: nobody does.
	Logger *slog.Logger
	// UserRemoved is called after a local user has been removed, in the caller's goroutine: Kamailio keeps a
	// contact until it expires, and can be told to drop it. nil: nobody is told.
	UserRemoved func(sip.Addr)
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Rand gives the random bytes of passwords, tokens and nonces; nil: crypto/rand.
	Rand io.Reader
}

func (o *Options) setDefaults() {
	setDefault(&o.MaxRange, 1_000_000)
	setDefault(&o.AuthKeyTTL, 5*time.Minute)
	setDefault(&o.AuthKeyGrace, 30*time.Second)
	setDefault(&o.SessionTTL, 12*time.Hour)
	setDefault(&o.FailedLoginTime, 100*time.Millisecond)
	setDefault(&o.Origin, "hermes")
	setDefault(&o.Rand, rand.Reader)
	setDefault[Resolver](&o.Resolver, net.DefaultResolver)
	if o.Plan == nil {
		o.Plan = anyNumber{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

type anyNumber struct{}

func (anyNumber) Check(e164.Number) error { return nil }

// Actor is who acts through a Client. The zero value is nobody, who may call only the nodes that are open to everybody.
type Actor struct {
	Principal Principal
	Access    Access
	Remote    netip.Addr // where the request comes from; zero: not known

	session sessionRef
}

// Client is Hermes: a method for each node of API.md. Every method returns nil or an *Error. A Client is
// safe for concurrent use.
type Client struct {
	*core
	actor Actor
}

// core is what all the Clients of one New share.
type core struct {
	store Store
	opts  Options
	keys  keyring
	needs map[string]Capability
	door  *loginDoor
	hosts *hostCache
}

// volatile is what a store that keeps nothing says of itself.
type volatile interface{ Volatile() bool }

// New returns a Client over store that acts as the program itself, with every capability; As
// gives one that acts for somebody else. opts may be nil. The Client does not close the store.
func New(store Store, opts *Options) (*Client, error) {
	c := &core{store: store, needs: map[string]Capability{}}
	if opts != nil {
		c.opts = *opts
	}
	c.opts.setDefaults()
	c.door = newLoginDoor()
	c.hosts = newHostCache(c.opts.Resolver)
	if err := c.setKeys(); err != nil {
		return nil, err
	}
	for _, n := range Nodes() {
		c.needs[n.Path] = n.Needs
	}
	return &Client{c, Actor{Access: FullWrite}}, nil
}

func (c *core) setKeys() error {
	keys := slices.Clone(c.opts.SecretKeys)
	if v, ok := c.store.(volatile); len(keys) == 0 && ok && v.Volatile() {
		k, err := NewSecretKey(c.opts.Rand)
		if err != nil {
			return err
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return errors.New("hermes: want a secret key in Options.SecretKeys; NewSecretKey makes one to be kept beside the database")
	}
	var err error
	c.keys, err = newKeyring(keys)
	return err
}

// As returns a Client that acts for a.
func (c *Client) As(a Actor) *Client { return &Client{c.core, a} }

// Actor returns who the Client acts for.
func (c *Client) Actor() Actor { return c.actor }

// demanding is a request that needs more than its node does, for some of what it may ask.
type demanding interface{ needs(Actor) Capability }

// Allows returns nil where the actor may call the node with req, a request or a pointer to one, and
// otherwise why not. Causes: Unauthorized, Forbidden, NoNode.
func (c *Client) Allows(node string, req any) (err error) {
	defer wrap(&err, node)
	need, ok := c.needs[node]
	if !ok {
		return invalid(NoNode, "there is no node %q", node)
	}
	if d, ok := req.(demanding); ok {
		need |= d.needs(c.actor)
	}
	return c.require(node, need)
}

// allow checks what the node needs against what the actor may do.
func (c *Client) allow(node string) error { return c.Allows(node, nil) }

func (c *Client) require(node string, need Capability) error {
	if c.actor.Access.Allows(need) {
		return nil
	}
	err := errUnauthorized()
	if c.actor.Access != NoAccess {
		err = failed(Forbidden, "the access level %s does not allow this", c.actor.Access)
	}
	c.audit(context.Background(), node, "", err)
	return err
}

func (c *Client) seesSecrets() bool { return c.actor.Access.Allows(CanSeeSecrets) }

// now is the Client's clock: UTC, to the microsecond, as records keep it.
func (c *core) now() time.Time { return c.opts.Now().UTC().Truncate(time.Microsecond) }

// serves tells whether d is a domain of this Kamailio.
func (c *core) serves(ctx context.Context, s Store, d sip.Domain) (bool, error) {
	if slices.Contains(c.opts.Domains, d) {
		return true, nil
	}
	return s.DomainServed(ctx, d)
}

func (c *core) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(c.opts.Rand, b); err != nil {
		return nil, internalFault(fmt.Errorf("random bytes: %w", err))
	}
	return b, nil
}
