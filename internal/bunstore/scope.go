package bunstore

import (
	"encoding/json"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
)

// What is within a scope is a part of the table for each of its domains, or of its prefixes of
// numbers. Each part is read by an index of its own and merged here, so that a page costs what is
// within the scope. Hermes' own tables have indexes that begin with the domain in lower case, and
// Kamailio's may: see scopeIndexes.

// inDomain is the condition that the domain in a column is that of the argument at, which is in
// lower case, in any case of its ASCII letters.
func (b *builder) inDomain(column string, at int) schema.QueryAppender {
	return bun.SafeQuery("? = ?", bun.SafeQuery(b.engine.folds, bun.Safe(column)), text(at))
}

// aliasInScope is the condition that a row of dbaliases is within a scope, of which the arguments
// from at on are what aliasScopeArgs returns. A served domain is foreign if the scope does not have
// it.
func (b *builder) aliasInScope(at int) schema.QueryAppender {
	const condition = `(NOT ?0 OR EXISTS (SELECT 1 FROM ?1 AS k WHERE substr(CAST(a.alias_username AS text), 1, length(k.value)) = k.value))
		AND (?2 = '[]' OR ?6 IN (SELECT k.value FROM ?3 AS k))
		AND ?7 NOT IN (SELECT f.value FROM (
			?5 UNION ALL SELECT k.value FROM ?4 AS k) AS f
			WHERE ?2 <> '[]' AND f.value NOT IN (SELECT k.value FROM ?3 AS k))`
	served := b.NewSelect().Model((*domainModel)(nil)).ColumnExpr("lower(d.domain ?T ?C) AS value").Where("d.domain ?T <> ''")
	return bun.SafeQuery(condition, bun.SafeQuery(b.engine.isNumber, bun.Safe("a.alias_username")),
		bun.SafeQuery(b.engine.jsonTexts, text(at)), text(at+1), bun.SafeQuery(b.engine.jsonTexts, text(at+1)),
		bun.SafeQuery(b.engine.jsonTexts, text(at+2)), served,
		bun.SafeQuery(b.engine.folds, bun.Safe("a.alias_domain")), bun.SafeQuery(b.engine.folds, bun.Safe("a.domain")))
}

// aliasScopeArgs returns the arguments of aliasInScope: JSON arrays of the prefixes of numbers, of
// the domains and of the domains that are served besides those in Kamailio's table.
func aliasScopeArgs(q hermes.AliasQuery) []any {
	prefixes := q.Scope.NumberPrefixes()
	if len(prefixes) == 0 {
		prefixes = []string{""}
	}
	domains := []string{}
	for _, d := range q.Scope.DomainList() {
		domains = append(domains, d.String())
	}
	served := []string{}
	if q.Served != "" {
		served = strings.Split(q.Served, ",")
	}
	return []any{jsonTexts(prefixes), jsonTexts(domains), jsonTexts(served)}
}

// jsonTexts returns a JSON array. The texts are valid UTF-8.
func jsonTexts(texts []string) string {
	if texts == nil {
		return "[]" // not null, which is no array
	}
	array, _ := json.Marshal(texts) // cannot fail
	return string(array)
}

// numberPart is the matching numbers with a prefix, which are in one range of the index.
type numberPart struct {
	prefix string
	match  hermes.Pattern
}

// numberParts returns the parts of the numbers that match and are within the scope, in order.
func numberParts(match hermes.Pattern, scope hermes.Scope) (parts []numberPart) {
	begin := match.String()
	if i := strings.IndexAny(begin, "*?"); i >= 0 {
		begin = begin[:i]
	}
	for _, prefix := range scope.PrefixesWithin(begin) {
		parts = append(parts, numberPart{prefix: prefix, match: match})
	}
	return parts
}

// end returns a text after all numbers of the part: of the characters in a number, ':' is after all
// that may follow.
func (p numberPart) end() string { return p.prefix + ":" }

// args returns the arguments of inRange for the numbers of the part from the key from on. The range
// is an argument of its own because SQLite's index does not serve LIKE.
func (p numberPart) args(from string) []any {
	return []any{max(p.prefix, from), p.end(), like(p.match)}
}

// leastChunk is how many entries of a part are read at once, at least.
const leastChunk = 100

// merge returns the first entries, at most limit, of sorted lists, one for each part. An entry that
// several of them have is returned once. fetch reads the first n entries of a part's list after an
// entry.
func merge[P, T any](
	parts []P, after T, limit int, compare func(a, b T) int, fetch func(part P, after T, n int) ([]T, error),
) ([]T, error) {
	switch len(parts) {
	case 0:
		return nil, nil
	case 1:
		return fetch(parts[0], after, limit)
	}
	chunk := min(limit, limit/len(parts)+leastChunk)
	lists := make([]partList[T], len(parts))
	for i := range lists {
		lists[i] = partList[T]{last: after, more: true}
	}
	var all []T
	for len(all) < limit {
		least := -1
		for i := range lists {
			if err := lists[i].fill(chunk, func(after T, n int) ([]T, error) { return fetch(parts[i], after, n) }); err != nil {
				return nil, err
			}
			if len(lists[i].entries) > 0 && (least < 0 || compare(lists[i].entries[0], lists[least].entries[0]) < 0) {
				least = i
			}
		}
		if least < 0 {
			break
		}
		if next := lists[least].next(); len(all) == 0 || compare(all[len(all)-1], next) != 0 {
			all = append(all, next)
		}
	}
	return all, nil
}

// partList is what has been read of the list of a part, and not been taken.
type partList[T any] struct {
	entries []T
	last    T    // the last entry that was read
	more    bool // there may be entries after it
}

// fill reads n entries if there are none.
func (l *partList[T]) fill(n int, fetch func(after T, n int) ([]T, error)) (err error) {
	if len(l.entries) > 0 || !l.more {
		return nil
	}
	if l.entries, err = fetch(l.last, n); err != nil {
		return err
	}
	l.more = len(l.entries) == n
	if len(l.entries) > 0 {
		l.last = l.entries[len(l.entries)-1]
	}
	return nil
}

// next takes the first entry.
func (l *partList[T]) next() T {
	next := l.entries[0]
	l.entries = l.entries[1:]
	return next
}
