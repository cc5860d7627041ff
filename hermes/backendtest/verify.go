package backendtest

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testName(t *testing.T, open openFunc) {
	t.Run("the name is not empty and does not change", func(t *testing.T) {
		b := open(t).Backend
		if name := b.Name(); name == "" || name != b.Name() {
			t.Errorf("Name() = %q, want one name", name)
		}
	})
}

func testVerify(t *testing.T, open openFunc) {
	t.Run("the right password is accepted, more than once", func(t *testing.T) {
		f := open(t)
		addAlice(t, f)
		wantAccepted(t, f, "alice", alicePassword)
		wantAccepted(t, f, "alice", alicePassword)
	})
	t.Run("a wrong password is rejected before and after the right one", func(t *testing.T) {
		f := open(t)
		addAlice(t, f)
		wantRejected(t, f, "alice", "wrong password")
		wantAccepted(t, f, "alice", alicePassword)
		wantRejected(t, f, "alice", "wrong password")
	})
	t.Run("the password of another user is rejected", func(t *testing.T) {
		f := open(t)
		addAlice(t, f)
		addBob(t, f)
		wantRejected(t, f, "alice", bobPassword)
		wantRejected(t, f, "bob", alicePassword)
		wantAccepted(t, f, "bob", bobPassword)
	})
	t.Run("an unknown user is rejected without an error", func(t *testing.T) {
		f := open(t)
		wantRejected(t, f, "unknown", alicePassword)
		addAlice(t, f)
		wantRejected(t, f, "unknown", alicePassword)
	})
	t.Run("an unknown user takes as much work as a known one", func(t *testing.T) { testWork(t, open(t)) })
	t.Run("a cancelled context is an error", func(t *testing.T) { testCancelled(t, open(t)) })
	t.Run("Prepare and the function that it returns do what Verify does", func(t *testing.T) { testPrepare(t, open(t)) })
	t.Run("concurrent calls do not mix up results", func(t *testing.T) { testConcurrent(t, open(t)) })
}

func testWork(t *testing.T, f Fixture) {
	if f.Work == nil {
		t.Skip("Fixture.Work is nil")
	}
	addAlice(t, f)
	wantAccepted(t, f, "alice", alicePassword) // so that work that is done once only is done now
	known := f.Work(func() { wantRejected(t, f, "alice", "wrong password") })
	unknown := f.Work(func() { wantRejected(t, f, "unknown", "wrong password") })
	if known == 0 || known != unknown {
		t.Errorf("the work is %d for a known user and %d for an unknown one, want the same and not 0", known, unknown)
	}
}

