package hermes

import (
	"context"
	"strings"
	"time"
)

// AuthNewKeyRequest describes an API key. With PublicKey it is a key pair, of which Hermes
// holds the public half only, and Host may be empty.
type AuthNewKeyRequest struct {
	Host      string    `form:"host" json:"host,omitzero"` // an IP address, CIDR ranges separated by commas, or a host name
	Access    Access    `form:"access,required" json:"access"`
	Comment   string    `form:"comment" json:"comment,omitzero"` // at most 128 characters
	Expires   Duration  `form:"expires" json:"expires,omitzero"` // from now; 0: never
	PublicKey PublicKey `form:"pubkey" json:"pubkey,omitzero"`   // Ed25519
}

// AuthNewKeyResponse has the secret key, shown this once; for a key pair the public id.
type AuthNewKeyResponse struct {
	Key    Secret `json:"key"`
	Host   string `json:"host"`
	Access Access `json:"access"`
}

// AuthNewKey makes an API key. Nobody grants more than they have.
func (c *Client) AuthNewKey(ctx context.Context, req AuthNewKeyRequest) (res AuthNewKeyResponse, err error) {
	defer wrap(&err, "auth/new_key")
	if err = c.allow("auth/new_key"); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/new_key", loginName(res.Key), err) }()
	if err = firstError(req.checkHost(), checkText("comment", req.Comment, textMax), c.mayGrant(req.Access)); err != nil {
		return res, err
	}
	k, key, err := c.drawKey(req)
	if err != nil {
		return res, err
	}
	err = c.store.Tx(ctx, func(s Store) error {
		if err := s.AddKey(ctx, k); err != nil {
			return err
		}
		return s.SetAuthorization(ctx, Authorization{keyPrincipal(k.ID), req.Access})
	})
	return AuthNewKeyResponse{Key: key, Host: req.Host, Access: req.Access}, err
}

func (req AuthNewKeyRequest) checkHost() error {
	if req.Host == "" {
		if req.PublicKey.IsZero() {
			return badParameter("host: missing; want one, or pubkey")
		}
		return nil
	}
	_, err := parseHost(req.Host)
	return err
}

// drawKey makes the record, and what the caller is told: the secret, or the id of a key pair.
func (c *core) drawKey(req AuthNewKeyRequest) (Key, Secret, error) {
	now := c.now()
	k := Key{Host: req.Host, Comment: req.Comment, PublicKey: req.PublicKey.raw, Created: now}
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

func keyPrincipal(id string) Principal { return Principal{KeyPrincipal, id} }

// keyID returns the public id in a key or in an id.
func keyID(key Secret) (string, bool) {
	s := key.Reveal()
	n := len(apiKeyPrefix) + apiKeyID
	if len(s) < n || !strings.HasPrefix(s, apiKeyPrefix) {
		return "", false
	}
	return s[:n], len(s) == n || wellFormed(key, apiKeyPrefix, apiKeyBody) && s[n] == '_'
}

// loginName is what a login by key counts against: the public id, or one name for all that is no key.
func loginName(key Secret) string {
	id, _ := keyID(key)
	return id
}

// AuthRemoveKeyRequest names a key.
type AuthRemoveKeyRequest struct {
	Key Secret `form:"key,required" json:"key"` // the key, or its public id
}

// AuthRemoveKeyResponse has the key as it was given.
type AuthRemoveKeyResponse struct {
	Key Secret `json:"key"`
}

// AuthRemoveKey removes an API key and ends its sessions. Causes: NotFound, InUse (it is
// the last principal with FullWrite).
func (c *Client) AuthRemoveKey(ctx context.Context, req AuthRemoveKeyRequest) (res AuthRemoveKeyResponse, err error) {
	defer wrap(&err, "auth/remove_key")
	if err = c.allow("auth/remove_key"); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/remove_key", loginName(req.Key), err) }()
	if req.Key.IsZero() {
		return res, badParameter("key: missing; want a key or its public id")
	}
	id, ok := keyID(req.Key)
	if !ok {
		return res, noKey(NotFound)
	}
	err = c.store.Tx(ctx, func(s Store) error { return c.removeKey(ctx, s, id, req.Key) })
	return AuthRemoveKeyResponse(req), err
}

func (c *core) removeKey(ctx context.Context, s Store, id string, given Secret) error {
	k, err := s.Key(ctx, id)
	if err != nil {
		return noKey(err)
	}
	if given.Reveal() != id && !equalHashes(hashOf(given), k.Hash) {
		return noKey(NotFound)
	}
	p := keyPrincipal(id)
	if err := c.keepLastAdmin(ctx, s, Authorization{Principal: p}); err != nil {
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

// AuthListKeysResponse has the keys, ordered by public id.
type AuthListKeysResponse struct {
	List []AuthKeyEntry `json:"list"`
}

// AuthKeyEntry is an API key without its secret.
type AuthKeyEntry struct {
	Key      string         `json:"key"` // the public id
	Host     string         `json:"host"`
	Access   Access         `json:"access"`
	Comment  string         `json:"comment"`
	Created  time.Time      `json:"created"`
	LastUsed Opt[time.Time] `json:"last_used,omitzero"` // absent: not yet
	Expires  Opt[time.Time] `json:"expires,omitzero"`   // absent: never
}

// AuthListKeys lists the API keys.
func (c *Client) AuthListKeys(ctx context.Context, _ AuthListKeysRequest) (res AuthListKeysResponse, err error) {
	defer wrap(&err, "auth/list_keys")
	if err = c.allow("auth/list_keys"); err != nil {
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
	level := map[Principal]Access{}
	for _, a := range all {
		level[a.Principal] = a.Access
	}
	res.List = []AuthKeyEntry{}
	for _, k := range keys {
		res.List = append(res.List, AuthKeyEntry{
			Key: k.ID, Host: k.Host, Access: level[keyPrincipal(k.ID)], Comment: k.Comment, Created: k.Created,
			LastUsed: optTime(k.LastUsed), Expires: optTime(k.Expires),
		})
	}
	return res, nil
}

func optTime(t time.Time) Opt[time.Time] { return Opt[time.Time]{t, !t.IsZero()} }
