package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func testPattern(t *testing.T, open openFunc) {
	t.Run("display names match as in Pattern.Match", func(t *testing.T) { testPatternNames(t, open(t).Store) })
	t.Run("the whole address matches, and a user is found once", func(t *testing.T) { testPatternAddrs(t, open(t).Store) })
	t.Run("an alias is found once, by its address or its destination, within a scope", func(t *testing.T) { testPatternAliases(t, open(t).Store) })
	t.Run("the beginning of a name matches in every case, on pages of any length", func(t *testing.T) {
		s := open(t).Store
		testPatternBeginnings(t, s, func(i int, a string) hermes.UserEntry {
			u := localUser(a)
			if i%3 == 0 {
				u = remoteUser(a)
			}
			u.DisplayName = []string{"abba", "x", ""}[i%3]
			mustAddUser(t, s, u)
			return hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName}
		})
	})
	t.Run("the 12 hex digits of a phone match", func(t *testing.T) { testPatternPhones(t, open(t).Store) })
	t.Run("the text of a number with its + matches", func(t *testing.T) { testPatternNumbers(t, open(t).Store) })
	t.Run("matches are paged as the whole list is", func(t *testing.T) { testPatternPages(t, open(t).Store) })
}

// patternRunes are runes that a LIKE without escapes, an ASCII case fold or a collation gets wrong.
var patternRunes = []rune(`aAbB%_\!'"[]^$.+- øØåÅßſsSKkKσςΣäÄiIıÉéж李😀|&`)

// randomText returns a text of fewer than n of the patternRunes.
func randomText(r *rand.Rand, n int) string {
	var b strings.Builder
	for range r.IntN(n) {
		b.WriteRune(patternRunes[r.IntN(len(patternRunes))])
	}
	return b.String()
}

// randomPattern returns a piece of one of texts, or of another text, with wildcards and letters in
// another case.
func randomPattern(r *rand.Rand, texts []string) hermes.Pattern {
	s := []rune(texts[r.IntN(len(texts))])
	if r.IntN(4) == 0 || len(s) == 0 {
		s = []rune(randomText(r, 4))
	}
	if len(s) > 0 && r.IntN(2) == 0 {
		from := r.IntN(len(s))
		s = s[from : from+r.IntN(len(s)-from)+1]
	}
	for i := range s {
		switch r.IntN(8) {
		case 0:
			s[i] = '?'
		case 1:
			s[i] = '*'
		case 2:
			s[i] = []rune(strings.ToUpper(string(s[i])))[0]
		case 3:
			s[i] = []rune(strings.ToLower(string(s[i])))[0]
		}
	}
	return pattern(string(s))
}

