package hermes

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hermes-voip/go-hermes/sip"
)

// SecretKey is 32 bytes from which the keys are derived that seal SIP passwords and sign auth
// keys. Who loses it loses the sealed passwords.
type SecretKey struct{ raw Secret }

const secretKeySize = 32

// NewSecretKey draws a key from random.
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

// keyring holds the derived keys, that which signs and seals first.
type keyring []derivedKeys

type derivedKeys struct {
	id   string // names the key in what it sealed
	seal cipher.AEAD
	sign []byte
}

const keyIDSize = 4

func newKeyring(keys []SecretKey) (keyring, error) {
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
	d.sign = expand("hermes/auth_key/v1", 32)
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

// sealVersion begins every sealed password: version, key id, nonce, AES-256-GCM's output. The
// address is the additional data, so that a ciphertext opens in its own row only.
const sealVersion = "\x01"

func (c *core) sealPassword(a sip.Addr, password Secret) (string, error) {
	k := c.keys[0]
	nonce, err := c.random(k.seal.NonceSize())
	if err != nil {
		return "", err
	}
	box := k.seal.Seal(nonce, nonce, []byte(password.Reveal()), []byte(a.String()))
	return sealVersion + k.id + string(box), nil
}

// openPassword is sealPassword's inverse. A password that does not open was sealed with a
// secret key that is not configured any more, or for another address.
func (c *core) openPassword(a sip.Addr, sealed string) (Secret, error) {
	rest, ok := strings.CutPrefix(sealed, sealVersion)
	if !ok || len(rest) < keyIDSize {
		return Secret{}, internalFault(fmt.Errorf("sealed password of %s: unknown form", a))
	}
	id, box := rest[:keyIDSize], rest[keyIDSize:]
	for _, k := range c.keys {
		if n := k.seal.NonceSize(); k.id == id && len(box) >= n {
			clear, err := k.seal.Open(nil, []byte(box[:n]), []byte(box[n:]), []byte(a.String()))
			if err == nil {
				return NewSecret(string(clear)), nil
			}
		}
	}
	return Secret{}, internalFault(fmt.Errorf("sealed password of %s: none of the %d secret keys opens it", a, len(c.keys)))
}

func (k derivedKeys) mac(parts ...[]byte) []byte {
	h := hmac.New(sha256.New, k.sign)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}
