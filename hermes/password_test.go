package hermes

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/sip"
)

func TestKamailioHashes(t *testing.T) {
	for _, r := range []struct{ address, password, ha1, ha1b, why string }{
		{"alice@example.com", "wonderland", "93dfce8dfebfae8af4a726982429d23a", "5f3b4d392d62686136b6dcfbeec41c21", "the vector that Kamailio was asked with"},
		{"Alice@EXAMPLE.com", "wonderland", "1072cf16ba994979bcecc46dd4e59b91", "e23737a7ea86dc15a51f1606cf6fcc8b", "users have case, domains have none"},
	} {
		u := User{Address: sip.MustParse(r.address), Type: Local}
		if err := with(t, rand.Reader, secretKey(t, "a")).setPassword(&u, NewSecret(r.password)); err != nil {
			t.Fatal(err)
		}
		if u.HA1 != r.ha1 || u.HA1B != r.ha1b {
			t.Errorf("%s: %s, %s; want %s, %s: %s", r.address, u.HA1, u.HA1B, r.ha1, r.ha1b, r.why)
		}
	}
}

// with returns a Client for the methods that need no store.
func with(t *testing.T, random io.Reader, keys ...SecretKey) *Client {
	t.Helper()
	c := &Client{opts: &Options{Rand: random, SecretKeys: keys}}
	if len(keys) > 0 {
		var err error
		if c.keys, err = newKeyring(nil, c.opts); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestGeneratePassword(t *testing.T) {
	const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"
	c := with(t, rand.Reader)
	seen, count := map[string]bool{}, map[rune]int{}
	for range 2000 {
		p, err := c.generatePassword()
		if err != nil || len(p.Reveal()) != 20 || strings.Trim(p.Reveal(), alphabet) != "" {
			t.Fatalf("%q, %v: want 20 characters of %s", p.Reveal(), err, alphabet)
		}
		if err := checkSIPPassword(p); err != nil {
			t.Fatalf("%q would be refused: %v", p.Reveal(), err)
		}
		seen[p.Reveal()] = true
		for _, r := range p.Reveal() {
			count[r]++
		}
	}
	if len(seen) != 2000 || len(count) != 56 {
		t.Errorf("%d passwords of 2000 differ, %d characters of 56 came up", len(seen), len(count))
	}
}

// Every byte equally often makes every character equally often: what would give some of them more is thrown away.
func TestRandomTextIsFair(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, r := range []struct {
		alphabet string
		each     int
	}{{passwordAlphabet, 256 / 56}, {base62, 256 / 62}, {"ab", 128}} {
		n := r.each * len(r.alphabet)
		text, err := with(t, bytes.NewReader(bytes.Repeat(every, 2))).randomText(r.alphabet, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.alphabet {
			if got := strings.Count(text, string(c)); got != r.each {
				t.Errorf("%q came %d times of %d, want %d", c, got, n, r.each)
			}
		}
	}
}

func TestNoRandomness(t *testing.T) {
	c := with(t, strings.NewReader("short"))
	_, err := c.generatePassword()
	var e *Error
	if !errors.As(err, &e) || e.Response != Fault || e.Cause != Internal || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want a fault with the reader's error inside", err)
	}
}
