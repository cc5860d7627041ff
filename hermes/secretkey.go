package hermes

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hermes-voip/go-hermes/sip"
)

// SecretKey is 32 bytes from which Hermes derives the keys that seal SIP passwords and sign auth
// keys. Keep a copy: without it, sealed passwords cannot be recovered. [New] refuses the zero
// value.
type SecretKey struct{ raw Secret }

const secretKeySize = 32

// NewSecretKey makes a key of bytes that it reads from random.
func NewSecretKey(random io.Reader) (SecretKey, error) {
	b := make([]byte, secretKeySize)
	if _, err := io.ReadFull(random, b); err != nil {
		return SecretKey{}, fmt.Errorf("secret key: %w", err)
	}
	return SecretKey{NewSecret(string(b))}, nil
}

// ParseSecretKey reads 32 bytes in base64, with or without padding.
func ParseSecretKey(s string) (SecretKey, error) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(strings.TrimRight(strings.TrimSpace(s), "="))
	if err != nil || len(b) != secretKeySize {
		return SecretKey{}, errors.New("secret key: want 32 bytes in base64")
	}
	return SecretKey{NewSecret(string(b))}, nil
}

// Reveal returns the key in base64.
func (k SecretKey) Reveal() string { return base64.StdEncoding.EncodeToString([]byte(k.raw.Reveal())) }

// String returns [secret].
func (k SecretKey) String() string { return redacted }

// Format prints [secret] for every verb.
func (k SecretKey) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// keyring has what is derived from the secret keys. The first entry seals and signs.
type keyring []derivedKeys

type derivedKeys struct {
	id     string // names the key in what it sealed
	seal   cipher.AEAD
	sign   *signer
	nonces []byte         // for the nonces of key pairs
	limits []byte         // for the keys of the limits on failed logins
	audit  *authenticator // of the audit trail
}

const keyIDSize = 4

// newKeyring derives the keys of opts.SecretKeys or, if there are none, that of a store that keeps
// nothing.
func newKeyring(store Store, opts *Options) (keyring, error) {
	keys := opts.SecretKeys
	if len(keys) == 0 {
		k := store.VolatileKey()
		if k == (SecretKey{}) {
			return nil, errors.New("hermes: want a secret key in Options.SecretKeys; NewSecretKey makes one to be kept beside the database")
		}
		keys = []SecretKey{k}
	}
	var ring keyring
	for _, k := range keys {
		d, err := derive(k)
		if err != nil {
			return nil, err
		}
		ring = append(ring, d)
	}
	return ring, nil
}

func derive(k SecretKey) (d derivedKeys, err error) {
	if len(k.raw.Reveal()) != secretKeySize {
		return d, errors.New("secret key: want one that NewSecretKey or ParseSecretKey returned")
	}
	expand := func(info string, n int) []byte {
		b, e := hkdf.Key(sha256.New, []byte(k.raw.Reveal()), nil, info, n)
		err = errors.Join(err, e)
		return b
	}
	d.id = string(expand("hermes/key_id/v1", keyIDSize))
	d.sign = &signer{authenticator: authenticator{key: expand("hermes/auth_key/v1", 32)}}
	d.nonces = expand("hermes/nonce/v1", 32)
	d.limits = expand("hermes/login_limit/v1", 32)
	d.audit = &authenticator{key: expand("hermes/audit/v1", 32)}
	sealing := expand("hermes/sip_password/v1", 32)
	if err != nil {
		return d, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return d, err
	}
	d.seal, err = cipher.NewGCM(block)
	return d, err
}

// sealVersion begins every sealed password. The key id, the nonce and the output of AES-256-GCM
// follow. The address is the additional data, so that a ciphertext opens in its own row only.
const sealVersion = "\x01"

func (c *Client) sealPassword(a sip.Addr, password Secret) (string, error) {
	return c.sealWith(c.keys[0], password.Reveal(), a.String())
}

// sealWith seals a text with a key. It opens with the same data only.
func (c *Client) sealWith(k derivedKeys, text, data string) (string, error) {
	nonce, err := c.random(k.seal.NonceSize())
	if err != nil {
		return "", err
	}
	box := k.seal.Seal(nonce, nonce, []byte(text), []byte(data))
	return sealVersion + k.id + string(box), nil
}

