package hermes_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// keyPair is a key pair of an env with its public id.
type keyPair struct {
	private ed25519.PrivateKey
	id      string
}

// mustNewKeyPair makes a key pair with limited_write; see [hermes.AuthNewKeyRequest] for host.
func mustNewKeyPair(t testing.TB, e *env, host string) keyPair {
	t.Helper()
	private := ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", 32)))
	req := keyFor(host)
	text := base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey))
	if err := req.PublicKey.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return keyPair{private: private, id: mustNewKey(t, e.client, req).Reveal()}
}

func mustChallenge(t testing.TB, e *env, id string) hermes.AuthChallengeResponse {
	t.Helper()
	res, err := e.from(office).AuthChallenge(t.Context(), hermes.AuthChallengeRequest{Key: id})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// keyPairLogin is a login with a key pair before it is signed.
type keyPairLogin struct {
	private    ed25519.PrivateKey
	origin, id string
	nonce      hermes.Secret
}

// newLogin returns a login that succeeds.
func (p keyPair) newLogin(t testing.TB, e *env) keyPairLogin {
	t.Helper()
	c := mustChallenge(t, e, p.id)
	return keyPairLogin{private: p.private, origin: c.Origin, id: p.id, nonce: c.Nonce}
}

func (l keyPairLogin) sign() hermes.AuthLoginRequest {
	signature := ed25519.Sign(l.private, hermes.LoginMessage(l.origin, l.id, l.nonce))
	return hermes.AuthLoginRequest{
		Key: l.id, Nonce: l.nonce, Signature: base64.RawURLEncoding.EncodeToString(signature),
	}
}

func TestClient_AuthLogin_keyPair(t *testing.T) {
	t.Parallel()
	e := newEnvWith(t, func(o *hermes.Options) { o.Origin = "https://hermes.example.com" })
	p := mustNewKeyPair(t, e, "")
	if len(p.id) != keyIDLength || !strings.HasPrefix(p.id, "hek_") {
		t.Fatalf("got the id %q, want hek_ and 10 characters", p.id)
	}
	c := mustChallenge(t, e, p.id)
	if c.Origin != "https://hermes.example.com" || c.ExpiresIn != 60 || !strings.HasPrefix(c.Nonce.Reveal(), "hen_") {
		t.Errorf("got the nonce %q for %d s with the origin %q", c.Nonce.Reveal(), c.ExpiresIn, c.Origin)
	}
	message := "hermes-login-v1\nhttps://hermes.example.com\n" + p.id + "\n" + c.Nonce.Reveal() + "\n"
	req := hermes.AuthLoginRequest{
		Key: p.id, Nonce: c.Nonce,
		Signature: base64.RawURLEncoding.EncodeToString(ed25519.Sign(p.private, []byte(message))),
	}
	_, err := e.from(office).AuthLogin(t.Context(), req)
	wantCause(t, err, "")
	_, err = e.from(office).AuthLogin(t.Context(), req) // the nonce was used
	wantCause(t, err, hermes.Unauthorized)
}

func TestClient_AuthLogin_keyPairUnauthorized(t *testing.T) {
	t.Parallel()
	const unknownKey = "hek_0123456789"
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, e *env, l *keyPairLogin) // before the login is signed
	}{
		{"the origin of another server", func(_ *testing.T, _ *env, l *keyPairLogin) {
			l.origin = "https://evil.example"
		}},
		{"another private key", func(_ *testing.T, _ *env, l *keyPairLogin) {
			l.private = ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32)))
		}},
		{"a nonce of another key", func(t *testing.T, e *env, l *keyPairLogin) {
			l.nonce = mustChallenge(t, e, unknownKey).Nonce
		}},
		{"a nonce that the server did not make", func(_ *testing.T, _ *env, l *keyPairLogin) {
			l.nonce = hermes.NewSecret("hen_" + strings.Repeat("x", 28))
		}},
		{"an expired nonce", func(_ *testing.T, e *env, _ *keyPairLogin) {
			e.clock.sleep(time.Minute)
		}},
		{"an unknown key", func(t *testing.T, e *env, l *keyPairLogin) {
			l.id, l.nonce = unknownKey, mustChallenge(t, e, unknownKey).Nonce
		}},
		{"the id of a key that is no pair", func(t *testing.T, e *env, l *keyPairLogin) {
			l.id = idOf(mustNewKey(t, e.client, keyFor("192.0.2.0/24")))
			l.nonce = mustChallenge(t, e, l.id).Nonce
		}},
		{"a removed key", func(t *testing.T, e *env, l *keyPairLogin) {
			mustRemoveKey(t, e.client, hermes.NewSecret(l.id))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			l := mustNewKeyPair(t, e, "").newLogin(t, e)
			tt.change(t, e, &l)
			_, err := e.from(office).AuthLogin(t.Context(), l.sign())
			wantCause(t, err, hermes.Unauthorized)
		})
	}
}

