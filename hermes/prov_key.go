package hermes

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// The keys in the addresses of provisioning files have the alphabet and the length of rand.Text:
// 130 bits.
const (
	provKeyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	provKeyLength   = 26
)

// isProvKey reports whether a text has the form of a provisioning key.
func isProvKey(s string) bool {
	return len(s) == provKeyLength && strings.Trim(s, provKeyAlphabet) == ""
}

// provKeyData is the additional data of a sealed key. The owner is a MAC address or a domain.
func provKeyData(owner string) string { return "hermes/prov_key/v1 " + owner }

// newProvKey makes a key for a phone or a domain.
func (c *Client) newProvKey(owner string) (ProvKey, error) {
	text, err := c.randomText(provKeyAlphabet, provKeyLength)
	if err != nil {
		return ProvKey{}, err
	}
	return c.sealProvKey(owner, NewSecret(text))
}

// sealProvKey seals a key with the first secret key.
func (c *Client) sealProvKey(owner string, key Secret) (ProvKey, error) {
	text := key.Reveal()
	sealed, err := c.sealWith(c.keys[0], text, provKeyData(owner))
	return ProvKey{Hash: sha256.Sum256([]byte(text)), Sealed: sealed}, err
}

// openProvKey opens what sealProvKey sealed.
func (c *Client) openProvKey(owner string, k ProvKey) (Secret, error) {
	text, opened := c.keys.open(k.Sealed, provKeyData(owner))
	if !opened {
		return Secret{}, internalFault(fmt.Errorf("provisioning key of %s: none of the %d secret keys opens it", owner, len(c.keys)))
	}
	return NewSecret(text), nil
}

// provURL returns the address of the files that a key opens. base is the prov_url of a domain.
func provURL(base string, key Secret) Secret {
	return NewSecret(strings.TrimRight(base, "/") + "/" + key.Reveal())
}

// provKeyPage is how many phones or domains are read at once, in order to seal their keys anew.
const provKeyPage = 100

// rekeyProvKeys seals the keys of phones and domains anew that were not sealed with the first
// secret key. lost is about the first that no secret key opens, which stays as it is.
func (c *Client) rekeyProvKeys(ctx context.Context) (lost, err error) {
	lostOfDevices, err := rekeyPages(ctx, c.store.SealedDevices, c.resealDevice)
	if err != nil {
		return lostOfDevices, err
	}
	lostOfDomains, err := rekeyPages(ctx, c.store.SealedDomains, c.resealDomain)
	return firstError(lostOfDevices, lostOfDomains), err
}

// rekeyPages calls reseal for each owner of keys that list returns page by page.
func rekeyPages[K mac.Addr | sip.Domain](
	ctx context.Context, list func(ctx context.Context, after K, n int) ([]K, error), reseal func(context.Context, K) error,
) (lost, err error) {
	var after K
	for {
		page, err := list(ctx, after, provKeyPage)
		if err != nil {
			return lost, err
		}
		for _, owner := range page {
			if err := reseal(ctx, owner); errors.Is(err, Internal) {
				lost = firstError(lost, err)
			} else if err != nil {
				return lost, err
			}
		}
		if len(page) < provKeyPage {
			return lost, nil
		}
		after = page[len(page)-1]
	}
}

// resealDevice seals the keys of a phone with the first secret key.
func (c *Client) resealDevice(ctx context.Context, m mac.Addr) error {
	return c.change(ctx, "user/rekey", nil, []Lock{LockPhone(m)}, func(s Store) error {
		d, err := s.Device(ctx, m)
		if err == error(NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		changed, err := c.resealProvKeys(m.String(), &d.Key, &d.Next)
		if err != nil || !changed {
			return err
		}
		return s.SetDevice(ctx, d)
	})
}

// resealDomain seals the keys of a domain with the first secret key.
func (c *Client) resealDomain(ctx context.Context, d sip.Domain) error {
	return c.change(ctx, "user/rekey", nil, []Lock{LockDomain(d)}, func(s Store) error {
		keys, err := s.DomainKeys(ctx, d)
		if err == error(NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		changed, err := c.resealProvKeys(d.String(), &keys.Current, &keys.Before)
		if err != nil || !changed {
			return err
		}
		return s.SetDomainKeys(ctx, keys)
	})
}

// resealProvKeys seals those of the keys anew that were not sealed with the first secret key, and
// reports whether there was one.
func (c *Client) resealProvKeys(owner string, keys ...*ProvKey) (changed bool, err error) {
	for _, k := range keys {
		if k.IsZero() || strings.HasPrefix(k.Sealed, sealVersion+c.keys[0].id) {
			continue
		}
		key, err := c.openProvKey(owner, *k)
		if err != nil {
			return false, err
		}
		if *k, err = c.sealProvKey(owner, key); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}
