package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
)

func patternCases() []testCase {
	const why = "a search finds what Pattern.Match matches: letters in either case, Unicode's too, and %, _, \\ and ! as themselves"
	return []testCase{
		{"names", why, matchNames},
		{"addresses", "the whole address is searched, too, and a user is found once where both match", matchAddresses},
		{"phones", "the 12 hex digits are searched", matchPhones},
		{"numbers", "the text with its + is searched, in either order, and where one is taken", matchNumbers},
		{"pages", "a search is paged as the whole list is", matchPages},
	}
}

// runes are those that a LIKE without escapes, a fold of ASCII only or a collation gets wrong.
var runes = []rune(`aAbB%_\!'"[]^$.+- øØåÅßſsSKkKσςΣäÄiIıÉéж李😀|&`)

func generated(r *rand.Rand, most int) string {
	var b strings.Builder
	for range r.IntN(most) {
		b.WriteRune(runes[r.IntN(len(runes))])
	}
	return b.String()
}

// generatedPattern is a piece of a text with holes and in another case, or anything.
func generatedPattern(r *rand.Rand, texts []string) hermes.Pattern {
	s := []rune(texts[r.IntN(len(texts))])
	if r.IntN(4) == 0 || len(s) == 0 {
		s = []rune(generated(r, 4))
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

func matchNames(k *kit) {
	r := rand.New(rand.NewPCG(1, 2))
	var all []hermes.UserEntry
	var names []string
	for i := range 150 {
		u := remoteUser(fmt.Sprintf("%03d@9.example", i))
		u.DisplayName = generated(r, 9)
		k.ok(k.AddUser(k.ctx, u))
		all, names = append(all, hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName}), append(names, u.DisplayName)
	}
	for _, p := range []string{"%", "_", `\`, "!", "*", "?", "!%", `\%`, "ø", "SS", "ß", "K", "ı", "*'*", "[a]"} {
		k.found(pattern(p), all)
	}
	for range 300 {
		k.found(generatedPattern(r, names), all)
	}
}

func (k *kit) found(p hermes.Pattern, all []hermes.UserEntry) {
	k.Helper()
	page := value(k, got(k.Users(k.ctx, hermes.UserQuery{Match: p, Limit: 1000})))
	want := filter(all, func(e hermes.UserEntry) bool { return p.Match(e.DisplayName) || p.Match(e.User.String()) })
	if !slices.Equal(page, want) {
		k.Fatalf("search %q: difference (-got +want):\n%s", p, diff(page, want))
	}
}

func filter[T any](all []T, keep func(T) bool) (kept []T) {
	for _, v := range all {
		if keep(v) {
			kept = append(kept, v)
		}
	}
	return kept
}

func matchAddresses(k *kit) {
	var all []hermes.UserEntry
	for i, a := range []string{"A_B@example.com", "Alice@example.net", "a!b@example.com", "aXb@example.com", "alice@example.com"} {
		u := localUser(a)
		u.DisplayName = []string{"alice", "", "ALICE@EXAMPLE.COM"}[i%3]
		k.ok(k.AddUser(k.ctx, u))
		all = append(all, hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName})
	}
	for _, p := range []string{"alice", "*@example.com", "a_b*", "A?B@*", "a!b@example.com", "ALICE@*", "example.net", "@", "*@*", "com*", "*com", "alice@example.com", "a*b*e*.com"} {
		k.found(pattern(p), all)
	}
}

func matchPhones(k *kit) {
	all := macs("001122334455", "00aabbccddee", "a01122334455", "aa1122334455", "ffffffffffff")
	for _, m := range all {
		k.ok(k.AddPhone(k.ctx, hermes.Phone{MAC: m, User: addr("alice@example.com")}))
	}
	for _, s := range []string{"1122", "AA", "00*", "a?1*", "*F", "____________", "00:11", "%", "?????????????", "????????????"} {
		p := pattern(s)
		list(k, got(k.Phones(k.ctx, hermes.PhoneQuery{Match: p, Limit: 10})), filter(all, func(m mac.Addr) bool { return p.Match(m.String()) })...)
	}
}

func matchNumbers(k *kit) {
	all := numbers(digits...)
	for _, n := range all {
		k.ok(k.AddNumber(k.ctx, n))
	}
	for _, s := range []string{"47", "+47*", "*11*", "+??", "*0", "++", "+", "_10", "%", "?????", "+4711?*", "x"} {
		p := pattern(s)
		want := filter(all, func(n e164.Number) bool { return p.Match(n.String()) })
		list(k, got(k.Numbers(k.ctx, hermes.NumberQuery{Match: p, Limit: 100})), want...)
		equal(k, got(k.shuffledCount(p)), len(want))
		k.takes(p, want)
	}
}

func (k *kit) shuffledCount(p hermes.Pattern) (int, error) {
	page, err := k.ShuffledNumbers(k.ctx, hermes.NumberQuery{Match: p, Limit: 100, Seed: 3})
	return len(filter(page, func(n e164.Number) bool { return p.Match(n.String()) })), err
}

// takes takes the first of want, and puts it back.
func (k *kit) takes(p hermes.Pattern, want []e164.Number) {
	k.Helper()
	if len(want) == 0 {
		refused(k, got(k.TakeNumber(k.ctx, p, false)), hermes.NotFound)
		return
	}
	equal(k, got(k.TakeNumber(k.ctx, p, false)), want[0])
	k.ok(k.AddNumber(k.ctx, want[0]))
}

func matchPages(k *kit) {
	var all []hermes.UserEntry
	for i := range 50 {
		u := named(fmt.Sprintf("u%02d@example.com", i), []string{"Ål", "x", "ÅL"}[i%3])
		k.ok(k.AddUser(k.ctx, u))
		all = append(all, hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName})
	}
	search := pager[hermes.UserEntry]{
		want: filter(all, func(e hermes.UserEntry) bool { return e.DisplayName != "x" }),
		page: func(k *kit, after hermes.UserEntry, limit int) ([]hermes.UserEntry, error) {
			return k.Users(k.ctx, hermes.UserQuery{Match: pattern("ål"), After: after.User, Limit: limit})
		},
	}
	for _, limit := range []int{1, 2, 17, 100} {
		list(k, got(search.read(k, limit, func(hermes.UserEntry) {})), search.want...)
	}
}
