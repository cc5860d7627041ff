package htpasswd

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/hermes-voip/go-hermes/hermes"
)

const (
	// Hashes of "correct horse battery" and "пароль", written by htpasswd -B with -C 5 and -C 6.
	bcryptCost5 = "$2y$05$.eu5eADW7iLSI5j/XSG.EunOfwSZAVya6P6tQRnWAPw4RwuR6TpwK"
	bcryptCost6 = "$2y$06$Nxqxaa.fBs99xNVyykGlnOQ63U2IKR9t1hNPR4kVQx.N.WURQRyXK"
	// Hashes of "password", written by the command of argon2's reference implementation.
	argon2idHash = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	argon2iHash  = "$argon2i$v=19$m=256,t=3,p=1$c29tZXNhbHQ$PBoa8mph1GgOP5sS08zwcXY1UQ5unu4HA9NtqGHDBdU"
)

func TestParseHash(t *testing.T) {
	t.Parallel()
	t.Run("supported", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ hash, password, why string }{
			{bcryptCost5, "correct horse battery", "htpasswd -B"},
			{bcryptCost6, "пароль", "htpasswd -B -C 6"},
			{"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U", "a test vector of Openwall's crypt_blowfish"},
			{"$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U", "the same hash with the prefix of OpenBSD"},
			{argon2idHash, "password", "argon2id"},
			{argon2iHash, "password", "argon2i"},
			{bcryptCost5 + " ", "correct horse battery", "a trailing space"},
			{bcryptCost5 + ":a comment", "correct horse battery", "a further field"},
			{bcryptCost5 + "\r", "correct horse battery", "a line end of Windows"},
		} {
			b := mustOpen(t, "alice:"+row.hash)
			wantVerify(t, b, row.why, "alice", row.password, true)
			wantVerify(t, b, row.why, "alice", row.password+"x", false)
			wantVerify(t, b, row.why, "alice", "", false)
		}
	})
	t.Run("unsupported or malformed", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ hash, word, why string }{
			{"$apr1$BZj1w.9X$f3CiPYVF./qm35OuiB86Q/", "Apache's MD5", "the default of htpasswd"},
			{"$1$BZj1w.9X$f3CiPYVF./qm35OuiB86Q/", "MD5", "MD5 of crypt"},
			{"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "SHA-1", "htpasswd -s, although the password is right"},
			{"{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "salted SHA-1", "LDAP directories"},
			{"$5$TRYpDPXm7hk9G6jK$e1m5zDe2Sx5R4ngkIfk.Ali0A0jdoad8lS2Cb4Mpic4", "SHA-256 crypt", "htpasswd -2"},
			{"$6$ExuXa1QD6uD4Xl3v$0sbtQYv7f.AKzRjBbHuakCs", "SHA-512 crypt", "htpasswd -5"},
			{"EDw9ozXlmXRds", "crypt or clear text", "htpasswd -d"},
			{"hunter22", "crypt or clear text", "htpasswd -p"},
			{"", "crypt or clear text", "no hash"},
			{"$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "bcrypt with a bug", "it matches wrong passwords, too"},
			{"$y$j9T$abc$def", "yescrypt", "Debian's shadow file"},
			{"$argon2d$v=19$m=256,t=2,p=1$c29tZXNhbHQ$JcTui6RIBUtJ78gE5Hi52CO+H5vS6Z9R1uxAB6OhUB8", "argon2d", "not in x/crypto"},
			{"$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$2gcOV25Q8vOKPIl8vdxsf7QCjocJcf+erntOGHkpXm4", "v=19", "an old version of argon2"},
			{"$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "bounds", "4 GiB of memory"},
			{strings.Replace(bcryptCost5, "$05$", "$17$", 1), "17", "bcrypt that takes 10 seconds"},
			{strings.Replace(bcryptCost5, "$05$", "$31$", 1), "31", "bcrypt that takes hours"},
			{strings.Replace(bcryptCost5, "$05$", "$03$", 1), "malformed", "bcrypt of a cost below 4"},
			{bcryptCost5[:59], "malformed", "truncated bcrypt, as in a file that is being written"},
			{bcryptCost5 + "x", "malformed", "bcrypt with a further character"},
			{bcryptCost5[:30] + "=" + bcryptCost5[31:], "malformed", "not a digit of bcrypt"},
			{argon2idHash[:60], "sum", "truncated argon2id"},
		} {
			b := mustOpen(t, "carol:"+hashBcrypt(t, "password", bcrypt.MinCost), "alice:"+row.hash)
			wantError(t, b, row.why, "alice", true, row.word, `"alice"`, b.path+":2:")
			wantVerify(t, b, row.why+": another user", "carol", "password", true)
			_, err := b.Verify(t.Context(), nil, "alice", hermes.NewSecret(row.hash))
			if row.hash != "" && strings.Contains(err.Error(), row.hash) {
				t.Errorf("%s: the error quotes the hash: %v", row.why, err)
			}
		}
	})
}

func TestBcryptHash(t *testing.T) {
	t.Parallel()
	t.Run("ambiguous passwords", func(t *testing.T) {
		t.Parallel()
		longest := strings.Repeat("x", 72)
		b := mustOpen(t, "alice:"+hashBcrypt(t, longest, bcrypt.MinCost),
			"bob:"+hashBcrypt(t, "secret", bcrypt.MinCost))
		wantVerify(t, b, "72 bytes, which all count", "alice", longest, true)
		wantVerify(t, b, "73 bytes, of which bcrypt ignores the last", "alice", longest+"y", false)
		wantVerify(t, b, "repeated with a NUL, which is the same key to bcrypt", "bob", "secret\x00secret", false)
		wantVerify(t, b, "not repeated", "bob", "secret", true)
	})
	t.Run("dummy", func(t *testing.T) {
		t.Parallel()
		h := bcryptHash(bcryptCost5).dummy().(bcryptHash)
		err := bcrypt.CompareHashAndPassword([]byte(h), []byte("password"))
		if err != bcrypt.ErrMismatchedHashAndPassword {
			t.Errorf("%s: got %v, want the error that follows the computation", h, err)
		}
	})
}
