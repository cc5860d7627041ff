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

const sound = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

// The reference implementation's own tests have those of 65536 KiB; its command wrote the others. The vectors of RFC 9106
// itself have a secret and associated data, which x/crypto does not take.
func TestReferenceHashes(t *testing.T) {
	for _, row := range []struct{ hash, password, why string }{
		{sound, "password", "argon2id"},
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
		if s := h.Stranger(); s.Cost() != h.Cost() || s.Kind() != h.Kind() || s.Matches(row.password) {
			t.Errorf("%s: got the stranger %v, want the same cost and kind, and no password", row.why, s)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	b64 := func(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }
	replaced := func(old, new string) string {
		if !strings.Contains(sound, old) {
			t.Fatalf("%q is not in the sound hash", old)
		}
		return strings.Replace(sound, old, new, 1)
	}
	for _, row := range []struct{ hash, why string }{
		{"", "empty"},
		{"password", "a clear password"},
		{strings.Repeat("$", 5), "empty parts"},
		{" " + sound, "a space before"},
		{sound + "\n", "a line's end"},
		{sound + "$", "a part too many"},
		{replaced("argon2id", "argon2d"), "argon2d"},
		{replaced("argon2id", "Argon2id"), "another case"},
		{replaced("v=19", "v=16"), "the old version, which hashes otherwise"},
		{replaced("v=19$", ""), "no version means 16"},
		{replaced("m=256,t=2,p=1", "t=2,m=256,p=1"), "another order"},
		{replaced("p=1", "p=1,data=AAAA"), "associated data, which would be ignored"},
		{replaced("p=1", "p=1x"), "something after the parameters"},
		{replaced("t=2", "t=02"), "a leading zero"},
		{replaced("t=2", "t=+2"), "a sign"},
		{replaced("t=2", "t= 2"), "a space"},
		{replaced("t=2", "t=-2"), "negative"},
		{replaced("t=2", "t=0"), "no pass: x/crypto panics"},
		{replaced("t=2", "t=17"), "passes beyond the bound"},
		{replaced("p=1", "p=0"), "no lane: x/crypto panics"},
		{replaced("p=1", "p=17"), "lanes beyond the bound"},
		{replaced("p=1", "p=257"), "lanes beyond a byte"},
		{replaced("m=256", "m=7"), "memory below 8 KiB a lane, which x/crypto rounds up"},
		{replaced("m=256,t=2,p=1", "m=15,t=2,p=2"), "memory below 8 KiB a lane"},
		{replaced("m=256", "m=1048577"), "memory beyond the bound"},
		{replaced("m=256", "m=4294967296"), "memory beyond 32 bits"},
		{replaced("c29tZXNhbHQ", ""), "no salt"},
		{replaced("c29tZXNhbHQ", b64(7)), "a salt too short"},
		{replaced("c29tZXNhbHQ", b64(65)), "a salt too long"},
		{replaced("c29tZXNhbHQ", "c29tZXNhbHQ="), "padding"},
		{replaced("c29tZXNhbHQ", "c29tZXNhbHR"), "bits after the salt's last byte"},
		{replaced("c29tZXNhbHQ", "c29t\nZXNhbHQ"), "a line's end, which base64 passes over"},
		{replaced("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", ""), "no sum: it would match everything"},
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
	cost := argon2id.Cost{Memory: 64, Passes: 1, Lanes: 2}
	a, errA := argon2id.New(rand.Reader, cost, "password")
	b, errB := argon2id.New(rand.Reader, cost, "password")
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if a.String() == b.String() {
		t.Errorf("got %v twice, want another salt", a)
	}
	again, err := argon2id.Parse(a.String())
	if err != nil || !again.Matches("password") || again.Cost() != cost {
		t.Errorf("got %v, %v, want what was made", again, err)
	}
	if h, err := argon2id.New(iotest.ErrReader(errors.New("no entropy")), cost, "password"); err == nil {
		t.Errorf("without a salt: got %v, want an error", h)
	}
	if h, err := argon2id.New(bytes.NewReader(make([]byte, 15)), cost, "password"); err == nil {
		t.Errorf("with half a salt: got %v, want an error", h)
	}
}

func TestBounded(t *testing.T) {
	for _, row := range []struct {
		cost, want argon2id.Cost
		why        string
	}{
		{argon2id.Cost{19456, 2, 1}, argon2id.Cost{19456, 2, 1}, "within"},
		{argon2id.Cost{}, argon2id.Cost{8, 1, 1}, "the least"},
		{argon2id.Cost{1 << 31, 1 << 31, 255}, argon2id.Cost{1 << 20, 16, 16}, "the most"},
		{argon2id.Cost{100, 1, 16}, argon2id.Cost{128, 1, 16}, "8 KiB a lane"},
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
		t.Errorf("what was made at no cost cannot be read: %v", err)
	}
}
