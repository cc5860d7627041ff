package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/doctor"
)

// search is a search for users that few of them match.
type search struct {
	name    string
	text    string
	bounded bool                // false where no index of Hermes' own finds the users of other tools
	found   func(i, n int) bool // whether the i-th of n users matches
}

// searches returns those of the benchmarks.
func searches() []search {
	return []search{
		{"rare infix", rareName, false, func(i, n int) bool { return strings.Contains(displayName(i, n), rareName) }},
		{"rare prefix", "u000123*", true, func(i, _ int) bool { return strings.HasPrefix(userAddress(i).User(), "u000123") }},
	}
}

// matches returns how many of n users match.
func (s search) matches(n int) (found int) {
	for i := range n {
		if s.found(i, n) {
			found++
		}
	}
	return found
}

// like returns the pattern for SQL.
func (s search) like() string {
	if !strings.Contains(s.text, "*") {
		return "%" + strings.ToLower(s.text) + "%"
	}
	return strings.ReplaceAll(s.text, "*", "%")
}

// searchSelect finds users in both tables.
const searchSelect = `SELECT username, domain FROM subscriber WHERE lower(username || '@' || domain) LIKE $1
	UNION SELECT username, domain FROM hermes.users WHERE lower(username || '@' || domain) LIKE $1 OR folded LIKE $1
	ORDER BY username, domain LIMIT 101`

// withoutIndex keeps a connection from using indexes.
var withoutIndex = []string{"SET enable_indexscan = off", "SET enable_indexonlyscan = off", "SET enable_bitmapscan = off"}

func userSearch() benchmark {
	bm := benchmark{
		name:  "search",
		about: "user/list with a search that few users match, on PostgreSQL",
	}
	for _, s := range searches() {
		searched := row{
			number: "9", what: "search of users, " + s.name, floor: "the same LIKE without an index", unit: inSeconds, goal: atMost(0.01),
		}
		bm.rows = append(bm.rows, searched)
		if !s.bounded {
			searched.what += withIndexes
			bm.rows = append(bm.rows, searched)
		}
	}
	bm.open = func(ctx context.Context, b *bench) (measure, error) {
		indexed, err := b.openIndexed(ctx, b.rows)
		if err != nil {
			return nil, err
		}
		d, err := b.filled(ctx, b.rows, bytewise)
		if err != nil {
			return nil, err
		}
		pool, err := b.openPool(ctx, d, 1)
		if err != nil {
			return nil, err
		}
		for _, statement := range withoutIndex {
			if _, err := pool.Exec(ctx, statement); err != nil {
				return nil, err
			}
		}
		plain, err := b.openStore(ctx, d)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) (samples []sample, err error) {
			for _, s := range searches() {
				want := s.matches(b.rows)
				clients := []*hermes.Client{plain}
				if !s.bounded {
					clients = append(clients, indexed)
				}
				for _, c := range clients {
					out, err := b.both(
						func() (sample, error) { return b.timed(ctx, func() error { return searchSQL(ctx, pool, s, want) }) },
						func() (sample, error) { return b.timed(ctx, func() error { return searchUsers(ctx, c, s, want) }) })
					if err != nil {
						return nil, err
					}
					samples = append(samples, out)
				}
			}
			return samples, nil
		}, nil
	}
	return bm
}

// withIndexes says that a call runs on a database of filledIndexed.
const withIndexes = ", with the indexes that doctor names"

// filledIndexed returns a copy of the filled database with n rows in which Kamailio's administrator
// has added the indexes that doctor names for the largest one. It names none for tables as small as
// those of --quick.
func (b *bench) filledIndexed(ctx context.Context, n int) (database, error) {
	largest, err := b.filled(ctx, b.rows, bytewise)
	if err != nil {
		return database{}, err
	}
	statements, err := missingIndexes(ctx, largest)
	if err != nil {
		return database{}, err
	}
	d, err := b.filledCopy(ctx, n)
	if err != nil {
		return d, err
	}
	return d, execSQL(ctx, d.url, append(statements, "ANALYZE subscriber", "ANALYZE dbaliases")...)
}

// openIndexed opens a database of filledIndexed.
func (b *bench) openIndexed(ctx context.Context, n int) (*hermes.Client, error) {
	d, err := b.filledIndexed(ctx, n)
	if err != nil {
		return nil, err
	}
	return b.openStore(ctx, d)
}