func testPrepare(t *testing.T, f Fixture) {
	b, ok := f.Backend.(hermes.HashingBackend)
	if !ok {
		t.Skip("the backend is no hermes.HashingBackend")
	}
	addAlice(t, f)
	for _, user := range []string{"alice", "unknown"} {
		matches, err := b.Prepare(t.Context(), f.Store, user)
		if err != nil {
			t.Fatal(err)
		}
		for _, password := range []string{alicePassword, "wrong password", "", alicePassword} {
			want, err := b.Verify(t.Context(), f.Store, user, hermes.NewSecret(password))
			if got := matches(hermes.NewSecret(password)); got != want || err != nil {
				t.Errorf("%s, %q: got %t from Prepare's function, and %t, %v from Verify", user, password, got, want, err)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Prepare(ctx, f.Store, "alice"); err == nil {
		t.Error("Prepare with a cancelled context: got no error, want one")
	}
}

func testCancelled(t *testing.T, f Fixture) {
	addAlice(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if ok, err := f.Backend.Verify(ctx, f.Store, "alice", hermes.NewSecret(alicePassword)); ok || err == nil {
		t.Errorf("Verify = %t, %v, want an error", ok, err)
	}
	if _, err := f.Backend.Has(ctx, f.Store, "alice"); err == nil {
		t.Error("Has: got no error, want one")
	}
	wantAccepted(t, f, "alice", alicePassword)
}

func testConcurrent(t *testing.T, f Fixture) {
	addAlice(t, f)
	addBob(t, f)
	calls := []struct {
		user, password string
		want           bool
	}{
		{"alice", alicePassword, true},
		{"alice", bobPassword, false},
		{"bob", alicePassword, false},
		{"bob", bobPassword, true},
		{"unknown", alicePassword, false},
	}
	var group sync.WaitGroup
	for i := range 8 * len(calls) {
		c := calls[i%len(calls)]
		group.Go(func() {
			got, err := f.Backend.Verify(t.Context(), f.Store, c.user, hermes.NewSecret(c.password))
			if err != nil || got != c.want {
				t.Errorf("Verify(%q, %q) = %t, %v, want %t", c.user, c.password, got, err, c.want)
			}
		})
	}
	group.Wait()
}

func testHas(t *testing.T, open openFunc) {
	t.Run("a user exists from its addition on", func(t *testing.T) {
		f := open(t)
		wantHas(t, f, "alice", false)
		addAlice(t, f)
		wantHas(t, f, "alice", true)
		wantHas(t, f, "unknown", false)
	})
}

func testUserNames(t *testing.T, open openFunc) {
	t.Run("similar", func(t *testing.T) {
		f := open(t)
		addAlice(t, f)
		for _, user := range similarToAlice() {
			wantRejected(t, f, user, alicePassword)
			wantRejected(t, f, user, "")
			wantHas(t, f, user, false)
		}
		wantAccepted(t, f, "alice", alicePassword)
	})
	t.Run("upper and lower case", func(t *testing.T) {
		f := open(t)
		f.AddUser(t, "Carol", alicePassword)
		wantRejected(t, f, "carol", alicePassword)
		wantHas(t, f, "carol", false)
		wantAccepted(t, f, "Carol", alicePassword)
		wantHas(t, f, "Carol", true)
	})
	t.Run("special characters", func(t *testing.T) { testSpecialNames(t, open(t)) })
}

// similarToAlice returns names that a backend could mistake for alice, or that its query language
// or file format could misread.
func similarToAlice() []string {
	return []string{
		// spaces, upper case, control characters, invalid UTF-8
		"", " ", "alice ", " alice", "  alice", "ALICE", "Alice", "alicE", "alice\n", "alice\r\n", "\talice", "alice\x00",
		"alice\x00bob", "\x00alice", "\x00", "ａｌｉｃｅ", "al\u00adice", "alice\u200b", "\ufeffalice", "alice\xff", "\xff\xfe",
		// LDAP filters
		"*", "a*", "*e", "al*ce", "alice)(uid=*", "*)(uid=*))(|(uid=*", "alice)(|(uid=*)", "(alice)", `\61lice`, `\2a`,
		"alice)\x00",
		// distinguished names
		"alice,ou=people", "alice,dc=example,dc=test", "alice+cn=alice", "uid=alice",
		"uid=alice,ou=people,dc=example,dc=test", "#616c696365", "#04056c696365", `alice\`, `alice\ `, `alic\65`, `"alice"`,
		"alice;x=y", "alice,", ",alice",
		// files
		"alice:x", "alice:", ":", "#alice", "#", "../alice", "alice/", "$apr1$", "alice\nmallory",
		// templates
		"{user}", "%s", "$1", "%(user)s", "${user}",
		// long names
		strings.Repeat("a", 300), strings.Repeat("alice", 1<<18), strings.Repeat("é", 1<<16), strings.Repeat("(", 1<<10),
		"alice" + strings.Repeat(" ", 1<<10),
	}
}

func testSpecialNames(t *testing.T, f Fixture) {
	users := []string{
		"a b", "a.b", "a-b_c", "a@b.example", "o'brien", `a"b`, "a,b", "a+b", "a=b", `a\b`, `a\2cb`, "a<b>", "a;b", "a/b", "a#b",
		"a*b", "*a*", "a(b)", "a)(b", "a&b|c!d", "a{user}b", "a%sb", "a$1b", "naïve", "日本", "Ünï", "😀", "1", "-", "uid=x",
		"cn=a,dc=b", strings.Repeat("n", 64), strings.Repeat("é", 64),
	}
	passwordOf := func(user string) string { return "password of " + user[:1] + user[len(user)-1:] }
	for _, user := range users {
		f.AddUser(t, user, passwordOf(user))
	}
	for _, user := range users {
		wantAccepted(t, f, user, passwordOf(user))
		wantRejected(t, f, user, "password of another")
		wantRejected(t, f, user, "")
		wantHas(t, f, user, true)
	}
}

func testPasswords(t *testing.T, open openFunc) {
	// A directory answers a bind with an empty password with success (RFC 4513, section 5.1.2).
	t.Run("empty", func(t *testing.T) {
		f := open(t)
		addAlice(t, f)
		f.AddUser(t, "blank", "")
		for _, user := range []string{"alice", "blank", "unknown", ""} {
			wantRejected(t, f, user, "")
		}
		wantRejected(t, f, "blank", "something")
		wantAccepted(t, f, "alice", alicePassword)
	})
	t.Run("similar", func(t *testing.T) {
		f := open(t)
		addAlice(t, f)
		for _, p := range similarTo(alicePassword) {
			wantRejected(t, f, "alice", p)
		}
		wantAccepted(t, f, "alice", alicePassword)
	})
	t.Run("special characters", func(t *testing.T) { testSpecialPasswords(t, open(t)) })
	t.Run("every byte of a long password counts", func(t *testing.T) { testLongPasswords(t, open(t)) })
}

// similarTo returns passwords that a backend could mistake for p.
func similarTo(p string) []string {
	return []string{
		p + " ", " " + p, p + "\n", p[:len(p)-1], p + p[len(p)-1:], strings.ToUpper(p), strings.ToTitle(p[:1]) + p[1:],
		p + "\x00", p + "\x00x",
		p + "\x00" + p, // bcrypt repeats a key, with a NUL at its end
		"\x00" + p, "\x00", " ", "*", "%", "{CLEARTEXT}" + p, p + "\xff", p + "\u00ad",
		strings.Repeat(p, 4000), strings.Repeat("x", 1<<20), p + strings.Repeat("\x00", 1<<20),
	}
}

func testSpecialPasswords(t *testing.T, f Fixture) {
	passwords := map[string]string{
		"cyrillic": "пароль-пароль", "emoji": "🔑🔑🔑 three", "kanji": "合言葉は秘密",
		"combined": "e\u0301te\u0301e\u0301", "composed": "\u00e9t\u00e9\u00e9",
		"inner": "two  spaces", "edges": " edges ", "braces": "{SSHA}abcdefgh", "colon": "a:b:c:d:e",
		"dollar": "$2y$05$abcdefg", "quote": `"'\/<>,;=+#`, "filter": "*)(uid=*)(|(&", "hash": "#hash is first",
		"format": "%s%d%n%00",
	}
	for user, password := range passwords {
		f.AddUser(t, user, password)
	}
	for user, password := range passwords {
		wantAccepted(t, f, user, password)
	}
	wantRejected(t, f, "combined", passwords["composed"])
	wantRejected(t, f, "composed", passwords["combined"])
	wantRejected(t, f, "edges", "edges")
	wantRejected(t, f, "inner", "two spaces")
}

func testLongPasswords(t *testing.T, f Fixture) {
	for _, n := range []int{55, 72, 73, 128, 512} {
		if f.PasswordMax != 0 && n > f.PasswordMax {
			continue
		}
		user, password := "long"+strconv.Itoa(n), strings.Repeat("a", n-1)+"b"
		f.AddUser(t, user, password)
		wantAccepted(t, f, user, password)
		wantRejected(t, f, user, password[:n-1])
		wantRejected(t, f, user, password[:n-1]+"c")
		wantRejected(t, f, user, password+"b")
	}
}
