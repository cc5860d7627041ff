package hermes_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// pair is a key pair, and its public id once it has one.
type pair struct {
	private ed25519.PrivateKey
	public  hermes.PublicKey
	id      string
}

func newPair(t *testing.T) pair {
	t.Helper()
	p := pair{private: ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", 32)))}
	text := base64.StdEncoding.EncodeToString(p.private.Public().(ed25519.PublicKey))
	if err := p.public.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) newPair(req hermes.AuthNewKeyRequest) pair {
	w.Helper()
	p := newPair(w.T)
	req.PublicKey, req.Access = p.public, hermes.LimitedWrite
	p.id = w.newKey(req).Reveal()
	return p
}

// challenge is a nonce and what is to be signed with it.
func (w *world) challenge(id string) hermes.AuthChallengeResponse {
	w.Helper()
	return ok(w.T, got(w.door(office).AuthChallenge(w.Context(), hermes.AuthChallengeRequest{Key: id})))
}

func (p pair) sign(origin, id string, nonce hermes.Secret) string {
	return base64.RawURLEncoding.EncodeToString(ed25519.Sign(p.private, hermes.LoginMessage(origin, id, nonce)))
}

func (w *world) pairLogin(id string, nonce hermes.Secret, signature string) error {
	return only(w.door(office).AuthLogin(w.Context(), hermes.AuthLoginRequest{Key: id, Nonce: nonce, Signature: signature}))
}

func TestPairLogin(t *testing.T) {
	w := newWorldWith(t, func(o *hermes.Options) { o.Origin = "https://hermes.example.com" })
	p := w.newPair(hermes.AuthNewKeyRequest{})
	if len(p.id) != 14 || !strings.HasPrefix(p.id, "hek_") {
		t.Fatalf("id %q", p.id)
	}
	c := w.challenge(p.id)
	if c.Origin != "https://hermes.example.com" || c.ExpiresIn != 60 || !strings.HasPrefix(c.Nonce.Reveal(), "hen_") {
		t.Errorf("challenge %q for %d s to %q", c.Nonce.Reveal(), c.ExpiresIn, c.Origin)
	}
	message := "hermes-login-v1\nhttps://hermes.example.com\n" + p.id + "\n" + c.Nonce.Reveal() + "\n"
	signature := base64.RawURLEncoding.EncodeToString(ed25519.Sign(p.private, []byte(message)))
	w.noError(w.pairLogin(p.id, c.Nonce, signature))
	refused(t, w.pairLogin(p.id, c.Nonce, signature), hermes.Unauthorized) // a nonce serves once
}

func TestPairLoginRefuses(t *testing.T) {
	type login struct {
		id, signature string
		nonce         hermes.Secret
	}
	for _, r := range []struct {
		why  string
		make func(w *world, p pair, c hermes.AuthChallengeResponse) login
	}{
		{"another server's origin", func(w *world, p pair, c hermes.AuthChallengeResponse) login {
			return login{p.id, p.sign("https://evil.example", p.id, c.Nonce), c.Nonce}
		}},
		{"another key pair", func(w *world, p pair, c hermes.AuthChallengeResponse) login {
			p.private = ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32)))
			return login{p.id, p.sign(c.Origin, p.id, c.Nonce), c.Nonce}
		}},
		{"a nonce that was made for another key", func(w *world, p pair, _ hermes.AuthChallengeResponse) login {
			c := w.challenge("hek_0123456789")
			return login{p.id, p.sign(c.Origin, p.id, c.Nonce), c.Nonce}
		}},
		{"a nonce that was made up", func(w *world, p pair, c hermes.AuthChallengeResponse) login {
			n := hermes.NewSecret("hen_" + strings.Repeat("x", 28))
			return login{p.id, p.sign(c.Origin, p.id, n), n}
		}},
		{"a nonce that is over", func(w *world, p pair, c hermes.AuthChallengeResponse) login {
			w.clock.sleep(time.Minute)
			return login{p.id, p.sign(c.Origin, p.id, c.Nonce), c.Nonce}
		}},
		{"a signature with padding", func(w *world, p pair, c hermes.AuthChallengeResponse) login {
			return login{p.id, p.sign(c.Origin, p.id, c.Nonce) + "==", c.Nonce}
		}},
		{"a cut signature", func(w *world, p pair, c hermes.AuthChallengeResponse) login {
			return login{p.id, p.sign(c.Origin, p.id, c.Nonce)[:80], c.Nonce}
		}},
		{"an unknown key", func(w *world, p pair, _ hermes.AuthChallengeResponse) login {
			c := w.challenge("hek_0123456789")
			return login{"hek_0123456789", p.sign(c.Origin, "hek_0123456789", c.Nonce), c.Nonce}
		}},
		{"a bearer key's id", func(w *world, p pair, _ hermes.AuthChallengeResponse) login {
			id := w.newKey(keyFor("192.0.2.0/24")).Reveal()[:14]
			c := w.challenge(id)
			return login{id, p.sign(c.Origin, id, c.Nonce), c.Nonce}
		}},
		{"a removed key", func(w *world, p pair, c hermes.AuthChallengeResponse) login {
			ok(w.T, got(w.AuthRemoveKey(w.Context(), hermes.AuthRemoveKeyRequest{Key: hermes.NewSecret(p.id)})))
			return login{p.id, p.sign(c.Origin, p.id, c.Nonce), c.Nonce}
		}},
	} {
		t.Run(r.why, func(t *testing.T) {
			w := newWorld(t)
			p := w.newPair(hermes.AuthNewKeyRequest{})
			l := r.make(w, p, w.challenge(p.id))
			refused(t, w.pairLogin(l.id, l.nonce, l.signature), hermes.Unauthorized)
		})
	}
}

