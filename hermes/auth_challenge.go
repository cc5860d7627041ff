package hermes

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// PublicKey is the Ed25519 public key of a key pair. It compares with ==; the zero value is none.
type PublicKey struct{ raw string }

const sshKeyType = "ssh-ed25519"

// UnmarshalText reads the 32 bytes in base64, or OpenSSH's one-line form (RFC 4253, 8709).
func (k *PublicKey) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if fields := strings.Fields(s); len(fields) >= 2 && fields[0] == sshKeyType {
		blob, err := base64.StdEncoding.DecodeString(fields[1])
		raw, ok := sshPublicKey(blob)
		if err != nil || !ok {
			return errors.New("pubkey: want an ssh-ed25519 key as ssh-keygen writes it")
		}
		k.raw = raw
		return nil
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(urlToStd.Replace(s), "="))
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return errors.New("pubkey: want the 32 bytes of an Ed25519 public key in base64, or an ssh-ed25519 line")
	}
	k.raw = string(raw)
	return nil
}

var urlToStd = strings.NewReplacer("-", "+", "_", "/")

// sshPublicKey reads two strings, each with its length before it: the type and the key.
func sshPublicKey(blob []byte) (string, bool) {
	typ, rest, ok := sshString(blob)
	if !ok || typ != sshKeyType {
		return "", false
	}
	raw, rest, ok := sshString(rest)
	return raw, ok && len(rest) == 0 && len(raw) == ed25519.PublicKeySize
}

func sshString(b []byte) (s string, rest []byte, ok bool) {
	if len(b) < 4 {
		return "", nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(len(b)-4) < uint64(n) {
		return "", nil, false
	}
	return string(b[4 : 4+n]), b[4+n:], true
}

// MarshalText writes the 32 bytes in base64.
func (k PublicKey) MarshalText() ([]byte, error) {
	return []byte(base64.StdEncoding.EncodeToString([]byte(k.raw))), nil
}

// IsZero tells whether there is none.
func (k PublicKey) IsZero() bool { return k.raw == "" }

const nonceTime = 60 * time.Second

// AuthChallengeRequest names the key pair that is to log in.
type AuthChallengeRequest struct {
	Key string `form:"key,required" json:"key"` // its public id
}

// AuthChallengeResponse has what is to be signed; see LoginMessage.
type AuthChallengeResponse struct {
	Nonce     Secret `json:"nonce"`
	Origin    string `json:"origin"`
	ExpiresIn int64  `json:"expires_in"` // seconds
}

// LoginMessage is what a key pair signs to log in. A client makes sure that origin is that of
// the server it means to talk to before it signs.
func LoginMessage(origin, key string, nonce Secret) []byte {
	return []byte("hermes-login-v1\n" + origin + "\n" + key + "\n" + nonce.Reveal() + "\n")
}

// AuthChallenge makes a nonce, which serves once within 60 seconds. A key that does not exist gets
// one too. Causes: Throttled.
func (c *Client) AuthChallenge(ctx context.Context, req AuthChallengeRequest) (res AuthChallengeResponse, err error) {
	defer wrap(&err, "auth/challenge")
	if req.Key == "" {
		return res, badParameter("key: missing; want a key's public id")
	}
	if err = checkText("key", req.Key, len(apiKeyPrefix)+apiKeyID); err != nil {
		return res, err
	}
	now := c.now()
	if err = c.door.challenge(c.actor.Remote, now); err != nil {
		return res, err
	}
	nonce, err := c.newToken(noncePrefix, nonceBody)
	if err != nil {
		return res, err
	}
	err = c.store.AddNonce(ctx, Nonce{ID: hashOf(nonce), Key: req.Key, Expires: now.Add(nonceTime)})
	return AuthChallengeResponse{nonce, c.opts.Origin, int64(nonceTime / time.Second)}, err
}

// verifySignature returns the authorization of a key pair that signed its nonce. The nonce is taken last: who does not have the
// private key makes no database write, and uses up nobody's nonce.
func (c *Client) verifySignature(ctx context.Context, key string, nonce Secret, signature string) (Authorization, error) {
	if !wellFormed(nonce, noncePrefix, nonceBody) {
		return Authorization{}, errLogin()
	}
	k, auth, err := c.authorizedKey(ctx, key)
	if err != nil {
		return auth, err
	}
	if !signs(k, LoginMessage(c.opts.Origin, key, nonce), signature) || !c.keyServes(ctx, k.Host, k.Expires) {
		return auth, errLogin()
	}
	n, err := c.store.TakeNonce(ctx, hashOf(nonce))
	if err == nil && (n.Key != key || !c.now().Before(n.Expires)) {
		err = errLogin()
	}
	return auth, refused(err)
}

// signs tells whether a signature is that of the key pair.
func signs(k Key, message []byte, signature string) bool {
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	return err == nil && len(k.PublicKey) == ed25519.PublicKeySize && ed25519.Verify(ed25519.PublicKey(k.PublicKey), message, sig)
}

// verifyKey returns the authorization of a bearer key.
func (c *Client) verifyKey(ctx context.Context, key Secret) (Authorization, error) {
	id, ok := keyID(key)
	if !ok || id == key.Reveal() {
		return Authorization{}, errLogin()
	}
	k, auth, err := c.authorizedKey(ctx, id)
	if err == nil && (!equalHashes(hashOf(key), k.Hash) || !c.keyServes(ctx, k.Host, k.Expires)) {
		err = errLogin()
	}
	return auth, err
}

// authorizedKey returns a key. Whether it serves is asked when who shows it has proved that it is theirs: who only knows its
// public id shall neither cause look-ups of names nor learn from their time that there is such a key.
func (c *Client) authorizedKey(ctx context.Context, id string) (Key, Authorization, error) {
	k, err := c.store.Key(ctx, id)
	if err != nil {
		return k, Authorization{}, refused(err)
	}
	auth, err := c.store.Authorization(ctx, keyPrincipal(id))
	return k, auth, refused(err)
}

// keyServes tells whether a key's expiry and host allow its use now.
func (c *Client) keyServes(ctx context.Context, host string, expires time.Time) bool {
	return (expires.IsZero() || c.now().Before(expires)) && c.hostAllows(ctx, host, c.actor.Remote)
}

// refused makes a failed login of what does not exist; a fault of the store stays one.
func refused(err error) error {
	if err == error(NotFound) {
		return errLogin()
	}
	return err
}