// open opens what sealWith sealed with one of the keys, and reports whether one of them did.
func (r keyring) open(sealed, data string) (text string, opened bool) {
	rest, ok := strings.CutPrefix(sealed, sealVersion)
	if !ok || len(rest) < keyIDSize {
		return "", false
	}
	id, box := rest[:keyIDSize], rest[keyIDSize:]
	for _, k := range r {
		if n := k.seal.NonceSize(); k.id == id && len(box) >= n {
			b := []byte(box)
			if opened, err := k.seal.Open(b[n:n], b[:n], b[n:], []byte(data)); err == nil {
				return string(opened), true
			}
		}
	}
	return "", false
}

// openPassword opens what sealPassword sealed. A password that does not open was sealed with a
// secret key that is not configured any more, or for another address.
func (c *Client) openPassword(a sip.Addr, sealed string) (Secret, error) {
	text, opened := c.keys.open(sealed, a.String())
	if !opened {
		return Secret{}, internalFault(fmt.Errorf("sealed password of %s: none of the %d secret keys opens it", a, len(c.keys)))
	}
	return NewSecret(text), nil
}

// Rekey seals every SIP password anew that was not sealed with the first secret key, and returns
// how many it sealed; with it what a suspended user had. It does the same with the kept answers to
// calls and with provisioning keys, which it does not count. After that, the other keys can be
// removed from Options.SecretKeys, and [Client.CheckSecretKeys] asks for the first one only. It can
// be stopped and run again, and other calls may run meanwhile.
//
// A password or another secret that no key opens stays as it is, and the others are sealed all the
// same; the error, which is returned at the end, names the first such password. Inside [Client.Tx]
// that error would roll back all of it, so do not call Rekey there. Rekey needs CanAdminister.
//
// Rekey also seals all of the audit trail, checks it as [Client.AuditVerify] does, and begins a new
// chain of seals with the first key, which authenticates the old ones. If the audit trail does not
// fit, Rekey returns that error at the end, and the old keys are needed further on.
func (c *Client) Rekey(ctx context.Context) (n int, err error) {
	defer wrap(&err, "")
	if err := c.require("user/rekey", CanAdminister); err != nil {
		return 0, err
	}
	users, err := c.UserList(ctx, UserListRequest{})
	if err != nil {
		return 0, err
	}
	var lost error
	for u, err := range users.List.All() {
		if err != nil {
			return n, err
		}
		done, err := c.reseal(ctx, u.User)
		switch {
		case errors.Is(err, Internal):
			lost = firstError(lost, err)
		case err != nil:
			return n, err
		case done:
			n++
		}
	}
	lostAnswer, err := c.rekeyAnswers(ctx)
	if err != nil {
		return n, err
	}
	lostKey, err := c.rekeyProvKeys(ctx)
	if err != nil {
		return n, err
	}
	if lost = firstError(lost, lostAnswer, lostKey); lost == nil {
		lost = c.rekeyAudit(ctx)
	}
	if lost == nil {
		lost = c.resetSecretCheck(ctx)
	}
	return n, lost
}

// reseal seals a user's password with the first key, and reports whether it had to. A user that was
// removed meanwhile needs nothing.
func (c *Client) reseal(ctx context.Context, a sip.Addr) (done bool, err error) {
	isFirst := func(sealed string) bool { return sealed == "" || strings.HasPrefix(sealed, sealVersion+c.keys[0].id) }
	err = c.change(ctx, "user/rekey", nil, []Lock{LockAddr(a)}, func(s Store) error {
		done = false
		u, err := s.User(ctx, a)
		if err == error(NotFound) || err == nil && isFirst(u.Sealed) && isFirst(u.Suspended) {
			return nil
		}
		if err != nil {
			return err
		}
		if !isFirst(u.Sealed) {
			password, err := c.openPassword(a, u.Sealed)
			if err != nil {
				return err
			}
			if u.Sealed, err = c.sealPassword(a, password); err != nil {
				return err
			}
		}
		if !isFirst(u.Suspended) {
			kept, err := c.openSuspension(u)
			if err != nil {
				return err
			}
			if u.Suspended, err = c.sealSuspension(a, kept); err != nil {
				return err
			}
		}
		done = true
		return s.SetUser(ctx, u)
	})
	return done, err
}