func TestClient_AuthLogin_malformedSignature(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(signature string) string{
		"a padded signature":    func(s string) string { return s + "==" },
		"a truncated signature": func(s string) string { return s[:80] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			req := mustNewKeyPair(t, e, "").newLogin(t, e).sign()
			req.Signature = change(req.Signature)
			_, err := e.from(office).AuthLogin(t.Context(), req)
			wantCause(t, err, hermes.Unauthorized)
		})
	}
}

// A login with a wrong signature writes nothing, and leaves the nonce valid for the right one.
func TestClient_AuthLogin_wrongSignature(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	l := mustNewKeyPair(t, e, "").newLogin(t, e)
	right, garbage := l.sign(), l.sign()
	garbage.Signature = strings.Repeat("A", 86)
	l.origin = "https://evil.example"
	calls := &storeCalls{}
	client := e.newClient(t, calls.over(e.store)).As(hermes.Actor{Remote: office})
	for _, wrong := range []hermes.AuthLoginRequest{garbage, l.sign()} {
		_, err := client.AuthLogin(t.Context(), wrong)
		wantCause(t, err, hermes.Unauthorized)
	}
	if slices.Contains(calls.names, "AddNonce") || slices.Contains(calls.names, "Tx") {
		t.Errorf("got the calls %q of the store, want no write", calls.names)
	}
	_, err := e.from(office).AuthLogin(t.Context(), right)
	wantCause(t, err, "")
}

func TestClient_AuthLogin_keyPairHost(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	l := mustNewKeyPair(t, e, "198.51.100.0/24").newLogin(t, e)
	_, err := e.from(office).AuthLogin(t.Context(), l.sign())
	wantCause(t, err, hermes.Unauthorized)
}

// The id of a key pair is no key, and the store has only the public half.
func TestClient_AuthNewKey_keyPair(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	p := mustNewKeyPair(t, e, "198.51.100.0/24")
	_, err := e.loginWithKey(t, hermes.NewSecret(p.id), office)
	wantCause(t, err, hermes.Unauthorized)
	stored, err := e.store.Key(t.Context(), p.id)
	if err != nil {
		t.Fatal(err)
	}
	if stored.Hash != (hermes.Hash{}) || len(stored.PublicKey) != 32 {
		t.Errorf("got the record %v, want a public key and no hash", stored)
	}
}

func TestClient_AuthChallenge(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{
		"no key":              "",
		"too long":            strings.Repeat("x", 15),
		"a control character": "a\nb",
		"invalid UTF-8":       "\xff",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newEnv(t).from(office).AuthChallenge(t.Context(), hermes.AuthChallengeRequest{Key: key})
			wantCause(t, err, hermes.Parameters)
		})
	}
	t.Run("the response does not reveal whether the key exists", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		known := mustChallenge(t, e, mustNewKeyPair(t, e, "").id)
		unknown := mustChallenge(t, e, "hek_0123456789")
		if known.Origin != unknown.Origin || known.ExpiresIn != unknown.ExpiresIn ||
			len(known.Nonce.Reveal()) != len(unknown.Nonce.Reveal()) {
			t.Errorf("got %+v for an unknown key and %+v for a known one", unknown, known)
		}
	})
	t.Run("an address gets 30 nonces at once and then two a second", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		id := mustNewKeyPair(t, e, "").id
		mustChallenge(t, e, id)
		for range 29 {
			mustChallenge(t, e, "hek_0123456789")
		}
		_, err := e.from(office).AuthChallenge(t.Context(), hermes.AuthChallengeRequest{Key: id})
		wantCause(t, err, hermes.Throttled)
		e.clock.sleep(500 * time.Millisecond)
		mustChallenge(t, e, id)
	})
}

