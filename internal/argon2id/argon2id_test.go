package argon2id_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/hermes-voip/go-hermes/internal/argon2id"
)

// validHash is the argon2id hash of "password".
const validHash = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

// TestHash_Matches verifies hashes of the reference implementation: those of 65536 KiB are from its
// tests, the others were made by its command. The test vectors of RFC 9106 itself cannot be used:
// they have a secret and associated data, which golang.org/x/crypto does not support.
func TestHash_Matches(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ hash, password, why string }{
		{validHash, "password", "argon2id"},
		{"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password", "64 MiB"},
		{"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94", "differentpassword", "another password"},
		{"$argon2id$v=19$m=65536,t=2,p=1$ZGlmZnNhbHQ$vfMrBczELrFdWP0ZsfhWsRPaHppYdP3MVEMIVlqoFBw", "password", "another salt"},
		{"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", "password", "two lanes"},
		{"$argon2id$v=19$m=64,t=4,p=1$c29tZXNhbHQ$uU7hMcEQDyrYVDu27cOXgel++lEROQy3", "password", "a sum of 24 bytes"},
		{"$argon2i$v=19$m=256,t=3,p=1$c29tZXNhbHQ$PBoa8mph1GgOP5sS08zwcXY1UQ5unu4HA9NtqGHDBdU", "password", "argon2i"},
		{"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "password", "argon2i, 64 MiB"},
	} {
		h, err := argon2id.Parse(row.hash)
		if err != nil {
			t.Errorf("%s: %v", row.why, err)
			continue
		}
		if !h.Matches(row.password) {
			t.Errorf("%s: %q does not match", row.why, row.password)
		}
		if h.Matches(row.password+"x") || h.Matches("") {
			t.Errorf("%s: another password matches", row.why)
		}
		if got := h.String(); got != row.hash {
			t.Errorf("%s: got %s, want %s", row.why, got, row.hash)
		}
		if d := h.Dummy(); d.Cost() != h.Cost() || d.Kind() != h.Kind() || d.Matches(row.password) {
			t.Errorf("%s: got the dummy %v, want one of the same cost and kind that does not match", row.why, d)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	b64 := func(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }
	replaced := func(before, after string) string {
		if !strings.Contains(validHash, before) {
			t.Fatalf("%q is not in the valid hash", before)
		}
		return strings.Replace(validHash, before, after, 1)
	}
	for _, row := range []struct{ hash, why string }{
		{"", "empty"},
		{"password", "a password"},
		{strings.Repeat("$", 5), "empty parts"},
		{" " + validHash, "a space before"},
		{validHash + "\n", "a line break after it"},
		{validHash + "$", "one part too many"},
		{replaced("argon2id", "argon2d"), "argon2d"},
		{replaced("argon2id", "Argon2id"), "another case"},
		{replaced("v=19", "v=16"), "version 16, which computes another sum"},
		{replaced("v=19$", ""), "without a version, which means 16"},
		{replaced("m=256,t=2,p=1", "t=2,m=256,p=1"), "another order"},
		{replaced("p=1", "p=1,data=AAAA"), "associated data, which would be ignored"},
		{replaced("p=1", "p=1x"), "something after the parameters"},
		{replaced("t=2", "t=02"), "a leading zero"},
		{replaced("t=2", "t=+2"), "a sign"},
		{replaced("t=2", "t= 2"), "a space"},
		{replaced("t=2", "t=-2"), "negative"},
		{replaced("t=2", "t=0"), "no passes: x/crypto would panic"},
		{replaced("t=2", "t=17"), "passes above the limit"},
		{replaced("p=1", "p=0"), "no lanes: x/crypto would panic"},
		{replaced("p=1", "p=17"), "lanes above the limit"},
		{replaced("p=1", "p=257"), "lanes that overflow a byte"},
		{replaced("m=256", "m=7"), "memory below 8 KiB per lane, which x/crypto rounds up"},
		{replaced("m=256,t=2,p=1", "m=15,t=2,p=2"), "memory below 8 KiB per lane"},
		{replaced("m=256", "m=1048577"), "memory above the limit"},
		{replaced("m=256", "m=4294967296"), "memory that overflows 32 bits"},
		{replaced("c29tZXNhbHQ", ""), "no salt"},
		{replaced("c29tZXNhbHQ", b64(7)), "a salt too short"},
		{replaced("c29tZXNhbHQ", b64(65)), "a salt too long"},
		{replaced("c29tZXNhbHQ", "c29tZXNhbHQ="), "padding"},
		{replaced("c29tZXNhbHQ", "c29tZXNhbHR"), "set bits after the last byte of the salt"},
		{replaced("c29tZXNhbHQ", "c29t\nZXNhbHQ"), "a line break, which base64 ignores"},
		{replaced("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", ""), "no sum: every password would match"},
		{replaced("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", b64(15)), "a sum too short"},
		{replaced("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", b64(65)), "a sum too long"},
		{replaced("/", "_"), "base64 for URLs"},
	} {
		if h, err := argon2id.Parse(row.hash); err == nil {
			t.Errorf("%s: got %v, want an error", row.why, h)
		} else if strings.Contains(err.Error(), "nf65EOgL") {
			t.Errorf("%s: the error quotes the hash: %v", row.why, err)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	cost := argon2id.Cost{Memory: 64, Passes: 1, Lanes: 2}
	a, errA := argon2id.New(rand.Reader, cost, "password")
	b, errB := argon2id.New(rand.Reader, cost, "password")
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if a.String() == b.String() {
		t.Errorf("got %v twice, want different salts", a)
	}
	again, err := argon2id.Parse(a.String())
	if err != nil || !again.Matches("password") || again.Cost() != cost {
		t.Errorf("got %v, error %v, want the same hash", again, err)
	}
	if h, err := argon2id.New(iotest.ErrReader(errors.New("no entropy")), cost, "password"); err == nil {
		t.Errorf("random fails: got %v, want an error", h)
	}
	if h, err := argon2id.New(bytes.NewReader(make([]byte, 15)), cost, "password"); err == nil {
		t.Errorf("random ends early: got %v, want an error", h)
	}
}

func TestCost_Bounded(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		cost, want argon2id.Cost
		why        string
	}{
		{
			cost: argon2id.Cost{Memory: 19456, Passes: 2, Lanes: 1},
			want: argon2id.Cost{Memory: 19456, Passes: 2, Lanes: 1},
			why:  "within the limits",
		},
		{
			cost: argon2id.Cost{},
			want: argon2id.Cost{Memory: 8, Passes: 1, Lanes: 1},
			why:  "the lowest",
		},
		{
			cost: argon2id.Cost{Memory: 1 << 31, Passes: 1 << 31, Lanes: 255},
			want: argon2id.Cost{Memory: 1 << 20, Passes: 16, Lanes: 16},
			why:  "the highest",
		},
		{
			cost: argon2id.Cost{Memory: 100, Passes: 1, Lanes: 16},
			want: argon2id.Cost{Memory: 128, Passes: 1, Lanes: 16},
			why:  "8 KiB per lane",
		},
	} {
		if got := row.cost.Bounded(); got != row.want {
			t.Errorf("%s: got %+v, want %+v", row.why, got, row.want)
		}
	}
	h, err := argon2id.New(rand.Reader, argon2id.Cost{}, "password")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := argon2id.Parse(h.String()); err != nil {
		t.Errorf("a hash with the lowest cost cannot be parsed: %v", err)
	}
}
