package bunstore

import (
	"context"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
)

// A search for the beginning of an address or display name, such as "alice*", reads ranges of
// indexes that compare byte-wise, so that its cost does not grow with the tables. User names are
// kept as they were given, and all that begin with "alice" in any case are in the ranges from
// "ALICE" up to "ALICF", from "ALICe" up to "ALICf" and so on. Few of them have a user, which
// look-ups find out.
const (
	maxUserRanges  = 2
	maxUserLookups = 8
)

// manyNames is the number of display names from which on it is faster to read users in the order
// of their addresses, until a page is full, than to sort those that have the names. PostgreSQL
// decides that by its statistics.
const manyNames = 20_000

type userSearchStatements struct {
	firstUsername  statement // the first one from $1 on
	usersBeginning statement

	// The rest are for SQLite.
	usersBeginningMany  statement // the same for manyNames
	displayNamesInRange statement // how many are from $1 up to $2, at most $3
}

func (b *builder) userSearchStatements() userSearchStatements {
	account := b.NewSelect().Model((*subscriberModel)(nil)).ColumnExpr("CAST(s.username AS text) ?C AS username").
		Where("s.username ?B >= ?", text(1)).OrderExpr("s.username ?B").Limit(1)
	own := b.NewSelect().Model((*userModel)(nil)).Column("username").
		Where("h.username >= ?", text(1)).OrderExpr("h.username").Limit(1)
	st := userSearchStatements{
		firstUsername: b.statement(Data, b.NewSelect().ColumnExpr("k.username").
			TableExpr("(?) AS k", unionAll(account, own)).OrderExpr("k.username").Limit(1)),
		usersBeginning: b.statement(Data, b.usersBeginning("h.folded")),
	}
	if b.engine.keepsPlans {
		st.usersBeginning.planEachTime = true
		return st
	}
	names := b.NewSelect().Model((*userModel)(nil)).ColumnExpr("1").
		Where("h.folded >= ? AND h.folded < ?", text(1), text(2))
	// The + keeps SQLite from using the index.
	st.usersBeginningMany = b.statement(Scan, b.usersBeginning("+h.folded"))
	st.displayNamesInRange = b.statement(Data, b.NewSelect().ColumnExpr("count(*)").TableExpr("(?) AS k", limit(names, 3)))
	return st
}

// usersBeginning selects a page of the users after $1@$2 whose display name matches $3 and is from
// $4 up to $5, or whose address matches $3 and is in one of the ranges that the next arguments are.
// folded is the expression for the display name.
func (b *builder) usersBeginning(folded string) schema.QueryAppender {
	named := b.ownUsers(1).Where("h.folded LIKE ? ESCAPE '!'", text(3)).
		Where("? >= ? AND ? < ?", bun.Safe(folded), text(4), bun.Safe(folded), text(5))
	parts := append(b.blobAccounts(1, addressMatches, text(3)), named)
	next := place(6)
	for range maxUserRanges {
		low, high := text(next+2), text(next+3)
		parts = append(parts,
			b.accountEntries().Where(b.engine.accountsIn, text(next), text(next+1), low, high).
				Where(addressMatches, text(3)).OrderExpr(b.engine.accountsOrder),
			b.ownUsers(next).Where(addressMatches, text(3)).Where("h.username >= ? AND h.username < ?", low, high))
		next += 4
	}
	return b.userPage(next, parts...)
}

// userRange is the user names from low on, up to but without high, of which the page is after an
// address.
type userRange struct{ afterUsername, afterDomain, low, high string }

// usersBeginning returns a page of a search that begins with a text: with username in the user
// name, or with name in the display name. Both are in ASCII, folded and not empty.
func (s *Store) usersBeginning(ctx context.Context, q hermes.UserQuery, username, name string) ([]hermes.UserEntry, error) {
	ranges, err := s.userRanges(ctx, q, username)
	if err != nil {
		return nil, err
	}
	afterUsername, afterDomain := key(q.After)
	args := []any{afterUsername, afterDomain, q.Match.Like(), name, afterPrefix(name)}
	for _, r := range ranges {
		args = append(args, r.afterUsername, r.afterDomain, r.low, r.high)
	}
	st := s.sql().usersBeginning
	if s.sql().usersBeginningMany.text != "" {
		var n int
		err := s.get(ctx, s.sql().displayNamesInRange, &n, name, afterPrefix(name), int64(manyNames))
		if err != nil {
			return nil, err
		}
		if n == manyNames {
			st = s.sql().usersBeginningMany
		}
	}
	return textPage(ctx, s, st, q.Limit, 3, newUserEntry, args...)
}

// userRanges returns the ranges, in order, that have all user names after q.After that begin with
// p in any case. Some may be empty.
func (s *Store) userRanges(ctx context.Context, q hermes.UserQuery, p string) (ranges [maxUserRanges]userRange, err error) {
	afterUsername, afterDomain := key(q.After)
	at, end := max(strings.ToUpper(p), afterUsername), afterPrefix(p)
	add := func(i int, low, high string) {
		r := userRange{afterUsername: afterUsername, afterDomain: afterDomain, low: max(low, afterUsername), high: high}
		if afterUsername < low {
			// SQLite may begin at this address, which has to be near.
			r.afterUsername, r.afterDomain = beforePrefix(low), ""
		}
		ranges[i] = r
	}
	n := 0
	for range maxUserLookups {
		var name string
		err := s.get(ctx, s.sql().firstUsername, &name, at)
		if err == error(hermes.NotFound) || err == nil && name >= end {
			return ranges, nil
		}
		if err != nil {
			return ranges, err
		}
		found := len(name) >= len(p) && hermes.Fold(name[:len(p)]) == p
		if found {
			name = name[:len(p)]
			if n == maxUserRanges-1 {
				add(n, name, end)
				return ranges, nil
			}
			add(n, name, afterPrefix(name))
			n++
		}
		if at = nextInCase(p, name); at == "" {
			return ranges, nil
		}
	}
	add(n, at, end)
	return ranges, nil
}

// nextInCase returns the first text after name, compared byte-wise, that differs from p only in the
// case of ASCII letters, or "" if there is none. p is in lower case.
func nextInCase(p, name string) (next string) {
	upper := strings.ToUpper(p)
	for i := range len(p) {
		for _, c := range []byte{upper[i], p[i]} {
			if i == len(name) || c > name[i] {
				next = name[:i] + string(rune(c)) + upper[i+1:]
				break
			}
		}
		if i == len(name) || name[i] != upper[i] && name[i] != p[i] {
			break
		}
	}
	return next
}

// afterPrefix returns the first text after all that begin with p, which is in ASCII.
func afterPrefix(p string) string {
	last := len(p) - 1
	return p[:last] + string(rune(p[last]+1))
}

// beforePrefix returns a text before all that begin with p, which is in ASCII. Few texts are in
// between.
func beforePrefix(p string) string {
	last := len(p) - 1
	return p[:last] + string(rune(p[last]-1)) + "\x7f"
}

// literalBeginning returns the texts with which a user name and a display name begin that match p,
// which is in ASCII: the characters before the first wildcard, and those of them that are before
// the domain.
func literalBeginning(p hermes.Pattern) (username, name string) {
	name = p.String()
	if i := strings.IndexFunc(name, func(r rune) bool { return r == '*' || r == '?' || r > '~' }); i >= 0 {
		name = name[:i]
	}
	username, _, _ = strings.Cut(name, "@")
	return username, name
}
