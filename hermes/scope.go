package hermes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/sip"
)

// Scope narrows an access level to a part of the world, so that the administrator of a customer
// sees and changes what is the customer's only. Each field is a comma-separated list in the form
// that [ParseScope] returns, so that equal scopes compare with ==. An empty list does not narrow.
// The zero Scope allows all that the access level does.
type Scope struct {
	Domains string // SIP domains in lower case, in order, each once
	Numbers string // prefixes of E.164 numbers, such as +4773, in order, none a prefix of another
	Nodes   string // patterns of node paths, such as user/*, in order, each once
}

const (
	scopeMax   = 8192 // the length of the longest list, in bytes
	everything = "*"  // in the place of a list that does not narrow
)

// ParseScope reads three comma-separated lists without blanks. An empty list and "*" do not narrow.
// Domains follow the rules of [sip.ParseDomain]. A prefix of numbers is + and 1 to 15 digits, of
// which the first is not 0. In a pattern of nodes * is any run of characters and ? is one.
func ParseScope(domains, numbers, nodes string) (Scope, error) {
	return Scope{}.With(domains, numbers, nodes)
}

// With returns the scope with other lists: an empty text leaves a list as it is, "*" lifts it, and
// another text takes its place as in [ParseScope].
func (s Scope) With(domains, numbers, nodes string) (Scope, error) {
	next := s
	for _, part := range []struct {
		name, text string
		list       *string
		parse      func([]string) ([]string, error)
	}{
		{"domains", domains, &next.Domains, parseDomains},
		{"numbers", numbers, &next.Numbers, parsePrefixes},
		{"nodes", nodes, &next.Nodes, parseNodePatterns},
	} {
		switch part.text {
		case "":
			continue
		case everything:
			*part.list = ""
			continue
		}
		if len(part.text) > scopeMax {
			return s, fmt.Errorf("%s: want at most %d characters", part.name, scopeMax)
		}
		list, err := part.parse(strings.Split(part.text, ","))
		if err != nil {
			return s, fmt.Errorf("%s: %w", part.name, err)
		}
		*part.list = strings.Join(list, ",")
	}
	return next, nil
}

func parseDomains(list []string) ([]string, error) {
	for i, text := range list {
		d, err := sip.ParseDomain(text)
		if err != nil {
			return nil, fmt.Errorf("%.100q: want SIP domains, separated by commas, or *", text)
		}
		list[i] = d.String()
	}
	return sortedSet(list), nil
}

func parsePrefixes(list []string) ([]string, error) {
	for _, text := range list {
		if !isPrefix(text) {
			return nil, fmt.Errorf(`%.100q: want prefixes of numbers, each "+" and 1 to 15 digits, the first not 0, or *`, text)
		}
	}
	slices.Sort(list)
	kept := list[:1]
	for _, text := range list[1:] {
		// Those that begin with a prefix come right after it.
		if !strings.HasPrefix(text, kept[len(kept)-1]) {
			kept = append(kept, text)
		}
	}
	return kept, nil
}

// isPrefix reports whether s can be the beginning of an E.164 number.
func isPrefix(s string) bool {
	const most = 15
	if len(s) < 2 || len(s) > most+1 || s[0] != '+' || s[1] == '0' {
		return false
	}
	return strings.Trim(s[1:], "0123456789") == ""
}

func parseNodePatterns(list []string) ([]string, error) {
	isOther := func(r rune) bool { return (r < 'a' || r > 'z') && !strings.ContainsRune("0123456789_/*?", r) }
	for i, text := range list {
		if text == "" || strings.ContainsFunc(text, isOther) {
			return nil, fmt.Errorf("%.100q: want patterns of nodes, such as user/*, separated by commas, or *", text)
		}
		for strings.Contains(text, "**") {
			text = strings.ReplaceAll(text, "**", "*")
		}
		list[i] = text
	}
	if slices.Contains(list, everything) {
		return nil, nil
	}
	return sortedSet(list), nil
}

// IsZero reports whether the scope narrows nothing.
func (s Scope) IsZero() bool { return s == Scope{} }

// DomainList returns the domains, or none if the scope is not narrowed to any.
func (s Scope) DomainList() []sip.Domain {
	var domains []sip.Domain
	for _, name := range listOf(s.Domains) {
		domains = append(domains, sip.UncheckedDomain(name))
	}
	return domains
}

// NumberPrefixes returns the prefixes of numbers with their +, or none if the scope is not narrowed
// to any.
func (s Scope) NumberPrefixes() []string { return listOf(s.Numbers) }

// NodePatterns returns the patterns of nodes, or none if the scope is not narrowed to any.
func (s Scope) NodePatterns() []string { return listOf(s.Nodes) }

func listOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// HasDomain reports whether the domain, in any case, is within the scope.
func (s Scope) HasDomain(d sip.Domain) bool {
	if s.Domains == "" {
		return true
	}
	name := strings.Map(foldASCII, d.String())
	for own := range strings.SplitSeq(s.Domains, ",") {
		if own == name {
			return true
		}
	}
	return false
}

// foldASCII maps the letters of ASCII to lower case, and no other rune to one of them.
func foldASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// PrefixesWithin returns the prefixes of the numbers that begin with prefix and are within the
// scope, in the order of these numbers. prefix may be empty or anything else: without a list of
// numbers it is returned alone.
func (s Scope) PrefixesWithin(prefix string) []string {
	if s.Numbers == "" {
		return []string{prefix}
	}
	var within []string
	for own := range strings.SplitSeq(s.Numbers, ",") {
		switch {
		case strings.HasPrefix(own, prefix):
			within = append(within, own)
		case strings.HasPrefix(prefix, own):
			return []string{prefix}
		}
	}
	return within
}

// HasNumber reports whether the number is within the scope.
func (s Scope) HasNumber(n e164.Number) bool { return s.hasPrefixOf(n.String()) }

// hasPrefixOf reports whether the scope has a prefix with which the number or prefix begins.
func (s Scope) hasPrefixOf(number string) bool {
	if s.Numbers == "" {
		return true
	}
	for prefix := range strings.SplitSeq(s.Numbers, ",") {
		if strings.HasPrefix(number, prefix) {
			return true
		}
	}
	return false
}

// HasNumbers reports whether every number from first to last is within the scope. Of numbers that
// are no range, because they differ in their count of digits or are not in order, both must be.
func (s Scope) HasNumbers(first, last e164.Number) bool {
	if s.Numbers == "" {
		return true
	}
	if first.IsZero() || first.Digits() != last.Digits() || first.Compare(last) > 0 {
		return s.HasNumber(first) && s.HasNumber(last)
	}
	// The prefixes are in the order of the numbers that begin with them, and no number has two.
	next, end := numberValue(first), numberValue(last)
	for prefix := range strings.SplitSeq(s.Numbers, ",") {
		low, high, ok := numbersOf(prefix, first.Digits())
		if ok && low <= next && next <= high {
			if next = high + 1; next > end {
				return true
			}
		}
	}
	return false
}

// numbersOf returns the digits of the first and the last number that begins with the prefix, among
// those with as many digits.
func numbersOf(prefix string, digits int) (first, last int64, ok bool) {
	missing := digits - (len(prefix) - 1)
	if missing < 0 || !isPrefix(prefix) {
		return 0, 0, false
	}
	for _, d := range prefix[1:] {
		first = first*10 + int64(d-'0')
	}
	last = first
	for range missing {
		first, last = first*10, last*10+9
	}
	return first, last, true
}

// HasAlias reports whether the alias is within the scope: its domain, and its user part if that is
// an E.164 number.
func (s Scope) HasAlias(a sip.Addr) bool {
	if !s.HasDomain(a.Domain()) {
		return false
	}
	n, ok := aliasNumber(a)
	return !ok || s.HasNumber(n)
}

// AllowsNode reports whether the node with that path is within the scope. It does not know of the
// nodes that every principal may call; see [Client.Authorize].
func (s Scope) AllowsNode(path string) bool {
	if s.Nodes == "" {
		return true
	}
	for pattern := range strings.SplitSeq(s.Nodes, ",") {
		if matchNode(pattern, path) {
			return true
		}
	}
	return false
}

// Covers reports whether the scope allows whatever the other one does. It may return false for
// patterns of nodes that only together match what one of the other scope's does.
func (s Scope) Covers(other Scope) bool {
	return coversList(s.Domains, other.Domains, func(name string) bool { return s.HasDomain(sip.UncheckedDomain(name)) }) &&
		coversList(s.Numbers, other.Numbers, s.hasPrefixOf) &&
		coversList(s.Nodes, other.Nodes, s.AllowsNode)
}

// coversList reports whether a list of a scope covers another. has says whether it covers an entry.
func coversList(own, other string, has func(entry string) bool) bool {
	if own == "" {
		return true
	}
	if other == "" {
		return false
	}
	for entry := range strings.SplitSeq(other, ",") {
		if !has(entry) {
			return false
		}
	}
	return true
}

// matchNode reports whether a pattern of nodes matches the whole of s, the path of a node or
// another pattern. A wildcard in s stands for any text that it matches: so only * matches a *, and
// the pattern matches whatever s does. It backtracks to the last star only; see globMatch.
func matchNode(pattern, s string) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == s[j] || pattern[i] == '?' && s[j] != '*'):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}
