package hermes

import (
	"net/netip"
	"strings"
	"testing"
)

func TestLimitKeys_user(t *testing.T) {
	t.Parallel()
	k := newLimitKeys([]byte("secret"))
	for _, r := range []struct {
		rule, a, b string
		same       bool
	}{
		{"upper and lower case", "alice", "aLICE", true},
		{"case beyond ASCII", "ærlig", "ÆRLIG", true},
		{"a letter with three cases", "ΣΊΣΥΦΟΣ", "σίσυφος", true},
		{"an accent as a character of its own", "jos\u00e9", "jose\u0301", true},
		{"full-width letters", "alice", "ａｌｉｃｅ", true},
		{"mathematical letters", "alice", "𝐚𝑙𝓲𝔠𝚎", true},
		{"circled letters", "alice", "ⓐⓁⓘⒸⓔ", true},
		{"a superscript and a Kelvin sign", "frank2", "fran\u212a²", true},
		{"a ligature of two", "fine", "\ufb01ne", true},
		{"a sharp s", "straße", "STRASSE", true},
		{"blanks at the ends and inside", "alice smith", " alice  smith ", true},
		{"characters that are not shown", "alice", "al\u00adi\u200bce", true},
		{"a Cyrillic letter composed of two", "\u0439", "\u0438\u0306", true},
		{"another name", "alice", "bob", false},
		{"names of another script", "иван", "олег", false},
		{"a digit", "alice1", "alice2", false},
		{"a name that is longer than any user's", strings.Repeat("a", 1<<16), strings.Repeat("b", 1<<16), true},
		{"the longest names", strings.Repeat("😀", apiUserMax), strings.Repeat("😀", apiUserMax-1), false},
	} {
		if same := k.user(r.a) == k.user(r.b); same != r.same {
			t.Errorf("%s: %.80q and %.80q share a key: %v, want %v", r.rule, r.a, r.b, same, r.same)
		}
	}
}

func TestLimitKeys_kinds(t *testing.T) {
	t.Parallel()
	k, other := newLimitKeys([]byte("secret")), newLimitKeys([]byte("another"))
	a := netip.MustParseAddr("192.0.2.1")
	seen := map[limitKey]string{}
	for name, key := range map[string]limitKey{
		"user": k.user("192.0.2.1"), "network": k.network(a), "pair": k.pair("192.0.2.1", network(a)),
		"another secret": other.network(a), "pair, user": k.pair("192.0.2.1", ""), "pair, network": k.pair("", network(a)),
	} {
		if with, ok := seen[key]; ok {
			t.Errorf("%s and %s share a key", name, with)
		}
		seen[key] = name
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1",
		"::ffff:192.0.2.1":     "192.0.2.1",
		"2001:db8:0:1:2:3:4:5": "2001:db8:0:1::/64",
		"fe80::1%eth0":         "fe80::/64",
	} {
		if got := network(netip.MustParseAddr(in)); got != want {
			t.Errorf("network(%s) = %s, want %s", in, got, want)
		}
	}
}
