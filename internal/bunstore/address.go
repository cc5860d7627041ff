package bunstore

import (
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// The columns of Kamailio's tables have what any tool wrote. On SQLite that may be a blob, which is
// not equal to the text with the same bytes: Hermes takes it for that text.

// same is the condition that a column of Kamailio's has the value, byte for byte.
func (b *builder) same(column string, value schema.QueryAppender) schema.QueryAppender {
	return bun.SafeQuery(b.engine.same, bun.Safe(column), value)
}

// address is the condition that two columns of Kamailio's are the address that the argument at and
// the next one are, byte for byte.
func (b *builder) address(username, domain string, at text) schema.QueryAppender {
	return bun.SafeQuery("? AND ?", b.same(username, at), b.same(domain, at+1))
}

// anyCase is address for a domain in any case of its ASCII letters.
func (b *builder) anyCase(username, domain string, at text) schema.QueryAppender {
	return bun.SafeQuery("? AND lower(? ?T ?C) = lower(? ?C)", b.same(username, at), bun.Safe(domain), at+1)
}

// account is the condition that a row of subscriber has the address $at@$at+1.
func (b *builder) account(at text) schema.QueryAppender {
	return b.address("s.username", "s.domain", at)
}

// alias is the condition that a row of dbaliases has the address $at@$at+1.
func (b *builder) alias(at text) schema.QueryAppender {
	return b.address("a.alias_username", "a.alias_domain", at)
}

// userHas is a condition on the address of a row of Hermes' own table.
const userHas = "h.username = ? AND h.domain = ?"

// userAt selects the row of Hermes' own table with the address $1@$2.
func (b *builder) userAt() *bun.SelectQuery {
	return b.NewSelect().Model((*userModel)(nil)).ColumnExpr("1").Where(userHas, text(1), text(2))
}

// accountAt selects the row of subscriber with the address $1@$2.
func (b *builder) accountAt() *bun.SelectQuery {
	return b.NewSelect().Model((*subscriberModel)(nil)).ColumnExpr("1").Where("?", b.account(1))
}
