package htpasswd_test

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

const (
	// sound is the hash of "password", as the reference implementation's command wrote it.
	sound = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	// byApache is the hash of "correct horse battery", as htpasswd -B wrote it.
	byApache = "$2y$05$.eu5eADW7iLSI5j/XSG.EunOfwSZAVya6P6tQRnWAPw4RwuR6TpwK"
)

func TestHashes(t *testing.T) {
	for _, row := range []struct{ hash, password, why string }{
		{byApache, "correct horse battery", "htpasswd -B"},
		{"$2y$06$Nxqxaa.fBs99xNVyykGlnOQ63U2IKR9t1hNPR4kVQx.N.WURQRyXK", "пароль", "htpasswd -B -C 6"},
		{"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U", "a vector of Openwall's crypt_blowfish"},
		{"$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U", "the same by OpenBSD's name"},
		{sound, "password", "argon2id"},
		{"$argon2i$v=19$m=256,t=3,p=1$c29tZXNhbHQ$PBoa8mph1GgOP5sS08zwcXY1UQ5unu4HA9NtqGHDBdU", "password", "argon2i"},
		{byApache + " ", "correct horse battery", "a space after it"},
		{byApache + ":a comment", "correct horse battery", "another field after it"},
		{byApache + "\r", "correct horse battery", "a line of Windows"},
	} {
		u := file(t, "alice:"+row.hash)
		u.wants(row.why, "alice", row.password, true)
		u.wants(row.why, "alice", row.password+"x", false)
		u.wants(row.why, "alice", "", false)
	}
}

func TestRefusedEntries(t *testing.T) {
	for _, row := range []struct{ hash, word, why string }{
		{"$apr1$BZj1w.9X$f3CiPYVF./qm35OuiB86Q/", "Apache's MD5", "htpasswd's default"},
		{"$1$BZj1w.9X$f3CiPYVF./qm35OuiB86Q/", "MD5", "crypt's MD5"},
		{"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "SHA-1", "htpasswd -s: the hash of \"password\""},
		{"{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "salted SHA-1", "of directories"},
		{"$5$TRYpDPXm7hk9G6jK$e1m5zDe2Sx5R4ngkIfk.Ali0A0jdoad8lS2Cb4Mpic4", "SHA-256 crypt", "htpasswd -2"},
		{"$6$ExuXa1QD6uD4Xl3v$0sbtQYv7f.AKzRjBbHuakCs", "SHA-512 crypt", "htpasswd -5"},
		{"EDw9ozXlmXRds", "crypt or clear text", "htpasswd -d"},
		{"hunter22", "crypt or clear text", "htpasswd -p"},
		{"", "crypt or clear text", "no hash"},
		{"$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "bcrypt with a bug", "passwords that it takes for others"},
		{"$y$j9T$abc$def", "yescrypt", "Debian's shadow file"},
		{"$argon2d$v=19$m=256,t=2,p=1$c29tZXNhbHQ$JcTui6RIBUtJ78gE5Hi52CO+H5vS6Z9R1uxAB6OhUB8", "argon2d", "x/crypto has none"},
		{"$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$2gcOV25Q8vOKPIl8vdxsf7QCjocJcf+erntOGHkpXm4", "v=19", "the old version"},
		{"$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "bounds", "4 GiB of memory"},
		{strings.Replace(byApache, "$05$", "$17$", 1), "17", "bcrypt for 10 seconds"},
		{strings.Replace(byApache, "$05$", "$31$", 1), "31", "bcrypt for hours"},
		{strings.Replace(byApache, "$05$", "$03$", 1), "malformed", "bcrypt's cost starts at 4"},
		{byApache[:59], "malformed", "bcrypt cut short, as in a file that is being written"},
		{byApache + "x", "malformed", "bcrypt with something after it"},
		{byApache[:30] + "=" + byApache[31:], "malformed", "no bcrypt digit"},
		{sound[:60], "sum", "argon2 cut short"},
	} {
		u := file(t, "carol:"+hashBcrypt(t, "password", bcrypt.MinCost), "alice:"+row.hash)
		u.fails(row.why, "alice", true, row.word, `"alice"`, u.path+":2:")
		u.wants(row.why+": others are not refused", "carol", "password", true)
		if _, err := u.verify("alice", row.hash); row.hash != "" && strings.Contains(err.Error(), row.hash) {
			t.Errorf("%s: the error quotes the hash: %v", row.why, err)
		}
	}
}

func TestLines(t *testing.T) {
	hash := hashBcrypt(t, "password", bcrypt.MinCost)
	u := file(t, "# comment", "", "#dave:"+hash, "   ", "\t", "alice:"+hash, "\r", " bob:"+hash, "a b:"+hash, "#")
	u.wants("between comments", "alice", "password", true)
	u.wants("a name's space is its own", "bob", "password", false)
	u.wants("a name's space is its own", " bob", "password", true)
	u.wants("a space within", "a b", "password", true)
	u.wants("commented out", "dave", "password", false)
	u.wants("commented out", "#dave", "password", false)
}

func TestLinesThatAreNone(t *testing.T) {
	hash := hashBcrypt(t, "password", bcrypt.MinCost)
	for _, row := range []struct{ line, why string }{
		{"password", "no colon"},
		{":" + hash, "no name"},
		{"bob" + hash, "no colon before the hash"},
		{"bob\x00:" + hash, "binary"},
		{" # comment", "a comment begins the line"},
	} {
		u := file(t, "alice:"+hash)
		u.wants(row.why, "alice", "password", true)
		write(t, u.path, "alice:"+hash, row.line)
		u.fails(row.why, "alice", false, ":2:", u.path)
		u.fails(row.why, "nobody", false)
		if _, err := u.verify("alice", "x"); strings.Contains(err.Error(), row.line) {
			t.Errorf("%s: the error quotes the line: %v", row.why, err)
		}
		write(t, u.path, "alice:"+hash)
		u.wants(row.why+": mended", "alice", "password", true)
	}
}

func TestListedTwice(t *testing.T) {
	a, b := hashBcrypt(t, "password", bcrypt.MinCost), hashBcrypt(t, "other", bcrypt.MinCost)
	u := file(t, "alice:"+a, "carol:"+a, "alice:"+b, "# and", "bob:"+a, "bob:"+a, "dave:x", "dave:"+a)
	u.fails("another hash", "alice", true, "twice", ":1:", "line 3")
	u.fails("the same hash", "bob", true, "twice", ":5:", "line 6")
	u.fails("the first is refused anyway", "dave", true, "twice")
	u.wants("others are not refused", "carol", "password", true)
}

func TestBcryptTakesNoPasswordForAnother(t *testing.T) {
	long := strings.Repeat("x", 72)
	u := file(t, "alice:"+hashBcrypt(t, long, bcrypt.MinCost), "bob:"+hashBcrypt(t, "secret", bcrypt.MinCost))
	u.wants("all that it looks at", "alice", long, true)
	u.wants("a byte that it does not look at", "alice", long+"y", false)
	u.wants("a key that repeats is the same to it", "bob", "secret\x00secret", false)
	u.wants("the shorter one", "bob", "secret", true)
}
