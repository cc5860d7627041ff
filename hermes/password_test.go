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

// newTestClient returns a Client for methods that need no store.
func newTestClient(t testing.TB, random io.Reader, keys ...SecretKey) *Client {
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

func TestClient_setPassword(t *testing.T) {
	t.Parallel()
	for _, r := range []struct{ rule, address, password, ha1, ha1b string }{
		{"the hashes that Kamailio computes", "alice@example.com", "wonderland",
			"93dfce8dfebfae8af4a726982429d23a", "5f3b4d392d62686136b6dcfbeec41c21"},
		{"user names are case-sensitive, domains are not", "Alice@EXAMPLE.com", "wonderland",
			"1072cf16ba994979bcecc46dd4e59b91", "e23737a7ea86dc15a51f1606cf6fcc8b"},
	} {
		u := User{Address: sip.MustParse(r.address), Type: Local}
		c := newTestClient(t, rand.Reader, repeatedSecretKey(t, "a"))
		if err := c.setPassword(&u, NewSecret(r.password)); err != nil {
			t.Fatal(err)
		}
		if u.HA1 != r.ha1 || u.HA1B != r.ha1b {
			t.Errorf("%s: %s has the hashes %s, %s; want %s, %s", r.rule, r.address, u.HA1, u.HA1B, r.ha1, r.ha1b)
		}
	}
}

func TestClient_generatePassword(t *testing.T) {
	t.Parallel()
	t.Run("20 characters that a phone accepts, different each time", func(t *testing.T) {
		t.Parallel()
		const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"
		c := newTestClient(t, rand.Reader)
		seen, count := map[string]bool{}, map[rune]int{}
		for range 2000 {
			p, err := c.generatePassword()
			if err != nil || len(p.Reveal()) != 20 || strings.Trim(p.Reveal(), alphabet) != "" {
				t.Fatalf("got %q, %v; want 20 characters of %s", p.Reveal(), err, alphabet)
			}
			if err := checkSIPPassword(p); err != nil {
				t.Fatalf("the generated password %q is refused: %v", p.Reveal(), err)
			}
			seen[p.Reveal()] = true
			for _, r := range p.Reveal() {
				count[r]++
			}
		}
		if len(seen) != 2000 || len(count) != 56 {
			t.Errorf("got %d different passwords with %d different characters, want 2000 and 56", len(seen), len(count))
		}
	})
	t.Run("a failing source of random bytes is an internal fault", func(t *testing.T) {
		t.Parallel()
		_, err := newTestClient(t, strings.NewReader("short")).generatePassword()
		var e *Error
		if !errors.As(err, &e) || e.Response != Fault || e.Cause != Internal || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v, want %s/%s with the reader's error inside", err, Fault, Internal)
		}
	})
}

// If every byte occurs equally often, every character does too: the bytes that would make some
// characters more frequent are thrown away.
func TestClient_randomText(t *testing.T) {
	t.Parallel()
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, r := range []struct {
		alphabet string
		each     int
	}{{passwordAlphabet, 256 / 56}, {base62, 256 / 62}, {"ab", 128}} {
		n := r.each * len(r.alphabet)
		source := append(bytes.Clone(every[n:]), bytes.Repeat(every, 2)...) // begins with those
		c := newTestClient(t, bytes.NewReader(source))
		text, err := c.randomText(r.alphabet, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, char := range r.alphabet {
			if got := strings.Count(text, string(char)); got != r.each {
				t.Errorf("%q occurs %d times in %d characters, want %d", char, got, n, r.each)
			}
		}
	}
}

// repeated returns a secret of n times text.
func repeated(text string, n int) Secret { return NewSecret(strings.Repeat(text, n)) }

func TestCheckSIPPassword(t *testing.T) {
	t.Parallel()
	wantResults(t, []checkResult{
		{"8 characters", checkSIPPassword(repeated("a", 8)), true},
		{"64 characters", checkSIPPassword(repeated("~", 64)), true},
		{"any printable ASCII, blanks too", checkSIPPassword(NewSecret(`a b"c:d\e`)), true},
		{"7 characters", checkSIPPassword(repeated("a", 7)), false},
		{"65 characters", checkSIPPassword(repeated("a", 65)), false},
		{"beyond ASCII, where phones differ", checkSIPPassword(repeated("ø", 8)), false},
		{"a control character", checkSIPPassword(repeated("a\t", 8)), false},
		{"DEL", checkSIPPassword(repeated("a\x7f", 8)), false},
		{"an empty password", checkSIPPassword(Secret{}), false},
	})
}

func TestCheckRemotePassword(t *testing.T) {
	t.Parallel()
	wantResults(t, []checkResult{
		{"one character of any script", checkRemotePassword(repeated("ø", 1)), true},
		{"64 characters of any script", checkRemotePassword(repeated("李", 64)), true},
		{"an empty password", checkRemotePassword(Secret{}), false},
		{"65 characters", checkRemotePassword(repeated("a", 65)), false},
		{"a control character", checkRemotePassword(repeated("\n", 1)), false},
	})
}

func TestCheckAPIPassword(t *testing.T) {
	t.Parallel()
	wantResults(t, []checkResult{
		{"8 characters of any script", checkAPIPassword(repeated("ø", 8)), true},
		{"128 characters of any script", checkAPIPassword(repeated("李", 128)), true},
		{"7 characters of 14 bytes", checkAPIPassword(repeated("ø", 7)), false},
		{"129 characters", checkAPIPassword(repeated("a", 129)), false},
		{"NUL", checkAPIPassword(repeated("a\x00", 8)), false},
		{"bytes that are not UTF-8", checkAPIPassword(repeated("\xff", 8)), false},
	})
}

func TestCheckPassword_quotesNothing(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		checkSIPPassword(repeated("short", 1)),
		checkRemotePassword(repeated("line\n", 1)),
		checkAPIPassword(repeated("short", 1)),
	} {
		text := err.Error()
		if strings.Contains(text, "short") && strings.Contains(text, `"`) || strings.Contains(text, "line") {
			t.Errorf("got %v, want an error that does not quote the password", err)
		}
	}
}
