package bunstore

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/hermes"
)

// The addresses in Kamailio's table are not folded, and SQL's lower() folds ASCII only. For a
// search that is not in ASCII the statement gets the letters of the search in every case. For one
// that is, lower() is enough, and an index serves: a k then does not find the Kelvin sign, and an s
// not the ſ, in an address that another tool wrote.

// isASCII reports whether a search has only characters of ASCII.
func isASCII(p hermes.Pattern) bool {
	return !strings.ContainsFunc(p.String(), func(r rune) bool { return r >= utf8.RuneSelf })
}

// cases returns the other letters that [hermes.Fold] maps to r, which is one of its results.
func cases(r rune) (others []rune) {
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		others = append(others, f)
	}
	return others
}

// postgresFolded is true for a subset of what the pattern ?1 for LIKE finds in a folded text, for
// which an index serves, and then exactly for that: translate folds the letters of the pattern.
const postgresFolded = `lower((?TableAlias.username ?T || '@' || ?TableAlias.domain ?T) ?C) LIKE ?1 ESCAPE '!'
	AND translate(lower((?TableAlias.username ?T || '@' || ?TableAlias.domain ?T) ?C), ?2, ?3) LIKE ?0 ESCAPE '!'`

// postgresFoldedArgs returns the last three arguments of postgresFolded: the pattern without the
// letters that lower() does not fold, these in the other cases, and what each of them is folded to.
func postgresFoldedArgs(p hermes.Pattern) []any {
	var from, to strings.Builder
	seen := map[rune]bool{}
	for _, r := range p.String() {
		for _, f := range cases(r) {
			if f >= utf8.RuneSelf && !seen[f] {
				seen[f] = true
				from.WriteRune(f)
				to.WriteRune(r)
			}
		}
	}
	wider := p.Widen(func(r rune) bool { return r >= utf8.RuneSelf || strings.ContainsRune(to.String(), r) })
	return []any{wider.Like(), from.String(), to.String()}
}

// sqliteFolded is true for what the pattern ?1 for GLOB finds.
const sqliteFolded = "(?TableAlias.username || '@' || ?TableAlias.domain) GLOB ?1"

// sqliteFoldedArgs returns the last argument of sqliteFolded: a set of letters for each letter.
func sqliteFoldedArgs(p hermes.Pattern) []any {
	var glob strings.Builder
	for _, r := range p.String() {
		switch others := cases(r); {
		case len(others) > 0:
			glob.WriteString("[" + string(r) + string(others) + "]")
		case r == '[':
			glob.WriteString("[[]")
		default:
			glob.WriteRune(r)
		}
	}
	return []any{glob.String()}
}
