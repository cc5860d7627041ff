package bunstore

import (
	"context"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

type userListStatements struct {
	users, usersMatching, usersWithoutServers statement
	usersMatchingFolded                       statement // for searches that are not in ASCII

	usersIn, usersInMatching, usersInMatchingFolded statement // the same of one domain
}

// addressMatches is a condition on a user of either table. hermes.users has an index of the
// expression, and an administrator may give one to Kamailio's table.
const addressMatches = "lower((?TableAlias.username ?T || '@' || ?TableAlias.domain ?T) ?C) LIKE ?0 ESCAPE '!'"

// orNameMatches is a further condition on a user of Hermes' table.
const orNameMatches = " OR h.folded LIKE ?0 ESCAPE '!'"

func (b *builder) userListStatements() userListStatements {
	st := userListStatements{
		users: b.pages(3, "1, 2", func(most schema.QueryAppender) schema.QueryAppender {
			return b.userPage(most, append(b.allAccounts(1, "true"), b.ownUsers(1))...)
		}),
		usersMatching: b.statement(Scan, b.userPage(place(4), append(b.allAccounts(1, addressMatches, text(3)),
			b.ownUsers(1).Where(addressMatches+orNameMatches, text(3)))...)),
	}
	st.usersMatching.planEachTime = true
	st.usersMatchingFolded = b.usersMatchingFolded()
	st.usersIn = b.usersIn(Data, "true", "true")
	st.usersInMatching = b.usersIn(Scan, addressMatches, addressMatches+orNameMatches, text(3))
	st.usersInMatchingFolded = b.usersIn(Scan, b.engine.folded, b.engine.folded+orNameMatches, b.foldedPlaces()...)
	st.usersWithoutServers = b.statement(Data, limit(b.accounts(1).
		Join("LEFT JOIN ?users AS h ON h.username = s.username ?C AND h.domain = s.domain ?C").
		Where("s.domain = ?", text(3)).
		Where("h.username IS NULL OR h.type = ? AND (h.registrar = '' OR h.r_port = 0 OR h.proxy = '' OR h.p_port = 0)",
			string(hermes.Local)), 4))
	return st
}

// usersMatchingFolded takes the arguments of usersMatching, but after the pattern what the engine's
// foldedArgs returns.
func (b *builder) usersMatchingFolded() statement {
	args := b.foldedPlaces()
	st := b.statement(Scan, b.userPage(place(3+len(args)), append(b.allAccounts(1, b.engine.folded, args...),
		b.ownUsers(1).Where(b.engine.folded+orNameMatches, args...))...))
	st.planEachTime = true
	return st
}

// foldedPlaces returns the places of a pattern and of what the engine's foldedArgs returns.
func (b *builder) foldedPlaces() []any {
	args := []any{text(3)}
	for range b.engine.foldedArgs(hermes.Pattern{}) {
		args = append(args, text(3+len(args)))
	}
	return args
}

// usersIn selects a page of the users of a domain, after $1@$2. account and own are conditions on a
// user of either table, of which args, from $3 on, are the arguments. The domain follows them.
func (b *builder) usersIn(pool Pool, account, own string, args ...any) statement {
	domain := 3 + len(args)
	accounts := b.allAccounts(1, "(?) AND ?", bun.SafeQuery(account, args...), b.inDomain("s.domain", domain))
	st := b.statement(pool, b.userPage(place(domain+1), append(accounts,
		b.ownUsers(1).Where(own, args...).Where("?", b.inDomain("h.domain", domain)))...))
	st.planEachTime = true
	return st
}

// accounts selects the users of Kamailio's table after the address that is the argument at and the
// next one, in the order of its index, without those of blobAccounts.
func (b *builder) accounts(at place) *bun.SelectQuery {
	return b.accountEntries().Where(b.engine.accountsAfter, text(at), text(at+1)).OrderExpr(b.engine.accountsOrder)
}

func (b *builder) accountEntries() *bun.SelectQuery {
	return b.NewSelect().Model((*subscriberModel)(nil)).
		ColumnExpr("CAST(s.username AS text) ?C AS username, CAST(s.domain AS text) ?C AS domain").
		ColumnExpr("CAST('' AS text) ?C AS displayname")
}

// blobAccounts selects as accounts does, or returns nothing where no row is left out there. Such
// rows are rare, since Kamailio does not find them.
func (b *builder) blobAccounts(at place, condition string, args ...any) []schema.QueryAppender {
	if b.engine.blobAccountsAfter == "" {
		return nil
	}
	return []schema.QueryAppender{b.accountEntries().Where(b.engine.blobAccountsAfter, text(at), text(at+1)).
		Where(condition, args...).OrderExpr(b.engine.blobAccountsOrder)}
}

// allAccounts selects as accounts and blobAccounts do.
func (b *builder) allAccounts(at place, condition string, args ...any) []schema.QueryAppender {
	return append(b.blobAccounts(at, condition, args...), b.accounts(at).Where(condition, args...))
}

// ownUsers selects the users of Hermes' table as accounts does, in the order of its key.
func (b *builder) ownUsers(at place) *bun.SelectQuery {
	return b.NewSelect().Model((*userModel)(nil)).
		ColumnExpr("h.username, h.domain, h.displayname ?C AS displayname").
		Where("(h.username, h.domain) > (?, ?)", text(at), text(at+1)).
		OrderExpr("h.username, h.domain")
}

// userPage selects a page of the users of all parts. rows is the length of the page. Each part
// gives a page of its own, by its own index, so that the cost is that of a page wherever in the
// list it is. Most users are in several parts. The types and collations of the parts are the same,
// which PostgreSQL needs to merge them by their order.
func (b *builder) userPage(rows schema.QueryAppender, parts ...schema.QueryAppender) schema.QueryAppender {
	for i, part := range parts {
		parts[i] = limitTo(part, rows)
	}
	return limitTo(b.NewSelect().ColumnExpr("k.username, k.domain, max(k.displayname)").
		TableExpr("(?) AS k", unionAll(parts...)).
		GroupExpr("k.username, k.domain").OrderExpr("k.username, k.domain"), rows)
}

// unionAll returns the rows of all queries, which may have an order and a limit.
func unionAll(queries ...schema.QueryAppender) (all schema.QueryAppender) {
	for i, q := range queries {
		q = bun.SafeQuery("SELECT q.* FROM (?) AS q", q)
		if i > 0 {
			q = bun.SafeQuery("? UNION ALL ?", all, q)
		}
		all = q
	}
	return all
}

// Users implements [hermes.Store].
func (s *Store) Users(ctx context.Context, q hermes.UserQuery) ([]hermes.UserEntry, error) {
	if q.Scope.Domains != "" {
		return merge(q.Scope.DomainList(), hermes.UserEntry{User: q.After}, q.Limit, compareEntries,
			func(d sip.Domain, after hermes.UserEntry, n int) ([]hermes.UserEntry, error) {
				return s.usersIn(ctx, d, hermes.UserQuery{Match: q.Match, After: after.User, Limit: n})
			})
	}
	username, domain := key(q.After)
	if q.Match.IsZero() {
		return textPage(ctx, s, s.sql().users, q.Limit, 3, newUserEntry, username, domain)
	}
	if !isASCII(q.Match) {
		args := append([]any{username, domain, q.Match.Like()}, s.engine.foldedArgs(q.Match)...)
		return textPage(ctx, s, s.sql().usersMatchingFolded, q.Limit, 3, newUserEntry, args...)
	}
	if begin, name := literalBeginning(q.Match); begin != "" && s.layout.Load().bytewise {
		return s.usersBeginning(ctx, q, begin, name)
	}
	return textPage(ctx, s, s.sql().usersMatching, q.Limit, 3, newUserEntry, username, domain, q.Match.Like())
}

// usersIn returns a page of the users of a domain, which is in lower case.
func (s *Store) usersIn(ctx context.Context, d sip.Domain, q hermes.UserQuery) ([]hermes.UserEntry, error) {
	username, domain := key(q.After)
	st, args := s.sql().usersIn, []any{username, domain}
	switch {
	case q.Match.IsZero():
	case isASCII(q.Match):
		st, args = s.sql().usersInMatching, append(args, q.Match.Like())
	default:
		st, args = s.sql().usersInMatchingFolded, append(append(args, q.Match.Like()), s.engine.foldedArgs(q.Match)...)
	}
	return textPage(ctx, s, st, q.Limit, 3, newUserEntry, append(args, d.String())...)
}

func compareEntries(a, b hermes.UserEntry) int { return a.User.Compare(b.User) }

// UsersWithoutServers implements [hermes.Store].
func (s *Store) UsersWithoutServers(ctx context.Context, q hermes.DomainUserQuery) ([]sip.Addr, error) {
	username, domain := key(q.After)
	address := func(row []string) sip.Addr { return sip.Unchecked(row[0], row[1]) }
	return textPage(ctx, s, s.sql().usersWithoutServers, q.Limit, 3, address, username, domain, q.Domain.String())
}

// newUserEntry returns the user in a row of userPage.
func newUserEntry(row []string) hermes.UserEntry {
	return hermes.UserEntry{User: sip.Unchecked(row[0], row[1]), DisplayName: row[2]}
}