func testPatternNames(t *testing.T, s hermes.Store) {
	r := rand.New(rand.NewPCG(1, 2))
	var all []hermes.UserEntry
	var names []string
	for i := range 150 {
		u := remoteUser(fmt.Sprintf("%03d@9.example", i))
		u.DisplayName = randomText(r, 9)
		mustAddUser(t, s, u)
		all = append(all, hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName})
		names = append(names, u.DisplayName)
	}
	for _, p := range []string{"%", "_", `\`, "!", "*", "?", "!%", `\%`, "ø", "SS", "ß", "K", "ı", "*'*", "[a]"} {
		wantMatchingUsers(t, s, pattern(p), all)
	}
	for range 300 {
		wantMatchingUsers(t, s, randomPattern(r, names), all)
	}
}

func testPatternAddrs(t *testing.T, s hermes.Store) {
	var all []hermes.UserEntry
	addresses := []string{
		"A_B@example.com", "Alice@example.net", "a!b@example.com", "aXb@example.com", "alice@example.com",
	}
	for i, a := range addresses {
		u := localUser(a)
		u.DisplayName = []string{"alice", "", "ALICE@EXAMPLE.COM"}[i%3]
		mustAddUser(t, s, u)
		all = append(all, hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName})
	}
	patterns := []string{
		"alice", "*@example.com", "a_b*", "A?B@*", "a!b@example.com", "ALICE@*", "example.net",
		"@", "*@*", "com*", "*com", "alice@example.com", "a*b*e*.com",
	}
	for _, p := range patterns {
		wantMatchingUsers(t, s, pattern(p), all)
	}
}

// testPatternBeginnings searches for the beginning of user names. add adds a user.
func testPatternBeginnings(t *testing.T, s hermes.Store, add func(i int, a string) hermes.UserEntry) {
	var all []hermes.UserEntry
	for _, beginning := range []string{
		"A", "AA", "AB", "AB1", "ABc", "AC", "Ab", "Ab1", "Abc", "B1", "_", "a", "a-b", "aB", "aB1", "aBc", "aa", "ab",
		"ab1", "abc", "ac", "b", "b1", "~",
	} {
		for _, domain := range []string{"a.example.com", "b.example.com"} {
			all = append(all, add(len(all), beginning+"@"+domain))
		}
	}
	list := userList()
	for _, text := range []string{
		"ab*", "AB1*", "a*", "aBC*", "ab?*", "ab@b*", "abc@a.example.com", "abc@a.example.com?*", "b*", "c*", "ab*1*", "a-b*", "_*", "~*",
	} {
		p := pattern(text)
		want := filter(all, func(e hermes.UserEntry) bool { return p.Match(e.DisplayName) || p.Match(e.User.String()) })
		list.page = func(t *testing.T, s hermes.Store, after hermes.UserEntry, limit int) ([]hermes.UserEntry, error) {
			return s.Users(t.Context(), hermes.UserQuery{Match: p, After: after.User, Limit: limit})
		}
		list.entries = all
		for _, limit := range []int{1, 2, 5, 100, 1000} {
			wantList(t, list.read(t, s, limit, nil), nil, want)
		}
	}
}

// wantMatchingUsers checks that a search finds those of all that the pattern matches. The users in
// all must be those of the store, in order.
func wantMatchingUsers(t *testing.T, s hermes.Store, p hermes.Pattern, all []hermes.UserEntry) {
	t.Helper()
	got, err := s.Users(t.Context(), hermes.UserQuery{Match: p, Limit: 1000})
	want := filter(all, func(e hermes.UserEntry) bool { return p.Match(e.DisplayName) || p.Match(e.User.String()) })
	must(t, err)
	if !slices.Equal(got, want) {
		t.Fatalf("pattern %q: difference (-got +want):\n%s", p, diff(got, want))
	}
}

func testPatternAliases(t *testing.T, s hermes.Store) {
	all := []hermes.Alias{
		alias("+4711@example.com", "A_B@example.net"), alias("+4712@example.net", "alice@example.com"),
		alias("Sales@example.com", "a!b@example.com"), alias("aXb@example.com", "sales@example.net"),
		alias("info@example.net", "info@example.com"),
		// Another tool's.
		{Alias: sip.Unchecked("kÅl", "example.com"), Destination: sip.Unchecked("ål", "example.org")},
	}
	mustAddAlias(t, s, all...)
	slices.SortFunc(all, compareAliases)
	for _, text := range []string{
		"SALES", "*@example.com", "a_b*", "a?b@*", "a!b@example.com", "info@*", "+47*", "47", "@", "*com", "ål", "*Ål@*", "k?l*", "none",
	} {
		for _, scope := range []hermes.Scope{
			{}, {Domains: "example.com,example.net"}, {Domains: "example.com"}, {Numbers: "+4711"}, {Domains: "example.com", Numbers: "+4711"},
		} {
			p := pattern(text)
			want := filter(all, func(a hermes.Alias) bool {
				return scope.HasAlias(a.Alias) && (p.Match(a.Alias.String()) || p.Match(a.Destination.String()))
			})
			list := aliasList(hermes.AliasQuery{})
			list.entries = all
			list.page = func(t *testing.T, s hermes.Store, after hermes.Alias, limit int) ([]hermes.Alias, error) {
				return s.Aliases(t.Context(), hermes.AliasQuery{Match: p, Scope: scope, After: after, Limit: limit})
			}
			for _, limit := range []int{1, 2, 100, 1000} {
				wantList(t, list.read(t, s, limit, nil), nil, want)
			}
		}
	}
}

func testPatternPhones(t *testing.T, s hermes.Store) {
	all := macAddrs("001122334455", "00aabbccddee", "a01122334455", "aa1122334455", "ffffffffffff")
	for _, m := range all {
		mustAddPhone(t, s, hermes.Phone{MAC: m, User: addr("alice@example.com")})
	}
	patterns := []string{
		"1122", "AA", "00*", "a?1*", "*F", "____________", "00:11", "%", "?????????????", "????????????",
	}
	for _, text := range patterns {
		p := pattern(text)
		want := filter(all, func(m mac.Addr) bool { return p.Match(m.String()) })
		wantPhones(t, s, hermes.PhoneQuery{Match: p, Limit: 10}, want...)
	}
}

// testPatternNumbers searches in both orders of the pool and takes the first match.
func testPatternNumbers(t *testing.T, s hermes.Store) {
	all := numbers(unorderedNumbers...)
	for _, n := range all {
		must(t, addNumber(t.Context(), s, n))
	}
	patterns := []string{"47", "+47*", "*11*", "+??", "*0", "++", "+", "_10", "%", "?????", "+4711?*", "x"}
	for _, text := range patterns {
		p := pattern(text)
		matches := func(n e164.Number) bool { return p.Match(n.String()) }
		want := filter(all, matches)
		got, err := s.Numbers(t.Context(), hermes.NumberQuery{Match: p, Limit: 100})
		wantList(t, got, err, want)
		shuffled, err := s.ShuffledNumbers(t.Context(), hermes.NumberQuery{Match: p, Limit: 100, Seed: 3})
		wantEqual(t, len(shuffled), err, len(want))
		wantEqual(t, len(filter(shuffled, matches)), nil, len(want))
		if len(want) == 0 {
			wantNoneToTake(t, s, p, false)
			continue
		}
		taken, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Match: p})
		wantEqual(t, taken, err, want[0])
		must(t, addNumber(t.Context(), s, taken))
	}
}

func testPatternPages(t *testing.T, s hermes.Store) {
	var want []hermes.UserEntry
	for i := range 50 {
		u := namedUser(fmt.Sprintf("u%02d@example.com", i), []string{"Ål", "x", "ÅL"}[i%3])
		mustAddUser(t, s, u)
		if u.DisplayName != "x" {
			want = append(want, hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName})
		}
	}
	matching := userList()
	matching.entries = want
	matching.page = func(t *testing.T, s hermes.Store, after hermes.UserEntry, limit int) ([]hermes.UserEntry, error) {
		return s.Users(t.Context(), hermes.UserQuery{Match: pattern("ål"), After: after.User, Limit: limit})
	}
	for _, limit := range []int{1, 2, 17, 100} {
		wantList(t, matching.read(t, s, limit, nil), nil, want)
	}
}