const (
	// sshLine is a public key as ssh-keygen -t ed25519 writes it.
	sshLine = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea ci@example.com"
	// rawKey is the key of sshLine in base64: RFC 8032, section 7.1, test 1.
	rawKey = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
)

func TestPublicKey_UnmarshalText(t *testing.T) {
	t.Parallel()
	blob := strings.Fields(sshLine)[1]
	for _, tt := range []struct {
		name, in string
		valid    bool
	}{
		{"base64", rawKey, true},
		{"base64 without padding", strings.TrimRight(rawKey, "="), true},
		{"base64url", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", true},
		{"a line of OpenSSH", sshLine, true},
		{"a line without a comment", strings.TrimSuffix(sshLine, " ci@example.com"), true},
		{"a line with more white space and words", "  " + sshLine + " with blanks\n", true},
		{"nothing", "", false},
		{"truncated base64", rawKey[:40], false},
		{"the key twice", rawKey + rawKey, false},
		{"malformed base64", "*" + rawKey[1:], false},
		{"a line without a key", "ssh-ed25519", false},
		{"a line with malformed base64", "ssh-ed25519 *" + blob[1:], false},
		{"a line with truncated base64", "ssh-ed25519 " + blob[:60], false},
		{"more bytes after the key", "ssh-ed25519 " + blob + "AAAA", false},
		{"a line with three bytes", "ssh-ed25519 AAAA", false},
		{"a length beyond the end", "ssh-ed25519 /////w==", false},
		{"another type before the base64", "ssh-rsa " + blob, false},
		{"another type inside of the base64",
			"ssh-ed25519 AAAAB3NzaC1yc2EAAAAg11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", false},
		{"another kind of key", "ecdsa-sha2-nistp256 AAAAE2VjZHNh", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var k hermes.PublicKey
			err := k.UnmarshalText([]byte(tt.in))
			if (err == nil) != tt.valid || k.IsZero() == tt.valid {
				t.Fatalf("%q: got the error %v and IsZero %v, want it accepted: %v", tt.in, err, k.IsZero(), tt.valid)
			}
			if !tt.valid {
				return
			}
			if text, err := k.MarshalText(); err != nil || string(text) != rawKey {
				t.Errorf("%q is written as %s with the error %v, want %s", tt.in, text, err, rawKey)
			}
		})
	}
}

func TestPublicKey_MarshalText_zero(t *testing.T) {
	t.Parallel()
	if text, err := (hermes.PublicKey{}).MarshalText(); err != nil || len(text) != 0 {
		t.Errorf("got %q and the error %v, want nothing", text, err)
	}
}

// A nonce serves once on all servers over one database, whatever secret key they began with.
func TestClient_AuthLogin_nonceOfAnotherServer(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	p := mustNewKeyPair(t, e, "")
	newKey := mustSecretKey(t)
	rotated := e.withOptions(t, func(o *hermes.Options) { o.SecretKeys = append([]hermes.SecretKey{newKey}, o.SecretKeys...) })
	stranger := e.withOptions(t, func(o *hermes.Options) { o.SecretKeys = []hermes.SecretKey{newKey} })
	req := p.newLogin(t, e).sign()
	for _, r := range []struct {
		rule string
		on   *env
		want hermes.Cause
	}{
		{"a server without the secret key refuses it", stranger, hermes.Unauthorized},
		{"a server whose secret key was rotated accepts it", rotated, ""},
		{"then it has been used there", rotated, hermes.Unauthorized},
		{"and on the server that made it", e, hermes.Unauthorized},
	} {
		_, err := r.on.from(office).AuthLogin(t.Context(), req)
		if r.want == "" && err != nil || r.want != "" && !errors.Is(err, r.want) {
			t.Errorf("%s: got %v, want %q", r.rule, err, r.want)
		}
	}
}

// A nonce that has been used and forgotten is not accepted again after the clock was set back.
func TestClient_AuthLogin_nonceFromTheFuture(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	req := mustNewKeyPair(t, e, "").newLogin(t, e).sign()
	e.clock.sleep(-time.Hour)
	_, err := e.from(office).AuthLogin(t.Context(), req)
	wantCause(t, err, hermes.Unauthorized)
}
