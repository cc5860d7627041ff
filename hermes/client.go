package hermes

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/sip"
)

// NumberPlan decides which numbers of the E.164 shape exist. Package e164/plan has some. It is
// asked about each number that is to enter the pool, and about no other: numbers that are in the
// pool already can always be found, taken and removed.
type NumberPlan interface {
	// Check returns nil if n is acceptable, and otherwise an error whose text says what is wanted.
	// The text is part of the answer. Check may be called by several goroutines at once.
	Check(n e164.Number) error
}

// LengthPlan is a [NumberPlan] that may be asked about a range of numbers at once.
type LengthPlan interface {
	NumberPlan
	// ChecksLengthOnly reports whether Check gives the same for all numbers that have the same
	// country calling code and the same count of digits. If it does, the ends of a range are checked
	// rather than each number.
	ChecksLengthOnly() bool
}

// Options configure a Client. A nil *Options and the zero value are valid for a store that keeps
// nothing, such as memstore.
type Options struct {
	// SecretKeys seal SIP passwords and sign auth keys. The first one seals and signs; the others
	// still open and verify. If empty, New uses the key that a store which keeps nothing has made for
	// itself, and fails for any other store.
	SecretKeys []SecretKey
	// Domains are the SIP domains that are served besides those in Kamailio's domain table.
	Domains []sip.Domain
	// Backends authenticate the API's users; they are asked in this order. If empty, no user can
	// log in by name.
	Backends []Backend
	// Plan decides which numbers may enter the pool. If nil, every number of the E.164 shape may. If
	// it is not a [LengthPlan], number/add_range asks it about each number.
	Plan NumberPlan
	// MaxRange is the number of numbers that one number/add_range may add. Defaults to 1,000,000.
	MaxRange int64
	// NumberQuarantine is how long a number that is given back rests before it is free again, so that
	// a new owner does not get the old one's calls. A change counts for later releases. Defaults to 0.
	NumberQuarantine time.Duration
	// KamailioPlaintext also stores the clear password in Kamailio's subscriber.password, for a
	// Kamailio with calculate_ha1=yes.
	KamailioPlaintext bool
	// AuthKeyTTL is the lifetime of an auth_key. Defaults to 5 minutes.
	AuthKeyTTL time.Duration
	// AuthKeyGrace is how long the auth_key before the current one is still accepted. Defaults to
	// 30 seconds.
	AuthKeyGrace time.Duration
	// SessionTTL is the lifetime of a session. Defaults to 12 hours.
	SessionTTL time.Duration
	// NoCookie makes sessions work without the cookie.
	NoCookie bool
	// Origin names this server in the message that a key pair signs, so that a signature is not
	// accepted by another server. Defaults to "hermes".
	Origin string
	// Resolver looks up the host names that API keys are bound to. Defaults to
	// net.DefaultResolver.
	Resolver Resolver
	// FailedLoginTime is the step of padding: a failed login takes a multiple of it, so that timing
	// does not reveal the reason. Defaults to 100 ms; a negative value disables padding.
	FailedLoginTime time.Duration
	// MaxUnknownLogins is how many logins may be under way at once, those that are padded included, of
	// users who have not logged in from the same network within 30 days; clients of one network may
	// have two thirds of them. Of further ones 256 wait, for 10 seconds at most, and the others are
	// refused as Busy. A server that serves a limited number of requests at once should not count such
	// logins, so that those that wait cannot keep out others; see [Client.KnowsLogin]. Defaults to 64.
	MaxUnknownLogins int
	// MaxHashing is how many passwords may be hashed at once for users who have not logged in from the
	// same network within 30 days. One more may be hashed for the others. Defaults to one less than
	// GOMAXPROCS, but at least 1.
	MaxHashing int
	// Logger receives the audit lines: logins, refusals, changes of access, and all other changes
	// that were made by [Node].Call. Of refusals of callers without a principal, it receives 50 a
	// second, and the number of the others. If nil, they are discarded.
	Logger *slog.Logger
	// UserRemoved is called with the address of each local user that was removed, after the outermost
	// transaction has been committed and never otherwise, in the goroutine that commits it; see
	// [Store.AfterCommit]. In a transaction of the host it is called as postgres.RunInTx and
	// postgres.InTx say. If nil, there is no call.
	UserRemoved func(sip.Addr)
	// DropContacts is called, as UserRemoved is, with the address of each local user that was removed
	// or suspended, or that has another address now. Kamailio keeps a contact until it expires; this
	// function can tell Kamailio to drop those of the address. It should not wait for Kamailio. If
	// nil, there is no call.
	DropContacts func(sip.Addr)
	// Contacts returns where a local user is registered, for [Client.UserContacts]. It should ask
	// Kamailio, and honour ctx, which ends after two seconds. If nil, that method fails with the cause
	// NotConfigured.
	Contacts func(ctx context.Context, user sip.Addr) ([]Contact, error)
	// Now is the clock. Times of records are what it shows. Limits and caches add up the time that
	// passes on it, so that a step back delays no login. Defaults to time.Now.
	Now func() time.Time
	// Rand is the source of the random bytes in passwords, tokens and nonces. Defaults to
	// crypto/rand.Reader.
	Rand io.Reader
}

func (o *Options) setDefaults() {
	setDefault(&o.MaxRange, 1_000_000)
	setDefault(&o.AuthKeyTTL, 5*time.Minute)
	setDefault(&o.AuthKeyGrace, 30*time.Second)
	setDefault(&o.SessionTTL, 12*time.Hour)
	setDefault(&o.FailedLoginTime, 100*time.Millisecond)
	setDefault(&o.MaxUnknownLogins, 64)
	setDefault(&o.MaxHashing, max(1, runtime.GOMAXPROCS(0)-1))
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

// setDefault sets *v to value if it is zero.
func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

type anyNumber struct{}

func (anyNumber) Check(e164.Number) error { return nil }

func (anyNumber) ChecksLengthOnly() bool { return true }

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
