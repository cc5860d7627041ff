package hermes

import (
	"context"
	"strings"
	"time"
)

// AuthNewKeyRequest describes an API key. With PublicKey it is a key pair, of which Hermes holds
// the public half only; Host may be empty then.
type AuthNewKeyRequest struct {
	// Host is where the key may be used from: an IP address, CIDR ranges separated by commas, or a
	// host name.
	Host      string    `form:"host" json:"host,omitzero"`
	Access    Access    `form:"access,required" json:"access"`
	Comment   string    `form:"comment" json:"comment,omitzero"` // at most 128 characters
	Expires   Duration  `form:"expires" json:"expires,omitzero"` // from now; 0 means never
	PublicKey PublicKey `form:"pubkey" json:"pubkey,omitzero"`   // Ed25519
	Domains   ScopeList `form:"domains" json:"domains,omitzero"`
	Numbers   ScopeList `form:"numbers" json:"numbers,omitzero"`
	Nodes     ScopeList `form:"nodes" json:"nodes,omitzero"`
}

// Check implements [Request].
func (r AuthNewKeyRequest) Check(...string) error {
	if r.Host == "" && r.PublicKey.IsZero() {
		return badParameter("host: missing; want one, or pubkey")
	}
	if r.Host != "" {
		if _, err := parseHostRule(r.Host); err != nil {
			return err
		}
	}
	return firstError(checkText("comment", r.Comment, textMax), checkAccess(r.Access), r.scope().check())
}

func (r AuthNewKeyRequest) scope() scopeLists { return scopeLists{r.Domains, r.Numbers, r.Nodes} }

// AuthNewKeyResponse has the secret key, which is not shown again, or the public id of a key pair.
type AuthNewKeyResponse struct {
	Key    Secret `json:"key"`
	Host   string `json:"host"`
	Access Access `json:"access"`
	ScopeObject
}

