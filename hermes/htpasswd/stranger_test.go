package htpasswd

import (
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/hermes-voip/go-hermes/internal/argon2id"
)

const (
	bcrypt5 = "$2y$05$.eu5eADW7iLSI5j/XSG.EunOfwSZAVya6P6tQRnWAPw4RwuR6TpwK"
	bcrypt6 = "$2y$06$Nxqxaa.fBs99xNVyykGlnOQ63U2IKR9t1hNPR4kVQx.N.WURQRyXK"
	argon   = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	argon2i = "$argon2i$v=19$m=256,t=3,p=1$c29tZXNhbHQ$PBoa8mph1GgOP5sS08zwcXY1UQ5unu4HA9NtqGHDBdU"
)

func TestStranger(t *testing.T) {
	cost := argon2id.Cost{Memory: 256, Passes: 2, Lanes: 1}
	for _, row := range []struct {
		file string
		want class
		why  string
	}{
		{"a:" + bcrypt5, class{kind: "bcrypt", bcrypt: 5}, "the only one"},
		{"a:" + bcrypt5 + "\nb:" + bcrypt6 + "\nc:" + bcrypt6, class{kind: "bcrypt", bcrypt: 6}, "the most"},
		{"a:" + bcrypt5 + "\nb:" + bcrypt6, class{kind: "bcrypt", bcrypt: 5}, "the first of equals"},
		{"a:" + bcrypt5 + "\nb:" + argon + "\nc:" + argon, class{kind: "argon2id", argon2: cost}, "argon2id"},
		{"a:" + argon2i, class{kind: "argon2i", argon2: argon2id.Cost{Memory: 256, Passes: 3, Lanes: 1}}, "argon2i"},
		{"x:crypt\ny:crypt\na:" + bcrypt6, class{kind: "bcrypt", bcrypt: 6}, "refused ones do not count"},
	} {
		table, err := parse(row.file)
		if err != nil {
			t.Fatal(err)
		}
		if got := table.stranger.class(); got != row.want {
			t.Errorf("%s: got %+v, want %+v", row.why, got, row.want)
		}
		if h, err := parseHash(text(table.stranger)); err != nil || h.class() != row.want {
			t.Errorf("%s: the stranger's hash cannot be matched: %v", row.why, err)
		}
		for _, password := range []string{"", "password", "correct horse battery"} {
			if table.stranger.matches(password) {
				t.Errorf("%s: %q is the stranger's password", row.why, password)
			}
		}
	}
}

func TestBcryptStrangerIsHashedThrough(t *testing.T) {
	h := bcryptHash(bcrypt5).stranger().(bcryptHash)
	err := bcrypt.CompareHashAndPassword([]byte(h), []byte("password"))
	if err != bcrypt.ErrMismatchedHashAndPassword {
		t.Errorf("%s: got %v, want the error that comes after the work", h, err)
	}
}

func text(h hash) string {
	if a, ok := h.(argon2Hash); ok {
		return a.String()
	}
	return string(h.(bcryptHash))
}

func TestNoStrangerWithoutUsers(t *testing.T) {
	table, err := parse("# nobody\nx:crypt\n")
	if err != nil || table.stranger != nil {
		t.Errorf("got %v, %v, want none", table.stranger, err)
	}
}