// Who does not have the private key uses up nobody's nonce, and makes the store write nothing.
func TestBadSignatureLeavesTheNonce(t *testing.T) {
	w := newWorld(t)
	p := w.newPair(hermes.AuthNewKeyRequest{})
	c := w.challenge(p.id)
	watch := &storeCalls{fail: func(int) error { return nil }}
	door := w.over(watch.over(w.store)).As(hermes.Actor{Remote: office})
	for _, signature := range []string{strings.Repeat("A", 86), p.sign("https://evil.example", p.id, c.Nonce)} {
		_, err := door.AuthLogin(t.Context(), hermes.AuthLoginRequest{Key: p.id, Nonce: c.Nonce, Signature: signature})
		refused(t, err, hermes.Unauthorized)
	}
	if slices.Contains(watch.names, "TakeNonce") || slices.Contains(watch.names, "BEGIN") {
		t.Errorf("the store was asked for %q", watch.names)
	}
	w.noError(w.pairLogin(p.id, c.Nonce, p.sign(c.Origin, p.id, c.Nonce)))
}

func TestPairIsBoundToo(t *testing.T) {
	w := newWorld(t)
	p := w.newPair(hermes.AuthNewKeyRequest{Host: "198.51.100.0/24"})
	c := w.challenge(p.id)
	refused(t, w.pairLogin(p.id, c.Nonce, p.sign(c.Origin, p.id, c.Nonce)), hermes.Unauthorized)
	_, err := w.keyLogin(hermes.NewSecret(p.id), office)
	refused(t, err, hermes.Unauthorized)
	if k := ok(t, got(w.store.Key(t.Context(), p.id))); k.Hash != (hermes.Hash{}) || len(k.PublicKey) != 32 {
		t.Errorf("kept is %v: want the public key alone", k)
	}
}

func TestChallenge(t *testing.T) {
	w := newWorld(t)
	refused(t, only(w.door(office).AuthChallenge(t.Context(), hermes.AuthChallengeRequest{})), hermes.Parameters)
	for _, bad := range []string{strings.Repeat("x", 15), "a\nb", "\xff"} {
		refused(t, only(w.door(office).AuthChallenge(t.Context(), hermes.AuthChallengeRequest{Key: bad})), hermes.Parameters)
	}
	p := w.newPair(hermes.AuthNewKeyRequest{})
	known, unknown := w.challenge(p.id), w.challenge("hek_0123456789")
	if known.Origin != unknown.Origin || known.ExpiresIn != unknown.ExpiresIn || len(known.Nonce.Reveal()) != len(unknown.Nonce.Reveal()) {
		t.Error("an unknown key is told from a known one")
	}
	for range 28 {
		w.challenge("hek_0123456789")
	}
	_, err := w.door(office).AuthChallenge(t.Context(), hermes.AuthChallengeRequest{Key: p.id})
	refused(t, err, hermes.Throttled)
	w.clock.sleep(500 * time.Millisecond)
	w.challenge(p.id)
}

// The line is as ssh-keygen -t ed25519 writes it.
const sshLine = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea ci@example.com"

// raw is the same key: RFC 8032, section 7.1, test 1.
const raw = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

func TestPublicKey(t *testing.T) {
	for _, r := range []struct{ in, why string }{
		{raw, "base64"},
		{strings.TrimRight(raw, "="), "without padding"},
		{"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "base64url"},
		{sshLine, "OpenSSH's line"},
		{strings.TrimSuffix(sshLine, " ci@example.com"), "without a comment"},
		{"  " + sshLine + " with blanks\n", "as it was pasted"},
	} {
		var k hermes.PublicKey
		if err := k.UnmarshalText([]byte(r.in)); err != nil || k.IsZero() {
			t.Errorf("%q: %v: %s", r.in, err, r.why)
			continue
		}
		if text, err := k.MarshalText(); err != nil || string(text) != raw {
			t.Errorf("%q is written as %s, %v; want %s: %s", r.in, text, err, raw, r.why)
		}
	}
	blob := strings.Fields(sshLine)[1]
	for _, r := range []struct{ in, why string }{
		{"", "nothing"},
		{raw[:40], "cut"},
		{raw + raw, "twice"},
		{"*" + raw[1:], "no base64"},
		{"ssh-ed25519", "no key"},
		{"ssh-ed25519 *" + blob[1:], "no base64 in the line"},
		{"ssh-ed25519 " + blob[:60], "a cut line"},
		{"ssh-ed25519 " + blob + "AAAA", "more after the key"},
		{"ssh-ed25519 AAAA", "three bytes"},
		{"ssh-ed25519 /////w==", "a length beyond the end"},
		{"ssh-rsa " + blob, "another type"},
		{"ssh-ed25519 AAAAB3NzaC1yc2EAAAAg11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "another type within"},
		{"ecdsa-sha2-nistp256 AAAAE2VjZHNh", "another kind of key"},
	} {
		var k hermes.PublicKey
		if err := k.UnmarshalText([]byte(r.in)); err == nil || !k.IsZero() {
			t.Errorf("%q: %v, zero %v; want an error: %s", r.in, err, k.IsZero(), r.why)
		}
	}
	if text, err := (hermes.PublicKey{}).MarshalText(); err != nil || len(text) != 0 {
		t.Errorf("no key is written as %q, %v", text, err)
	}
}