// missingIndexes returns the statements in doctor's finding about indexes, and ends doctor then.
func missingIndexes(ctx context.Context, d database) (statements []string, err error) {
	db, err := doctor.PostgreSQL(d.url, "public")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	ctx, end := context.WithCancel(ctx)
	defer end()
	doctor.Examine(ctx, doctor.Options{Database: db, AutoMigrate: true}, func(f doctor.Finding) {
		if f.Check != "kamailio-indexes" {
			return
		}
		if _, list, ok := strings.Cut(f.Remedy, "outside a transaction: "); ok {
			statements = strings.Split(list, "; ")
		}
		end()
	})
	return statements, nil
}

// searchSQL searches without Hermes and checks how many users it finds.
func searchSQL(ctx context.Context, pool *pgxpool.Pool, s search, want int) error {
	tag, err := pool.Exec(ctx, searchSelect, s.like())
	if err == nil && tag.RowsAffected() != int64(min(want, 101)) {
		err = fmt.Errorf("search %q: %d users, want %d", s.text, tag.RowsAffected(), want)
	}
	return err
}

// searchUsers searches for users, at most for a page, and checks how many it finds.
func searchUsers(ctx context.Context, c *hermes.Client, s search, want int) error {
	pattern, err := hermes.ParsePattern(s.text)
	if err != nil {
		return err
	}
	n, err := countUsers(ctx, c, hermes.UserListRequest{Search: pattern, Limit: pageSize})
	if err == nil && n != min(want, pageSize) {
		err = fmt.Errorf("search %q: %d users, want %d", s.text, n, want)
	}
	return err
}

func countUsers(ctx context.Context, c *hermes.Client, req hermes.UserListRequest) (int, error) {
	res, err := c.UserList(ctx, req)
	if err != nil {
		return 0, err
	}
	users, err := res.List.Collect()
	return len(users), err
}

func countAliases(ctx context.Context, c *hermes.Client, req hermes.AliasListRequest) (int, error) {
	res, err := c.AliasList(ctx, req)
	if err != nil {
		return 0, err
	}
	aliases, err := res.List.Collect()
	return len(aliases), err
}

// collations are those of Kamailio's tables that a page must not depend on.
func collations() []struct{ name, create string } {
	return []struct{ name, create string }{{"compared byte-wise", bytewise}, {"compared by a dictionary", dictionary}}
}

func endPages() benchmark {
	bm := benchmark{
		name:  "endpage",
		about: "a page of 100 at the end of the users and of the aliases, on PostgreSQL",
	}
	for _, collation := range collations() {
		for _, list := range []string{"users", "aliases"} {
			bm.rows = append(bm.rows, row{
				number: "10", what: fmt.Sprintf("the last page of 100 %s, %s", list, collation.name), floor: "the first page",
				unit: inSeconds, goal: atMost(1.2),
			})
		}
	}
	bm.open = func(ctx context.Context, b *bench) (measure, error) {
		var clients []*hermes.Client
		for _, collation := range collations() {
			d, err := b.filled(ctx, b.rows, collation.create)
			if err != nil {
				return nil, err
			}
			c, err := b.openStore(ctx, d)
			if err != nil {
				return nil, err
			}
			clients = append(clients, c)
		}
		return func(ctx context.Context) (samples []sample, err error) {
			for _, c := range clients {
				users, err := b.pages(ctx, func(after int) (int, error) {
					return countUsers(ctx, c, hermes.UserListRequest{Limit: pageSize, After: userToken(after)})
				})
				if err != nil {
					return nil, err
				}
				aliases, err := b.pages(ctx, func(after int) (int, error) {
					return countAliases(ctx, c, hermes.AliasListRequest{Limit: pageSize, After: aliasToken(after)})
				})
				if err != nil {
					return nil, err
				}
				samples = append(samples, users, aliases)
			}
			return samples, nil
		}, nil
	}
	return bm
}

// userToken is how a page begins after the i-th user, or at the beginning if i is negative.
func userToken(i int) string {
	if i < 0 {
		return ""
	}
	return pageToken(userAddress(i).User(), domainName)
}

func aliasToken(i int) string {
	if i < 0 {
		return ""
	}
	return pageToken(aliasAddress(i).User(), domainName, userAddress(i).User(), domainName)
}

// pages measures the first page beside the last one.
func (b *bench) pages(ctx context.Context, page func(after int) (int, error)) (sample, error) {
	timed := func(after int) func() (sample, error) {
		return func() (sample, error) {
			return b.timed(ctx, func() error {
				n, err := page(after)
				if err == nil && n != pageSize {
					err = fmt.Errorf("a page of %d, want %d", n, pageSize)
				}
				return err
			})
		}
	}
	return b.both(timed(-1), timed(b.rows-1-pageSize))
}