// AuthNewKey makes an API key. An actor cannot grant more than it has, in access level and scope; a
// key that makes a key cannot give it a later expiry, or a host that is not within its own.
// Causes: Forbidden.
func (c *Client) AuthNewKey(ctx context.Context, req AuthNewKeyRequest) (res AuthNewKeyResponse, err error) {
	defer wrap(&err, "auth/new_key")
	if err = c.Authorize("auth/new_key", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/new_key", loginName(res.Key), err) }()
	if err = c.check(ctx, "auth/new_key", req); err != nil {
		return res, err
	}
	scope, err := c.grantable(req.Access, req.scope())
	if err != nil {
		return res, err
	}
	k, key, err := c.makeKey(req)
	if err != nil {
		return res, err
	}
	a := Authorization{Principal: keyPrincipal(k.ID), Access: req.Access, Scope: scope}
	if a.Epoch, err = c.newEpoch(); err != nil {
		return res, err
	}
	locks := []Lock{LockPrincipal(a.Principal)}
	if c.actor.Principal.Kind == KeyPrincipal {
		locks = append(locks, LockPrincipal(c.actor.Principal).AsShared())
	}
	err = c.change(ctx, "auth/new_key", &req, locks, func(s Store) error {
		if err := c.mayMakeKey(ctx, s, k); err != nil {
			return err
		}
		if err := s.AddKey(ctx, k); err != nil {
			return err
		}
		return s.SetAuthorization(ctx, a)
	})
	return AuthNewKeyResponse{Key: key, Host: req.Host, Access: req.Access, ScopeObject: scopeObject(scope)}, err
}

// makeKey makes the record of a new key, and the secret key or the id of the key pair.
func (c *Client) makeKey(req AuthNewKeyRequest) (Key, Secret, error) {
	now := c.now()
	k := Key{
		Host: req.Host, Comment: req.Comment, PublicKey: req.PublicKey.raw,
		CreatedBy: c.actor.Principal.Name, Created: now,
	}
	if req.Expires != 0 {
		k.Expires = now.Add(time.Duration(req.Expires))
	}
	text, err := c.randomText(base62, apiKeyBody-1)
	if err != nil {
		return k, Secret{}, err
	}
	k.ID = apiKeyPrefix + text[:apiKeyID]
	if !req.PublicKey.IsZero() {
		return k, NewSecret(k.ID), nil
	}
	key := withChecksum(k.ID + "_" + text[apiKeyID:])
	k.Hash = hashOf(key)
	return k, key, nil
}

// mayMakeKey refuses a key that could be used where or when the actor, if that is a key, cannot.
func (c *Client) mayMakeKey(ctx context.Context, s Store, next Key) error {
	own, err := c.actorKey(ctx, s)
	if err != nil {
		return err
	}
	if own.Host != "" && !hostCovers(own.Host, next.Host) {
		return failed(Forbidden, "host %q: want one within %q, to which the key of this call is bound", next.Host, own.Host)
	}
	if !own.Expires.IsZero() && (next.Expires.IsZero() || next.Expires.After(own.Expires)) {
		return failed(Forbidden, "expires: want no later than the key of this call, at %s", own.Expires.Format(time.RFC3339))
	}
	return nil
}

// mayMakeUsers refuses an actor that is a key with a host or an expiry, since users have neither.
func (c *Client) mayMakeUsers(ctx context.Context) error {
	own, err := c.actorKey(ctx, c.store)
	if err == nil && (own.Host != "" || !own.Expires.IsZero()) {
		err = failed(Forbidden, "a key that is bound to a host or expires cannot make or change API users")
	}
	return err
}

// actorKey returns the key that the actor is, or the zero Key for an actor that is none.
func (c *Client) actorKey(ctx context.Context, s Store) (Key, error) {
	if c.actor.Principal.Kind != KeyPrincipal {
		return Key{}, nil
	}
	k, err := s.Key(ctx, c.actor.Principal.Name)
	if err == error(NotFound) {
		err = errUnauthorized()
	}
	return k, err
}

func keyPrincipal(id string) Principal { return Principal{Kind: KeyPrincipal, Name: id} }

// keyID returns the public id at the beginning of key, or "" if there is none, and whether key is a
// well-formed bearer key or a public id.
func keyID(key Secret) (string, bool) {
	s := key.Reveal()
	n := len(apiKeyPrefix) + apiKeyID
	if len(s) < n || !strings.HasPrefix(s, apiKeyPrefix) {
		return "", false
	}
	return s[:n], len(s) == n || wellFormed([]byte(s), apiKeyPrefix, apiKeyBody) && s[n] == '_'
}

// IsKeyID reports whether text is the public id of an API key or a key pair, which is no secret.
func IsKeyID(text string) bool {
	id, ok := keyID(NewSecret(text))
	return ok && id == text
}

// loginName returns the name that a login by key counts against: the public id, or "" for a text
// that is no key.
func loginName(key Secret) string {
	id, _ := keyID(key)
	return id
}

// AuthRemoveKeyRequest names a key.
type AuthRemoveKeyRequest struct {
	Key Secret `form:"key,required" json:"key"` // the key, or its public id
}

// Check implements [Request].
func (r AuthRemoveKeyRequest) Check(...string) error {
	if r.Key.IsZero() {
		return badParameter("key: missing; want a key or its public id")
	}
	return nil
}

// AuthRemoveKeyResponse has the key as it was given.
type AuthRemoveKeyResponse struct {
	Key Secret `json:"key"`
}

// AuthRemoveKey removes an API key and ends its sessions. Causes: NotFound, Forbidden (its rights
// are wider than those of the actor), InUse (it is the last administrator; see
// [Client.Bootstrapped]).
func (c *Client) AuthRemoveKey(ctx context.Context, req AuthRemoveKeyRequest) (res AuthRemoveKeyResponse, err error) {
	defer wrap(&err, "auth/remove_key")
	if err = c.Authorize("auth/remove_key", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/remove_key", loginName(req.Key), err) }()
	if err = c.check(ctx, "auth/remove_key", req); err != nil {
		return res, err
	}
	id, ok := keyID(req.Key)
	if !ok {
		return res, noKey(NotFound)
	}
	away, err := c.adminsElsewhere(ctx, keyPrincipal(id))
	if err != nil {
		return res, err
	}
	err = c.change(ctx, "auth/remove_key", &req, accessLocks(keyPrincipal(id)), func(s Store) error {
		return c.removeKey(ctx, s, id, req.Key, away)
	})
	return AuthRemoveKeyResponse(req), err
}

func (c *Client) removeKey(ctx context.Context, s Store, id string, given Secret, away elsewhere) error {
	k, err := s.Key(ctx, id)
	if err != nil {
		return noKey(err)
	}
	if given.Reveal() != id && !equalHashes(hashOf(given), k.Hash) {
		return noKey(NotFound)
	}
	p := keyPrincipal(id)
	if err := c.needManageable(ctx, s, p); err != nil {
		return noKey(err)
	}
	if err := c.keepLastAdmin(ctx, s, Authorization{Principal: p}, away); err != nil {
		return err
	}
	if err := s.RemoveKey(ctx, id); err != nil {
		return noKey(err)
	}
	if err := s.RemoveAuthorization(ctx, p); err != nil && err != error(NotFound) {
		return err
	}
	return s.RemoveSessions(ctx, p, Hash{})
}

func noKey(err error) error { return missing(err, "there is no such key") }

// AuthListKeysRequest has no parameters.
type AuthListKeysRequest struct{}

// Check implements [Request].
func (AuthListKeysRequest) Check(...string) error { return nil }

// AuthListKeysResponse has the keys, ordered by public id.
type AuthListKeysResponse struct {
	List []AuthKeyEntry `json:"list"`
}

// AuthKeyEntry is an API key without its secret.
type AuthKeyEntry struct {
	Key    string `json:"key"` // the public id
	Host   string `json:"host"`
	Access Access `json:"access"`
	ScopeObject
	Comment   string         `json:"comment"`
	Created   time.Time      `json:"created"`
	CreatedBy string         `json:"created_by,omitzero"` // a principal's name; absent if not known
	LastUsed  Opt[time.Time] `json:"last_used,omitzero"`  // absent if not yet
	Expires   Opt[time.Time] `json:"expires,omitzero"`    // absent if never
}

// AuthListKeys lists the API keys whose rights are not wider than those of the actor.
func (c *Client) AuthListKeys(ctx context.Context, req AuthListKeysRequest) (res AuthListKeysResponse, err error) {
	defer wrap(&err, "auth/list_keys")
	if err = c.precheck(ctx, "auth/list_keys", req); err != nil {
		return res, err
	}
	keys, err := c.store.Keys(ctx)
	if err != nil {
		return res, err
	}
	all, err := c.store.Authorizations(ctx)
	if err != nil {
		return res, err
	}
	rights := map[Principal]Authorization{}
	for _, a := range c.showable(all) {
		rights[a.Principal] = a
	}
	res.List = []AuthKeyEntry{}
	for _, k := range keys {
		a, ok := rights[keyPrincipal(k.ID)]
		if !ok && !c.actor.Scope.IsZero() {
			continue
		}
		res.List = append(res.List, AuthKeyEntry{
			Key: k.ID, Host: k.Host, Access: a.Access, ScopeObject: scopeObject(a.Scope), Comment: k.Comment, Created: k.Created,
			CreatedBy: k.CreatedBy, LastUsed: optTime(k.LastUsed), Expires: optTime(k.Expires),
		})
	}
	return res, nil
}

func optTime(t time.Time) Opt[time.Time] { return Opt[time.Time]{Value: t, Set: !t.IsZero()} }

// verifyKey returns the authorization of a bearer key.
func (c *Client) verifyKey(ctx context.Context, key Secret) (Authorization, error) {
	id, ok := keyID(key)
	if !ok || id == key.Reveal() {
		return Authorization{}, errLogin()
	}
	k, auth, err := c.authorizedKey(ctx, id)
	if err == nil && (!equalHashes(hashOf(key), k.Hash) || !c.keyUsable(ctx, k.Host, k.Expires)) {
		err = errLogin()
	}
	return auth, err
}

// authorizedKey returns a key and its authorization. It does not check keyUsable: that may look up
// a host name, which a client that merely knows a public id must not be able to cause or to notice
// by the time that it takes.
func (c *Client) authorizedKey(ctx context.Context, id string) (Key, Authorization, error) {
	k, err := c.store.Key(ctx, id)
	if err != nil {
		return k, Authorization{}, loginError(err)
	}
	auth, err := c.store.Authorization(ctx, keyPrincipal(id))
	return k, auth, loginError(err)
}

// loginError turns a store's NotFound into a failed login.
func loginError(err error) error {
	if err == error(NotFound) {
		return errLogin()
	}
	return err
}
