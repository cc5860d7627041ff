package backendtest

import (
	"strconv"
	"strings"
)

func passwordCases() []testCase {
	return []testCase{
		{"empty", "no password is no password: directories answer it with success (RFC 4513, 5.1.2)", func(k *kit) {
			k.alice()
			k.AddUser(k.T, "blank", "")
			for _, user := range []string{"alice", "blank", "nobody", ""} {
				k.refuses(user, "")
			}
			k.refuses("blank", "something")
			k.lets("alice", right)
		}},
		{"near", "no password but the very one lets in", func(k *kit) {
			k.alice()
			for _, p := range near(right) {
				k.refuses("alice", p)
			}
			k.lets("alice", right)
		}},
		{"kinds", "a password is bytes, of any kind that the API takes", kinds},
		{"long", "every byte of a long password counts", longPassword},
	}
}

// near returns what careless comparison takes for p.
func near(p string) []string {
	return []string{
		p + " ", " " + p, p + "\n", p[:len(p)-1], p + p[len(p)-1:], strings.ToUpper(p), strings.ToTitle(p[:1]) + p[1:],
		p + "\x00", p + "\x00x",
		p + "\x00" + p, // bcrypt reads a key round and round, with a NUL at its end
		"\x00" + p, "\x00", " ", "*", "%", "{CLEARTEXT}" + p, p + "\xff", p + "\u00ad",
		strings.Repeat(p, 4000), strings.Repeat("x", 1<<20), p + strings.Repeat("\x00", 1<<20),
	}
}

func kinds(k *kit) {
	users := map[string]string{
		"cyrillic": "пароль-пароль", "emoji": "🔑🔑🔑 three", "kanji": "合言葉は秘密", "combined": "e\u0301te\u0301e\u0301",
		"composed": "\u00e9t\u00e9\u00e9", "inner": "two  spaces", "edges": " edges ", "braces": "{SSHA}abcdefgh", "colon": "a:b:c:d:e",
		"dollar": "$2y$05$abcdefg", "quote": `"'\/<>,;=+#`, "filter": "*)(uid=*)(|(&", "hash": "#hash is first", "format": "%s%d%n%00",
	}
	for user, password := range users {
		k.AddUser(k.T, user, password)
	}
	for user, password := range users {
		k.lets(user, password)
	}
	k.refuses("combined", users["composed"])
	k.refuses("composed", users["combined"])
	k.refuses("edges", "edges")
	k.refuses("inner", "two spaces")
}

func longPassword(k *kit) {
	for _, n := range []int{55, 72, 73, 128, 512} {
		if k.PasswordMax != 0 && n > k.PasswordMax {
			continue
		}
		user, password := "long"+strconv.Itoa(n), strings.Repeat("a", n-1)+"b"
		k.AddUser(k.T, user, password)
		k.lets(user, password)
		k.refuses(user, password[:n-1])
		k.refuses(user, password[:n-1]+"c")
		k.refuses(user, password+"b")
	}
}
