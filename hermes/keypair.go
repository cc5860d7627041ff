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

// PublicKey is the Ed25519 public key of a key pair. It compares with ==. The zero value is no key.
type PublicKey struct{ raw string }

const sshKeyType = "ssh-ed25519"

// UnmarshalText reads the 32 bytes in base64, or the one-line form of OpenSSH (RFC 4253 and 8709).
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

// sshPublicKey reads the type and the key, two strings that are preceded by their lengths.
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

// MarshalText returns the 32 bytes in base64.
func (k PublicKey) MarshalText() ([]byte, error) {
	return []byte(base64.StdEncoding.EncodeToString([]byte(k.raw))), nil
}

// IsZero reports whether there is no key.
func (k PublicKey) IsZero() bool { return k.raw == "" }

// AuthChallengeRequest names a key pair.
type AuthChallengeRequest struct {
	Key string `form:"key,required" json:"key"` // its public id
}

// Check implements [Request].
func (r AuthChallengeRequest) Check(...string) error {
	if r.Key == "" {
		return badParameter("key: missing; want a key's public id")
	}
	return checkText("key", r.Key, len(apiKeyPrefix)+apiKeyID)
}

// AuthChallengeResponse has what is to be signed; see [LoginMessage].
type AuthChallengeResponse struct {
	Nonce     Secret `json:"nonce"`
	Origin    string `json:"origin"`
	ExpiresIn int64  `json:"expires_in"` // seconds
}

// LoginMessage returns the message that a key pair signs to log in. Before it signs, a client must
// make sure that origin is that of the server that it means to talk to.
func LoginMessage(origin, key string, nonce Secret) []byte {
	return []byte("hermes-login-v1\n" + origin + "\n" + key + "\n" + nonce.Reveal() + "\n")
}

// AuthChallenge makes a nonce, which is valid once and for 60 seconds. It does not reveal whether
// the key exists. Causes: Throttled.
func (c *Client) AuthChallenge(_ context.Context, req AuthChallengeRequest) (res AuthChallengeResponse, err error) {
	defer wrap(&err, "auth/challenge")
	if err = req.Check(); err != nil {
		return res, err
	}
	if err = c.limiter.challenge(c.actor.Remote); err != nil {
		return res, err
	}
	nonce, err := c.newNonce(req.Key)
	return AuthChallengeResponse{Nonce: nonce, Origin: c.opts.Origin, ExpiresIn: int64(nonceTTL / time.Second)}, err
}

// verifySignature returns the authorization of a key pair that signed its nonce. The nonce is spent
// last, so that a client without the private key causes no write and cannot use up the nonce of
// another.
func (c *Client) verifySignature(ctx context.Context, key string, nonce Secret, signature string) (Authorization, error) {
	expires, ok := c.nonceExpiry(key, nonce)
	if !ok {
		return Authorization{}, errLogin()
	}
	k, auth, err := c.authorizedKey(ctx, key)
	if err != nil {
		return auth, err
	}
	if !isSignature(k, LoginMessage(c.opts.Origin, key, nonce), signature) || !c.keyUsable(ctx, k.Host, k.Expires) {
		return auth, errLogin()
	}
	err = c.store.AddNonce(ctx, Nonce{ID: hashOf(nonce), Expires: expires})
	if err == error(Exists) {
		return auth, errLogin()
	}
	return auth, c.changed(err)
}

// isSignature reports whether signature is the key pair's signature of message.
func isSignature(k Key, message []byte, signature string) bool {
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	return err == nil && len(k.PublicKey) == ed25519.PublicKeySize && ed25519.Verify(ed25519.PublicKey(k.PublicKey), message, sig)
}
