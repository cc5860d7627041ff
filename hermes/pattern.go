package hermes

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// patternMax is the length of the longest search, in characters.
const patternMax = 64

// Pattern is a search: a glob in which * is any run of characters and ? is one character. Letters
// match in either case; see [Fold]. The zero value matches everything.
type Pattern struct{ glob string }

// ParsePattern reads a search of at most 64 characters. A search without * and ? matches anywhere
// in a text. An empty search is the zero value.
func ParsePattern(s string) (Pattern, error) {
	if utf8.RuneCountInString(s) > patternMax {
		return Pattern{}, fmt.Errorf("search %q: want at most %d characters", s, patternMax)
	}
	if !CleanText(s) {
		return Pattern{}, fmt.Errorf("search %q: want UTF-8 without control characters", s)
	}
	if s != "" && !strings.ContainsAny(s, "*?") {
		s = "*" + s + "*"
	}
	return Pattern{Fold(s)}, nil
}

// String returns the folded glob. The empty glob matches everything.
func (p Pattern) String() string { return p.glob }

// IsZero reports whether the pattern is empty and so matches everything.
func (p Pattern) IsZero() bool { return p.glob == "" }

// MarshalText returns a text from which UnmarshalText makes the same pattern: the glob, without the
// stars around it where ParsePattern adds them, since they would make the longest search too long.
func (p Pattern) MarshalText() ([]byte, error) {
	inner := strings.Trim(p.glob, "*")
	if inner != "" && !strings.ContainsAny(inner, "*?") && p.glob == "*"+inner+"*" {
		return []byte(inner), nil
	}
	return []byte(p.glob), nil
}

// UnmarshalText reads what [ParsePattern] reads.
func (p *Pattern) UnmarshalText(text []byte) error {
	v, err := ParsePattern(string(text))
	if err == nil {
		*p = v
	}
	return err
}

// Match reports whether the whole of s matches, after folding.
func (p Pattern) Match(s string) bool { return p.glob == "" || globMatch(p.glob, Fold(s)) }

// globMatch backtracks to the last star only. That suffices, because a later star can match
// whatever an earlier one could, and bounds the time by len(glob)*len(s).
func globMatch(glob, s string) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(s) {
		_, size := utf8.DecodeRuneInString(s[j:])
		switch {
		case i < len(glob) && glob[i] == '*':
			star, mark = i, j
			i++
		case i < len(glob) && glob[i] == '?':
			i++
			j += size
		case strings.HasPrefix(glob[i:], s[j:j+size]):
			i += size
			j += size
		case star >= 0:
			_, back := utf8.DecodeRuneInString(s[mark:])
			mark += back
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(glob[i:], "*") == ""
}

// Like returns the pattern for SQL's LIKE with ESCAPE '!', to be matched against text folded by
// [Fold].
func (p Pattern) Like() string { return likeEscapes.Replace(p.glob) }

// Widen returns the pattern with ? in the place of each character for which replace returns true.
// It matches whatever p matches.
func (p Pattern) Widen(replace func(rune) bool) Pattern {
	return Pattern{strings.Map(func(r rune) rune {
		if replace(r) {
			return '?'
		}
		return r
	}, p.glob)}
}

var likeEscapes = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_", "*", "%", "?", "_")

// Fold maps letters that differ in case only to one of them, each by itself, by Unicode's simple
// case folding: ß and ẞ are one letter, as are σ, ς and Σ; İ and ı are letters of their own.
// ASCII letters become lower case, as with SQL's lower(). A store keeps folded text where its
// engine folds less than this.
func Fold(s string) string { return strings.Map(foldRune, s) }

func foldRune(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if 'A' <= least && least <= 'Z' {
		least += 'a' - 'A'
	}
	return least
}
