package hermes

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hermes-voip/go-hermes/sip"
)

// Actor is the party that a Client acts for. The zero value may call only the nodes that need no
// capability, such as auth/login. A program that acts for itself under a name of its own, for the
// audit trail, is
//
//	Actor{Principal: Principal{Kind: ProgramPrincipal, Name: "billing"}, Access: FullWrite}
type Actor struct {
	Principal Principal
	Access    Access
	Scope     Scope      // the part of the world that Access is for; zero means all of it
	Remote    netip.Addr // where the request comes from; the zero Addr means unknown

	session sessionRef
}

// Client is the API of Hermes in Go: it has a method for every node, and every such method returns
// nil or an *[Error]. A Client is safe for concurrent use. [New] makes one, [Client.As] makes one
// that acts for another actor.
type Client struct {
	// All Clients of one New share what these point to.
	opts    *Options
	keys    keyring
	nodes   map[string]Node // by path
	clock   *clock
	limiter *loginLimiter
	hosts   *hostCache
	// scanning has the places for scans, of which each principal has a share.
	scanning *Places[Principal]
	// largePages has the places for lists with large pages.
	largePages  *Places[Principal]
	strangers   *Sampler // of the audit lines about callers without a principal
	auditIDs    *auditIDs
	forged      *atomic.Pointer[string]       // the id of the entry that logForged last wrote about
	scopeFields map[reflect.Type][]scopeField // of the request types
	replicas    []*replica                    // Options.Replicas

	store Store
	tx    *transaction // nil outside of Client.Tx
	actor Actor
	call  CallOptions
}

// New returns a Client over store that acts as the program itself, with every capability and
// without a name; see [Actor]. opts may be nil. The Client does not close the store.
func New(store Store, opts *Options) (*Client, error) {
	c := &Client{
		opts: &Options{}, nodes: map[string]Node{}, scopeFields: map[reflect.Type][]scopeField{}, store: store,
		actor: Actor{Principal: Principal{Kind: ProgramPrincipal}, Access: FullWrite},
	}
	if opts != nil {
		*c.opts = *opts
	}
	c.opts.setDefaults()
	c.clock = newClock(c.opts.Now)
	c.hosts = newHostCache(c.opts.Resolver)
	c.scanning = NewPlaces[Principal](scanLimits)
	c.largePages = NewPlaces[Principal](largePageLimits)
	c.replicas = newReplicas(c.opts.Replicas)
	c.strangers = NewSampler(maxStrangers, c.auditLeftOut)
	c.auditIDs, c.forged = &auditIDs{}, &atomic.Pointer[string]{}
	var err error
	if c.keys, err = newKeyring(store, c.opts); err != nil {
		return nil, err
	}
	c.limiter = newLoginLimiter(c.clock, c.keys[0].limits, c.opts)
	for _, n := range Nodes() {
		c.nodes[n.Path] = n
		t := reflect.TypeOf(n.New()).Elem()
		c.scopeFields[t] = scopeFieldsOf(t)
	}
	return c, nil
}

// As returns a Client that acts for a.
func (c *Client) As(a Actor) *Client {
	as := *c
	as.actor = a
	return &as
}

// Actor returns the actor that the Client acts for.
func (c *Client) Actor() Actor { return c.actor }

// capabilityRequest is a request that may need more than its node does, depending on its fields.
type capabilityRequest interface{ needs(Actor) Capability }

// ownRequest is a request that may concern the caller alone, depending on its fields.
type ownRequest interface{ isOwn(Actor) bool }

// Authorize returns nil if the actor may call the node with req, a request or a pointer to one: by
// its access level and by the nodes of its scope. A nil req stands for one that needs no more than
// the node. A refusal is written to the audit log. Causes: Unauthorized, Forbidden, NoNode.
func (c *Client) Authorize(node string, req any) (err error) {
	defer wrap(&err, node)
	n, ok := c.nodes[node]
	if !ok {
		return invalid(NoNode, "there is no node %q", node)
	}
	need := n.Needs
	if r, ok := req.(capabilityRequest); ok {
		need |= r.needs(c.actor)
	}
	if err := c.require(node, need); err != nil {
		return err
	}
	return c.needNode(n, req)
}

// needNode refuses a node that is outside of the actor's scope, and audits the refusal.
func (c *Client) needNode(n Node, req any) error {
	if c.actor.Scope.IsZero() || n.Needs == NoCapability {
		return nil
	}
	r, ok := req.(ownRequest)
	if n.Always && (!ok || r.isOwn(c.actor)) || c.actor.Scope.AllowsNode(n.Path) && !n.Unscoped {
		return nil
	}
	err := failed(Forbidden, "the node is outside of the scope of this principal")
	if n.Unscoped {
		err = failed(Forbidden, "the node is for principals without a scope")
	}
	c.audit(context.Background(), n.Path, "", err)
	return err
}

