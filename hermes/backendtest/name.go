package backendtest

import "strings"

func nameCases() []testCase {
	return []testCase{
		{"odd", "no name but the very one is a user's, with another's password least of all", func(k *kit) {
			k.alice()
			for _, user := range odd() {
				k.refuses(user, right)
				k.refuses(user, "")
				k.has(user, false)
			}
			k.lets("alice", right)
		}},
		{"special", "a name is bytes, of any kind that the API takes", special},
		{"other case", "names that differ in case are different users or none", func(k *kit) {
			k.AddUser(k.T, "Carol", right)
			k.refuses("carol", right)
			k.has("carol", false)
			k.lets("Carol", right)
			k.has("Carol", true)
		}},
	}
}

// odd returns names that are not alice, and that careless matching takes for her or breaks at.
func odd() []string {
	return []string{
		"", " ", "alice ", " alice", "  alice", "ALICE", "Alice", "alicE", "alice\n", "alice\r\n", "\talice", "alice\x00",
		"alice\x00bob", "\x00alice", "\x00", "ａｌｉｃｅ", "al\u00adice", "alice\u200b", "\ufeffalice", "alice\xff", "\xff\xfe",
		// filters
		"*", "a*", "*e", "al*ce", "alice)(uid=*", "*)(uid=*))(|(uid=*", "alice)(|(uid=*)", "(alice)", `\61lice`, `\2a`, "alice)\x00",
		// distinguished names
		"alice,ou=people", "alice,dc=example,dc=test", "alice+cn=alice", "uid=alice", "uid=alice,ou=people,dc=example,dc=test",
		"#616c696365", "#04056c696365", `alice\`, `alice\ `, `alic\65`, `"alice"`, "alice;x=y", "alice,", ",alice",
		// files
		"alice:x", "alice:", ":", "#alice", "#", "../alice", "alice/", "$apr1$", "alice\nmallory",
		// templates
		"{user}", "%s", "$1", "%(user)s", "${user}",
		strings.Repeat("a", 300), strings.Repeat("alice", 1<<18), strings.Repeat("é", 1<<16), strings.Repeat("(", 1<<10), "alice" + strings.Repeat(" ", 1<<10),
	}
}

func special(k *kit) {
	users := []string{
		"a b", "a.b", "a-b_c", "a@b.example", "o'brien", `a"b`, "a,b", "a+b", "a=b", `a\b`, `a\2cb`, "a<b>", "a;b", "a/b", "a#b", "a*b", "*a*", "a(b)",
		"a)(b", "a&b|c!d", "a{user}b", "a%sb", "a$1b", "naïve", "日本", "Ünï", "😀", "1", "-", "uid=x", "cn=a,dc=b", strings.Repeat("n", 64), strings.Repeat("é", 64),
	}
	for _, user := range users {
		k.AddUser(k.T, user, "password of "+user[:1]+user[len(user)-1:])
	}
	for _, user := range users {
		k.lets(user, "password of "+user[:1]+user[len(user)-1:])
		k.refuses(user, "password of another")
		k.refuses(user, "")
		k.has(user, true)
	}
}
