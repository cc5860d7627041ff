package hermes

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// ErrSecretKey is wrapped by the error of [Client.CheckSecretKeys] if a secret key is missing.
var ErrSecretKey = errors.New("a secret key that sealed passwords is missing")

const (
	// secretCheckData is the additional data of what is sealed for the check.
	secretCheckData = "hermes/secret_check/v1"
	// sealedSample is how many sealed passwords and provisioning keys of each kind are tried in a
	// store that has no check value yet. One that opens is enough, because single ones may have been
	// lost before.
	sealedSample = 100
)

// CheckSecretKeys returns nil if the secret keys open everything that was sealed. A program should
// call it when it starts, after the migrations: with other keys, passwords could not be read, and
// new ones would be sealed so that the right keys cannot open them.
//
// The store keeps a value sealed with each key that has been the first one in Options.SecretKeys
// since the last [Client.Rekey]. Each of them must open. In a store without such values, one of the
// sealed passwords and provisioning keys must, if there are any. If all is well, CheckSecretKeys
// adds the value of the present first key. Otherwise the error wraps [ErrSecretKey].
// CheckSecretKeys needs CanAdminister.
func (c *Client) CheckSecretKeys(ctx context.Context) (err error) {
	defer wrap(&err, "")
	if err := c.require("user/check_secret_keys", CanAdminister); err != nil {
		return err
	}
	return c.change(ctx, "user/check_secret_keys", nil, []Lock{LockSecretCheck()}, func(s Store) error {
		values, err := secretCheck(ctx, s)
		if err != nil {
			return err
		}
		needed := c.keys[:1]
		if len(values) == 0 {
			if needed, err = c.keysOfSealed(ctx, s); err != nil {
				return err
			}
		}
		for _, v := range values {
			if _, opened := c.keys.open(v, secretCheckData); !opened {
				return internalFault(fmt.Errorf("%w: the store has been used with a key that is not among those given", ErrSecretKey))
			}
		}
		return c.addSecretCheck(ctx, s, values, needed)
	})
}

// keysOfSealed returns the keys that may be needed for what is sealed in a store without check
// values: all of them, or only the first one if there is nothing.
func (c *Client) keysOfSealed(ctx context.Context, s Store) (keyring, error) {
	sealed := false
	for _, try := range []func(context.Context, Store) (found, opened bool, err error){
		c.trySealedUsers, c.trySealedDevices, c.trySealedDomains,
	} {
		found, opened, err := try(ctx, s)
		if err != nil || opened {
			return c.keys, err
		}
		sealed = sealed || found
	}
	if sealed {
		return nil, internalFault(fmt.Errorf("%w: the keys that are given open none of the sealed passwords and keys that were tried", ErrSecretKey))
	}
	return c.keys[:1], nil
}

// trySealedUsers reports whether there are sealed passwords, and whether one of them opens.
func (c *Client) trySealedUsers(ctx context.Context, s Store) (found, opened bool, err error) {
	users, err := s.SealedUsers(ctx, sealedSample)
	if err != nil {
		return false, false, err
	}
	for _, a := range users {
		u, err := s.User(ctx, a)
		if err != nil && err != error(NotFound) {
			return false, false, err
		}
		if _, opened := c.keys.open(u.Sealed, a.String()); opened {
			return true, true, nil
		}
	}
	return len(users) > 0, false, nil
}

// trySealedDevices is trySealedUsers for the provisioning keys of phones.
func (c *Client) trySealedDevices(ctx context.Context, s Store) (found, opened bool, err error) {
	devices, err := s.SealedDevices(ctx, mac.Addr{}, sealedSample)
	if err != nil {
		return false, false, err
	}
	for _, m := range devices {
		d, err := s.Device(ctx, m)
		if err != nil && err != error(NotFound) {
			return false, false, err
		}
		if c.opensProvKey(m.String(), d.Key, d.Next) {
			return true, true, nil
		}
	}
	return len(devices) > 0, false, nil
}

// trySealedDomains is trySealedUsers for the provisioning keys of domains.
func (c *Client) trySealedDomains(ctx context.Context, s Store) (found, opened bool, err error) {
	domains, err := s.SealedDomains(ctx, sip.Domain{}, sealedSample)
	if err != nil {
		return false, false, err
	}
	for _, d := range domains {
		k, err := s.DomainKeys(ctx, d)
		if err != nil && err != error(NotFound) {
			return false, false, err
		}
		if c.opensProvKey(d.String(), k.Current, k.Before) {
			return true, true, nil
		}
	}
	return len(domains) > 0, false, nil
}

// opensProvKey reports whether one of the keys of a phone or a domain opens.
func (c *Client) opensProvKey(owner string, keys ...ProvKey) bool {
	return slices.ContainsFunc(keys, func(k ProvKey) bool {
		_, opened := c.keys.open(k.Sealed, provKeyData(owner))
		return opened
	})
}

// AcceptLostKeys makes [Client.CheckSecretKeys] content with the present first key, although others
// may be missing that sealed passwords: these passwords cannot be recovered, and the users need new
// ones. What those keys sealed of the audit trail is authenticated as it is now. It needs
// CanAdminister.
func (c *Client) AcceptLostKeys(ctx context.Context) (err error) {
	defer wrap(&err, "")
	if err := c.require("user/accept_lost_keys", CanAdminister); err != nil {
		return err
	}
	acceptAny := func(AuditSeal) error { return nil }
	if err := c.renewAuditChain(ctx, acceptAny); err != nil {
		return err
	}
	return c.resetSecretCheck(ctx)
}

// resetSecretCheck stores a value for the first key only.
func (c *Client) resetSecretCheck(ctx context.Context) error {
	return c.change(ctx, "user/accept_lost_keys", nil, []Lock{LockSecretCheck()}, func(s Store) error {
		return c.addSecretCheck(ctx, s, nil, c.keys[:1])
	})
}

// secretCheck returns the sealed values of a store, which may be none.
func secretCheck(ctx context.Context, s Store) (values []string, err error) {
	text, err := s.SecretCheck(ctx)
	if err == error(NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for field := range strings.FieldsSeq(text) {
		v, err := base64.StdEncoding.DecodeString(field)
		if err != nil {
			return nil, internalFault(fmt.Errorf("check value of the secret keys: %w", err))
		}
		values = append(values, string(v))
	}
	return values, nil
}

// addSecretCheck stores the values, with one more for each of the keys that has none among them. It
// writes nothing if that changes nothing.
func (c *Client) addSecretCheck(ctx context.Context, s Store, values []string, keys keyring) error {
	all := slices.Clone(values)
	for _, k := range keys {
		if slices.ContainsFunc(all, func(v string) bool { return strings.HasPrefix(v, sealVersion+k.id) }) {
			continue
		}
		v, err := c.sealWith(k, "", secretCheckData)
		if err != nil {
			return err
		}
		all = append(all, v)
	}
	if len(all) == len(values) {
		return nil
	}
	var fields []string
	for _, v := range all {
		fields = append(fields, base64.StdEncoding.EncodeToString([]byte(v)))
	}
	return s.SetSecretCheck(ctx, strings.Join(fields, " "))
}