// require refuses an actor that lacks the capability, and audits the refusal as event.
func (c *Client) require(event string, need Capability) error {
	if c.actor.Access.Allows(need) {
		return nil
	}
	err := errUnauthorized()
	if c.actor.Access != NoAccess {
		err = failed(Forbidden, "the access level %s does not allow this", c.actor.Access)
	}
	c.audit(context.Background(), event, "", err)
	return err
}

// precheck begins most methods: the actor must be allowed to call the node, the options of the call
// and the request must be right by themselves, and what the request names must be within the
// actor's scope. A method that audits faulty requests calls Authorize and check itself.
func (c *Client) precheck(ctx context.Context, node string, req Request) error {
	if err := c.Authorize(node, req); err != nil {
		return err
	}
	if err := c.call.Check(); err != nil {
		return c.nodes[node].BadParameter(asError(err).Detail)
	}
	return c.check(ctx, node, req)
}

// now is the Client's clock: UTC, cut to microseconds as records are.
func (c *Client) now() time.Time { return c.opts.Now().UTC().Truncate(time.Microsecond) }

// serves reports whether this Kamailio serves d.
func (c *Client) serves(ctx context.Context, s Store, d sip.Domain) (bool, error) {
	if slices.Contains(c.opts.Domains, d) {
		return true, nil
	}
	return s.DomainServed(ctx, d)
}

// random reads n random bytes.
func (c *Client) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(c.opts.Rand, b); err != nil {
		return nil, internalFault(fmt.Errorf("random bytes: %w", err))
	}
	return b, nil
}

// transaction is what the Clients in one Client.Tx share.
type transaction struct {
	failed error // the error of the first call that failed while it changed something
	dry    bool  // it is rolled back in any case
}

// Tx calls fn with a Client whose calls are all part of one transaction: everything that they
// changed is kept if fn returns nil, and nothing of it otherwise. fn may run more than once, so it
// must set its results anew each time.
//
// The Client, and each List that it returned, is valid only until fn returns and is for one
// goroutine at a time. fn must not change anything with another Client of the same store: that call
// could wait for this transaction to end.
//
// If a call that changes something fails inside fn, the transaction is rolled back whatever fn
// returns: such a call may have failed half way. A removal of something that does not exist is a
// failure too. After a call that only read and got an answer such as NotFound, fn may go on.
//
// What follows a change outside of the store, Options.UserRemoved, Options.DropContacts and the
// audit line of a success, follows the commit of the outermost transaction, also if that is one of
// the store or the host. A Tx inside of fn joins the transaction.
//
// An error of fn is returned as it is; if it is that of a call, its Node says which. If a call
// failed and fn returned nil, the error of the call is returned, without its node. A failure of the
// store is an *[Error] with the cause StoreFailed and without a node.
//
// Calls lock what they decide about until the end of the transaction. Two transactions that make
// calls on the same records in different orders may stop each other; one of them then runs again.
// fn must not decide by what it reads: it may change before the transaction ends, unless fn has
// changed it before. See [Client.SerializableTx].
func (c *Client) Tx(ctx context.Context, fn func(*Client) error) error {
	return c.runTx(ctx, &TxOptions{}, fn)
}

// SerializableTx is [Client.Tx] for a function that decides by what it reads. If other transactions
// that could change the decision are serializable too, all of them have the effect of some order.
// The changes that single calls make outside of such transactions are not serializable. It may run
// fn more often than Tx.
func (c *Client) SerializableTx(ctx context.Context, fn func(*Client) error) error {
	return c.runTx(ctx, &TxOptions{Serializable: true}, fn)
}

func (c *Client) runTx(ctx context.Context, opts *TxOptions, fn func(*Client) error) error {
	dry := c.call.DryRun
	if dry && c.tx != nil && !c.tx.dry {
		return c.changed(badParameter("dry_run: not in a transaction that is none; see Client.DryRun"))
	}
	opts.DryRun = dry
	var t *transaction
	var own *fnError
	err := c.store.Tx(ctx, opts, func(s Store) error {
		t, own = &transaction{dry: dry || c.tx != nil && c.tx.dry}, nil
		in := *c
		in.store, in.tx = s, t
		if err := fn(&in); err != nil {
			own = &fnError{err: err}
			return own
		}
		if t.failed == nil && dry && c.tx == nil {
			return errDryRun
		}
		return t.failed
	})
	if err != nil && err != errDryRun {
		if own != nil && err == error(own) {
			err = own.err
		} else {
			wrap(&err, "")
		}
		return c.changed(err)
	}
	return nil
}

// fnError has the error of the function of Client.Tx on its way through the store. It can be
// compared whatever the type of that error is.
type fnError struct{ err error }

func (e *fnError) Error() string { return e.err.Error() }

func (e *fnError) Unwrap() error { return e.err }
